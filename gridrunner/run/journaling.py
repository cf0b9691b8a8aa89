"""The journal of a run: begun with its plan and header, ended with what it used and how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from gridrunner import __version__
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.errors import ExitCode
from gridrunner.results.journal.events import JournalHeader, Judged, RunEnded
from gridrunner.results.journal.files import make_folder
from gridrunner.results.journal.lines import JOURNAL_NAME, JournalWriter
from gridrunner.results.journal.locking import locked_run, remove_unused
from gridrunner.results.journal.planfile import PLAN_NAME, write_plan
from gridrunner.results.record import RunRecord, load_run
from gridrunner.results.reports.json_report import STDOUT
from gridrunner.run.fleet import measure_fleet
from gridrunner.run.hubs import Grids
from gridrunner.run.opening import Run
from gridrunner.run.prepare import Work
from gridrunner.run.seals import seal_replays
from gridrunner.settings.table import hide_secrets
from gridrunner.text import drop_users_in


@contextmanager
def open_folder(run: Run, work: Work) -> Iterator[None]:
    """The run's folder, in the hands of this process alone, and the folders of --junit and --json: what cannot be made
    is said before any visit. A folder that nothing was written into is removed again. Raises RunFolderError.
    """
    output = run.settings.output
    make_folder(work.folder.parent)
    for file in (output.junit, output.json):
        if file is not None and str(file) != STDOUT:
            make_folder(Path(file).parent)
    if run.settings.selection.resume is not None:
        yield  # it is locked since it was read
        return
    with locked_run(work.folder):
        try:
            yield
        finally:
            remove_unused(work.folder)


class RunJournal:
    """A journal that is open, and the clock of its run."""

    def __init__(self, writer: JournalWriter) -> None:
        self.write = writer.write
        self._started = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the run began."""
        return round(time.monotonic() - self._started, 3)


@contextmanager
def open_journal(run: Run, work: Work) -> Iterator[RunJournal]:
    """Write the plan, begin the journal, and enter what a resumed run had not judged."""
    replays = tuple(str(path) for path in work.replays)
    header = JournalHeader(
        run=work.run,
        plan=work.plan.hash,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        version=__version__,
        command=tuple(drop_users_in(word) for word in hide_secrets(run.command)),
        checks=run.settings.checks.paths,
        keyword=run.settings.checks.keyword,
        mark=run.settings.checks.mark,
        replays=replays,
        max_blocked=run.settings.checks.max_blocked,
        seal=seal_replays(work.run, work.plan.hash, replays, run.env),
    )
    write_plan(work.folder / PLAN_NAME, work.plan)
    with JournalWriter(work.folder / JOURNAL_NAME, header) as writer:
        journal = RunJournal(writer)
        for result in work.judged:
            journal.write(Judged(result=result))
        yield journal


def close_journal(run: Run, work: Work, grids: Grids, journal: RunJournal, stopped_by: StoppedBy) -> RunRecord:
    """Enter what the fleet cost and how the run ended; the record that everything else is rendered from."""
    elapsed_s = journal.elapsed_s
    for grid in grids.opened:
        used = measure_fleet(grid, grids.prices, at_s=elapsed_s)
        if used is not None:
            journal.write(used)
    code = ExitCode.INTERRUPTED if stopped_by is StoppedBy.INTERRUPTED else ExitCode.OK
    ended = RunEnded(exit_code=code, at_s=elapsed_s, reason=str(stopped_by))
    record = load_run(work.folder).ended_by(ended)
    journal.write(replace(ended, exit_code=run.publisher.exit_code_of(record)))
    return record
