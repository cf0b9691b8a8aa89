from __future__ import annotations

import pytest

from gridrunner.results.journal.events import FleetUsed, InstanceMinutes
from gridrunner.results.verdicts.cost import describe_cost, reckon_cost


def used(*rows: tuple[str, bool, int, float]) -> FleetUsed:
    return FleetUsed(
        fleet="f",
        region="eu-central-1",
        slots_per_node=2,
        instances=tuple(
            InstanceMinutes(
                kind=kind,
                is_spot=is_spot,
                count=count,
                minutes=minutes,
                on_demand_usd_hour=0.12,
                spot_usd_hour=0.06,
                price_source="table of 2026-11-26",
            )
            for kind, is_spot, count, minutes in rows
        ),
    )


def test_each_instance_counts_at_the_price_of_its_market_and_all_at_either_price() -> None:
    cost = reckon_cost([used(("c6i.large", True, 3, 60.0), ("c6i.large", False, 1, 30.0))], sites=100, busy_s=5400)
    assert cost is not None
    assert (cost.instances, cost.minutes) == (4, 90.0)
    assert (cost.estimate, cost.on_demand, cost.spot) == (0.12, 0.18, 0.09)
    assert cost.per_site == pytest.approx(0.0012)
    assert cost.idle_share == 0.5


def test_a_resumed_run_adds_up_what_it_used_each_time() -> None:
    cost = reckon_cost([used(("c6i.large", True, 1, 10.0)), used(("c5.large", True, 1, 20.0))], sites=0, busy_s=0)
    assert cost is not None
    assert (cost.minutes, cost.kinds, cost.per_site) == (30.0, ("c5.large", "c6i.large"), None)


def test_a_run_without_a_fleet_has_no_cost() -> None:
    assert reckon_cost([], sites=5, busy_s=10) is None
    assert reckon_cost([used()], sites=5, busy_s=10) is None


def test_the_line_names_prices_and_where_they_are_from() -> None:
    cost = reckon_cost([used(("c6i.large", True, 1, 10.0))], sites=50, busy_s=600)
    assert cost is not None
    assert describe_cost(cost) == (
        "1 instance (c6i.large, eu-central-1) for 10.0 instance-minutes, about 0.01 USD (on-demand 0.02 USD, spot "
        "0.01 USD), 0.0002 USD per site, 50% idle; prices: table of 2026-11-26"
    )
