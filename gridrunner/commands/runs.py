"""`gridrunner runs list` and `prune`: the run folders under --out."""

from __future__ import annotations

import argparse

from rich.table import Table

from gridrunner.commands.parsing import Command, add_settings, count_of, settings_of
from gridrunner.errors import ExitCode, NothingToRun
from gridrunner.run.keeping import read_shelf, write_index
from gridrunner.run.shelf import choose_old, list_runs, remove_run
from gridrunner.run.shelf_page import describe_change, describe_counts
from gridrunner.terminal.console import make_printer
from gridrunner.terminal.progress import clean
from gridrunner.text import count_of as words_of
from gridrunner.text import format_seconds

KEPT_RUNS = 50
"""As many as the history keeps."""

VERDICTS = {0: "[green]passed[/]", 1: "[red]failed[/]", 3: "[magenta]incomplete[/]", 130: "[yellow]interrupted[/]"}


def list_command(arguments: argparse.Namespace) -> int:
    """Print the newest runs. Raises NothingToRun where there is none."""
    out = settings_of(arguments).output.out
    rows = read_shelf(out)
    if not rows:
        raise NothingToRun(f"there is no run under {out}", hint="gridrunner run --sites LIST makes one")
    table = Table("run", "verdict", "sites", "changed", "took", "list", box=None, pad_edge=False, header_style="dim")
    for folder, card, change in rows[-arguments.limit :]:
        table.add_row(
            str(folder),
            VERDICTS.get(card.exit_code, f"exit {card.exit_code}"),
            describe_counts(card),
            clean(describe_change(change)),
            format_seconds(card.wall_s),
            clean(", ".join(card.lists)),
        )
    make_printer().print(table)
    return ExitCode.OK


def prune_command(arguments: argparse.Namespace) -> int:
    """Remove all but the newest runs; one that is being written stays. Returns 3 where one could not be removed."""
    out = settings_of(arguments).output.out
    old = choose_old(list_runs(out), arguments.keep)
    if arguments.is_dry:
        for folder in old:
            print(f"would remove {folder}")
        return ExitCode.OK
    stayed = [folder for folder in old if not remove_run(folder)]
    print(f"{words_of(len(old) - len(stayed), 'run')} removed")
    for folder in stayed:
        print(f"{folder} stays: it is being written, or cannot be removed")
    if old:
        write_index(out)
    return ExitCode.INCOMPLETE if stayed else ExitCode.OK


def _configure_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=count_of, default=20, metavar="N", help="the newest N (default 20)")
    add_settings(parser, "out")


def _configure_prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", type=count_of, default=KEPT_RUNS, metavar="N", help="runs to keep (default 50)")
    parser.add_argument("--dry-run", dest="is_dry", action="store_true", help="say what would go, and remove nothing")
    add_settings(parser, "out")


LIST = Command(configure=_configure_list, execute=list_command)
PRUNE = Command(configure=_configure_prune, execute=prune_command)
