"""What waits for a slot. Owns the order; the invariant: a site waits at most once, and `work_left_s` is the sum of what
waits.

Five lines: `retries` (each needs a fresh session) go first, because a retry found late makes the run late; then what
chunks gave back; then the next turns of public domains, each alone, because the rest of its domain waits for it; then
the first visits, longest expected first; last what the network may have lost, because others may tell whether it did. A
slot on a slow hub takes from the short end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice

from msgspec import Struct

from gridrunner.model import Site
from gridrunner.planning.chunks import choose_chunk_size
from gridrunner.planning.constants import VISITS_PER_SESSION


class Work(Struct, frozen=True, kw_only=True):
    """One visit to be made."""

    site: Site
    expected_s: float
    needs_fresh: bool = False
    avoid_hub: str | None = None
    is_in_doubt: bool = False  # its last visit was lost to the network, as far as is known
    is_witness: bool = False  # the site owes nothing: it is asked whether it can be reached


class Backlog:
    """The waiting visits."""

    def __init__(self, ordered: Iterable[Work]) -> None:
        """`ordered` are the first visits, the one to be started first in front."""
        self._first: deque[Work] = deque(ordered)
        self._returned: deque[Work] = deque()
        self._turns: deque[Work] = deque()
        self._retries: deque[Work] = deque()
        self._doubtful: deque[Work] = deque()
        self._work_s = sum(work.expected_s for work in self._first)

    def __len__(self) -> int:
        """How many visits wait."""
        return self.ordinary_count + len(self._retries)

    @property
    def ordinary_count(self) -> int:
        """How many of them any session can make."""
        return self.sure_count + len(self._doubtful)

    @property
    def sure_count(self) -> int:
        """How many of those are not in doubt."""
        return len(self._first) + len(self._turns) + len(self._returned)

    @property
    def retry_count(self) -> int:
        """How many of them need a fresh session."""
        return len(self._retries)

    @property
    def work_left_s(self) -> float:
        """The expected seconds of all that waits."""
        return max(0.0, self._work_s)

    @property
    def retry_avoid_hub(self) -> str | None:
        """The hub that the next retry would rather not go to."""
        return self._retries[0].avoid_hub if self._retries else None

    def shortest_s(self) -> float | None:
        """The expected seconds of the shortest waiting first visit; None when there is none."""
        return self._first[-1].expected_s if self._first else None

    def peek_site(self) -> Site | None:
        """The site that the next chunk begins with; None when only retries wait."""
        front = self._returned or self._turns or self._first or self._doubtful
        return front[0].site if front else None

    def add_retry(self, work: Work) -> None:
        """One more visit of a site, for a fresh session."""
        self._retries.append(work)
        self._work_s += work.expected_s

    def add_turn(self, work: Work) -> None:
        """The next visit of a public domain, whose time has come."""
        line = self._doubtful if work.is_in_doubt else self._retries if work.needs_fresh else self._turns
        line.append(work)
        self._work_s += work.expected_s

    def put_last(self, work: Work) -> None:
        """A visit that is in doubt, after all others."""
        self._doubtful.append(work)
        self._work_s += work.expected_s

    def put_back(self, works: Sequence[Work]) -> None:
        """Visits that were taken and not made, to the front in their old order."""
        for work in reversed(works):
            line = self._doubtful if work.is_in_doubt else self._retries if work.needs_fresh else self._returned
            line.appendleft(work)
            self._work_s += work.expected_s

    def take_retry(self, *, hub: str, may_repeat: bool) -> tuple[Work, ...]:
        """The next visit that needs a fresh session, alone in its chunk, for a session on `hub`; empty when there is
        none. `may_repeat`: also one that was on `hub` before.
        """
        for index, work in enumerate(self._retries):
            if may_repeat or work.avoid_hub != hub:
                del self._retries[index]
                return self._give([work])
        return ()

    def take_chunk(self, *, slots: int, session_start_s: float) -> tuple[Work, ...]:
        """The next chunk of guided size, in order; empty when only retries wait."""
        if self._turns and not self._returned:
            return self._give([self._turns.popleft()])
        ordinary = len(self._returned) + len(self._first)
        if not ordinary:
            return self._give([self._doubtful.popleft()]) if self._doubtful else ()
        front: Iterator[Work] = chain(self._returned, self._first)
        size = choose_chunk_size(
            (work.expected_s for work in islice(front, VISITS_PER_SESSION)),
            work_left_s=self._work_s,
            slots=slots,
            session_start_s=session_start_s,
        )
        return self._give([self._pop_ordinary() for _ in range(min(size, ordinary))])

    def take_shortest(self) -> tuple[Work, ...]:
        """The shortest waiting visit alone, for a slow hub; empty when only retries wait."""
        if self._first:
            return self._give([self._first.pop()])
        rest = self._turns or self._returned or self._doubtful
        return self._give([rest.pop()]) if rest else ()

    def _pop_ordinary(self) -> Work:
        return self._returned.popleft() if self._returned else self._first.popleft()

    def _give(self, works: list[Work]) -> tuple[Work, ...]:
        self._work_s -= sum(work.expected_s for work in works)
        return tuple(works)
