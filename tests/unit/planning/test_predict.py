"""Predictions, fleets and simulations: arithmetic that can be checked by hand."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gridrunner.errors import UsageError
from gridrunner.model import Plan, PlannedSite, Site
from gridrunner.planning.capacity import NodeKind, find_cost, find_fleet, weigh_fleet
from gridrunner.planning.durations import PastVisit
from gridrunner.planning.predict import (
    Bottleneck,
    GridCosts,
    count_hubs,
    find_lower_bound_s,
    play_queue_s,
    predict,
    predict_durations,
)
from gridrunner.planning.simulate import Spread, learn_spread, scatter, simulate, simulate_slots

FREE = GridCosts(session_start_s=0.0, cpu_s_per_visit=0.0)


def plan_of(*expected_s: float) -> Plan:
    sites = (
        PlannedSite(site=Site(id=f"s{number}", url=f"https://s{number}.example/"), expected_s=seconds)
        for number, seconds in enumerate(expected_s)
    )
    return Plan(hash="abc", sites=tuple(sites), checks=("found",))


def test_the_lower_bound_is_the_longest_or_the_even_share() -> None:
    assert find_lower_bound_s([4.0, 1.0, 1.0], 2) == 4.0
    assert find_lower_bound_s([4.0, 4.0, 4.0], 2) == 6.0
    assert find_lower_bound_s([], 3) == 0.0
    with pytest.raises(UsageError):
        find_lower_bound_s([1.0], 0)


def test_a_prediction_by_hand() -> None:
    prediction = predict(plan_of(1.0, 6.0, 3.0, 3.0), 2, GridCosts(session_start_s=1.5, creations_at_once=1))
    # the first session is ready at 1.5 s and takes 6 s, then 1 s; the second at 3 s and takes 3 s and 3 s
    assert prediction.wall_s == 9.0
    assert prediction.lower_bound_s == 6.5
    assert prediction.gap_s == 2.5
    assert prediction.longest_site == "s1"
    assert math.isclose(prediction.ratio, 9.0 / 6.5)


def test_a_recycled_session_is_paid_for() -> None:
    assert play_queue_s([1.0] * 4, 1, GridCosts(session_start_s=2.0, visits_per_session=2)) == 8.0
    assert play_queue_s([1.0] * 4, 1, GridCosts(session_start_s=2.0)) == 6.0


@pytest.mark.parametrize(
    ("durations_s", "slots", "costs", "bottleneck"),
    [
        ([5.0] * 100, 4, GridCosts(), Bottleneck.SLOTS),
        ([30.0] + [1.0] * 10, 10, GridCosts(), Bottleneck.LONGEST_SITE),
        ([5.0] * 500, 500, GridCosts(), Bottleneck.SESSION_CREATION),
        ([5.0] * 500, 100, GridCosts(cpu_s_per_visit=0.5, creations_at_once=100), Bottleneck.THIS_MACHINE),
    ],
)
def test_what_binds(durations_s: list[float], slots: int, costs: GridCosts, bottleneck: Bottleneck) -> None:
    prediction = predict_durations(durations_s, slots, costs)
    assert prediction.bottleneck is bottleneck
    assert prediction.wall_s >= prediction.demands_s[Bottleneck.THIS_MACHINE]


@given(st.lists(st.floats(0.1, 30.0), max_size=50), st.integers(1, 60))
def test_a_prediction_is_never_below_the_bound_nor_above_grahams(durations_s: list[float], slots: int) -> None:
    prediction = predict_durations(sorted(durations_s, reverse=True), slots, FREE)
    assert prediction.wall_s >= prediction.lower_bound_s
    # Graham's bound on list scheduling (1966); his 4/3 is against the best order, which the lower bound need not be.
    assert prediction.wall_s <= prediction.work_s / slots + prediction.longest_s * (1 - 1 / slots) + 1e-6


def test_an_empty_plan_takes_no_time() -> None:
    prediction = predict_durations([], 4)
    assert (prediction.wall_s, prediction.ratio) == (0.0, 1.0)


def test_hubs_are_counted_by_their_nodes() -> None:
    assert [count_hubs(slots) for slots in (1, 240, 241, 5000)] == [1, 1, 2, 21]


def test_the_smallest_fleet_that_keeps_the_budget() -> None:
    plan = plan_of(*[10.0] * 240)
    fleet = find_fleet(plan, 120.0, NodeKind(slots=4, price_per_hour=0.36), FREE)
    assert (fleet.nodes, fleet.slots, fleet.hubs, fleet.wall_s, fleet.keeps_budget) == (5, 20, 1, 120.0, True)
    assert fleet.cost is not None
    assert math.isclose(fleet.cost, 5 * 0.36 * 120 / 3600)
    assert weigh_fleet(plan, 4, NodeKind(slots=4), FREE).wall_s > 120.0


def test_the_nodes_start_is_waited_for_and_paid() -> None:
    fleet = find_fleet(plan_of(*[10.0] * 240), 180.0, NodeKind(slots=4, price_per_hour=1.0, start_s=60.0), FREE)
    assert (fleet.nodes, fleet.wall_s) == (5, 180.0)
    assert find_cost(2, 10.0, NodeKind(price_per_hour=3.6)) == 2 * 3.6 * 60 / 3600
    assert find_cost(2, 10.0, NodeKind()) is None


def test_a_budget_that_no_fleet_keeps_says_what_binds() -> None:
    fleet = find_fleet(plan_of(30.0, *[1.0] * 99), 10.0, NodeKind(slots=1), FREE)
    assert not fleet.keeps_budget
    assert fleet.prediction.bottleneck is Bottleneck.LONGEST_SITE
    assert fleet.nodes < 10  # more would be of no use


@pytest.mark.parametrize(("budget_s", "slots"), [(0.0, 4), (-1.0, 4), (60.0, 0)])
def test_budgets_and_nodes_that_cannot_be_meant(budget_s: float, slots: int) -> None:
    with pytest.raises(UsageError):
        find_fleet(plan_of(1.0), budget_s, NodeKind(slots=slots))


def test_the_same_seed_simulates_the_same_run() -> None:
    expected_s = [5.0] * 100
    first = simulate(expected_s, 8, random.Random(7))
    assert first == simulate(expected_s, 8, random.Random(7))
    assert first.p50_s <= first.p95_s
    assert first.ratio_p50 >= 1.0


def test_without_spread_a_simulation_is_the_prediction() -> None:
    still = Spread(noise=0.0, timeout_share=0.0)
    expected_s = [9.0, 5.0, 5.0, 1.0]
    simulated = simulate(expected_s, 2, random.Random(1), spread=still)
    assert simulated.p50_s == simulated.p95_s == predict_durations(expected_s, 2).wall_s


def test_more_slots_help_until_something_else_binds() -> None:
    walls = simulate_slots([5.0] * 200, random.Random(1), slot_counts=(1, 10, 100, 5000))
    assert [wall.slots for wall in walls] == [1, 10, 100, 5000]
    assert walls[0].p50_s > walls[1].p50_s > walls[2].p50_s
    assert walls[0].bottleneck is Bottleneck.SLOTS
    assert walls[3].bottleneck is not Bottleneck.SLOTS


def test_surprise_time_outs_take_the_deadline_and_nothing_takes_longer() -> None:
    always = scatter([1.0, 2.0], Spread(timeout_share=1.0, timeout_s=30.0), random.Random(1))
    assert always == [30.0, 30.0]
    wild = scatter([25.0] * 200, Spread(noise=2.0, timeout_share=0.0, timeout_s=30.0), random.Random(1))
    assert max(wild) == 30.0


def test_the_spread_is_learned_from_visits_of_the_same_site() -> None:
    steady = tuple(PastVisit(duration_s=4.0) for _ in range(9))
    history = {"a": steady, "b": (*steady[:8], PastVisit(duration_s=30.0, is_timed_out=True)), "rare": steady[:1]}
    spread = learn_spread(history)
    assert spread.noise == 0.0
    assert math.isclose(spread.timeout_share, 1 / 19)
    assert learn_spread({"rare": steady[:1]}) == replace(Spread())


def test_one_domain_binds_on_any_number_of_slots() -> None:
    prediction = predict(plan_of(*[2.0] * 10), 100, GridCosts(chain_s=29.0))
    assert prediction.bottleneck is Bottleneck.ONE_DOMAIN
    assert prediction.wall_s == 30.5
