"""Whole runs in virtual time: one behaviour of dispatch each."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TypeVar

import pytest

from gridrunner.dispatch.machine.balancer import Balancer
from gridrunner.dispatch.machine.events import (
    HubCapacity,
    KillSession,
    MachineEvent,
    RunStarted,
    SessionCreated,
    StartVisit,
    StopRequested,
    Tick,
    VisitEnded,
)
from gridrunner.dispatch.machine.machine import Machine, Phase
from gridrunner.dispatch.records import (
    ChunkDone,
    Decision,
    FaultSeen,
    RunStopping,
    SessionEnded,
    SessionOpened,
    SessionOpening,
    VisitBegan,
    VisitObserved,
)
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.errors import UsageError
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Plan, Quarantine, Result, Site, Status
from gridrunner.planning.plan import make_plan
from tests.support.fake_sessions import HUB_GONE, LOST, make_plan_of
from tests.support.virtual_grid import NEVER_S, Judges, Opening, Opens, VirtualGrid, Visiting, open_quickly, pass_all

CHECK = "login-found"
REFUSED = Fault(kind=FaultKind.SESSION_NOT_CREATED, message="refused")

Scripts = Mapping[tuple[str, int], Visiting]


def fail(*failing: tuple[str, int]) -> Judges:
    """A judge to whom these (site, attempt) fail and all else passes."""

    def judge(observations: Sequence[Observation]) -> tuple[Sequence[Result], str | None]:
        return [
            Result(
                check=CHECK,
                site=seen.site,
                attempt=seen.attempt,
                status=Status.FAILED if (seen.site, seen.attempt) in failing else Status.PASSED,
            )
            for seen in observations
        ], None

    return judge


def make_grid(
    expected_s: Sequence[float],
    *,
    scripts: Scripts | None = None,
    capacities: Mapping[str, int] | None = None,
    run_settings: DispatchSettings | None = None,
    judges: Judges | None = None,
    opens: Opens = open_quickly,
    injected: Sequence[MachineEvent] = (),
    judge_s: float | None = 0.5,
    pace: Mapping[str, float] | None = None,
    plan: Plan | None = None,
    **machine: object,
) -> VirtualGrid:
    """A run of sites s1, s2, … (or of `plan`) whose visits take what is expected, unless a script says otherwise;
    `pace` makes a hub slower.
    """
    capacities = capacities or {"hub-a": 2}
    plan = plan or make_plan_of(expected_s)
    seconds = {planned.site.id: planned.expected_s for planned in plan.sites}

    def visit(site: Site, attempt: int, hub: str, _at_s: float) -> Visiting:
        scripted = (scripts or {}).get((site.id, attempt))
        return scripted or Visiting(took_s=seconds[site.id] * (pace or {}).get(hub, 1.0))

    return VirtualGrid(
        machine=Machine(
            plan=plan,
            settings=run_settings or DispatchSettings(),
            balancer=Balancer(list(capacities), rng=random.Random(1)),
            **machine,  # type: ignore[arg-type]
        ),
        capacities=capacities,
        visits=visit,
        judges=judges or pass_all([CHECK]),
        opens=opens,
        judge_s=judge_s,
        injected=injected,
        most_events=20_000,
    )


T = TypeVar("T")


def of_kind(grid: VirtualGrid, kind: type[T]) -> list[T]:
    return [record for record in grid.records if isinstance(record, kind)]


def started(grid: VirtualGrid) -> list[tuple[str, int]]:
    return [(record.site, record.attempt) for record in of_kind(grid, VisitBegan)]


# ----------------------------------------------------------------------------------------------------------- the queue


def test_longest_first_and_sessions_are_kept_over_chunks() -> None:
    grid = make_grid([1.0, 2.0, 9.0, 4.0, 3.0], capacities={"hub-a": 1})
    summary = grid.run()
    assert [site for site, _ in started(grid)] == ["s3", "s4", "s5", "s2", "s1"]
    assert (summary.stopped_by, summary.missing, summary.sessions_opened) == (StoppedBy.FINISHED, (), 1)
    assert summary.is_complete
    assert list(summary.finished) == ["s1", "s2", "s3", "s4", "s5"]


def test_no_more_slots_than_sites() -> None:
    grid = make_grid([1.0, 1.0], capacities={"hub-a": 40})
    assert grid.run().sessions_opened == 2


def test_slots_limits_sessions() -> None:
    grid = make_grid([1.0] * 9, capacities={"hub-a": 40}, run_settings=DispatchSettings(slots=3))
    assert grid.run().sessions_opened == 3


def test_nothing_to_do_ends_at_once() -> None:
    summary = make_grid([1.0], todo=[]).run()
    assert (summary.stopped_by, summary.wall_s, summary.finished) == (StoppedBy.FINISHED, 0.0, {})


def test_only_what_is_still_owed_is_visited_and_numbers_go_on() -> None:
    grid = make_grid([1.0] * 3, todo=["s2"], attempts={"s2": 2})
    assert grid.run().finished.keys() == {"s2"}
    assert started(grid) == [("s2", 3)]


def test_a_slot_that_would_stand_still_takes_over_what_a_chunk_holds() -> None:
    grid = make_grid([1.0] * 8, scripts={("s1", 1): Visiting(took_s=20.0)})
    summary = grid.run()
    assert summary.wall_s < 1.5 + 20.0 + 1.0  # nothing waited behind the straggler
    assert any(record.returned or len(record.sites) == 1 for record in of_kind(grid, ChunkDone))


def test_a_session_is_recycled_after_so_many_visits() -> None:
    grid = make_grid([1.0] * 7, capacities={"hub-a": 1}, run_settings=DispatchSettings(visits_per_session=3))
    assert grid.run().sessions_opened == 3
    assert [record.visits for record in of_kind(grid, SessionEnded)] == [3, 3, 1]


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.TIMED_OUT])
def test_a_session_is_recycled_after_a_page_that_hurt_it(outcome: Outcome) -> None:
    scripts = {("s1", 1): Visiting(took_s=2.0, outcome=outcome)}
    grid = make_grid([9.0, 1.0], capacities={"hub-a": 1}, scripts=scripts)
    assert grid.run().sessions_opened == 2


def test_the_next_site_is_announced_to_the_session() -> None:
    machine = make_grid([3.0, 2.0, 1.0], capacities={"hub-a": 1}).machine
    machine.handle(RunStarted(at_s=0.0))
    machine.handle(HubCapacity(at_s=0.0, hub="hub-a", slots=1))
    actions = machine.handle(SessionCreated(at_s=1.0, slot="slot-1", serial=1, node="n", session="x"))
    (visit,) = [action for action in actions if isinstance(action, StartVisit)]
    assert visit.upcoming is not None
    assert (visit.site.id, visit.upcoming.id) == ("s1", "s2")


def test_observations_say_where_and_when() -> None:
    grid = make_grid([1.0], capacities={"hub-a": 1})
    grid.run()
    (observed,) = of_kind(grid, VisitObserved)
    seen = observed.observation
    assert (seen.slot, seen.hub, seen.node, seen.session) == ("slot-1", "hub-a", "hub-a-node", "session-1")
    assert seen.started_s == 1.5


# ----------------------------------------------------------------------------------------------------------- verdicts


def test_a_failing_verdict_is_confirmed_in_a_fresh_session() -> None:
    grid = make_grid([3.0, 2.0, 1.0], capacities={"hub-a": 1}, judges=fail(("s2", 1), ("s3", 1), ("s3", 2)))
    summary = grid.run()
    assert summary.finished["s2"][0].status is Status.PASSED
    assert summary.finished["s3"][0].status is Status.FAILED
    assert summary.failed_sites == 1
    fresh = {(record.site, record.attempt): record.session for record in of_kind(grid, VisitBegan)}
    assert len({fresh["s1", 1], fresh["s2", 2], fresh["s3", 2]}) == 3


def test_a_new_session_serves_the_waiting_retry_and_no_other_is_recycled() -> None:
    grid = make_grid(
        [4.0, 4.0, 1.0, 1.0, 1.0, 1.0],
        scripts={("s1", 1): Visiting(took_s=1.0, fault=LOST)},
    )
    assert grid.run().sessions_opened == 3
    assert "a retry needs a fresh session" not in {record.reason for record in of_kind(grid, SessionEnded)}


def test_max_failures_stops_and_says_what_is_missing() -> None:
    grid = make_grid(
        [1.0] * 30,
        capacities={"hub-a": 1},
        judges=fail(*((f"s{number}", attempt) for number in range(1, 31) for attempt in (1, 2))),
        run_settings=DispatchSettings(max_failures=2, judge_batch=1),
    )
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.MAX_FAILURES
    assert summary.failed_sites >= 2
    assert summary.missing
    assert len(summary.finished) + len(summary.missing) == 30


def test_rounds_are_judged_while_visits_go_on() -> None:
    rounds: list[int] = []

    def judge(observations: Sequence[Observation]) -> tuple[Sequence[Result], str | None]:
        rounds.append(len(observations))
        return pass_all([CHECK])(observations)

    make_grid([1.0] * 40, judges=judge, run_settings=DispatchSettings(judge_batch=10)).run()
    assert len(rounds) >= 4
    assert rounds[0] == 10


def test_what_a_round_leaves_out_is_judged_once_more_and_then_an_error() -> None:
    summary = make_grid([1.0, 1.0], judges=lambda _seen: ([], "pytest died")).run()
    assert summary.stopped_by is StoppedBy.FINISHED
    (result,) = summary.finished["s1"]
    assert result.status is Status.ERROR
    assert result.message == "the check was not judged in two rounds: pytest died"


def test_a_judge_that_is_silent_is_started_again_once_and_then_the_run_ends_with_what_it_has() -> None:
    grid = make_grid([1.0, 1.0], judge_s=None)
    summary = grid.run()
    assert (summary.stopped_by, grid.judge_restarts) == (StoppedBy.JUDGE_LOST, 1)
    assert (summary.missing, summary.unjudged) == (("s1", "s2"), ("s1", "s2"))
    assert "the judge said nothing for 300 s, was started again, and said nothing again" in summary.reason
    assert 600 <= summary.wall_s < 610


def test_a_judge_that_was_silent_once_judges_all_when_it_was_started_again() -> None:
    grid = make_grid([1.0, 1.0])
    delays = iter([(), (0.5,)])
    grid.judge_delays = lambda: next(delays)
    summary = grid.run()
    assert (summary.stopped_by, summary.missing, grid.judge_restarts) == (StoppedBy.FINISHED, (), 1)
    assert {result.status for results in summary.finished.values() for result in results} == {Status.PASSED}


def test_without_checks_to_judge_a_visit_is_all_that_a_site_owes() -> None:
    summary = make_grid([], plan=make_plan_of([1.0, 1.0], checks=())).run()
    assert (summary.stopped_by, summary.finished) == (StoppedBy.FINISHED, {"s1": (), "s2": ()})
    assert summary.wall_s < 10


# ------------------------------------------------------------------------------------------------------------- faults


def test_the_visited_site_is_blamed_and_the_rest_of_its_chunk_goes_back() -> None:
    grid = make_grid(
        [5.0, 1.0, 1.0, 1.0], capacities={"hub-a": 1}, scripts={("s2", 1): Visiting(took_s=0.5, fault=LOST)}
    )
    summary = grid.run()
    assert summary.is_complete
    (fault,) = of_kind(grid, FaultSeen)
    assert (fault.site, fault.attempt, fault.is_charged) == ("s2", 1, True)
    assert fault.observation is not None
    assert started(grid)[:3] == [("s1", 1), ("s2", 1), ("s2", 2)]
    assert sorted(started(grid)) == [("s1", 1), ("s2", 1), ("s2", 2), ("s3", 1), ("s4", 1)]


def test_a_site_that_kills_every_session_ends_as_our_error() -> None:
    deadly = {("s1", attempt): Visiting(took_s=0.5, fault=LOST) for attempt in range(1, 9)}
    summary = make_grid([5.0, 1.0], scripts=deadly).run()
    assert summary.stopped_by is StoppedBy.FINISHED
    assert summary.finished["s1"][0].status is Status.ERROR
    assert (summary.failed_sites, summary.visits) == (0, 4)


def test_a_hub_that_dies_is_charged_to_nobody_and_another_takes_over() -> None:
    dies_at_s, back_at_s = 6.0, 300.0

    def opens(hub: str, at_s: float) -> Opening:
        is_dead = hub == "hub-b" and dies_at_s <= at_s < back_at_s
        return Opening(took_s=0.02, fault=REFUSED) if is_dead else Opening()

    grid = make_grid([4.0] * 40, capacities={"hub-a": 3, "hub-b": 3}, opens=opens)
    alive = grid.visits

    def visits(site: Site, attempt: int, hub: str, at_s: float) -> Visiting:
        if hub == "hub-b" and dies_at_s - 4.0 < at_s < back_at_s:
            return Visiting(took_s=max(0.06, dies_at_s - at_s), fault=LOST)
        return alive(site, attempt, hub, at_s)

    grid.visits = visits
    summary = grid.run()
    assert summary.is_complete
    assert all(results[0].status is Status.PASSED for results in summary.finished.values())
    assert any("none of" in record.text for record in of_kind(grid, Decision))
    late = [record for record in of_kind(grid, VisitBegan) if record.at_s > 20.0]
    assert {record.hub for record in late} == {"hub-a"}
    asked = [record.at_s for record in of_kind(grid, SessionOpening) if record.hub == "hub-b" and record.at_s > 10.0]
    assert len(asked) <= 8  # single trials, further and further apart


def test_refused_sessions_are_asked_for_again_with_growing_pauses() -> None:
    asked: list[float] = []

    def opens(_hub: str, at_s: float) -> Opening:
        asked.append(at_s)
        return Opening(took_s=0.02, fault=REFUSED) if len(asked) <= 4 else Opening()

    summary = make_grid([1.0], opens=opens, capacities={"hub-a": 1}).run()
    assert summary.is_complete
    gaps = [after - before for before, after in pairwise(asked)]
    assert gaps[0] >= 0.75
    assert gaps == sorted(gaps)


def test_without_any_session_the_run_ends_as_grid_lost() -> None:
    grid = make_grid([1.0] * 3, opens=lambda _hub, _at_s: Opening(took_s=0.02, fault=REFUSED))
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.GRID_LOST
    assert summary.missing == ("s1", "s2", "s3")
    assert "no session could be had for 120 s" in summary.reason
    assert 120 <= summary.wall_s < 130
    assert len(of_kind(grid, FaultSeen)) < 30


def test_a_hub_without_capacity_ends_as_grid_lost_too() -> None:
    fault = Fault(kind=FaultKind.HUB_UNREACHABLE, message="connection refused")
    unreachable = [HubCapacity(at_s=5.0 * number, hub="hub-a", fault=fault) for number in range(9)]
    grid = make_grid([1.0], capacities={"hub-a": 0}, injected=unreachable)
    assert grid.run().stopped_by is StoppedBy.GRID_LOST
    assert len(of_kind(grid, FaultSeen)) == 1  # said once


def test_a_crash_loop_ends() -> None:
    grid = make_grid(
        [1.0] * 200,
        capacities={"hub-a": 2},
        scripts={
            (f"s{site}", attempt): Visiting(took_s=0.1, fault=LOST)
            for site in range(1, 201)
            for attempt in range(1, 20)
        },
    )
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.CRASH_LOOP
    assert summary.sessions_lost == 9
    assert summary.missing


def test_a_lost_hub_in_the_middle_of_a_visit_costs_the_site_nothing() -> None:
    grid = make_grid([2.0], scripts={("s1", 1): Visiting(took_s=0.1, fault=HUB_GONE)})
    summary = grid.run()
    assert summary.finished["s1"][0].status is Status.PASSED
    assert [record.is_charged for record in of_kind(grid, FaultSeen)] == [False]


# ------------------------------------------------------------------------------------------------------------- limits


def test_a_visit_that_overruns_is_killed_and_made_again() -> None:
    scripts = {("s1", 1): Visiting(took_s=NEVER_S)}
    grid = make_grid([2.0, 1.0], scripts=scripts, run_settings=DispatchSettings(hedge=False))
    summary = grid.run()
    assert summary.finished["s1"][0].status is Status.PASSED
    (fault,) = of_kind(grid, FaultSeen)
    assert "passed its bound of 40 s" in fault.fault.message
    assert 41 <= fault.at_s < 42


def test_the_bound_of_one_visit_does_not_end_a_later_one_in_the_same_session() -> None:
    grid = make_grid([9.0] * 12, capacities={"hub-a": 1})
    summary = grid.run()
    assert (summary.sessions_opened, of_kind(grid, FaultSeen)) == (1, [])


def test_a_site_has_its_own_visit_timeout() -> None:
    machine = make_grid([2.0]).machine
    site = Site(id="own", url="https://own.example/", visit_timeout_s=5.0)
    assert machine._staffing.timeout_of(site) == 15.0


def test_a_thread_that_does_not_come_back_is_given_up_and_replaced() -> None:
    grid = make_grid([2.0], scripts={("s1", 1): Visiting(took_s=NEVER_S, heeds_kill=False)}, capacities={"hub-a": 1})
    summary = grid.run()
    assert summary.finished["s1"][0].status is Status.PASSED
    assert [record.slot for record in of_kind(grid, VisitBegan)] == ["slot-1", "slot-2"]


def test_a_creation_that_never_ends_is_given_up() -> None:
    opened: list[float] = []

    def opens(_hub: str, at_s: float) -> Opening:
        opened.append(at_s)
        return Opening(took_s=NEVER_S) if len(opened) == 1 else Opening()

    grid = make_grid([2.0], opens=opens, capacities={"hub-a": 1})
    assert grid.run().is_complete
    assert opened[1] > 65.0


def test_a_session_that_comes_too_late_is_killed() -> None:
    machine = make_grid([2.0], capacities={"hub-a": 1}).machine
    machine.handle(RunStarted(at_s=0.0))
    machine.handle(HubCapacity(at_s=0.0, hub="hub-a", slots=1))
    machine.handle(Tick(at_s=65.0))
    actions = machine.handle(SessionCreated(at_s=66.0, slot="slot-1", serial=1, node="n", session="late"))
    assert KillSession(serial=1) in actions


def test_a_late_visit_of_a_session_that_was_given_up_changes_nothing() -> None:
    grid = make_grid([2.0], capacities={"hub-a": 1})
    summary = grid.run()
    late = VisitEnded(
        at_s=99.0, slot="slot-1", serial=1, observation=Observation(site="s1", attempt=1, outcome=Outcome.OBSERVED)
    )
    assert summary.is_complete
    assert grid.machine.phase is Phase.ENDED
    assert grid.machine.handle(late) == []


def test_the_deadline_of_the_run_stops_it_and_what_was_visited_is_judged() -> None:
    grid = make_grid([4.0] * 20, run_settings=DispatchSettings(deadline_s=20.0))
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.DEADLINE
    assert summary.unjudged == ()
    assert len(summary.finished) >= 6
    assert summary.wall_s < 25.0
    (stopping,) = of_kind(grid, RunStopping)
    assert stopping.at_s == 20.0


def test_at_the_deadline_an_unconfirmed_failure_stands() -> None:
    grid = make_grid([4.0] * 20, run_settings=DispatchSettings(deadline_s=20.0), judges=fail(("s1", 1)))
    assert grid.run().finished["s1"][0].status is Status.FAILED


# ----------------------------------------------------------------------------------------------------------------- stop


def test_a_stop_lets_visits_end_shortly_then_kills_them() -> None:
    scripts = {("s1", 1): Visiting(took_s=3.0), ("s2", 1): Visiting(took_s=30.0)}
    grid = make_grid([9.0, 8.0, 1.0], scripts=scripts, injected=[StopRequested(at_s=4.0)])
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.INTERRUPTED
    assert summary.wall_s - 4.0 < 5.0
    assert summary.missing == ("s1", "s2", "s3")
    assert summary.unjudged == ("s1",)  # it ended within the grace; a resumed run judges it
    (fault,) = of_kind(grid, FaultSeen)
    assert (fault.site, fault.fault.kind, fault.is_charged) == ("s2", FaultKind.INTERRUPTED, False)
    assert fault.observation is not None
    assert fault.observation.fault == fault.fault


def test_a_second_stop_kills_at_once() -> None:
    stops = [StopRequested(at_s=4.0), StopRequested(at_s=4.1)]
    grid = make_grid([30.0, 30.0], injected=stops)
    assert grid.run().wall_s < 4.3


def test_a_stop_ends_although_a_thread_is_stuck_and_a_session_on_its_way() -> None:
    grid = make_grid(
        [30.0, 30.0],
        scripts={("s1", 1): Visiting(took_s=NEVER_S, heeds_kill=False)},
        opens=lambda _hub, at_s: Opening() if at_s > 99 or grid.machine._books.crew.live_count else Opening(took_s=1.0),
        injected=[StopRequested(at_s=4.0)],
    )
    summary = grid.run()
    assert summary.wall_s - 4.0 < 5.0
    assert summary.missing == ("s1", "s2")


def test_after_a_stop_a_session_that_arrives_is_killed() -> None:
    grid = make_grid([3.0], opens=lambda _hub, _at_s: Opening(took_s=5.0), injected=[StopRequested(at_s=4.0)])
    grid.run()
    assert of_kind(grid, SessionOpened)
    assert of_kind(grid, VisitBegan) == []


# ------------------------------------------------------------------------------------------------------ several hubs


def test_a_slow_hub_gets_short_sites_and_not_the_last_ones() -> None:
    expected_s = [2.0 + 0.1 * (number % 40) for number in range(120)]
    grid = make_grid(expected_s, capacities={"quick": 4, "slow": 4}, pace={"slow": 10.0})
    summary = grid.run()
    by_hub = {share.hub: share.visits for share in summary.hubs}
    assert by_hub["quick"] > 6 * by_hub["slow"]
    ideal_s = sum(expected_s) / (4 + 0.4)
    assert summary.wall_s < 1.35 * ideal_s


def test_a_failing_verdict_is_confirmed_on_another_hub() -> None:
    grid = make_grid([3.0, 3.0], capacities={"a": 1, "b": 1}, judges=fail(("s1", 1), ("s2", 1)))
    grid.run()
    hubs = {(record.site, record.attempt): record.hub for record in of_kind(grid, VisitBegan)}
    assert hubs["s1", 1] != hubs["s1", 2]
    assert hubs["s2", 1] != hubs["s2", 2]


def test_a_failing_verdict_is_confirmed_on_the_same_hub_while_the_other_is_busy() -> None:
    scripts = {("s1", 1): Visiting(took_s=25.0)}
    hedgeless = DispatchSettings(hedge=False)
    grid = make_grid(
        [9.0, 1.0], capacities={"a": 1, "b": 1}, scripts=scripts, judges=fail(("s2", 1)), run_settings=hedgeless
    )
    assert grid.run().wall_s < 28.0
    hubs = {(record.site, record.attempt): record.hub for record in of_kind(grid, VisitBegan)}
    assert hubs["s2", 1] == hubs["s2", 2]


def test_a_fresh_session_on_the_wrong_hub_makes_room_for_one_on_the_right() -> None:
    capacities = [HubCapacity(at_s=8.0, hub="b", slots=1)]
    grid = make_grid([3.0], capacities={"a": 1, "b": 0}, judges=fail(("s1", 1)), injected=capacities, judge_s=5.0)
    assert grid.run().is_complete
    assert [record.hub for record in of_kind(grid, VisitBegan)] == ["a", "b"]


def test_capacity_that_comes_later_is_used() -> None:
    grid = make_grid([3.0] * 40, capacities={"hub-a": 1}, injected=[HubCapacity(at_s=10.0, hub="hub-a", slots=6)])
    summary = grid.run()
    assert summary.sessions_opened == 6
    assert summary.wall_s < 45.0


# -------------------------------------------------------------------------------------------------------------- hedging


def test_a_straggler_is_visited_a_second_time_and_the_first_answer_counts() -> None:
    scripts = {("s1", 1): Visiting(took_s=29.0), ("s1", 2): Visiting(took_s=2.0)}
    grid = make_grid([4.0, 2.0], scripts=scripts, run_settings=DispatchSettings(hedge=True))
    summary = grid.run()
    assert summary.hedged_visits == 1
    assert summary.wall_s < 15.0
    assert [
        record.observation.attempt for record in of_kind(grid, VisitObserved) if record.observation.site == "s1"
    ] == [2]
    assert any("visited a second time" in record.text for record in of_kind(grid, Decision))
    assert not any(record.is_charged for record in of_kind(grid, FaultSeen))


def test_hedging_can_be_switched_off() -> None:
    scripts = {("s1", 1): Visiting(took_s=29.0)}
    grid = make_grid([4.0, 2.0], scripts=scripts, run_settings=DispatchSettings(hedge=False))
    assert grid.run().hedged_visits == 0


def test_a_site_that_is_expected_to_time_out_is_not_hedged() -> None:
    grid = make_grid([30.0, 2.0], scripts={("s1", 1): Visiting(took_s=30.0, outcome=Outcome.TIMED_OUT)})
    assert grid.run().hedged_visits == 0


def test_nothing_is_hedged_while_a_site_waits() -> None:
    grid = make_grid([4.0, *[3.0] * 20], scripts={("s1", 1): Visiting(took_s=25.0)})
    grid.run()
    assert not any(record.is_hedge for record in of_kind(grid, VisitBegan) if record.at_s < 26.5)


def test_a_hedge_that_is_slower_changes_nothing() -> None:
    scripts = {("s1", 1): Visiting(took_s=12.0), ("s1", 2): Visiting(took_s=25.0)}
    grid = make_grid([4.0, 2.0], scripts=scripts, run_settings=DispatchSettings(hedge=True))
    summary = grid.run()
    assert summary.wall_s < 16.0
    assert [seen.observation.attempt for seen in of_kind(grid, VisitObserved) if seen.observation.site == "s1"] == [1]


# ------------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"slots": 0},
        {"retries": -1},
        {"visits_per_session": 0},
        {"max_failures": 0},
        {"visit_timeout_s": 0.0},
        {"deadline_s": -1.0},
        {"judge_batch": 0},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        DispatchSettings(**wrong)  # type: ignore[arg-type]


def test_a_failure_in_quarantine_is_neither_confirmed_nor_counted() -> None:
    quarantine = Quarantine(owner="ann", reason="they rebuild their login", until=date(2027, 1, 31))
    sites = [Site(id="held", url="http://held.example/", quarantine=quarantine), Site(id="b", url="http://b.example/")]
    plan = make_plan(sites, ["login-found"], {})
    grid = make_grid([], plan=plan, judges=fail(("held", 1)), run_settings=DispatchSettings(max_failures=1))
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.FINISHED
    assert (summary.visits, summary.failed_sites) == (2, 0)
    assert [result.status for result in summary.finished["held"]] == [Status.FAILED]
