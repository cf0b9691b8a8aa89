"""`gridrunner history …`: what earlier runs say about sites, printed, forgotten and added to."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gridrunner.commands.parsing import Command, add_settings, say, settings_of
from gridrunner.commands.parsing import count_of as count_argument
from gridrunner.errors import ExitCode, NothingToRun, RunFolderError, UsageError
from gridrunner.results.history.file import KEPT_RUNS
from gridrunner.results.history.standing import SiteStanding, Standing, judge_trails
from gridrunner.results.history.totals import (
    SiteStats,
    count_totals,
    list_flakiest,
    list_most_faulted,
    list_site_stats,
    list_slowest,
)
from gridrunner.results.history.trails import Trail, make_trails
from gridrunner.results.reports.html.past_page import write_history_page
from gridrunner.run.histories import open_shared_history
from gridrunner.run.remembering import RUNS_LOOKED_AT
from gridrunner.run.shelf import leave_out_shelf
from gridrunner.terminal.progress import clean
from gridrunner.text import count_of

SHOWN_STANDINGS = (
    Standing.NEWLY_BROKEN,
    Standing.NEWLY_BLOCKED,
    Standing.BROKEN,
    Standing.FLAPPING,
    Standing.LIST_ROT,
    Standing.BLOCKED,
    Standing.SLOWER,
    Standing.MENDED,
)
"""What is told in lines; the rest is a count."""


def show_history(arguments: argparse.Namespace) -> int:
    """Print where sites stand, totals, and the slowest, flakiest and most faulted. Raises UsageError, NothingToRun."""
    limit = arguments.limit
    with open_shared_history(settings_of(arguments), say) as history:
        runs = history.entries()
        stats = list_site_stats(runs)
        totals = count_totals(len(runs), stats)
        console = Console(highlight=False)
        console.print(
            f"{count_of(totals.runs, 'run')}, {count_of(totals.sites, 'site')}, {count_of(totals.visits, 'visit')}, "
            f"{count_of(totals.faults, 'fault')}; first attempt failed "
            f"{totals.first_attempt_failure_rate:.1%}, flaky {totals.flaky_rate:.1%}"
        )
        newest = runs[-RUNS_LOOKED_AT:]
        trails = make_trails(newest)
        _print_standings(list(zip(trails, judge_trails(trails, len(newest)), strict=True)), limit, console)
        _print_sites("slowest", list_slowest(stats, limit), "p90", lambda site: _seconds(site.p90_s), console)
        _print_sites("flakiest", list_flakiest(stats, limit), "flaky", lambda site: f"{site.flaky_share:.0%}", console)
        _print_sites("most faulted", list_most_faulted(stats, limit), "faults", lambda site: str(site.faults), console)
    return ExitCode.OK


def report_history(arguments: argparse.Namespace) -> int:
    """Write the page of the newest runs. Raises UsageError, NothingToRun, RunFolderError."""
    page: Path = arguments.page
    with open_shared_history(settings_of(arguments), say) as history:
        runs = history.entries(newest=arguments.runs)
        if not runs:
            raise NothingToRun(f"{history.path}: the history has no run", hint="every `gridrunner run` adds one")
        write_history_page(runs, [history.find_report(run, page) for run in runs], page)
    print(page)
    return ExitCode.OK


def prune_history(arguments: argparse.Namespace) -> int:
    """Forget all but the newest runs. Raises UsageError, NothingToRun."""
    keep, days = arguments.keep, arguments.days
    if keep < 0:
        raise UsageError(f"--keep {keep}: takes 0 or more")
    if days is not None and days < 1:
        raise UsageError(f"--days {days}: takes 1 or more")
    since = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds") if days is not None else ""
    with open_shared_history(settings_of(arguments), say) as history:
        print(f"{count_of(history.prune(keep=keep, since=since), 'run')} forgotten")
    return ExitCode.OK


def import_runs(arguments: argparse.Namespace) -> int:
    """Add run folders to the history. Returns 2 where one could not be read; all others are added."""
    added, named = 0, leave_out_shelf(arguments.runs)
    with open_shared_history(settings_of(arguments), say, is_new_allowed=True) as history:
        for folder in named:
            try:
                added += history.import_run(folder)
            except RunFolderError as error:
                say(f"not imported: {error}")
    print(f"{count_of(added, 'run')} imported")
    return ExitCode.OK if added == len(named) else ExitCode.USAGE


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


def _print_standings(sites: Sequence[tuple[Trail, SiteStanding]], limit: int, console: Console) -> None:
    for standing in SHOWN_STANDINGS:
        members = [(trail, stood) for trail, stood in sites if stood.standing is standing]
        if members:
            table = Table(f"{standing.replace('-', ' ')} ({len(members)})", "", box=None, pad_edge=False)
            for trail, stood in members[:limit]:
                table.add_row(clean(trail.site), clean(stood.says))
            console.print()
            console.print(table, markup=False)


def _print_sites(
    title: str, sites: Sequence[SiteStats], column: str, show: Callable[[SiteStats], str], console: Console
) -> None:
    if not sites:
        return
    table = Table(title, column, "runs", "failed", "failed first", box=None, pad_edge=False)
    for site in sites:
        table.add_row(clean(site.site), show(site), str(site.runs), str(site.failed), str(site.failed_first))
    console.print()
    console.print(table, markup=False)


def _configure_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=10, metavar="N", help="rows per table (default 10)")
    add_settings(parser, "history", "store", "fleet")


def _configure_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--out", dest="page", type=Path, required=True, metavar="FILE", help="the page, such as history.html"
    )
    runs = f"the newest N runs (default {RUNS_LOOKED_AT})"
    parser.add_argument("--runs", type=count_argument, default=RUNS_LOOKED_AT, metavar="N", help=runs)
    add_settings(parser, "history", "store", "fleet")


def _configure_prune(parser: argparse.ArgumentParser) -> None:
    keep = f"runs to keep (default {KEPT_RUNS})"
    parser.add_argument("--keep", type=int, default=KEPT_RUNS, metavar="N", help=keep)
    parser.add_argument("--days", type=int, metavar="N", help="forget what began longer ago as well")
    add_settings(parser, "history", "store", "fleet")


def _configure_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="run folders")
    add_settings(parser, "history", "store", "fleet")


SHOW = Command(configure=_configure_show, execute=show_history)
REPORT = Command(configure=_configure_report, execute=report_history)
PRUNE = Command(configure=_configure_prune, execute=prune_history)
IMPORT = Command(configure=_configure_import, execute=import_runs)
