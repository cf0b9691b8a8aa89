"""`python -m tests.benchmarks.dispatch`: tables for people on stdout, the same as JSON with --json FILE.

makespan   wall time over the lower bound, in virtual time, by policy
real       pytest-xdist's schedulers and gridrunner's threads on the same durations, as scaled sleeps
hubs       three hubs, one slowed, one killed and revived
courtesy   5,000 sites on 200 slots, one visit at a time per domain, beside the same without
planning   1,000, 10,000 and 100,000 sites
driving    500 sessions and 5,000 sites on threads of one process
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.dispatch.courtesy import compare_courtesy
from tests.benchmarks.dispatch.hubs import run_scenario
from tests.benchmarks.dispatch.makespan import Ratios, compare_policies
from tests.benchmarks.dispatch.real_runs import compare_real_runs
from tests.benchmarks.dispatch.scale import measure_driving, measure_planning

CONSOLE = Console(width=120)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections asked for, all by default."""
    sections: dict[str, Callable[[argparse.Namespace], Any]] = {
        "driving": _show_driving,  # first, because a process never gives its peak of memory back
        "makespan": _show_makespan,
        "real": _show_real,
        "hubs": _show_hubs,
        "courtesy": _show_courtesy,
        "planning": _show_planning,
    }
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.dispatch", description=__doc__.split(":", 1)[0])
    parser.add_argument("sections", nargs="*", help=f"any of {', '.join(sections)}; default: all")
    parser.add_argument("--trials", type=int, default=100, help="lists of sites in virtual time (default 100)")
    parser.add_argument("--real-trials", type=int, default=3, help="lists of sites really run (default 3)")
    parser.add_argument("--scale", type=float, default=0.05, help="seconds that a second of these takes (default 0.05)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    options = parser.parse_args(arguments)
    unknown = set(options.sections) - set(sections)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    figures = {name: show(options) for name, show in sections.items() if name in (options.sections or sections)}
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


def _print_ratios(title: str, ratios: Sequence[Ratios]) -> list[dict[str, Any]]:
    table = Table("policy", "mean", "p95", "worst", title=title, title_justify="left")
    for each in ratios:
        table.add_row(each.policy, f"{each.mean:.3f}", f"{each.p95:.3f}", f"{each.worst:.3f}")
    CONSOLE.print(table)
    return [asdict(each) for each in ratios]


def _show_makespan(options: argparse.Namespace) -> Any:
    return {
        f"timeout {timeout_s:.0f} s": _print_ratios(
            f"wall time / lower bound, 400 sites, 16 slots, time-outs of {timeout_s:.0f} s, {options.trials} trials",
            compare_policies(trials=options.trials, timeout_s=timeout_s),
        )
        for timeout_s in (45.0, 30.0)
    }


def _show_real(options: argparse.Namespace) -> Any:
    ratios = compare_real_runs(trials=options.real_trials, scale=options.scale)
    title = f"really run, a second as {options.scale} s, time-outs of 45 s, {options.real_trials} trials"
    return _print_ratios(title, ratios)


def _show_hubs(_options: argparse.Namespace) -> Any:
    outcome = run_scenario()
    table = Table("from", "steady", "slowing", "dying", title="visits begun on three hubs", title_justify="left")
    for share in outcome.shares:
        table.add_row(f"{share.from_s:.0f} s", *(str(count) for count in share.visits.values()))
    CONSOLE.print(table)
    CONSOLE.print(
        f"wall {outcome.wall_s} s, ideal {outcome.ideal_s} s; {outcome.sessions_lost} sessions lost, "
        f"{outcome.charged_sites} sites charged, {outcome.missing} sites missing"
    )
    for decision in outcome.decisions:
        CONSOLE.print(decision, markup=False, highlight=False)
    return asdict(outcome)


def _show_courtesy(_options: argparse.Namespace) -> Any:
    prices = compare_courtesy()
    columns = ("list", "largest domain", "free", "polite", "ratio")
    table = Table(*columns, title="5,000 sites, 200 slots", title_justify="left")
    for price in prices:
        table.add_row(price.what, str(price.largest), f"{price.free_s} s", f"{price.polite_s} s", f"{price.ratio:.3f}")
    CONSOLE.print(table)
    return [asdict(price) for price in prices]


def _show_planning(_options: argparse.Namespace) -> Any:
    costs = [measure_planning(sites) for sites in (1_000, 10_000, 100_000)]
    table = Table(
        "sites", "expect", "plan", "shard", "predict", "encode", "total", "memory", title="planning, CPU seconds"
    )
    for cost in costs:
        steps = (cost.expect_s, cost.plan_s, cost.shard_s, cost.predict_s, cost.encode_s, cost.total_s)
        table.add_row(f"{cost.sites:,}", *(f"{step:.3f}" for step in steps), f"{cost.memory_mib} MiB")
    CONSOLE.print(table)
    return [asdict(cost) | {"total_s": round(cost.total_s, 3)} for cost in costs]


def _show_driving(_options: argparse.Namespace) -> Any:
    cost = measure_driving(sessions=500, sites=5_000)
    CONSOLE.print(
        f"{cost.sessions} sessions, {cost.sites:,} sites: {cost.wall_s} s (bound {cost.lower_bound_s} s), "
        f"{cost.cpu_ms_per_visit} CPU-ms a visit, {cost.memory_mib} MiB more, {cost.lost} lost"
    )
    return asdict(cost)


if __name__ == "__main__":
    raise SystemExit(main())
