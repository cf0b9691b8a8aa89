"""`gridrunner history show` and `prune`: what earlier runs say about sites."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gridrunner.commands.parsing import Command, add_settings, settings_of
from gridrunner.errors import ExitCode, NothingToRun, UsageError
from gridrunner.results.history import History, SiteStats, open_history
from gridrunner.terminal.progress import clean
from gridrunner.text import count_of


def show_history(arguments: argparse.Namespace) -> int:
    """Print totals and the slowest, flakiest and most faulted sites. Raises UsageError, NothingToRun."""
    limit = arguments.limit
    with _open(settings_of(arguments).store.history) as history:
        totals = history.totals()
        console = Console(highlight=False)
        console.print(
            f"{count_of(totals.runs, 'run')}, {count_of(totals.sites, 'site')}, {count_of(totals.visits, 'visit')}, "
            f"{count_of(totals.faults, 'fault')}; first attempt failed "
            f"{totals.first_attempt_failure_rate:.1%}, flaky {totals.flaky_rate:.1%}"
        )
        _print_sites("slowest", history.slowest(limit), "p90", lambda site: _seconds(site.p90_s), console)
        _print_sites("flakiest", history.flakiest(limit), "flaky", lambda site: f"{site.flaky_share:.0%}", console)
        _print_sites("most faulted", history.most_faulted(limit), "faults", lambda site: str(site.faults), console)
    return ExitCode.OK


def prune_history(arguments: argparse.Namespace) -> int:
    """Forget all but the newest runs. Raises UsageError, NothingToRun."""
    keep = arguments.keep
    if keep < 0:
        raise UsageError(f"--keep {keep}: takes 0 or more")
    with _open(settings_of(arguments).store.history) as history:
        print(f"{count_of(history.prune(keep=keep), 'run')} forgotten")
    return ExitCode.OK


def _open(path: Path) -> History:
    if not path.is_file():
        raise NothingToRun(f"{path}: there is no history yet", hint="every `gridrunner run` adds to it")
    return open_history(path, _refuse)


def _refuse(problem: str) -> None:
    raise UsageError(problem)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f} s"


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
    add_settings(parser, "history")


def _configure_prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", type=int, default=50, metavar="N", help="runs to keep (default 50)")
    add_settings(parser, "history")


SHOW = Command(configure=_configure_show, execute=show_history)
PRUNE = Command(configure=_configure_prune, execute=prune_history)
