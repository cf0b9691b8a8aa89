"""A grid in virtual time: carries out the machine's actions as a discrete-event simulation, without threads or sleep.

Property tests and the makespan benchmark run whole dispatches on it. Owns the calendar; the invariant: what happens is
decided by the behaviours given and the machine alone, so a run can be repeated to the last event.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gridrunner.dispatch.machine.events import (
    AbandonSlot,
    Action,
    CloseSession,
    EndRun,
    HubCapacity,
    KillSession,
    MachineEvent,
    OpenSession,
    Record,
    RestartJudge,
    ResultsArrived,
    RoundEnded,
    RunStarted,
    SessionCreated,
    SessionGone,
    SessionRefused,
    StartSlot,
    StartVisit,
    SubmitRound,
    Tick,
    VisitEnded,
)
from gridrunner.dispatch.machine.machine import Machine
from gridrunner.dispatch.records import DispatchRecord
from gridrunner.dispatch.summary import DispatchSummary
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Result, Site, Status

NEVER_S = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """How a session's creation goes: after `took_s` (NEVER_S: no answer at all), with a fault or a session."""

    took_s: float = 1.5
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visiting:
    """How a visit goes: after `took_s` (NEVER_S: only when killed), with a fault or an outcome. `heeds_kill` False: its
    thread does not come back even then. The rest is what a server says.
    """

    took_s: float
    outcome: Outcome = Outcome.OBSERVED
    fault: Fault | None = None
    heeds_kill: bool = True
    status: int | None = None
    retry_after_s: float | None = None
    address: str = ""
    detail: str = ""
    egress: str = ""


Opens = Callable[[str, float], Opening]
"""The creation of a session on a hub, asked for at a time."""

Visits = Callable[[Site, int, str, float], Visiting]
"""The visit of a site, by attempt, on a hub, at a time."""

Judges = Callable[[Sequence[Observation]], tuple[Sequence[Result], str | None]]
"""A round: its results, and an error or None."""


def open_quickly(_hub: str, _at_s: float) -> Opening:
    """Every session is there after 1.5 s."""
    return Opening()


def pass_all(checks: Sequence[str]) -> Judges:
    """A judge to whom everything passes."""

    def judge(observations: Sequence[Observation]) -> tuple[Sequence[Result], str | None]:
        return [
            Result(check=check, site=seen.site, attempt=seen.attempt, status=Status.PASSED)
            for seen in observations
            for check in checks
        ], None

    return judge


@dataclass
class VirtualGrid:
    """One run of `machine`. `injected` are further events at their times (StopRequested, capacities, late answers)."""

    machine: Machine
    capacities: Mapping[str, int]
    visits: Visits
    judges: Judges
    opens: Opens = open_quickly
    judge_s: float | None = 0.5  # None: the judge never answers
    judge_delays: Callable[[], Sequence[float]] | None = None  # when the answer to a round comes: never, once, twice
    injected: Sequence[MachineEvent] = ()
    close_s: float = 0.05
    most_events: int = 1_000_000
    records: list[DispatchRecord] = field(default_factory=list)
    now_s: float = 0.0
    judge_restarts: int = 0

    def __post_init__(self) -> None:
        self._calendar: list[tuple[float, int, MachineEvent]] = []
        self._order = itertools.count()
        self._hub_of: dict[int, str] = {}
        self._visiting: dict[int, StartVisit] = {}
        self._deaf: set[int] = set()

    def run(self) -> DispatchSummary:
        """The summary, once the machine ends the run. Raises AssertionError when it does not."""
        self._schedule(RunStarted(at_s=0.0))
        for hub, slots in self.capacities.items():
            self._schedule(HubCapacity(at_s=0.0, hub=hub, slots=slots))
        for event in self.injected:
            self._schedule(event)
        for _ in range(self.most_events):
            event = self._next_event()
            self.now_s = event.at_s
            if isinstance(event, VisitEnded) and self._visiting.pop(event.serial, None) is None:
                continue  # it was killed, and came back then
            for action in self.machine.handle(event):
                if isinstance(action, EndRun):
                    return action.summary
                self._carry_out(action)
        raise AssertionError(f"the run has not ended after {self.most_events} events, at {self.now_s:.0f} s")

    def _next_event(self) -> MachineEvent:
        wake_at_s = self.machine.wake_at_s
        if self._calendar and (wake_at_s is None or self._calendar[0][0] <= wake_at_s):
            return heapq.heappop(self._calendar)[2]
        assert wake_at_s is not None, f"the machine waits for nothing at {self.now_s:.1f} s"
        return Tick(at_s=max(self.now_s, wake_at_s))

    def _schedule(self, event: MachineEvent) -> None:
        if event.at_s < NEVER_S:
            heapq.heappush(self._calendar, (event.at_s, next(self._order), event))

    def _carry_out(self, action: Action) -> None:
        match action:
            case OpenSession():
                self._open(action)
            case StartVisit():
                self._visit(action)
            case CloseSession():
                self._schedule(SessionGone(at_s=self.now_s + self.close_s, serial=action.serial))
            case KillSession():
                self._kill(action.serial)
            case SubmitRound():
                self._judge(action)
            case RestartJudge():
                self.judge_restarts += 1
            case Record():
                self.records.append(action.record)
            case StartSlot() | AbandonSlot() | EndRun():
                pass

    def _open(self, order: OpenSession) -> None:
        opening = self.opens(order.hub, self.now_s)
        at_s = self.now_s + opening.took_s
        self._hub_of[order.serial] = order.hub
        if opening.fault is not None:
            self._schedule(SessionRefused(at_s=at_s, slot=order.slot, serial=order.serial, fault=opening.fault))
        else:
            session = f"session-{order.serial}"
            self._schedule(
                SessionCreated(
                    at_s=at_s, slot=order.slot, serial=order.serial, node=f"{order.hub}-node", session=session
                )
            )

    def _visit(self, order: StartVisit) -> None:
        visiting = self.visits(order.site, order.attempt, self._hub_of[order.serial], self.now_s)
        assert order.serial not in self._visiting, f"{order.slot} was given two visits at once"
        self._visiting[order.serial] = order
        if not visiting.heeds_kill:
            self._deaf.add(order.serial)
        self._end_visit(
            order,
            self.now_s + visiting.took_s,
            outcome=None if visiting.fault else visiting.outcome,
            fault=visiting.fault,
            said=visiting,
        )

    def _kill(self, serial: int) -> None:
        self._schedule(SessionGone(at_s=self.now_s + self.close_s, serial=serial))
        order = self._visiting.get(serial)
        if order is not None and serial not in self._deaf:
            fault = Fault(kind=FaultKind.SESSION_LOST, message="killed")
            self._end_visit(order, self.now_s + 0.01, outcome=None, fault=fault)

    def _end_visit(
        self,
        order: StartVisit,
        at_s: float,
        *,
        outcome: Outcome | None,
        fault: Fault | None,
        said: Visiting | None = None,
    ) -> None:
        observation = Observation(
            site=order.site.id,
            attempt=order.attempt,
            outcome=outcome,
            fault=fault,
            http_status=said.status if said else None,
            retry_after_s=said.retry_after_s if said else None,
            address=said.address if said else "",
            detail=said.detail if said else "",
            visitor={"egress": said.egress} if said and said.egress else {},
        )
        self._schedule(VisitEnded(at_s=at_s, slot=order.slot, serial=order.serial, observation=observation))

    def _judge(self, order: SubmitRound) -> None:
        usual = () if self.judge_s is None else (self.judge_s,)
        results, error = self.judges(order.observations)
        for delay_s in usual if self.judge_delays is None else self.judge_delays():
            at_s = self.now_s + delay_s
            self._schedule(ResultsArrived(at_s=at_s, results=tuple(results)))
            self._schedule(RoundEnded(at_s=at_s, number=order.number, error=error))
