"""The run folders under --out: which there are, what each came to, which is the latest, and which may go.

What a run came to is read from its journal once and kept beside the runs as a card (`.shelf/RUN.json`): hundreds are
listed at once. A card is thrown away when its journal has another size. Invariant: only folders that hold a
run are ever removed, none that a process is writing, and nothing is followed out of --out.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from gridrunner import codec
from gridrunner.errors import RunFolderError
from gridrunner.foreign import read_file
from gridrunner.model import Verdict
from gridrunner.results.journal.files import write_atomically
from gridrunner.results.journal.lines import JOURNAL_NAME
from gridrunner.results.journal.locking import locked_run
from gridrunner.results.record import RunRecord, exit_code_of, load_run
from gridrunner.results.verdicts.settling import is_red
from gridrunner.text import make_line

LATEST = "latest"
"""The link to the run that ended last."""

INDEX_NAME = "index.html"
"""The page of the runs."""

CARDS = ".shelf"

CARD_FORMAT = 1

MOST_CARD_BYTES = 64 << 20


class Card(Struct, frozen=True, kw_only=True):
    """What a run came to. `lists` are the site lists that its sites came from, `red` the sites that failed, were lost
    or not reached, `green` its others, `journal_bytes` the size of the journal that it was read from.
    """

    run: str
    started: str
    exit_code: int
    sites: Mapping[Verdict, int]
    lists: tuple[str, ...]
    red: tuple[str, ...]
    green: tuple[str, ...]
    wall_s: float
    journal_bytes: int
    format: int = CARD_FORMAT
    version: str = ""
    shard: tuple[int, int] | None = None
    score: str = ""


def list_runs(out: Path) -> list[Path]:
    """The run folders under `out`, the newest last; links are none."""
    return sorted(folder for folder in out.glob("*") if not folder.is_symlink() and (folder / JOURNAL_NAME).is_file())


def leave_out_shelf(named: Sequence[Path]) -> list[Path]:
    """Of the paths that a user named as runs, all but what the shelf keeps beside them: `runs/*` names its page too,
    and the link to a run that is named itself. Each of them named alone is what the user wants.
    """
    homes = {path.parent for path in named if path.name not in (LATEST, INDEX_NAME)}
    runs = {path.resolve() for path in named if not path.is_symlink()}
    return [
        path
        for path in named
        if not (path.name == INDEX_NAME and path.parent in homes and path.is_file())
        and not (path.name == LATEST and path.is_symlink() and path.resolve() in runs)
    ]


def point_latest(folder: Path) -> None:
    """Make `latest` beside `folder` lead to it. Where links cannot be made, or something else is called so, nothing
    happens.
    """
    link = folder.parent / LATEST
    made = folder.parent / f".{LATEST}.{os.getpid()}"
    if link.exists() and not link.is_symlink():
        return
    with suppress(OSError):
        made.symlink_to(folder.name, target_is_directory=True)
        made.replace(link)


def make_card(record: RunRecord, folder: Path) -> Card:
    """The card of the run in `folder`."""
    planned = [entry.site for entry in record.plan.sites]
    verdicts = {site.site.id: site.verdict for site in record.site_verdicts()}
    scores = record.digest().scores.detectors
    return Card(
        run=record.header.run,
        started=record.header.started,
        exit_code=exit_code_of(record),
        sites={verdict: count for verdict, count in record.totals().sites.items() if count},
        lists=tuple(dict.fromkeys(make_line(site.source.file) for site in planned if site.source is not None)),
        red=tuple(name for name, verdict in verdicts.items() if is_red(verdict)),
        green=tuple(name for name, verdict in verdicts.items() if not is_red(verdict)),
        wall_s=round(record.last_at_s, 2),
        journal_bytes=(folder / JOURNAL_NAME).stat().st_size,
        version=record.header.version,
        shard=record.plan.shard,
        score="; ".join(make_line(f"{score.name} {score.right}/{score.compared}") for score in scores),
    )


def keep_card(card: Card, folder: Path) -> None:
    """Keep the card of the run in `folder`; a shelf that cannot be written has none."""
    with suppress(RunFolderError):
        write_atomically(_card_path(folder), codec.encode(card))


def read_card(folder: Path) -> Card | None:
    """The card of the run in `folder`, made anew where it is missing or old; None for a run that cannot be read."""
    try:
        size = (folder / JOURNAL_NAME).stat().st_size
        card = codec.decode(read_file(_card_path(folder), most_bytes=MOST_CARD_BYTES), Card)
        if card.journal_bytes == size and card.format == CARD_FORMAT:
            return card
    except (OSError, codec.BrokenJsonError):
        pass  # as if there were none
    try:
        card = make_card(load_run(folder), folder)
    except (RunFolderError, OSError):
        return None
    keep_card(card, folder)
    return card


def _card_path(folder: Path) -> Path:
    return folder.parent / CARDS / f"{folder.name}.json"


class Change(Struct, frozen=True, kw_only=True):
    """What became of the sites of a run since they were last judged: those that were green then and are red now, and
    those that are the other way round. `is_compared`: some of them had been judged before.
    """

    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    is_compared: bool = False


def compare_cards(cards: Sequence[Card]) -> list[Change]:
    """For each of `cards`, oldest first, what changed since the runs before it of the same lists, each site by the last
    of them that had it.
    """
    was_red: dict[tuple[str, ...], dict[str, bool]] = {}
    changes = []
    for card in cards:
        before = was_red.setdefault(card.lists, {})
        changes.append(
            Change(
                broken=tuple(name for name in card.red if before.get(name) is False),
                mended=tuple(name for name in card.green if before.get(name) is True),
                is_compared=not before.keys().isdisjoint((*card.red, *card.green)),
            )
        )
        before.update(dict.fromkeys(card.red, True) | dict.fromkeys(card.green, False))
    return changes


def choose_old(runs: Sequence[Path], keep: int) -> list[Path]:
    """Of `runs`, the newest last, those that go when `keep` stay."""
    return list(runs[: max(0, len(runs) - keep)])


def remove_run(folder: Path) -> bool:
    """Remove a run folder and its card; False where a process is writing it, or where it cannot be removed."""
    try:
        with locked_run(folder):
            shutil.rmtree(folder)
    except (RunFolderError, OSError):
        return False
    with suppress(OSError):
        _card_path(folder).unlink(missing_ok=True)
    return True
