"""Hubs, sessions and a judge for tests of dispatch, by hand. What they do is a script given by the test; nothing
sleeps: a visit that shall hang waits for an event that `kill` (or the test) sets.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gridrunner.dispatch.ports import JudgeSink
from gridrunner.errors import GridFault, SessionNotCreated
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Plan, PlannedSite, Result, Site, Status

HANG_LIMIT_S = 30.0
"""A hanging visit that nobody kills fails the test after this, instead of hanging it."""


def make_sites(count: int, *, visit_timeout_s: float | None = None) -> list[Site]:
    """`count` sites named s1, s2, …"""
    return [
        Site(id=f"s{number}", url=f"https://s{number}.example/", visit_timeout_s=visit_timeout_s)
        for number in range(1, count + 1)
    ]


def make_plan_of(expected_s: Sequence[float], *, checks: Sequence[str] = ("login-found",)) -> Plan:
    """A plan of one site s1, s2, … for each of the expected seconds."""
    sites = make_sites(len(expected_s))
    planned = tuple(PlannedSite(site=site, expected_s=seconds) for site, seconds in zip(sites, expected_s, strict=True))
    return Plan(hash="0" * 64, sites=planned, checks=tuple(checks))


class Hang:
    """As a visit's script: come back only when the session is killed."""


Scripted = Outcome | Fault | Exception | type[Hang]
"""What one visit does: end with an outcome, be lost with a fault, raise, or hang."""

LOST = Fault(kind=FaultKind.SESSION_LOST, message="the browser died")
HUB_GONE = Fault(kind=FaultKind.HUB_UNREACHABLE, message="no answer")


@dataclass
class Script:
    """What visits do, by site and attempt; a site or attempt that is not in it is observed. While a site of
    `drained_at` is visited its node begins to drain.
    """

    visits: Mapping[str, Sequence[Scripted]] = field(default_factory=dict)
    drained_at: frozenset[str] = frozenset()

    def at(self, site: str, attempt: int) -> Scripted:
        """What visit `attempt` of `site` does."""
        scripted = self.visits.get(site, ())
        return scripted[attempt - 1] if attempt <= len(scripted) else Outcome.OBSERVED


class FakeSession:
    """A session of a FakeHub. `visited` lists (site, attempt); `was_closed` and `was_killed` say how it ended."""

    def __init__(self, hub: FakeHub, number: int) -> None:
        self.hub = hub.name
        self.node = f"{hub.name}-node"
        self.id = f"{hub.name}-session-{number}"
        self.visited: list[tuple[str, int]] = []
        self.upcoming: list[str | None] = []
        self.is_leaving = False
        self.was_closed = False
        self.was_killed = threading.Event()
        self._hub = hub

    def visit(self, site: Site, *, attempt: int, upcoming: Site | None) -> Observation:
        """What the hub's script says."""
        self.visited.append((site.id, attempt))
        self.is_leaving = site.id in self._hub.script.drained_at
        self.upcoming.append(upcoming.id if upcoming else None)
        scripted = self._hub.script.at(site.id, attempt)
        if isinstance(scripted, Exception):
            raise scripted
        if scripted is Hang:
            self._hub.hanging.set()
            was_killed = self.was_killed.wait(HANG_LIMIT_S)
            message = "killed" if was_killed else "nobody killed it"
            return self._observe(site, attempt, fault=Fault(kind=FaultKind.SESSION_LOST, message=message))
        if isinstance(scripted, Fault):
            return self._observe(site, attempt, fault=scripted)
        assert isinstance(scripted, Outcome)
        return self._observe(site, attempt, outcome=scripted)

    def close(self) -> None:
        """End in good order."""
        self.was_closed = True

    def kill(self) -> None:
        """End now."""
        self.was_killed.set()

    @property
    def is_ended(self) -> bool:
        """Whether it was closed or killed."""
        return self.was_closed or self.was_killed.is_set()

    def _observe(
        self, site: Site, attempt: int, *, outcome: Outcome | None = None, fault: Fault | None = None
    ) -> Observation:
        return Observation(
            site=site.id,
            attempt=attempt,
            outcome=outcome,
            fault=fault,
            url=site.url,
            hub=self.hub,
            node=self.node,
            session=self.id,
        )


class FakeHub:
    """A hub of `capacity` slots. `refusals` are raised by the next creations, one each; `hanging` is set as soon as a
    visit hangs.
    """

    def __init__(
        self,
        name: str = "hub-a",
        *,
        capacity: int = 2,
        script: Script | None = None,
        refusals: Sequence[GridFault] = (),
        is_dead: bool = False,
    ) -> None:
        self.name = name
        self.capacity = capacity
        self.script = script or Script()
        self.sessions: list[FakeSession] = []
        self.hanging = threading.Event()
        self._refusals = list(refusals)
        self._is_dead = is_dead
        self._lock = threading.Lock()

    def slots(self) -> int:
        """The capacity."""
        return self.capacity

    def open_session(self, *, slot: str, timeout_s: float) -> FakeSession:
        """A session, or the next refusal."""
        with self._lock:
            if self._is_dead:
                raise SessionNotCreated(f"{self.name} is dead")
            if self._refusals:
                raise self._refusals.pop(0)
            session = FakeSession(self, len(self.sessions) + 1)
            self.sessions.append(session)
            return session

    @property
    def visited(self) -> list[tuple[str, int]]:
        """(site, attempt) over all sessions."""
        return [visit for session in self.sessions for visit in session.visited]


Verdicts = Callable[[Observation, str], Status | None]
"""The status of a check on an observation; None: say nothing of it."""


def passes(_observation: Observation, _check: str) -> Status | None:
    """Everything passes."""
    return Status.PASSED


class FakeJudge:
    """Judges at once, in `submit`. `rounds` lists the (site, attempt) of each round; `errors` end the next rounds
    without results, one each.
    """

    def __init__(
        self, sink: JudgeSink, *, checks: Sequence[str], verdicts: Verdicts = passes, errors: Sequence[str] = ()
    ) -> None:
        self.rounds: list[list[tuple[str, int]]] = []
        self.is_closed = False
        self._sink = sink
        self._checks = tuple(checks)
        self._verdicts = verdicts
        self._errors = list(errors)

    def submit(self, number: int, observations: Sequence[Observation]) -> None:
        """Judge all of them."""
        self.rounds.append([(observation.site, observation.attempt) for observation in observations])
        if self._errors:
            self._sink.round_ended(number, self._errors.pop(0))
            return
        results = []
        for observation in observations:
            for check in self._checks:
                status = self._verdicts(observation, check)
                if status is not None:
                    results.append(
                        Result(check=check, site=observation.site, attempt=observation.attempt, status=status)
                    )
        self._sink.results(results)
        self._sink.round_ended(number)

    def restart(self) -> None:
        """Nothing to give up."""

    def close(self) -> None:
        """Nothing to give up."""
        self.is_closed = True


@dataclass
class JudgeMaker:
    """A JudgeFactory that keeps the judge it made."""

    checks: Sequence[str] = ("login-found",)
    verdicts: Verdicts = passes
    errors: Sequence[str] = ()
    judge: FakeJudge | None = None

    def __call__(self, sink: JudgeSink) -> FakeJudge:
        """The judge of the run."""
        self.judge = FakeJudge(sink, checks=self.checks, verdicts=self.verdicts, errors=self.errors)
        return self.judge
