"""A network that is gone is told from sites that are down, by asking others; the run waits for it, and not for ever."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import pytest

from gridrunner.dispatch.machine.outages import DOUBTFUL_ERRORS, FIRST_REST_S, LONGEST_REST_S, OUTAGE_DOMAINS, Outages
from gridrunner.dispatch.records import Decision, FaultSeen, VisitBegan, VisitObserved, WaitChanged
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.summary import DispatchSummary, StoppedBy
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Plan, PlannedSite, Site
from tests.support.virtual_grid import VirtualGrid, Visiting
from tests.unit.dispatch.machine.test_machine import CHECK, make_grid, of_kind

NO_NAME = "net::ERR_NAME_NOT_RESOLVED"
REFUSED = "net::ERR_CONNECTION_REFUSED"
LOST = Fault(kind=FaultKind.NETWORK, message="no answer")
LIMIT_S = DispatchSettings().outage_limit_s

AWAY = Visiting(took_s=0.2, outcome=Outcome.UNREACHABLE, detail=NO_NAME)
SILENT = Visiting(took_s=8.0, outcome=Outcome.TIMED_OUT)
THERE = Visiting(took_s=1.0, status=200)

Ways = Callable[[str, str, float], Visiting]
"""What becomes of a visit of a site on a hub at a time."""


def play(hosts: Sequence[str], ways: Ways, *, slots: int = 1, hubs: Sequence[str] = ("hub-a",)) -> VirtualGrid:
    """The run of one site per host: s1, s2, …, in this order."""
    sites = [Site(id=f"s{number}", url=f"https://{host}/") for number, host in enumerate(hosts, 1)]
    planned = tuple(PlannedSite(site=site, expected_s=2.0) for site in sites)
    grid = make_grid(
        [], plan=Plan(sites=planned, checks=(CHECK,), hash="0" * 64), capacities=dict.fromkeys(hubs, slots)
    )
    grid.visits = lambda site, _attempt, hub, at_s: ways(site.id, hub, at_s)
    return grid


def public(count: int) -> list[str]:
    return [f"site-{number}.example" for number in range(1, count + 1)]


def observed(grid: VirtualGrid) -> dict[str, Outcome | None]:
    """The outcome that counts, by site."""
    return {seen.observation.site: seen.observation.outcome for seen in of_kind(grid, VisitObserved)}


def require_all_seen(grid: VirtualGrid, summary: DispatchSummary) -> None:
    assert summary.stopped_by is StoppedBy.FINISHED
    assert set(observed(grid).values()) == {Outcome.OBSERVED}


@pytest.mark.parametrize("lost", [AWAY, SILENT, Visiting(took_s=0.1, fault=LOST)])
@pytest.mark.parametrize("slots", [1, 4])
def test_a_network_that_is_gone_for_a_while_costs_no_verdict(lost: Visiting, slots: int) -> None:
    grid = play(public(12 * slots), lambda _site, _hub, at_s: lost if 4.0 <= at_s < 60.0 else THERE, slots=slots)
    summary = grid.run()
    require_all_seen(grid, summary)
    assert [change.is_waiting for change in of_kind(grid, WaitChanged)] == [True, False]
    assert not any(seen.is_charged for seen in of_kind(grid, FaultSeen))


def test_an_outage_from_the_beginning_is_waited_for_as_well() -> None:
    grid = play(public(3), lambda _site, _hub, at_s: AWAY if at_s < 30.0 else THERE)
    require_all_seen(grid, grid.run())
    (begin, end) = of_kind(grid, WaitChanged)
    assert "no public site has answered since the run began" in begin.text
    assert NO_NAME in begin.text
    assert "answers again after" in end.text


def test_a_network_that_stays_away_ends_the_run_with_words_and_no_verdict() -> None:
    grid = play(public(5), lambda _site, _hub, at_s: THERE if at_s < 2.0 else AWAY, slots=2)
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.GRID_LOST
    assert re.search(r"no public site has answered for 12\d s \(4 domains asked\): site-\d.example", summary.reason)
    assert set(observed(grid).values()) <= {Outcome.OBSERVED}
    assert summary.missing
    assert LIMIT_S <= summary.wall_s < LIMIT_S + 30.0


def test_what_is_asked_in_vain_is_little() -> None:
    grid = play(public(500), lambda *_: AWAY, slots=2)
    grid.run()
    assert len(of_kind(grid, VisitBegan)) < 40


@pytest.mark.parametrize("slots", [1, 2])
def test_a_site_that_is_down_is_unreachable_when_others_answer(slots: int) -> None:
    grid = play(public(6), lambda site, *_: AWAY if site == "s2" else THERE, slots=slots)
    assert grid.run().stopped_by is StoppedBy.FINISHED
    assert observed(grid)["s2"] is Outcome.UNREACHABLE
    assert of_kind(grid, WaitChanged) == []


def test_the_last_site_of_a_run_is_judged_by_asking_one_that_answered_before() -> None:
    grid = play(public(3), lambda site, *_: SILENT if site == "s3" else THERE)
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.FINISHED
    assert observed(grid)["s3"] is Outcome.TIMED_OUT
    assert [why.text for why in of_kind(grid, Decision) if "is visited again" in why.text]
    assert of_kind(grid, WaitChanged) == []


def test_when_that_one_does_not_answer_either_it_is_the_network() -> None:
    grid = play(public(3), lambda site, _hub, at_s: AWAY if site == "s3" or 4.0 < at_s < 40.0 else THERE)
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.FINISHED
    assert observed(grid) == {"s1": Outcome.OBSERVED, "s2": Outcome.OBSERVED, "s3": Outcome.UNREACHABLE}
    assert [change.is_waiting for change in of_kind(grid, WaitChanged)] == [True, False]


def test_two_dead_sites_at_the_end_do_not_hold_the_run() -> None:
    grid = play(public(4), lambda site, *_: AWAY if site in {"s3", "s4"} else THERE, slots=2)
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.FINISHED
    assert {site for site, outcome in observed(grid).items() if outcome is Outcome.UNREACHABLE} == {"s3", "s4"}


def test_sites_of_ours_are_as_they_are() -> None:
    grid = play(["a.localhost", "10.0.0.7", "b.test"], lambda *_: AWAY)
    assert grid.run().stopped_by is StoppedBy.FINISHED
    assert set(observed(grid).values()) == {Outcome.UNREACHABLE}


def test_a_site_of_ours_proves_nothing_about_the_others() -> None:
    grid = play(["a.localhost", *public(3)], lambda site, *_: THERE if site == "s1" else AWAY)
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.GRID_LOST
    assert observed(grid) == {"s1": Outcome.OBSERVED}


def test_who_says_no_has_answered() -> None:
    refusing = Visiting(took_s=0.2, outcome=Outcome.UNREACHABLE, detail=REFUSED)
    grid = play(public(4), lambda *_: refusing)
    assert grid.run().stopped_by is StoppedBy.FINISHED
    assert set(observed(grid).values()) == {Outcome.UNREACHABLE}


def test_a_single_domain_that_is_silent_has_nobody_to_speak_for_it() -> None:
    grid = play(["one.example"], lambda *_: SILENT)
    assert grid.run().stopped_by is StoppedBy.FINISHED
    assert observed(grid) == {"s1": Outcome.TIMED_OUT}


def test_a_single_name_that_no_resolver_answers_for_is_waited_for() -> None:
    grid = play(["one.example"], lambda _site, _hub, at_s: AWAY if at_s < 20.0 else THERE)
    require_all_seen(grid, grid.run())


def test_one_hub_without_a_network_costs_nothing_where_another_has_one() -> None:
    grid = play(
        public(8), lambda _site, hub, _at_s: AWAY if hub == "hub-a" else THERE, slots=2, hubs=("hub-a", "hub-b")
    )
    require_all_seen(grid, grid.run())


def test_rests_grow_to_an_end_and_losses_of_one_moment_are_one() -> None:
    outages = Outages({f"s{number}": f"d{number}" for number in range(9)})
    assert outages.note_loss("hub", "s0", LOST, 0.0, has_others=True) is None
    assert outages.note_loss("hub", "s1", LOST, 0.0, has_others=True) is None
    assert OUTAGE_DOMAINS == 3
    assert outages.note_loss("hub", "s2", LOST, 0.0, has_others=True) == FIRST_REST_S
    assert outages.note_loss("hub", "s3", LOST, 0.5, has_others=True) == FIRST_REST_S
    now_s, rests = FIRST_REST_S, []
    for _ in range(6):
        until_s = outages.note_loss("hub", "s4", LOST, now_s, has_others=True)
        assert until_s is not None
        rests.append(until_s - now_s)
        now_s = until_s
    assert rests == [2.0, 4.0, 8.0, LONGEST_REST_S, LONGEST_REST_S, LONGEST_REST_S]


@pytest.mark.parametrize("error", sorted(DOUBTFUL_ERRORS))
def test_errors_that_nobody_sent_are_in_doubt_until_another_domain_answers(error: str) -> None:
    outages = Outages({"s1": "one.example", "s2": "two.example"})
    seen = Observation(site="s1", attempt=1, outcome=Outcome.UNREACHABLE, detail=error)
    assert "one.example does not answer" in outages.explain_doubt("hub", seen, began_s=5.0)
    outages.note_answer("hub", "s1", 5.0, 6.0)
    assert outages.explain_doubt("hub", seen, began_s=7.0)
    outages.note_answer("elsewhere", "s2", 5.0, 6.0)
    assert outages.explain_doubt("hub", seen, began_s=7.0)
    outages.note_answer("hub", "s2", 4.0, 6.0)  # it was visited before, and its answer was long on its way
    assert outages.explain_doubt("hub", seen, began_s=7.0)
    outages.note_answer("hub", "s2", 5.5, 6.0)
    assert outages.explain_doubt("hub", seen, began_s=7.0) == ""
    assert outages.explain_doubt("hub", seen, began_s=9.0) == ""  # it failed on both sides of an answer


def test_an_answer_beside_a_visit_speaks_for_that_visit_alone() -> None:
    outages = Outages({"s1": "one.example", "s2": "two.example"})
    seen = Observation(site="s1", attempt=1, outcome=Outcome.UNREACHABLE, detail=NO_NAME)
    outages.note_answer("hub", "s2", 5.0, 6.0)
    assert outages.explain_doubt("hub", seen, began_s=5.0) == ""
    assert outages.explain_doubt("hub", seen, began_s=7.0)


def test_a_network_that_goes_while_answers_are_on_their_way_fails_no_site() -> None:
    """With four at once, some began before it went and end well after, in which time others fail twice."""
    slow = Visiting(took_s=4.0, status=200)

    def ways(site: str, _hub: str, at_s: float) -> Visiting:
        if 3.0 < at_s < 9.0:
            return AWAY
        return slow if int(site[1:]) % 2 else THERE

    grid = play(public(16), ways, slots=4)
    require_all_seen(grid, grid.run())


def test_an_egress_that_is_dead_holds_no_hub_while_others_leave_by_another() -> None:
    outages = Outages({f"s{number}": f"d{number}" for number in range(9)})
    for number in range(5):
        assert outages.note_loss("hub by eu", f"s{number}", LOST, 0.0, has_others=True, is_whole_hub=False) is None
    assert outages.waiting_since_s is None
    assert outages.note_loss("hub by eu", "s5", LOST, 0.0, has_others=False, is_whole_hub=False) == FIRST_REST_S
