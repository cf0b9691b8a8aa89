"""Leases on a fleet that nobody renews any more: a hub's agent drops them, so that the fleet goes back to what stood
there before although every run that held one is dead. What a lease is, and the book's format: gridrunner's
`grid/drivers/aws/leases.py`.

Runs that live settle the fleet themselves, so the agent acts only where no live lease is left and the book still says
what to go back to. The invariant: it only lowers, never below what stood before, and never after a run changed the book
meanwhile.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

_LOGGER = logging.getLogger(__name__)

BOOK_FORMAT = 1
"""The newest format of the book that this version reads."""

LOOKS = 2
"""Looks in a row (a minute apart) that find the same abandoned book before the agent acts: a run that ends needs some
seconds between giving its lease back and lowering the fleet itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBook:
    """The book as it lies in the bucket; `now_s` is S3's clock, in seconds since 1970."""

    text: bytes
    etag: str
    now_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSize:
    """What a group of nodes is to have, and at least has to have."""

    name: str
    desired: int
    least: int


class Fleet(Protocol):
    """The fleet's book and groups. Every method raises AwsUnavailableError."""

    def read_book(self) -> StoredBook | None:
        """None where no run ever leased anything."""
        ...

    def write_book(self, text: bytes, etag: str) -> str | None:
        """Replace the book that has `etag`; its new tag, None when somebody else changed it."""
        ...

    def groups(self) -> list[GroupSize]:
        """Every group of nodes of the fleet."""
        ...

    def set_desired(self, group: str, nodes: int) -> None:
        """Have a group lower itself; each instance that goes is drained first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned:
    """A book without a live lease that still has something to go back to: `base` nodes. `runs` held its leases."""

    base: int
    runs: tuple[str, ...]


def find_abandoned(text: bytes, now_s: float) -> Abandoned | None:
    """None for a book with a live lease, one with nothing to do, and one that this version cannot read."""
    try:
        book = json.loads(text)
        if int(book.get("format", BOOK_FORMAT)) > BOOK_FORMAT or book.get("base") is None:
            return None
        leases = [dict(lease) for lease in book.get("leases", [])]
        if any(float(lease["expires_s"]) > now_s for lease in leases):
            return None
        runs = tuple(sorted({str(lease["run"]) for lease in leases}))
        return Abandoned(base=max(0, int(book["base"])), runs=runs)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _LOGGER.warning("the book of leases cannot be read: %s", error)
        return None


def plan_lowering(base: int, groups: list[GroupSize]) -> Mapping[str, int]:
    """What groups are to have that go down, for `base` nodes in all: the largest gives first, none below its least."""
    sizes = {group.name: group.desired for group in groups}
    least = {group.name: group.least for group in groups}
    while sum(sizes.values()) > base:
        open_names = [name for name, size in sizes.items() if size > least[name]]
        if not open_names:
            break
        largest = max(open_names, key=lambda name: sizes[name])
        sizes[largest] -= 1
    return {group.name: sizes[group.name] for group in groups if sizes[group.name] != group.desired}


def holds_lease(text: bytes, now_s: float) -> bool:
    """Whether somebody has a live lease, or the fleet has something to go back to; True for what cannot be read."""
    try:
        book = json.loads(text)
        leases = [dict(lease) for lease in book.get("leases", [])]
        return book.get("base") is not None or any(float(lease["expires_s"]) > now_s for lease in leases)
    except (ValueError, KeyError, TypeError, AttributeError):
        return True


class LeaseWatch:
    """Looks at the book once a period, and cleans up after runs that are dead."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._etag, self._looks = "", 0

    def has_lease(self) -> bool:
        """Whether a run may need the fleet now. Raises AwsUnavailableError."""
        book = self._fleet.read_book()
        return book is not None and holds_lease(book.text, book.now_s)

    def look_once(self) -> bool:
        """Whether the fleet was taken back. Raises AwsUnavailableError; the next look goes on where this one ended."""
        book = self._fleet.read_book()
        abandoned = find_abandoned(book.text, book.now_s) if book is not None else None
        if book is None or abandoned is None:
            self._etag, self._looks = "", 0
            return False
        self._looks = self._looks + 1 if book.etag == self._etag else 1
        self._etag = book.etag
        if self._looks < LOOKS:
            return False
        return self._take_back(book, abandoned)

    def _take_back(self, book: StoredBook, abandoned: Abandoned) -> bool:
        # The leases go first and the base last: an agent that is ended between the two finds what it was about.
        emptied: dict[str, Any] = {**json.loads(book.text), "leases": []}
        etag = self._fleet.write_book(json.dumps(emptied).encode(), book.etag)
        if etag is None:
            return False
        self._etag = etag
        changes = plan_lowering(abandoned.base, self._fleet.groups())
        for group, nodes in changes.items():
            _LOGGER.warning("nobody has a lease any more: %s goes to %d", group, nodes)
            self._fleet.set_desired(group, nodes)
        if abandoned.runs:
            _LOGGER.warning("dropped the leases of runs that are dead: %s", ", ".join(abandoned.runs))
        return self._fleet.write_book(json.dumps({**emptied, "base": None}).encode(), etag) is not None
