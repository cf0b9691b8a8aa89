"""What a run came to in a few figures and lists, gathered in one pass over its sites. Pure. The invariant: memory grows
with what went wrong, not with what was run (but for a count per domain), and of each site that went wrong only a few
hundred bytes are kept.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from gridrunner.model import Observation, Outcome, Site, Status, Verdict
from gridrunner.planning.constants import ROBOTS
from gridrunner.planning.domains import find_domain
from gridrunner.results.verdicts.cases import CaseVerdict, SiteVerdict, slim_case
from gridrunner.results.verdicts.causes import CauseGroup, Quarantined, group_culprits, list_culprits, list_quarantined
from gridrunner.results.verdicts.scores import Scorer, Scores
from gridrunner.results.verdicts.shortfalls import Shortfall, ShortfallCounter

SLOWEST = 10

MOST_VISITED = 10


class RunTotals(Struct, frozen=True, kw_only=True):
    """Figures of a run. `wall_s` is from its start to its last event; `utilisation` the share (0 to 1) of the slots'
    time that visits filled, None where the number of slots is not known; `failed_first` counts the sites whose first
    observed attempt failed a check, `blocked` those of the `visited` whose last visit ended at a wall that is
    not expected there.
    """

    sites: Mapping[Verdict, int]
    cases: Mapping[Verdict, int] = field(name="checks")  # as JSON calls them
    wall_s: float
    busy_s: float
    slots: int
    utilisation: float | None
    sessions: int
    faults: int
    failed_first: int
    blocked: int = 0
    visited: int = 0


class SlowSite(Struct, frozen=True, kw_only=True):
    """A site with the seconds that slots spent on it, in how many visits."""

    site: str
    busy_s: float
    visits: int
    verdict: Verdict


class DomainVisits(Struct, frozen=True, kw_only=True):
    """How often a public domain was visited, and for how many sites."""

    domain: str
    sites: int
    visits: int


class RunDigest(Struct, frozen=True, kw_only=True):
    """`groups` are what went wrong by cause, `flaky` the flaky cases, in plan order, `verdicts` all that count for the
    exit code: known failures are not among them; `busy_checks` the checks that were more than skipped somewhere;
    `shortfalls` say why the run is incomplete. Cases are slim (see `slim_case`). `domains` are the public ones that
    were visited most, more than once each; `scores` tell how the user's own detectors did.
    """

    totals: RunTotals
    verdicts: frozenset[Verdict]
    busy_checks: frozenset[str]
    shortfalls: tuple[Shortfall, ...]
    groups: tuple[CauseGroup, ...]
    quarantined: Quarantined
    flaky: tuple[CaseVerdict, ...]
    slowest: tuple[SlowSite, ...]
    domains: tuple[DomainVisits, ...] = ()
    scores: Scores = Scores()


class Digester:
    """Takes the sites of a run one at a time, in plan order."""

    def __init__(self) -> None:
        self._sites: Counter[Verdict] = Counter()
        self._cases: Counter[Verdict] = Counter()
        self._known: Counter[Verdict] = Counter()
        self._culprits: list[CaseVerdict] = []
        self._held: list[CaseVerdict] = []
        self._passing: list[CaseVerdict] = []
        self._slowest: list[tuple[float, int, SlowSite]] = []
        self._slots: set[str] = set()
        self._visits_of: dict[str, tuple[int, int]] = {}
        self._busy_s = 0.0
        self._failed_first = 0
        self._blocked = 0
        self._visited = 0
        self._place = 0
        self._busy_checks: set[str] = set()
        self._shortfalls = ShortfallCounter()
        self._scorer = Scorer()

    def add(self, site: SiteVerdict) -> None:
        """Take the next site."""
        self._sites[site.verdict] += 1
        self._scorer.add(site)
        is_failed_first = False
        for case in site.cases:
            self._cases[case.verdict] += 1
            self._shortfalls.add(case)
            if case.verdict is not Verdict.SKIPPED or case.held is not None:
                self._busy_checks.add(case.check)
            if case.is_known:
                self._known[case.verdict] += 1
            if case.attempts and case.attempts[0].status is Status.FAILED:
                is_failed_first = True
        self._failed_first += is_failed_first
        self._blocked += is_blocked(site.site, site.observations)
        self._visited += bool(site.observations)
        self._busy_s += site.busy_s
        self._slots.update(visit.slot for visit in site.observations if visit.slot)
        if site.verdict is not Verdict.PASSED:
            self._culprits += [slim_case(case) for case in list_culprits(site) if case.verdict is not Verdict.SKIPPED]
        if site.site.quarantine is not None:
            quarantined = list_quarantined([site])
            self._held += [slim_case(case) for case in quarantined.held]
            self._passing += [slim_case(case) for case in quarantined.passing]
        self._rank(site)
        domain = find_domain(site.site.url) if site.observations else None
        if domain is not None:
            sites, visits = self._visits_of.get(domain, (0, 0))
            self._visits_of[domain] = (sites + 1, visits + len(site.observations))

    def _rank_domains(self) -> tuple[DomainVisits, ...]:
        repeated = (
            DomainVisits(domain=domain, sites=sites, visits=visits)
            for domain, (sites, visits) in self._visits_of.items()
            if visits > 1
        )
        return tuple(heapq.nsmallest(MOST_VISITED, repeated, key=lambda entry: (-entry.visits, entry.domain)))

    def _rank(self, site: SiteVerdict) -> None:
        self._place += 1
        is_full = len(self._slowest) == SLOWEST
        if site.busy_s <= 0 or (is_full and site.busy_s <= self._slowest[0][0]):
            return
        slow = SlowSite(site=site.site.id, busy_s=site.busy_s, visits=len(site.observations), verdict=site.verdict)
        entry = (site.busy_s, -self._place, slow)
        (heapq.heapreplace if is_full else heapq.heappush)(self._slowest, entry)

    def finish(self, *, wall_s: float, slots: int, sessions: int, faults: int) -> RunDigest:
        """The digest of the sites taken. `slots` 0: as many as visits name."""
        slots = slots or len(self._slots)
        return RunDigest(
            totals=RunTotals(
                sites={verdict: self._sites[verdict] for verdict in Verdict},
                cases={verdict: self._cases[verdict] for verdict in Verdict},
                wall_s=wall_s,
                busy_s=self._busy_s,
                slots=slots,
                utilisation=min(1.0, self._busy_s / (wall_s * slots)) if wall_s > 0 and slots else None,
                sessions=sessions,
                faults=faults,
                failed_first=self._failed_first,
                blocked=self._blocked,
                visited=self._visited,
            ),
            verdicts=self._list_verdicts(),
            busy_checks=frozenset(self._busy_checks),
            shortfalls=self._shortfalls.finish(),
            groups=group_culprits(self._culprits),
            quarantined=Quarantined(held=tuple(self._held), passing=tuple(self._passing)),
            flaky=tuple(case for case in self._culprits if case.verdict is Verdict.FLAKY),
            slowest=tuple(entry[2] for entry in sorted(self._slowest, key=lambda entry: (-entry[0], -entry[1]))),
            domains=self._rank_domains(),
            scores=self._scorer.finish(),
        )

    def _list_verdicts(self) -> frozenset[Verdict]:
        counted = {verdict for verdict, count in self._cases.items() if count > self._known[verdict]}
        return frozenset(counted | ({Verdict.SKIPPED} if self._known.total() else set()))


def is_blocked(site: Site, observations: Sequence[Observation]) -> bool:
    """Whether the last visit ended at a wall, and the list does not expect that; what robots.txt forbids is none."""
    last = observations[-1] if observations else None
    is_wall = last is not None and last.outcome is Outcome.BLOCKED and last.blocked_by != ROBOTS
    return is_wall and site.expect.outcome is not Outcome.BLOCKED


def is_burnt(blocked: int, visited: int, limit: float | None) -> bool:
    """Whether walls are more than the share `limit` of what was visited."""
    return limit is not None and blocked > limit * visited
