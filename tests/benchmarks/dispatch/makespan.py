"""How long a list of sites takes under several policies, in virtual time. Owns the durations; the invariant: every
policy of a trial gets the same sites, the same history and the same actual durations.

The list: 400 sites, 16 slots, log-normal durations around 5 s, 35 % noise from visit to visit,
2 % of visits time out by surprise. The figure is wall time over max(longest, sum / slots) of the actual durations.

A surprise that comes again on the second visit cannot be hedged away: what is begun in the last `timeout_s` of a run
may outlast it by as much, and with the short sites last that are most of them. Visiting the shorter half before the
longer brings such runs from 1.21 to 1.15 (time-outs of 45 s; 1.15 to 1.10 of 30 s), and those whose surprises do not
come again from 1.01 to 1.06 (1.02 to 1.07): 16 trials of 13 orders, 2026-11-26. Longest first stays.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from gridrunner.dispatch.machine.balancer import Balancer
from gridrunner.dispatch.machine.machine import Machine
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.model import Site
from gridrunner.planning.durations import PastVisit, expect_durations, find_early_sites
from gridrunner.planning.plan import make_plan
from gridrunner.planning.predict import find_lower_bound_s
from tests.support.virtual_grid import Opening, VirtualGrid, Visiting, pass_all

CHECKS = ("login-found",)
MEDIAN_S = 4.0
SIGMA = 0.7  # mean 5.1 s, one site in a hundred above 20 s
NOISE = 0.35
TIMEOUT_SHARE = 0.02
PAST_RUNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One list of sites: `actual_s` is what each visit really takes, `last_s` what it took in the run before."""

    sites: tuple[Site, ...]
    history: Mapping[str, tuple[PastVisit, ...]]
    actual_s: Mapping[str, float]
    timeout_s: float

    @property
    def last_s(self) -> dict[str, float]:
        """As pytest-split knows durations: those of the run before."""
        return {site: past[0].duration_s for site, past in self.history.items()}


def make_trial(rng: random.Random, *, sites: int = 400, timeout_s: float = 45.0) -> Trial:
    """Sites whose history and actual visit scatter around the same true duration."""
    names = [f"s{number}" for number in range(sites)]
    true_s = {name: min(timeout_s, MEDIAN_S * math.exp(rng.gauss(0.0, SIGMA))) for name in names}

    def visit(name: str) -> PastVisit:
        if rng.random() < TIMEOUT_SHARE:
            return PastVisit(duration_s=timeout_s, is_timed_out=True)
        return PastVisit(duration_s=min(timeout_s, true_s[name] * math.exp(rng.gauss(0.0, NOISE))))

    return Trial(
        sites=tuple(Site(id=name, url=f"https://{name}.example/") for name in names),
        history={name: tuple(visit(name) for _ in range(PAST_RUNS)) for name in names},
        actual_s={name: visit(name).duration_s for name in names},
        timeout_s=timeout_s,
    )


def run_contiguous_s(trial: Trial, slots: int) -> float:
    """Equal counts in list order, as Playwright cuts `--shard`."""
    actual = list(trial.actual_s.values())
    size = math.ceil(len(actual) / slots)
    return max(sum(actual[start : start + size]) for start in range(0, len(actual), size))


def run_static_longest_first_s(trial: Trial, slots: int) -> float:
    """Shards cut longest first by the durations of the run before, as pytest-split's `least_duration`."""
    loads = [(0.0, number) for number in range(slots)]
    walls_s = [0.0] * slots
    last_s = trial.last_s
    for site in sorted(last_s, key=lambda name: -last_s[name]):
        load_s, number = heapq.heappop(loads)
        walls_s[number] += trial.actual_s[site]
        heapq.heappush(loads, (load_s + last_s[site], number))
    return max(walls_s)


def run_queue_s(trial: Trial, slots: int) -> float:
    """One queue in list order, a site at a time, free of charge."""
    free = [0.0] * slots
    for duration_s in trial.actual_s.values():
        heapq.heapreplace(free, free[0] + duration_s)
    return max(free)


def run_gridrunner_s(
    trial: Trial, slots: int, *, hedge: bool, start_s: float = 1.5, do_surprises_repeat: bool = False
) -> float:
    """The machine of dispatch with all its costs: sessions' starts, recycling, judging. A second visit (a hedge) takes
    as long as one of the site's earlier ones, or (`do_surprises_repeat`) exactly as long as the first.
    """
    expected = expect_durations(trial.history, trial.sites, default_timeout_s=trial.timeout_s)
    plan = make_plan(trial.sites, CHECKS, expected)
    again = random.Random(0)

    def visit(site: Site, attempt: int, _hub: str, _at_s: float) -> Visiting:
        if attempt == 1 or do_surprises_repeat:
            return Visiting(took_s=trial.actual_s[site.id])
        return Visiting(took_s=again.choice(trial.history[site.id]).duration_s)

    machine = Machine(
        plan=plan,
        settings=DispatchSettings(hedge=hedge, visit_timeout_s=trial.timeout_s, opens_at_once=slots),
        balancer=Balancer(["hub"], rng=random.Random(0)),
        early=find_early_sites(expected),
    )
    grid = VirtualGrid(
        machine=machine,
        capacities={"hub": slots},
        visits=visit,
        judges=pass_all(CHECKS),
        opens=lambda _hub, _at_s: Opening(took_s=start_s),
    )
    return grid.run().wall_s


Policy = Callable[[Trial, int], float]

POLICIES: Mapping[str, Policy] = {
    "contiguous shards": run_contiguous_s,
    "static longest first (pytest-split)": run_static_longest_first_s,
    "queue, list order, no costs": run_queue_s,
    "gridrunner": partial(run_gridrunner_s, hedge=True),
    "gridrunner without hedging": partial(run_gridrunner_s, hedge=False),
    "gridrunner, surprises come twice": partial(run_gridrunner_s, hedge=True, do_surprises_repeat=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Wall time over lower bound of one policy over all trials."""

    policy: str
    mean: float
    p95: float
    worst: float


def summarise(policy: str, ratios: Sequence[float]) -> Ratios:
    """Mean, 95th percentile and maximum."""
    ordered = sorted(ratios)
    return Ratios(
        policy=policy,
        mean=sum(ordered) / len(ordered),
        p95=ordered[max(0, math.ceil(0.95 * len(ordered)) - 1)],
        worst=ordered[-1],
    )


def compare_policies(*, trials: int, sites: int = 400, slots: int = 16, timeout_s: float = 45.0) -> list[Ratios]:
    """Every policy on the same trials."""
    ratios: dict[str, list[float]] = {policy: [] for policy in POLICIES}
    for seed in range(trials):
        trial = make_trial(random.Random(seed), sites=sites, timeout_s=timeout_s)
        bound_s = find_lower_bound_s(trial.actual_s.values(), slots)
        for name, policy in POLICIES.items():
            ratios[name].append(policy(trial, slots) / bound_s)
    return [summarise(policy, values) for policy, values in ratios.items()]
