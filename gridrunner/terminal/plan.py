"""A plan as people read it: what is owed, how long it should take, what a fleet for it costs."""

from __future__ import annotations

import random

from msgspec.structs import replace
from rich.table import Table

from gridrunner.aws.price_table import Price
from gridrunner.model import Plan
from gridrunner.planning.capacity import Fleet, NodeKind, find_cost, weigh_fleet
from gridrunner.planning.domains import Chain
from gridrunner.planning.plan import order_sites, owed_sites
from gridrunner.planning.predict import Bottleneck, GridCosts, Prediction, predict
from gridrunner.planning.simulate import Spread, simulate_slots
from gridrunner.terminal.console import make_printer
from gridrunner.text import count_of, format_seconds

LONGEST_SHOWN = 5


def print_plan(plan: Plan, *, slots: int, chain: Chain | None) -> None:
    """What is owed, and how long it should take on `slots`: visits at once. `chain` is the slowest domain, if any."""
    owed = owed_sites(plan)
    console = make_printer()
    prediction = predict(plan, slots, costs_of(chain))
    part = f", shard {plan.shard[0]}/{plan.shard[1]} of {count_of(len(plan.sites), 'site')}" if plan.shard else ""
    console.print(
        f"plan {plan.hash[:12]}: {count_of(len(owed), 'site')} x {count_of(len(plan.checks), 'check')}{part}",
        markup=False,
    )
    for check in plan.checks:
        console.print(f"  {check}", markup=False)
    console.print(_describe(prediction), markup=False)
    longest = ", ".join(
        f"{planned.site.id} {planned.expected_s:.1f} s" for planned in order_sites(owed)[:LONGEST_SHOWN]
    )
    console.print(f"longest expected: {longest}", markup=False)
    if chain is not None and prediction.bottleneck is Bottleneck.ONE_DOMAIN:
        console.print(_describe_chain(chain, len(owed)), markup=False)


def costs_of(chain: Chain | None) -> GridCosts:
    """The usual costs, and the domain that takes longest."""
    return GridCosts(chain_s=chain.seconds if chain is not None else 0.0)


def _describe_chain(chain: Chain, owed: int) -> str:
    share = f"all {owed}" if chain.sites == owed else f"{chain.sites} of {owed}"
    return (
        f"{share} sites are on {chain.domain}, which gets one visit at a time: at least "
        f"{format_seconds(chain.seconds, is_rough=True)} on any number of sessions; "
        "a shorter --host-delay helps a little, and a host of yours is free of it with --allow-private"
    )


def _describe(prediction: Prediction) -> str:
    return (
        f"on {count_of(prediction.slots, 'slot')}: about {format_seconds(prediction.wall_s, is_rough=True)}, "
        f"lower bound {format_seconds(prediction.lower_bound_s, is_rough=True)} "
        f"(gap {format_seconds(prediction.gap_s, is_rough=True)}, {prediction.ratio:.2f}x); "
        f"bound by {prediction.bottleneck}"
    )


def print_fleet(
    plan: Plan, fleet: Fleet, budget_s: float, kind: NodeKind, price: Price | None, costs: GridCosts | None = None
) -> None:
    """Half, all and twice the nodes that a budget takes, with what they cost; `price` None: the user gave one."""
    console = make_printer()
    if not fleet.keeps_budget:
        console.print(
            f"no number of nodes does it in {format_seconds(budget_s, is_rough=True)}: "
            f"bound by {fleet.prediction.bottleneck}",
            markup=False,
        )
    prices = ("on-demand USD", "spot USD") if price is not None else ("cost",)
    table = Table("nodes", "sessions", "hubs", "wall time", *prices, "bound by", box=None, pad_edge=False)
    sizes = sorted({max(1, fleet.nodes // 2), fleet.nodes, fleet.nodes * 2})
    for nodes in sizes:
        row = fleet if nodes == fleet.nodes else weigh_fleet(plan, nodes, kind, costs)
        kinds = (kind, replace(kind, price_per_hour=price.spot)) if price is not None else (kind,)
        mark = " <- budget" if nodes == fleet.nodes and fleet.keeps_budget else ""
        table.add_row(
            str(nodes),
            str(row.slots),
            str(row.hubs),
            format_seconds(row.wall_s, is_rough=True) + mark,
            *(_show_cost(find_cost(nodes, row.wall_s, priced)) for priced in kinds),
            str(row.prediction.bottleneck),
        )
    console.print(table)
    if price is not None:
        console.print(
            f"a node: {price.instance_type} in {price.region}, {price.on_demand:g} USD per hour on demand, "
            f"{price.spot:g} spot ({price.source})",
            markup=False,
        )


def _show_cost(cost: float | None) -> str:
    if cost is None:
        return "-"
    return f"{cost:.2f}" if cost >= 1 else f"{cost:.2g}"


def print_simulation(plan: Plan, spread: Spread, costs: GridCosts | None = None) -> None:
    """Wall time by the number of sessions, when durations scatter as `spread` says."""
    expected_s = [planned.expected_s for planned in order_sites(owed_sites(plan))]
    table = Table("sessions", "p50", "p95", "over the bound", "bound by", box=None, pad_edge=False)
    rng = random.Random(plan.hash)  # noqa: S311 - repeatable, not secret
    for wall in simulate_slots(expected_s, rng, costs=costs, spread=spread):
        table.add_row(
            str(wall.slots),
            format_seconds(wall.p50_s, is_rough=True),
            format_seconds(wall.p95_s, is_rough=True),
            f"{wall.ratio_p50:.2f}x",
            str(wall.bottleneck),
        )
    make_printer().print(table)
