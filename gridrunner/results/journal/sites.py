"""The sites of a run, read from its journal when they are asked for. Owns where their lines stand; the invariant:
memory grows by 20 bytes for each piece of lines of one site that follow one another, whatever they hold.

A journal in memory takes 0.8 KB a result and 10 KB a visit (measured 2026-11-26); of 100,000 sites that is more than a
CI machine has to spare, and every file that is rendered needs one site at a time.
"""

from __future__ import annotations

import weakref
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.errors import RunFolderError
from gridrunner.foreign import open_file
from gridrunner.model import Observation, Result
from gridrunner.results.journal.events import Event, Judged, Observed
from gridrunner.results.journal.lines import BadLineError, parse_event

Row = Sequence[tuple[Result, ...]]
"""For each check of the plan, in its order, the results of one site in the order of attempts."""


class SiteLines:
    """Where the observations and results of each site stand in a journal, by the site's place among those owed: pieces
    of lines that follow one another.
    """

    def __init__(self, sites: int) -> None:
        """`sites` is how many there are."""
        self._sites = sites
        self._places = array("i")
        self._starts = array("q")
        self._lengths = array("q")
        self._first = array("i")

    def add(self, place: int, start: int, length: int) -> None:
        """Note a line of the site at `place`, or several that follow one another, by the first byte and the length in
        bytes, the last newline excluded; in the journal's order.
        """
        places = self._places
        if places and places[-1] == place and self._starts[-1] + self._lengths[-1] + 1 == start:
            self._lengths[-1] += 1 + length
            return
        self._places.append(place)
        self._starts.append(start)
        self._lengths.append(length)

    def find(self, place: int) -> list[tuple[int, int]]:
        """(start, length) of each piece of a site, in the journal's order."""
        if not self._first:
            self._sort()
        return [
            (self._starts[index], self._lengths[index]) for index in range(self._first[place], self._first[place + 1])
        ]

    def _sort(self) -> None:
        places = self._places
        if any(places[index] > places[index + 1] for index in range(len(places) - 1)):
            order = sorted(range(len(places)), key=places.__getitem__)  # stable: pieces of a site keep their order
            self._starts = array("q", (self._starts[index] for index in order))
            self._lengths = array("q", (self._lengths[index] for index in order))
        counts = array("i", [0]) * (self._sites + 1)
        for place in places:
            counts[place + 1] += 1
        for place in range(self._sites):
            counts[place + 1] += counts[place]
        self._first = counts
        self._places = array("i")


class StoredSite(Struct, frozen=True, kw_only=True):
    """What a journal holds of one site; `row` None: no result."""

    row: Row | None = None
    visits: tuple[Observation, ...] = ()


class StoredSites:
    """Reads sites of a journal by their places. It holds the file open, so that a journal that is replaced meanwhile is
    still the one that was indexed.
    """

    def __init__(
        self,
        path: Path,
        sites: Mapping[str, int],
        checks: Mapping[str, int],
        lines: SiteLines,
        offsets: Sequence[tuple[int, float]] = ((0, 0.0),),
    ) -> None:
        """`sites` and `checks` give the place of each id; `offsets` are (first byte, seconds) by which visits are moved
        from that byte on. Raises RunFolderError when `path` cannot be opened.
        """
        self.sites = sites
        self.path = path
        self._checks = checks
        self._names = tuple(checks)
        self._lines = lines
        self._offsets = offsets
        self._last: tuple[int, StoredSite] = (-1, StoredSite())
        try:
            self._file = open_file(path, within=path.parent)
        except OSError as error:
            raise RunFolderError(f"{path} cannot be read: {error.strerror}") from error
        weakref.finalize(self, self._file.close)

    def read(self, place: int) -> StoredSite:
        """The site at `place`. Raises RunFolderError when the journal was changed under the run's feet."""
        if self._last[0] != place:
            self._last = (place, self._read(place))
        return self._last[1]

    def _read(self, place: int) -> StoredSite:
        row: list[tuple[Result, ...]] | None = None
        visits: tuple[Observation, ...] = ()
        for start, length in self._lines.find(place):
            for event in self._read_events(start, length):
                match event:
                    case Judged(result=result):
                        row = row if row is not None else [()] * len(self._names)
                        index = self._checks[result.check]
                        row[index] = insert_attempt(row[index], result) if row[index] else (result,)
                    case Observed(observation=observation):
                        visits = insert_visit(visits, self._move(observation, start))
                    case _:
                        raise self._changed()
        return StoredSite(row=row, visits=visits)

    def _read_events(self, start: int, length: int) -> list[Event]:
        try:
            self._file.seek(start)
            return [parse_event(line) for line in self._file.read(length).split(b"\n")]
        except (OSError, BadLineError) as error:
            raise self._changed() from error

    def _move(self, observation: Observation, start: int) -> Observation:
        offset_s = self._offsets[bisect_right(self._offsets, start, key=lambda offset: offset[0]) - 1][1]
        return replace(observation, started_s=observation.started_s + offset_s) if offset_s else observation

    def _changed(self) -> RunFolderError:
        return RunFolderError(f"{self.path} was changed while it was read", hint="run the command again")


class StoredRows(Mapping[str, Row]):
    """The results of each site that has any, by its id."""

    def __init__(self, stored: StoredSites) -> None:
        self._stored = stored

    def __getitem__(self, site: str) -> Row:
        row = self._stored.read(self._stored.sites[site]).row
        if row is None:
            raise KeyError(site)
        return row

    def __iter__(self) -> Iterator[str]:
        return (site for site, place in self._stored.sites.items() if self._stored.read(place).row is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class StoredVisits(Mapping[str, tuple[Observation, ...]]):
    """The observations of each site that has any, by its id."""

    def __init__(self, stored: StoredSites) -> None:
        self._stored = stored

    def __getitem__(self, site: str) -> tuple[Observation, ...]:
        visits = self._stored.read(self._stored.sites[site]).visits
        if not visits:
            raise KeyError(site)
        return visits

    def __iter__(self) -> Iterator[str]:
        return (site for site, place in self._stored.sites.items() if self._stored.read(place).visits)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def insert_attempt(attempts: tuple[Result, ...], result: Result) -> tuple[Result, ...]:
    """`attempts` with `result` in its place; it replaces an earlier result of the same attempt."""
    if not attempts:
        return (result,)
    others = [other for other in attempts if other.attempt != result.attempt]
    return tuple(sorted([*others, result], key=lambda known: known.attempt))


def insert_visit(visits: tuple[Observation, ...], observation: Observation) -> tuple[Observation, ...]:
    """`visits` with `observation` at its end; it replaces an earlier visit of the same attempt."""
    if not visits:
        return (observation,)
    return (*(other for other in visits if other.attempt != observation.attempt), observation)
