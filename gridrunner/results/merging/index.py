"""Where the results of many journals stand, in little memory. Owns the index that `merge` chooses from; the invariant:
a (check, site) belongs to the newest run that has a result for it, because runs are scanned newest first and no
claim is taken away.

Memory is 11 bytes per (check, site) and 10 per site, plus something for each further attempt; journals are never held.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import gt
from typing import BinaryIO, NamedTuple

from msgspec.structs import replace

from gridrunner.errors import RunFolderError
from gridrunner.foreign import open_file
from gridrunner.model import Plan, Status
from gridrunner.results.journal.events import (
    ChunkEnded,
    Decided,
    Event,
    Faulted,
    FleetUsed,
    JournalHeader,
    Judged,
    Observed,
    Resumed,
    RunEnded,
    SessionChanged,
    VisitStarted,
)
from gridrunner.results.journal.lines import JournalReader
from gridrunner.results.journal.planfile import PlanHead
from gridrunner.results.record import seconds_between

TimedEvent = VisitStarted | Faulted | ChunkEnded | Decided | SessionChanged | FleetUsed

_NO_RUN = -1
_STATUSES = tuple(Status)
_STATUS_CODES = {status: code for code, status in enumerate(_STATUSES)}
_SEVERAL = len(_STATUSES)  # in place of a status: there is more than one attempt


class Attempt(NamedTuple):
    """One result: its attempt's number, its status, and the byte at which its line starts in journal `source`."""

    number: int
    status: Status
    source: int
    start: int


class PlainRow(NamedTuple):
    """The results of a site that was judged once by one run, as most are: the bytes at which the lines start in journal
    `source`, in the order of the checks, and how many results have which status. A tuple, because 100,000 are made.
    """

    source: int
    starts: Sequence[int]
    statuses: Mapping[Status, int]


@dataclass(slots=True, kw_only=True)
class MergeSource:
    """A run to merge. `head` None: its plan.json cannot be read. `lane` goes before the names of its slots; `damage`
    says where its journal could not be read any further.
    """

    reader: JournalReader
    header: JournalHeader
    head: PlanHead | None
    lane: str = ""
    damage: str = ""
    _others: list[tuple[TimedEvent, float]] = field(default_factory=list)
    _unfinished: dict[str, tuple[VisitStarted, float]] = field(default_factory=dict)
    _offsets: list[tuple[int, float]] = field(default_factory=lambda: [(0, 0.0)])

    @property
    def shard(self) -> str:
        """The shard as `2/8`, empty for a whole run."""
        return f"{self.head.shard[0]}/{self.head.shard[1]}" if self.head is not None and self.head.shard else ""

    @property
    def size(self) -> int:
        """Bytes of the journal."""
        return self.reader.path.stat().st_size

    @property
    def started_key(self) -> tuple[float, str]:
        """Sorts runs by when they began, whatever time zone their clocks wrote."""
        try:
            started = datetime.fromisoformat(self.header.started)
            return (started if started.tzinfo else started.replace(tzinfo=UTC)).timestamp(), ""
        except (ValueError, OverflowError):
            return 0.0, self.header.started

    def read_lines(self) -> Iterator[tuple[Event, int, int]]:
        """What can be read, as `JournalReader.read_lines` gives it; where a line in the middle cannot, `damage` says so
        and reading ends.
        """
        try:
            yield from self.reader.read_lines()
        except RunFolderError:
            self.damage = f"the journal of {self.header.run} cannot be read after line {self.reader.lines_read}"
            if self.shard:
                self.damage += f" (shard {self.shard})"

    def keep(self, event: TimedEvent | Resumed | RunEnded, start: int) -> None:
        """Remember an event that belongs to no site's results."""
        match event:
            case Resumed():
                self._offsets.append((start, max(0.0, seconds_between(self.header.started, event.started))))
            case RunEnded():
                pass
            case VisitStarted():
                self._unfinished[event.site] = event, self._offsets[-1][1]
            case _:
                self._others.append((event, self._offsets[-1][1]))

    def finish_visit(self, site: str) -> None:
        """A visit that began has its observation: its beginning needs no event of its own any more."""
        self._unfinished.pop(site, None)

    def list_others(self) -> list[TimedEvent]:
        """What was kept, with the visits that never ended, in the order of time."""
        kept = [*self._others, *self._unfinished.values()]
        return sorted(
            [replace(event, at_s=event.at_s + offset_s) for event, offset_s in kept], key=lambda event: event.at_s
        )

    def offset_at(self, start: int) -> float:
        """Seconds between the run's beginning and the clock of the line at `start`: not 0 after a resume."""
        return self._offsets[bisect_right(self._offsets, start, key=lambda offset: offset[0]) - 1][1]


class SourceIndex:
    """Which run each (check, site) is taken from, and where its lines are. `duplicates` counts results of older runs
    that a newer one replaced, each (check, site) once per run; `unplanned` those that the plan does not owe.
    """

    def __init__(self, plan: Plan, sources: int) -> None:
        """`sources` is the number of runs; they are scanned from the last to the first."""
        self._check_index = {check: index for index, check in enumerate(plan.checks)}
        self._site_index = {planned.site.id: index for index, planned in enumerate(plan.sites)}
        self._width = len(plan.checks)
        cells = len(plan.sites) * self._width
        assert sources < 1 << 15, "the owner of a cell is kept in 16 bits"
        self._owner = array("h", [_NO_RUN]) * cells
        self._start = array("q", [0]) * cells
        self._status = bytearray(cells)
        self._number = array("H", [0]) * cells
        self._more: dict[int, dict[int, Attempt]] = {}
        self._visit_owner = array("h", [_NO_RUN]) * len(plan.sites)
        self._is_judged = bytearray(len(plan.sites))
        self._visit_start = array("q", [0]) * len(plan.sites)
        self._more_visits: dict[int, dict[int, int]] = {}
        self.duplicates = 0
        self.unplanned = 0

    def scan(self, number: int, source: MergeSource) -> None:
        """Take what `source`, the run at place `number`, adds to the runs that are newer."""
        visits: dict[int, dict[int, int]] = {}
        judged = bytearray(len(self._is_judged))
        replaced = bytearray(len(self._owner))
        for event, start, _ in source.read_lines():
            match event:
                case Judged(result=result):
                    check = self._check_index.get(result.check)
                    site = self._site_index.get(result.site)
                    if check is None or site is None:
                        self.unplanned += 1
                        continue
                    cell = site * self._width + check
                    if self._claim(cell, number, result.attempt, result.status, start):
                        judged[site] = 1
                    elif not replaced[cell]:
                        replaced[cell] = 1
                        self.duplicates += 1
                case Observed(observation=visit):
                    source.finish_visit(visit.site)
                    site = self._site_index.get(visit.site)
                    if site is not None:
                        visits.setdefault(site, {})[visit.attempt] = start
                case other:
                    source.keep(other, start)
        self._take_visits(number, visits, judged)

    def _claim(self, cell: int, source: int, number: int, status: Status, start: int) -> bool:
        owner = self._owner[cell]
        if owner == _NO_RUN:
            self._owner[cell] = source
            self._start[cell] = start
            self._status[cell] = _STATUS_CODES[status]
            self._number[cell] = number
            return True
        if owner != source:
            return False
        more = self._more.setdefault(cell, {})
        if not more:
            first = self._first_attempt(cell)
            more[first.number] = first
            self._status[cell] = _SEVERAL
        more[number] = Attempt(number=number, status=status, source=source, start=start)
        return True

    def _take_visits(self, number: int, visits: dict[int, dict[int, int]], judged: bytearray) -> None:
        """A site's visits come from the newest run that judged it; until there is one, from the newest that was
        there.
        """
        for site, starts in visits.items():
            is_first_judge = judged[site] and not self._is_judged[site]
            if self._visit_owner[site] == _NO_RUN or is_first_judge:
                self._visit_owner[site] = number
                self._visit_start[site] = next(iter(starts.values()))
                self._more_visits.pop(site, None)
                if len(starts) > 1:
                    self._more_visits[site] = starts
        for site, is_judged in enumerate(judged):
            if is_judged:
                self._is_judged[site] = 1

    def _first_attempt(self, cell: int) -> Attempt:
        return Attempt(
            number=self._number[cell],
            status=_STATUSES[self._status[cell]],
            source=self._owner[cell],
            start=self._start[cell],
        )

    def plain_row_of(self, site: int) -> PlainRow | None:
        """The results of a site that has one for each check, all of one run; None where it is not as simple."""
        cells = slice(site * self._width, (site + 1) * self._width)
        owners, statuses = self._owner[cells], self._status[cells]
        owner = owners[0] if owners else _NO_RUN
        if owner == _NO_RUN or owners.count(owner) < self._width or _SEVERAL in statuses:
            return None
        counts = {_STATUSES[code]: statuses.count(code) for code in set(statuses)}
        return PlainRow(owner, self._start[cells], counts)

    def attempts_of(self, site: int, check: int) -> list[Attempt]:
        """The attempts that count for one (check, site), in order; none: it is missing."""
        cell = site * self._width + check
        if self._owner[cell] == _NO_RUN:
            return []
        more = self._more.get(cell)
        return [more[number] for number in sorted(more)] if more is not None else [self._first_attempt(cell)]

    def visits_of(self, site: int) -> list[tuple[int, int]]:
        """Run and place of each observation of a site, in the order of attempts."""
        owner = self._visit_owner[site]
        if owner == _NO_RUN:
            return []
        more = self._more_visits.get(site)
        starts = [more[number] for number in sorted(more)] if more is not None else [self._visit_start[site]]
        return [(owner, start) for start in starts]


class LineReader:
    """Reads lines of the runs to merge by the bytes at which they start."""

    def __init__(self, sources: Sequence[MergeSource], stack: ExitStack) -> None:
        """`stack` closes their journals."""
        self._files = [stack.enter_context(open_file(source.reader.path)) for source in sources]
        self._places = [0] * len(self._files)

    def read(self, source: int, start: int) -> bytes:
        """The line that starts at `start` in the journal of `source`, its newline included."""
        file = self._find(source, start)
        line = file.readline()
        self._places[source] = start + len(line)
        return line if line.endswith(b"\n") else line + b"\n"

    def read_row(self, row: PlainRow) -> bytes | None:
        """All lines of a row at once; None where they do not follow one another in its order."""
        first, last = row.starts[0], row.starts[-1]
        if any(map(gt, row.starts, row.starts[1:])):
            return None
        before_last = self._find(row.source, first).read(last - first)
        self._places[row.source] = last
        # Each start is that of a line: with as many lines as starts, no other line is among them.
        return before_last + self.read(row.source, last) if before_last.count(b"\n") == len(row.starts) - 1 else None

    def _find(self, source: int, start: int) -> BinaryIO:
        file = self._files[source]
        if self._places[source] != start:  # lines that are wanted mostly follow one another
            file.seek(start)
        return file
