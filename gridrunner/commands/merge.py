"""`gridrunner merge` and `gridrunner report`: what they do with what the user typed. Owns their words on the terminal;
data goes to stdout, what went wrong to stderr.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from gridrunner.errors import ExitCode, UsageError
from gridrunner.results.history import open_history
from gridrunner.results.journal.lines import collector_paused
from gridrunner.results.merging.junit import merge_junit
from gridrunner.results.merging.runs import merge_runs
from gridrunner.results.record import RunRecord, load_run
from gridrunner.results.reports.junit import JUNIT_NAME
from gridrunner.results.reports.protocol import ReportRequest
from gridrunner.results.reports.render import write_reports
from gridrunner.run.publishing import Publisher
from gridrunner.text import count_of, make_log_line


@collector_paused()
def execute_merge(
    runs: Sequence[Path],
    out: Path,
    junit: Sequence[Path],
    *,
    publisher: Publisher | None = None,
    history: Path | None = None,
    lost: Sequence[str] = (),
    remember: Callable[[RunRecord], None] | None = None,
    are_attempts: bool = False,
) -> int:
    """Merge run folders, or foreign JUnit files, into the folder `out`; returns the exit code of what came out.
    `publisher` says where a merged run goes (None: the folder and the terminal), `history` where it is remembered
    (None: nowhere). `lost` are sentences on runs that are known to have died; `remember` takes the merged run as well;
    `are_attempts` as in `merge_junit`.

    Raises UsageError when there is nothing to merge, or both kinds are named; otherwise as `merge_runs` and
    `merge_junit` do.
    """
    if bool(runs) == bool(junit):
        raise UsageError("merge takes run folders or --junit files", hint="gridrunner merge RUN… --out DIR")
    if junit:
        return _merge_files(junit, out, are_attempts=are_attempts)
    outcome = merge_runs(runs, out)
    _say_warnings((*lost, *outcome.warnings))
    if history is not None:
        _remember_run(outcome.record, history)
    if remember is not None:
        remember(outcome.record)
    publisher = publisher or Publisher()
    return publisher.publish(out, Console(stderr=publisher.uses_stdout), record=outcome.record)


def execute_report(run: Path, *, strict_junit: bool = False) -> int:
    """Render the files of the run folder `run` again; returns 0, whatever the run came to. With `strict_junit` the JUnit
    file holds only what junit-10.xsd allows. Raises RunFolderError.
    """
    record = load_run(run)
    write_reports(ReportRequest(record=record, folder=run, strict_junit=strict_junit, console=Console()))
    return ExitCode.OK


def _remember_run(record: RunRecord, path: Path) -> None:
    """Add a merged run to the history at `path`; a history that cannot be used is warned of, and costs nothing else."""
    history, warning = open_history(path)
    if history is not None:
        with history:
            history.add_run(record)
            warning = history.warning or warning
    if warning:
        Console(stderr=True).print(Text(f"warning: {make_log_line(warning, 1000)}"), soft_wrap=True)


def _say_warnings(warnings: Sequence[str]) -> None:
    errors = Console(stderr=True)
    for warning in warnings:
        errors.print(Text("merge: ", style="yellow") + Text(make_log_line(warning, 1000)), soft_wrap=True)


def _merge_files(files: Sequence[Path], out: Path, *, are_attempts: bool) -> int:
    outcome = merge_junit(files, out / JUNIT_NAME, are_attempts=are_attempts)
    errors = Console(stderr=True)
    for line in outcome.unreadable:
        errors.print(Text("merge: not read: ", style="yellow") + Text(make_log_line(line, 1000)), soft_wrap=True)
    words = f"{count_of(outcome.cases, 'case')}, {outcome.failed} failed, {count_of(outcome.duplicates, 'duplicate')} dropped"
    Console().print(Text(f"{words} (exit {outcome.exit_code})"), soft_wrap=True)
    Console().print(Text(str(out / JUNIT_NAME)), soft_wrap=True)
    return outcome.exit_code
