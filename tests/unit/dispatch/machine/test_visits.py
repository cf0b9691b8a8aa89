"""What goes wrong with our own machine is charged to no site: its network, its proxy, its standing still."""

from __future__ import annotations

import pytest

from gridrunner.dispatch.machine.events import StoodStill
from gridrunner.dispatch.records import FaultSeen, VisitObserved
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.model import Fault, FaultKind, Outcome, Status
from tests.support.virtual_grid import Visiting
from tests.unit.dispatch.machine.test_machine import make_grid, of_kind

OFFLINE = Fault(kind=FaultKind.NETWORK, message="the browser reaches no site: its machine has no network")


def test_a_network_that_comes_back_costs_no_verdict() -> None:
    grid = make_grid([2.0, 2.0], scripts={("s1", attempt): Visiting(took_s=0.1, fault=OFFLINE) for attempt in (1, 2)})
    summary = grid.run()
    assert [results[0].status for results in summary.finished.values()] == [Status.PASSED, Status.PASSED]
    assert [record.is_charged for record in of_kind(grid, FaultSeen)] == [False, False]


def test_a_network_that_stays_away_ends_the_run_with_its_name_and_without_a_failure() -> None:
    scripts = {
        (site, attempt): Visiting(took_s=0.1, fault=OFFLINE) for site in ("s1", "s2", "s3") for attempt in range(1, 30)
    }
    summary = make_grid([2.0] * 3, scripts=scripts).run()
    assert summary.stopped_by is StoppedBy.GRID_LOST
    assert "no network" in summary.reason
    assert Status.FAILED not in {result.status for results in summary.finished.values() for result in results}


@pytest.mark.parametrize("outcome", [Outcome.TIMED_OUT, Outcome.UNREACHABLE, Outcome.CRASHED])
def test_a_visit_under_which_the_machine_stood_still_is_made_again(outcome: Outcome) -> None:
    grid = make_grid(
        [8.0], scripts={("s1", 1): Visiting(took_s=8.0, outcome=outcome)}, injected=[StoodStill(at_s=4.0, lost_s=10.0)]
    )
    summary = grid.run()
    assert summary.finished["s1"][0].status is Status.PASSED
    assert summary.finished["s1"][0].attempt == 2
    (seen,) = of_kind(grid, FaultSeen)
    assert (seen.fault.kind, seen.is_charged) == (FaultKind.INTERRUPTED, False)
    assert "stood still for 10.0 s" in seen.fault.message


def test_a_page_that_was_seen_all_the_same_counts() -> None:
    grid = make_grid([8.0], injected=[StoodStill(at_s=4.0, lost_s=10.0)])
    assert grid.run().finished["s1"][0].attempt == 1
    assert of_kind(grid, FaultSeen) == []


def test_many_visits_under_one_standstill_are_no_crash_loop() -> None:
    scripts = {(f"s{number}", 1): Visiting(took_s=8.0, outcome=Outcome.TIMED_OUT) for number in range(1, 31)}
    grid = make_grid(
        [8.0] * 30, scripts=scripts, capacities={"hub-a": 30}, injected=[StoodStill(at_s=7.0, lost_s=60.0)]
    )
    assert grid.run().stopped_by is StoppedBy.FINISHED


def test_a_standstill_before_the_visit_is_none_of_its() -> None:
    grid = make_grid(
        [8.0],
        scripts={("s1", 1): Visiting(took_s=8.0, outcome=Outcome.TIMED_OUT)},
        injected=[StoodStill(at_s=0.5, lost_s=10.0)],
    )
    grid.run()
    assert of_kind(grid, FaultSeen) == []


@pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.REFUSED, Outcome.UNREACHABLE])
def test_what_may_be_otherwise_elsewhere_is_visited_once_more_before_it_is_judged(outcome: Outcome) -> None:
    script = {("s1", attempt): Visiting(took_s=1.0, outcome=outcome, egress="vienna (AT)") for attempt in (1, 2, 3)}
    grid = make_grid([2.0], scripts=script, run_settings=DispatchSettings(tries_elsewhere=True))
    grid.run()
    assert [record.observation.attempt for record in of_kind(grid, VisitObserved)] == [2]
    assert of_kind(grid, FaultSeen) == []


@pytest.mark.parametrize(
    ("visiting", "tries_elsewhere"),
    [
        (Visiting(took_s=1.0, outcome=Outcome.BLOCKED, egress="vienna (AT)"), False),
        (Visiting(took_s=1.0, outcome=Outcome.BLOCKED), True),
        (Visiting(took_s=1.0, outcome=Outcome.HTTP_ERROR, egress="vienna (AT)"), True),
    ],
)
def test_nothing_else_is(visiting: Visiting, *, tries_elsewhere: bool) -> None:
    limits = DispatchSettings(tries_elsewhere=tries_elsewhere)
    grid = make_grid([2.0], scripts={("s1", 1): visiting}, run_settings=limits)
    grid.run()
    assert [record.observation.attempt for record in of_kind(grid, VisitObserved)] == [1]
