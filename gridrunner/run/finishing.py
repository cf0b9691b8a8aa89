"""What is left to do when a run is over: remembered, rendered, told, and put into the store."""

from __future__ import annotations

from collections.abc import Iterator

from gridrunner.errors import ExitCode
from gridrunner.model import Observation
from gridrunner.results.history.packing import make_entry
from gridrunner.results.record import RunRecord
from gridrunner.results.reports.ci_system import CiSystem
from gridrunner.run.answers import describe_extension_errors, describe_silent_probes
from gridrunner.run.capturing import export_captures
from gridrunner.run.keeping import put_on_shelf
from gridrunner.run.opening import Run
from gridrunner.run.prepare import Work
from gridrunner.run.remembering import find_folder_before, is_replay, place_of, read_runs, remember_entry
from gridrunner.run.signals import signals_held
from gridrunner.settings.visits import Screenshots


def finish_run(run: Run, work: Work, record: RunRecord) -> ExitCode:
    """Remember durations, render the run folder, say what came out; returns the exit code."""
    with signals_held() as heard:
        code = _finish(run, work, record)
    return ExitCode.INTERRUPTED if heard else code


def _newest_visits(run: Run, record: RunRecord) -> Iterator[Observation]:
    """The newest visit of each site that got one; none where nothing of the user's ran there."""
    for visits in record.observations.values() if run.probes or run.settings.visits.extensions else ():
        if visits:
            yield visits[-1]


def _finish(run: Run, work: Work, record: RunRecord) -> ExitCode:
    settings = run.settings
    for line in describe_silent_probes([probe.name for probe in run.probes], _newest_visits(run, record)):
        run.warn(line)
    for line in describe_extension_errors(_newest_visits(run, record)):
        run.warn(line)
    is_night = not is_replay(record)
    entry = make_entry(
        record, place=place_of(work.folder, run.history), group=run.store.group if run.store is not None else ""
    )
    if is_night:
        remember_entry(run.history, entry, run.say)
    if run.publisher.ci is CiSystem.NONE:  # artifacts of a CI job follow links, and hold one run
        put_on_shelf(record, work.folder)
    before = find_folder_before(run.history, entry, run.say)
    code = run.publisher.publish(
        work.folder, run.console, record=record, junit_copy=settings.output.junit, before=before
    )
    if code is ExitCode.NOTHING:
        run.warn(
            "nothing that could have failed took part: every check that was to judge something was skipped (exit 4)"
        )
    if settings.visits.capture is not Screenshots.NONE:
        only_failed = settings.visits.capture is Screenshots.FAILED
        export_captures(record, work.folder, run.console, only_failed=only_failed)
    if run.store is not None:
        code = run.store.finish(record, work.folder, code, run.say, is_remembered=is_night)
    if is_night and run.notifier.is_wanted and record.plan.shard is None and code is not ExitCode.INTERRUPTED:
        run.notifier.tell(read_runs(run.history, run.say), entry, record, code, work.folder, run.say)
    return code
