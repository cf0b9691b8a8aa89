"""`gridrunner merge`: one run out of many, or one JUnit file out of many, with the proof that nothing is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from gridrunner.errors import UsageError
from gridrunner.model import Verdict
from gridrunner.progress import clean
from gridrunner.results.merge import MergeOutcome, merge_runs
from gridrunner.results.merge_junit import merge_junit
from gridrunner.results.record import load_run
from gridrunner.results.render import render_run
from gridrunner.results.terminal import print_run_summary

MISSING_SHOWN = 20
"""Sites named one by one; summary.md and report.html hold all."""

EXIT_INCOMPLETE = 3


def execute_merge(runs: Sequence[Path], junit: Sequence[Path], out: Path) -> int:
    """Merge run folders into the run folder `out`, or with --junit JUnit files into the file `out`.

    Returns the exit code of the merged run: 3 when anything planned is missing or could not be read. Raises
    UsageError, RunFolderError.
    """
    if bool(runs) == bool(junit):
        raise UsageError("name either run folders or --junit files", hint="gridrunner merge RUN… --out DIR")
    if junit:
        return _merge_foreign(junit, out)
    console = Console(stderr=True, highlight=False)
    outcome = merge_runs(runs, out)
    record = load_run(out)
    render_run(out, record=record)
    print_run_summary(record, out, console)
    _print_proof(outcome, console)
    return outcome.exit_code


def _print_proof(outcome: MergeOutcome, console: Console) -> None:
    owed = sum(outcome.cases.values())
    missing = outcome.cases.get(Verdict.NOT_RUN, 0)
    for warning in outcome.warnings:
        console.print(f"warning: {clean(warning, 400)}", markup=False)
    for shard in outcome.missing_shards:
        console.print(f"missing: {clean(shard)}", markup=False)
    for site, count in list(outcome.missing.items())[:MISSING_SHOWN]:
        console.print(f"missing: {clean(site)} ({count} checks)", markup=False)
    if len(outcome.missing) > MISSING_SHOWN:
        console.print(f"missing: {len(outcome.missing) - MISSING_SHOWN} more sites")
    console.print(
        f"{len(outcome.runs)} runs merged: {owed - missing} of {owed} planned results are there"
        + (f", {outcome.duplicates} older ones replaced" if outcome.duplicates else "")
    )


def _merge_foreign(files: Sequence[Path], out: Path) -> int:
    console = Console(stderr=True, highlight=False)
    outcome = merge_junit(files, out)
    for line in outcome.unreadable:
        console.print(f"not read: {clean(line, 400)}", markup=False)
    console.print(
        f"{outcome.cases} test cases, {outcome.failed} failed or in error, {outcome.duplicates} duplicates dropped: {out}",
        markup=False,
    )
    return outcome.exit_code
