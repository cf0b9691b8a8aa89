"""When a public domain is asked again. Owns the turns; the invariant: of all visits of one domain, one at most waits
for a slot, is held by a chunk or runs, and none begins before the domain's pause is over.

What a domain owes beyond its turn waits here, out of the backlog's sight, so that slots never hold what they may not
visit. Hosts of ours have no domain and pass through. Where a visit told the address of a domain, the turn is taken
there as well: two domains of one server are not asked at once.

A domain that answers 429 or 503 is left alone for as long as it says (Retry-After, RFC 9110, 10.2.3), else for a time
that doubles with each such answer; both have an end. Further visits of a site wait until no first visit is left.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from gridrunner.dispatch.machine.backlog import Work

FIRST_BACKOFF_S: Final = 5.0
"""After the first 429 or 503 without Retry-After; then 10, 20, 40 s …"""

LONGEST_BACKOFF_S: Final = 240.0
"""A session that waits longer may be ended by its hub (Selenium Grid's --session-timeout is 300 s), and a run goes on
for minutes: what asks for more is asked once more after this, and ends as what it then says."""

BUSY_STATUSES: Final = frozenset({429, 503})
"""Too Many Requests (RFC 6585, 4), Service Unavailable (RFC 9110, 15.6.4): the two that Retry-After is made for."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a visit learned of the server: nothing of it, when it was lost."""

    status: int | None = None
    retry_after_s: float | None = None
    address: str = ""


@dataclass(slots=True)
class _Domain:
    name: str
    waiting: deque[Work] = field(default_factory=deque)
    is_taken: bool = False  # its turn is out: in the backlog, a chunk or a visit
    free_at_s: float = 0.0
    address: str = ""
    refusals: int = 0


class Courtesy:
    """The turns of all public domains of a run."""

    def __init__(self, domains: Mapping[str, str], host_delay_s: float) -> None:
        """`domains` are those of sites by id; a site that is not in it is free of all this."""
        self._delay_s = host_delay_s
        self._domain_of = domains
        self._domains = {name: _Domain(name) for name in domains.values()}
        self._due: list[tuple[float, int, _Domain]] = []
        self._order = itertools.count()
        self._patient: deque[_Domain] = deque()  # their next visit is a further one of a site
        self._at_address: dict[str, deque[_Domain]] = {}  # behind another domain's turn at the same server
        self._taken_addresses: dict[str, str] = {}  # by whom
        self._waiting = 0

    def __len__(self) -> int:
        """How many visits wait here."""
        return self._waiting

    @property
    def has_sure(self) -> bool:
        """Whether any of them is not in doubt."""
        return any(not work.is_in_doubt for domain in self._domains.values() for work in domain.waiting)

    @property
    def waiting_domains(self) -> int:
        """How many domains have visits that wait here."""
        return sum(1 for domain in self._domains.values() if domain.waiting) if self._waiting else 0

    @property
    def next_s(self) -> float | None:
        """When a domain's pause is over and something may be released; None when no pause is waited for."""
        return self._due[0][0] if self._due else None

    def is_bound(self, site: str) -> bool:
        """Whether the site is on a public domain."""
        return site in self._domain_of

    def admit(self, ordered: Iterable[Work]) -> list[Work]:
        """The first visits that the backlog may have now, in order; the rest waits here. A domain with several goes by
        what they take together: one after another they may be what takes longest of all.
        """
        works = list(ordered)
        chain_s: dict[str, float] = {}
        for work in works:
            name = self._domain_of.get(work.site.id)
            if name is not None:
                chain_s[name] = chain_s.get(name, -self._delay_s) + work.expected_s + self._delay_s
        alone: list[Work] = []
        heads: list[tuple[float, Work]] = []
        for work in works:
            name = self._domain_of.get(work.site.id)
            if name is None:
                alone.append(work)
            elif (domain := self._domains[name]).is_taken:
                self._hold(domain, work)
            else:
                domain.is_taken = True
                heads.append((chain_s[name], work))
        chained = deque(sorted((head for head in heads if self._has_more(head[1])), key=lambda head: -head[0]))
        heads_alone = {work.site.id for _, work in heads if not self._has_more(work)}
        admitted: list[Work] = []
        for work in works:
            if work.site.id in heads_alone or work.site.id not in self._domain_of:
                while chained and chained[0][0] >= work.expected_s:
                    admitted.append(chained.popleft()[1])
                admitted.append(work)
        return [*admitted, *(work for _, work in chained)]

    def hold(self, work: Work) -> None:
        """One more visit of a site on a public domain is owed: behind everything that the domain owes if it is a
        further one, before it if the last was lost and no site's doing.
        """
        domain = self._domains[self._domain_of[work.site.id]]
        self._hold(domain, work, at_front=not work.needs_fresh)
        if not domain.is_taken and len(domain.waiting) == 1:
            self._wait_for(domain)

    def end(self, site: str, now_s: float, answer: Answer) -> str:
        """A visit of the site is over; why the domain is left alone for longer than usual, "" when it is not."""
        name = self._domain_of.get(site)
        if name is None:
            return ""
        domain = self._domains[name]
        domain.is_taken = False
        pause_s, why = self._find_pause(domain, answer)
        domain.free_at_s = now_s + pause_s
        self._leave_address(domain, domain.free_at_s)
        domain.address = answer.address or domain.address
        if domain.waiting:
            self._wait_for(domain)
        return why

    def release(self, now_s: float, *, is_idle: bool) -> list[Work]:
        """The visits whose time has come; with `is_idle` (no first visit waits for a slot) further ones, too."""
        released: list[Work] = []
        while self._due and self._due[0][0] <= now_s:
            domain = heapq.heappop(self._due)[2]
            if domain.waiting and domain.waiting[0].needs_fresh and not is_idle:
                self._patient.append(domain)
            else:
                released += self._take_turn(domain)
        if is_idle:
            while self._patient:
                released += self._take_turn(self._patient.popleft())
        return released

    def _has_more(self, work: Work) -> bool:
        return bool(self._domains[self._domain_of[work.site.id]].waiting)

    def _hold(self, domain: _Domain, work: Work, *, at_front: bool = False) -> None:
        (domain.waiting.appendleft if at_front else domain.waiting.append)(work)
        self._waiting += 1

    def _wait_for(self, domain: _Domain) -> None:
        heapq.heappush(self._due, (domain.free_at_s, next(self._order), domain))

    def _take_turn(self, domain: _Domain) -> list[Work]:
        """The domain's next visit, unless its server is being asked by another domain: then after that."""
        if domain.is_taken or not domain.waiting:
            return []
        if domain.address:
            if domain.address in self._taken_addresses:
                self._at_address.setdefault(domain.address, deque()).append(domain)
                return []
            self._taken_addresses[domain.address] = domain.name
        domain.is_taken = True
        self._waiting -= 1
        return [domain.waiting.popleft()]

    def _leave_address(self, domain: _Domain, free_at_s: float) -> None:
        if self._taken_addresses.get(domain.address) != domain.name:
            return
        del self._taken_addresses[domain.address]
        behind = self._at_address.get(domain.address)
        if behind:
            following = behind.popleft()
            following.free_at_s = max(following.free_at_s, free_at_s)
            self._wait_for(following)

    def _find_pause(self, domain: _Domain, answer: Answer) -> tuple[float, str]:
        if answer.status not in BUSY_STATUSES:
            if answer.status is not None:
                domain.refusals = 0
            return self._delay_s, ""
        own_s = FIRST_BACKOFF_S * 2.0 ** min(domain.refusals, 10)
        domain.refusals += 1
        wanted_s = own_s if answer.retry_after_s is None else max(answer.retry_after_s, self._delay_s)
        pause_s = max(self._delay_s, min(wanted_s, LONGEST_BACKOFF_S))
        said = f", and asked for {answer.retry_after_s:.0f} s" if answer.retry_after_s is not None else ""
        return pause_s, f"{domain.name} answered {answer.status}{said}: it is left alone for {pause_s:.0f} s"
