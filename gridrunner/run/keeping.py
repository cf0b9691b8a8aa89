"""A run is put on the shelf when it is over: its card, the link to it, and the page of all of them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from gridrunner.errors import RunFolderError
from gridrunner.results.journal.files import write_atomically
from gridrunner.results.record import RunRecord
from gridrunner.run.shelf import (
    INDEX_NAME,
    Card,
    Change,
    compare_cards,
    keep_card,
    list_runs,
    make_card,
    point_latest,
    read_card,
)
from gridrunner.run.shelf_page import render_shelf

MOST_READ = 400
"""Runs whose cards are looked at, the newest: what a page shows, and those that it compares them with."""


def read_shelf(out: Path) -> list[tuple[Path, Card, Change]]:
    """The runs under `out` that can be read, oldest first, with what changed since the one before of the same lists."""
    read = [(folder, card) for folder in list_runs(out)[-MOST_READ:] if (card := read_card(folder)) is not None]
    changes = compare_cards([card for _, card in read])
    return [(folder, card, change) for (folder, card), change in zip(read, changes, strict=True)]


def put_on_shelf(record: RunRecord, folder: Path) -> None:
    """Keep the card of a run that is over, lead `latest` to it, and write the page anew. What cannot be written costs
    nothing else: the run has all of it.
    """
    with suppress(OSError):
        keep_card(make_card(record, folder), folder)
    point_latest(folder)
    write_index(folder.parent)


def write_index(out: Path) -> None:
    """Write the page of the runs under `out`."""
    rows = [(folder.name, card, change) for folder, card, change in read_shelf(out)]
    with suppress(RunFolderError):
        write_atomically(out / INDEX_NAME, render_shelf(rows).encode("utf-8", "replace"))
