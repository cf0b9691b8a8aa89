"""`gridrunner plan`: what `run` would do, how long it should take, what binds it, and what a fleet for it costs."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from gridrunner.commands.parsing import Command, add_all_settings, settings_of
from gridrunner.errors import ExitCode
from gridrunner.judging.process import collect_checks
from gridrunner.planning.capacity import find_fleet
from gridrunner.planning.domains import find_longest_chain
from gridrunner.planning.durations import expect_durations
from gridrunner.planning.plan import owed_sites
from gridrunner.planning.simulate import learn_spread
from gridrunner.results.journal.planfile import write_plan
from gridrunner.run.fleet import find_offer
from gridrunner.run.plans import load_visits, plan_run, round_of
from gridrunner.run.selecting import make_selection, private_hosts_of, select_from_lists
from gridrunner.terminal.console import make_console, warn
from gridrunner.terminal.plan import costs_of, print_fleet, print_plan, print_simulation


def plan_command(arguments: argparse.Namespace) -> int:
    """Print the plan; write it with --out. Visits nothing, needs no browser."""
    settings = settings_of(arguments)
    offer = find_offer(
        settings.fleet.file,
        os.environ,
        slots_per_node=arguments.slots_per_node,
        instance_type=arguments.instance_type,
        price_per_hour=arguments.price_per_node_hour,
    )
    selected = select_from_lists(settings.selection, settings.output.out)
    console = make_console(settings.output.color)
    checks = collect_checks(settings.output.out, make_selection(settings.checks, settings.visits))
    checks.abort()
    shards = round_of(settings.selection, selected.sites, checks.all)
    visits = load_visits(settings.store.history, selected.sites, lambda text: warn(console, text), shards)
    durations = expect_durations(visits, selected.sites, default_timeout_s=settings.visits.visit_timeout_s)
    mine = private_hosts_of(settings.visits)
    plan = plan_run(settings.selection, selected.sites, checks.all, durations, private_hosts=mine)
    chain = find_longest_chain(owed_sites(plan), settings.dispatch.host_delay_s, mine)
    costs = costs_of(chain)
    print_plan(plan, slots=settings.grid.visits_at_once, chain=chain)
    budget_s = settings.fleet.budget_s
    if budget_s is not None:
        print_fleet(plan, find_fleet(plan, budget_s, offer.kind, costs), budget_s, offer.kind, offer.price, costs)
    if arguments.simulate:
        print_simulation(plan, learn_spread(visits, timeout_s=settings.visits.visit_timeout_s), costs)
    if arguments.plan_out is not None:
        write_plan(arguments.plan_out, plan)
        print(f"plan written to {arguments.plan_out}")
    return ExitCode.OK


def _configure(parser: argparse.ArgumentParser) -> None:
    add_all_settings(parser, but=("out", "plan"))
    parser.add_argument("--out", dest="plan_out", type=Path, metavar="FILE", help="write the plan here, for --plan")
    parser.add_argument("--slots-per-node", type=int, metavar="N", help="default: those of --fleet, else 4")
    parser.add_argument(
        "--instance-type", metavar="TYPE", help="default: the first of --fleet, else c6i.xlarge; for the cost"
    )
    parser.add_argument(
        "--price-per-node-hour", type=float, metavar="USD", help="default: AWS' price of the instance type"
    )
    parser.add_argument("--simulate", action="store_true", help="wall time at p50 and p95 for 1 to 5,000 slots")


PLAN = Command(configure=_configure, execute=plan_command)
