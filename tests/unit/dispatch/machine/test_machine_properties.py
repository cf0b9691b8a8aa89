"""For any sequence of events: one final result for each (check, site), no site charged for a hub, and an end."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridrunner.dispatch.machine.balancer import Balancer
from gridrunner.dispatch.machine.events import HubCapacity, MachineEvent, StopRequested
from gridrunner.dispatch.machine.machine import Machine
from gridrunner.dispatch.records import FaultSeen, ResultJudged, SiteFinished, VisitBegan
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Result, Site, Status
from tests.support.fake_sessions import make_plan_of
from tests.support.virtual_grid import NEVER_S, Opening, VirtualGrid, Visiting

CHECKS = ("login-found", "fields-right")

LOST = Fault(kind=FaultKind.SESSION_LOST, message="died")
HUB_GONE = Fault(kind=FaultKind.HUB_UNREACHABLE, message="no answer")
REFUSED = Fault(kind=FaultKind.SESSION_NOT_CREATED, message="refused")

OPENINGS = (
    Opening(took_s=0.5),
    Opening(took_s=1.5),
    Opening(took_s=20.0),
    Opening(took_s=0.02, fault=REFUSED),
    Opening(took_s=5.0, fault=HUB_GONE),
    Opening(took_s=NEVER_S),
)
SITE_VISITS = (
    Visiting(took_s=1.0),
    Visiting(took_s=4.0),
    Visiting(took_s=30.0, outcome=Outcome.TIMED_OUT),
    Visiting(took_s=2.0, outcome=Outcome.CRASHED),
    Visiting(took_s=NEVER_S),
    Visiting(took_s=NEVER_S, heeds_kill=False),
    Visiting(took_s=0.5, fault=LOST),
)
HUB_VISITS = (
    Visiting(took_s=1.0),
    Visiting(took_s=0.06, fault=HUB_GONE),
    Visiting(took_s=0.06, fault=REFUSED),
)
STATUSES = (Status.PASSED, Status.FAILED, Status.SKIPPED, Status.ERROR)


class Tape:
    """Small numbers that stand for chance, from a list that Hypothesis can shrink; begins again at its end."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._numbers = numbers
        self._at = -1

    def pick(self, most: int) -> int:
        """A number below `most`."""
        self._at += 1
        return self._numbers[self._at % len(self._numbers)] % most


def run_on_tape(
    tape: Tape,
    *,
    sites: int,
    run_settings: DispatchSettings,
    hubs: int = 2,
    visits: Sequence[Visiting] = SITE_VISITS,
    injected: Sequence[MachineEvent] = (),
    judge_s: float | None = 0.5,
    checks: Sequence[str] = CHECKS,
) -> tuple[VirtualGrid, Machine]:
    """A grid on which everything goes as the tape says."""
    names = [f"hub-{number}" for number in range(hubs)]
    plan = make_plan_of([1.0 + number for number in range(sites)], checks=checks)
    machine = Machine(plan=plan, settings=run_settings, balancer=Balancer(names, rng=random.Random(1)))

    def judge(observations: Sequence[Observation]) -> tuple[list[Result], str | None]:
        results = []
        for seen in observations:
            for check in checks:
                if tape.pick(8) == 0:
                    continue  # not judged
                status = STATUSES[tape.pick(len(STATUSES))]
                result = Result(check=check, site=seen.site, attempt=seen.attempt, status=status)
                results += [result] * (1 + (tape.pick(5) == 0))  # now and then twice
        return results, ("the judge died" if tape.pick(10) == 0 else None)

    def visit(_site: Site, _attempt: int, _hub: str, _at_s: float) -> Visiting:
        return visits[tape.pick(len(visits))]

    grid = VirtualGrid(
        machine=machine,
        capacities={name: 1 + tape.pick(3) for name in names},
        visits=visit,
        judges=judge,
        opens=lambda _hub, _at_s: OPENINGS[tape.pick(len(OPENINGS))],
        judge_s=judge_s,
        injected=injected,
        most_events=20_000,
    )
    return grid, machine


tapes = st.lists(st.integers(0, 63), min_size=1, max_size=80).map(Tape)


@st.composite
def interruptions(draw: st.DrawFn) -> list[MachineEvent]:
    """Stops and changes of capacity at any time."""
    events: list[MachineEvent] = [
        StopRequested(at_s=at_s) for at_s in draw(st.lists(st.floats(0, 60), max_size=2)) if draw(st.booleans())
    ]
    capacities = st.builds(HubCapacity, at_s=st.floats(0, 60), hub=st.just("hub-0"), slots=st.integers(0, 4))
    return [*events, *draw(st.lists(capacities, max_size=3))]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    tape=tapes,
    sites=st.integers(0, 12),
    retries=st.integers(0, 2),
    hedge=st.booleans(),
    per_session=st.sampled_from([1, 3, 50]),
    max_failures=st.sampled_from([None, 1, 4]),
    deadline_s=st.sampled_from([None, 5.0, 60.0]),
    injected=interruptions(),
    judge_s=st.sampled_from([0.5, 20.0, None]),
)
def test_each_check_and_site_ends_exactly_once(
    tape: Tape,
    sites: int,
    retries: int,
    hedge: bool,
    per_session: int,
    max_failures: int | None,
    deadline_s: float | None,
    injected: list[MachineEvent],
    judge_s: float | None,
) -> None:
    run_settings = DispatchSettings(
        retries=retries,
        hedge=hedge,
        visits_per_session=per_session,
        max_failures=max_failures,
        deadline_s=deadline_s,
        judge_batch=3,
    )
    grid, _ = run_on_tape(tape, sites=sites, run_settings=run_settings, injected=injected, judge_s=judge_s)

    summary = grid.run()  # the run ends

    planned = [f"s{number}" for number in range(1, sites + 1)]
    assert sorted([*summary.finished, *summary.missing]) == sorted(planned)
    for site, results in summary.finished.items():
        assert [(result.check, result.site) for result in results] == [(check, site) for check in CHECKS]
    finished = [record for record in grid.records if isinstance(record, SiteFinished)]
    assert sorted(record.site for record in finished) == sorted(summary.finished)
    assert {record.site: record.results for record in finished} == summary.finished
    judged = Counter(
        (record.result.check, record.result.site, record.result.attempt)
        for record in grid.records
        if isinstance(record, ResultJudged)
    )
    assert set(judged.values()) <= {1}
    for results in summary.finished.values():
        assert all(judged[result.check, result.site, result.attempt] == 1 for result in results)
    if summary.stopped_by is StoppedBy.FINISHED:
        assert not summary.missing
    if summary.stopped_by is StoppedBy.INTERRUPTED:
        stopped_at_s = min(event.at_s for event in injected if isinstance(event, StopRequested))
        assert summary.wall_s - stopped_at_s < 5.0


ANSWERS: tuple[tuple[float, ...], ...] = ((0.5,), (0.5, 0.7), (0.5, 400.0), (299.0,), (301.0,), (900.0,), ())
"""After how many seconds the judge answers a round: soon, twice, just in time, too late, never."""


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tape=tapes, sites=st.integers(1, 12), checks=st.sampled_from([(), CHECKS]), injected=interruptions())
def test_a_run_ends_whatever_its_judge_does(
    tape: Tape, sites: int, checks: tuple[str, ...], injected: list[MachineEvent]
) -> None:
    run_settings = DispatchSettings(judge_batch=3)
    grid, _ = run_on_tape(
        tape, sites=sites, run_settings=run_settings, checks=checks, visits=HUB_VISITS[:1], injected=injected
    )
    grid.judge_delays = lambda: ANSWERS[tape.pick(len(ANSWERS))]

    summary = grid.run()

    assert len(summary.finished) + len(summary.missing) == sites
    assert grid.judge_restarts <= 1
    if summary.stopped_by is StoppedBy.JUDGE_LOST:
        assert grid.judge_restarts == 1
        assert "started again" in summary.reason
    if not checks:
        assert summary.stopped_by is not StoppedBy.JUDGE_LOST
    for site, results in summary.finished.items():
        assert [(result.check, result.site) for result in results] == [(check, site) for check in checks]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tape=tapes, sites=st.integers(1, 12))
def test_no_site_is_charged_for_a_hubs_fault(tape: Tape, sites: int) -> None:
    grid, _ = run_on_tape(tape, sites=sites, run_settings=DispatchSettings(fault_retries=0), visits=HUB_VISITS)

    summary = grid.run()

    faults = [record for record in grid.records if isinstance(record, FaultSeen)]
    assert not any(record.is_charged for record in faults)
    for results in summary.finished.values():
        for result in results:  # what ended without a verdict had nine visits lost to the grid, and says so
            assert "visits lost" not in result.message or "9 visits lost" in result.message
    if summary.missing:
        assert summary.stopped_by in {StoppedBy.GRID_LOST, StoppedBy.CRASH_LOOP}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tape=tapes, sites=st.integers(1, 12))
def test_attempts_are_numbered_without_gaps_and_only_one_is_judged_at_a_time(tape: Tape, sites: int) -> None:
    grid, _ = run_on_tape(tape, sites=sites, run_settings=DispatchSettings(hedge=True, hedge_min_s=0.5))

    grid.run()

    started: dict[str, list[int]] = {}
    for record in grid.records:
        if isinstance(record, VisitBegan):
            started.setdefault(record.site, []).append(record.attempt)
    assert all(attempts == list(range(1, len(attempts) + 1)) for attempts in started.values())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tape=tapes, sites=st.integers(1, 8), run_settings=st.just(DispatchSettings()))
def test_the_same_events_give_the_same_run(tape: Tape, sites: int, run_settings: DispatchSettings) -> None:
    again = Tape(tape._numbers)
    first, _ = run_on_tape(tape, sites=sites, run_settings=run_settings)
    second, _ = run_on_tape(again, sites=sites, run_settings=run_settings)

    assert first.run() == second.run()
    assert first.records == second.records
