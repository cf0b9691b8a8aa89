"""`gridrunner merge`: one run out of several, or one JUnit file out of foreign ones. Data goes to stdout, what went
wrong to stderr.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.text import Text

from gridrunner.commands.parsing import Command, add_settings, say, settings_of
from gridrunner.errors import ExitCode, UsageError
from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.packing import make_entry
from gridrunner.results.journal.lines import collector_paused
from gridrunner.results.merging.junit import merge_junit
from gridrunner.results.merging.runs import merge_runs
from gridrunner.results.record import RunRecord
from gridrunner.results.reports.junit import JUNIT_NAME
from gridrunner.run.notifying import Notifier, make_notifier
from gridrunner.run.publishing import Publisher, make_publisher
from gridrunner.run.remembering import read_runs, remember_run
from gridrunner.run.shelf import leave_out_shelf
from gridrunner.terminal.console import make_printer
from gridrunner.text import count_of, make_log_line


def merge_command(arguments: argparse.Namespace) -> int:
    """Merge what the command line names: folders, runs in stores, or JUnit files."""
    settings = settings_of(arguments)
    history = settings.store.history if settings.is_given("history") else None
    publisher = make_publisher(settings.output, os.environ)
    out, junit = arguments.merged, arguments.junit_files
    notifier = make_notifier(settings.output.notify, os.environ)
    if not any(name.startswith("s3://") for name in arguments.runs):
        runs = leave_out_shelf([Path(name) for name in arguments.runs])
        known = (lambda: read_runs(settings.store.history, _warn)) if notifier.is_wanted else None
        return execute_merge(
            runs,
            out,
            junit,
            publisher=publisher,
            history=history,
            are_attempts=arguments.attempts,
            tell=_make_teller(notifier, known, out),
        )
    from gridrunner.run.gathering import gather_runs, read_stored_runs, remember_in_stores  # noqa: PLC0415 - boto3 takes half a second

    with gather_runs(arguments.runs, settings.store.group, settings.fleet.file, os.environ, say) as gathered:
        return execute_merge(
            gathered.folders,
            out,
            junit,
            publisher=publisher,
            history=history,
            lost=gathered.lost,
            remember=None if history is not None else remember_in_stores(gathered, say),
            tell=_make_teller(notifier, (lambda: read_stored_runs(gathered, say)) if notifier.is_wanted else None, out),
        )


def _make_teller(
    notifier: Notifier, read_known: Callable[[], Sequence[RunEntry]] | None, out: Path
) -> Callable[[RunRecord, ExitCode], None] | None:
    """What tells of a merged run; None where nobody is to be told."""
    if read_known is None:
        return None
    return lambda record, code: notifier.tell(read_known(), make_entry(record), record, code, out, _warn)


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
    tell: Callable[[RunRecord, ExitCode], None] | None = None,
) -> int:
    """Merge run folders, or foreign JUnit files, into the folder `out`; returns the exit code of what came out.
    `publisher` says where a merged run goes (None: the folder and the terminal), `history` where it is remembered
    (None: nowhere). `lost` are sentences on runs that are known to have died; `remember` takes the merged run as well,
    `tell` its end; `are_attempts` as in `merge_junit`.

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
        remember_run(history, outcome.record, _warn, folder=out)
    if remember is not None:
        remember(outcome.record)
    publisher = publisher or Publisher()
    code = publisher.publish(out, make_printer(stderr=publisher.uses_stdout), record=outcome.record)
    if tell is not None:
        tell(outcome.record, code)
    return code


def _say_warnings(warnings: Sequence[str]) -> None:
    errors = make_printer(stderr=True)
    for warning in warnings:
        errors.print(Text("merge: ", style="yellow") + Text(make_log_line(warning, 1000)), soft_wrap=True)


def _warn(text: str) -> None:
    make_printer(stderr=True).print(Text(make_log_line(text, 1000)), soft_wrap=True)


def _merge_files(files: Sequence[Path], out: Path, *, are_attempts: bool) -> int:
    outcome = merge_junit(files, out / JUNIT_NAME, are_attempts=are_attempts)
    errors = make_printer(stderr=True)
    for line in outcome.unreadable:
        errors.print(Text("merge: not read: ", style="yellow") + Text(make_log_line(line, 1000)), soft_wrap=True)
    counts = (count_of(outcome.cases, "case"), f"{outcome.failed} failed", count_of(outcome.duplicates, "duplicate"))
    words = f"{', '.join(counts)} dropped"
    make_printer().print(Text(f"{words} (exit {outcome.exit_code})"), soft_wrap=True)
    make_printer().print(Text(str(out / JUNIT_NAME)), soft_wrap=True)
    return outcome.exit_code


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="*", metavar="RUN", help="run folders, or s3://BUCKET/PREFIX where `run --store` put them"
    )
    parser.add_argument(
        "--junit",
        dest="junit_files",
        nargs="+",
        type=Path,
        default=[],
        metavar="XML",
        help="merge JUnit files of other tools",
    )
    parser.add_argument(
        "--attempts",
        action="store_true",
        help="the JUnit files are of the same jobs, done again: of each case the newest counts, and not the worst",
    )
    parser.add_argument(
        "--out", dest="merged", type=Path, required=True, metavar="DIR", help="where the merged run is written"
    )
    add_settings(parser, "json", "ci", "baseline", "notify", "history", "store_group", "fleet")


MERGE = Command(configure=_configure, execute=merge_command)
