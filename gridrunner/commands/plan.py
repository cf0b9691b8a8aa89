"""`gridrunner plan`: what `run` would do, how long it should take, what binds it, and what a fleet for it costs."""

from __future__ import annotations

import argparse
import os
import random
from collections.abc import Mapping
from contextlib import ExitStack

from rich.console import Console
from rich.table import Table

from gridrunner.errors import ExitCode
from gridrunner.judging.process import JudgeProcess
from gridrunner.model import Plan
from gridrunner.planning.capacity import Fleet, find_cost, find_fleet, weigh_fleet
from gridrunner.planning.plan import order_sites, owed_sites
from gridrunner.planning.predict import Prediction, predict
from gridrunner.planning.simulate import simulate_slots
from gridrunner.results.journal.planfile import write_plan
from gridrunner.run.fleet import NodeOffer, at_spot, find_offer
from gridrunner.run.selecting import make_selection, plan_run, select_from_lists
from gridrunner.settings.loading import RunConfig
from gridrunner.text import count_of, format_seconds

LONGEST_SHOWN = 5


def execute_plan(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Print the plan; write it with --out. Visits nothing, needs no browser."""
    offer = find_offer(
        config,
        env,
        slots_per_node=arguments.slots_per_node,
        instance_type=arguments.instance_type,
        price_per_hour=arguments.price_per_node_hour,
    )
    selected = select_from_lists(config)
    with ExitStack() as stack:
        judge = JudgeProcess(
            folder=config["out"],
            sites=selected.sites,
            on_results=lambda _results: None,
            selection=make_selection(config),
        )
        stack.callback(judge.abort)
        checks = (*judge.collect(), *judge.live_checks)
    plan, warning = plan_run(config, selected.sites, checks)
    console = Console(highlight=False)
    if warning:
        Console(stderr=True).print(f"warning: {warning}", markup=False, highlight=False)
    print_plan(plan, slots=config["slots"], console=console)
    if config["budget"] is not None:
        _print_fleet(find_fleet(plan, config["budget"], offer.kind), plan, offer, config["budget"], console)
    if arguments.simulate:
        _print_simulation(plan, console)
    if arguments.plan_out is not None:
        write_plan(arguments.plan_out, plan)
        console.print(f"plan written to {arguments.plan_out}", markup=False)
    return ExitCode.OK


def print_plan(plan: Plan, *, slots: int | None, console: Console) -> None:
    """What is owed, and how long it should take on `slots` sessions (None: this machine's cores)."""
    owed = owed_sites(plan)
    count = slots or os.cpu_count() or 1
    prediction = predict(plan, count)
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


def _describe(prediction: Prediction) -> str:
    return (
        f"on {count_of(prediction.slots, 'session')}: about {format_seconds(prediction.wall_s, is_rough=True)}, lower bound "
        f"{format_seconds(prediction.lower_bound_s, is_rough=True)} (gap {format_seconds(prediction.gap_s, is_rough=True)}, "
        f"{prediction.ratio:.2f}x); bound by {prediction.bottleneck}"
    )


def _print_fleet(fleet: Fleet, plan: Plan, offer: NodeOffer, budget_s: float, console: Console) -> None:
    kind, price = offer.kind, offer.price
    if not fleet.keeps_budget:
        console.print(
            f"no number of nodes does it in {format_seconds(budget_s, is_rough=True)}: bound by {fleet.prediction.bottleneck}",
            markup=False,
        )
    costs = ("on-demand USD", "spot USD") if price is not None else ("cost",)
    table = Table("nodes", "sessions", "hubs", "wall time", *costs, "bound by", box=None, pad_edge=False)
    sizes = sorted({max(1, fleet.nodes // 2), fleet.nodes, fleet.nodes * 2})
    for nodes in sizes:
        row = fleet if nodes == fleet.nodes else weigh_fleet(plan, nodes, kind)
        kinds = (kind, at_spot(kind, price)) if price is not None else (kind,)
        mark = " <- budget" if nodes == fleet.nodes and fleet.keeps_budget else ""
        table.add_row(
            str(nodes),
            str(row.slots),
            str(row.hubs),
            format_seconds(row.wall_s, is_rough=True) + mark,
            *(_show_cost(find_cost(nodes, row.wall_s, each)) for each in kinds),
            str(row.prediction.bottleneck),
        )
    console.print(table)
    if price is not None:
        console.print(
            f"a node: {price.instance_type} in {price.region}, {price.on_demand:g} USD an hour on demand, {price.spot:g} "
            f"spot ({price.source})",
            markup=False,
        )


def _show_cost(cost: float | None) -> str:
    if cost is None:
        return "-"
    return f"{cost:.2f}" if cost >= 1 else f"{cost:.2g}"


def _print_simulation(plan: Plan, console: Console) -> None:
    expected_s = [planned.expected_s for planned in order_sites(owed_sites(plan))]
    table = Table("sessions", "p50", "p95", "over the bound", "bound by", box=None, pad_edge=False)
    for wall in simulate_slots(expected_s, random.Random(plan.hash)):  # noqa: S311 - repeatable, not secret
        table.add_row(
            str(wall.slots),
            format_seconds(wall.p50_s, is_rough=True),
            format_seconds(wall.p95_s, is_rough=True),
            f"{wall.ratio_p50:.2f}x",
            str(wall.bottleneck),
        )
    console.print(table)
