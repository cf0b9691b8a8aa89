"""A run played many times with durations that scatter. Owns the spread; the invariant: the same randomness gives the
same figures, and no clock is asked.

This is the planning tool for a scale that cannot be bought: it shows what a fleet of 5,000 slots would do with the
durations that this plan expects.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.planning.constants import VISIT_TIMEOUT_S
from gridrunner.planning.durations import PastVisits, percentile
from gridrunner.planning.predict import (
    Bottleneck,
    GridCosts,
    count_hubs,
    find_demands_s,
    find_lower_bound_s,
    play_queue_s,
)

SLOT_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""1 to 5,000 slots: a laptop to the largest fleet that is planned for."""

TRIALS = 20
"""Plays for each number of slots: p95 is then the second worst."""

MOST_VISITS = 3_000_000
"""Visits played in all, about 3 s of one core (measured 2026-11-24); larger plans are played less often."""

_LEAST_TRIALS = 5
_LEAST_VISITS_OF_A_SITE = 3  # fewer do not show a spread


class Randomness(Protocol):
    """What is needed of `random.Random`; pass a seeded one."""

    def random(self) -> float:
        """A float from 0 up to 1."""
        ...

    def gauss(self, mu: float, sigma: float) -> float:
        """A normally distributed float."""
        ...


class Spread(Struct, frozen=True, kw_only=True):
    """How durations scatter around what is expected: by a factor exp(normal(0, `noise`)); a share of visits (0 to 1)
    takes `timeout_s` seconds instead, by surprise.
    """

    noise: float = 0.35  # as tests/benchmarks/dispatch/makespan.py assumes
    timeout_share: float = 0.02
    timeout_s: float = VISIT_TIMEOUT_S


class SimulatedWall(Struct, frozen=True, kw_only=True):
    """Wall times on `slots` slots over all plays; `ratio_p50` is the median of wall time over lower bound, both of the
    same play. `bottleneck` is that of the expected durations.
    """

    slots: int
    p50_s: float
    p95_s: float
    ratio_p50: float
    bottleneck: Bottleneck


def learn_spread(history: PastVisits, *, timeout_s: float = VISIT_TIMEOUT_S) -> Spread:
    """The spread that earlier visits show around each site's own median; the assumed one when they are too few."""
    logs: list[float] = []
    visits = timed_out = 0
    for past in history.values():
        visits += len(past)
        timed_out += sum(visit.is_timed_out for visit in past)
        durations_s = [visit.duration_s for visit in past if not visit.is_timed_out and visit.duration_s > 0]
        if len(durations_s) >= _LEAST_VISITS_OF_A_SITE:
            median_s = statistics.median(durations_s)
            logs.extend(math.log(duration_s / median_s) for duration_s in durations_s)
    if not logs:
        return Spread(timeout_s=timeout_s)
    noise = math.sqrt(sum(log * log for log in logs) / len(logs))
    return Spread(noise=noise, timeout_share=timed_out / visits, timeout_s=timeout_s)


def scatter(expected_s: Iterable[float], spread: Spread, rng: Randomness) -> list[float]:
    """One play's durations, in the same order."""
    return [
        spread.timeout_s
        if rng.random() < spread.timeout_share
        else min(spread.timeout_s, seconds * math.exp(rng.gauss(0.0, spread.noise)))
        for seconds in expected_s
    ]


def simulate(
    expected_s: Sequence[float],
    slots: int,
    rng: Randomness,
    *,
    costs: GridCosts | None = None,
    spread: Spread | None = None,
    trials: int = TRIALS,
) -> SimulatedWall:
    """Play `expected_s` (seconds, in the order of their starts) `trials` times on `slots` slots."""
    costs, spread = costs or GridCosts(), spread or Spread()
    walls_s, ratios = [], []
    for _ in range(trials):
        durations_s = scatter(expected_s, spread, rng)
        machine_s = len(durations_s) * costs.cpu_s_per_visit / costs.driver_cores
        wall_s = max(play_queue_s(durations_s, slots, costs), machine_s, costs.chain_s)
        bound_s = find_lower_bound_s(durations_s, slots)
        walls_s.append(wall_s)
        ratios.append(wall_s / bound_s if bound_s > 0 else 1.0)
    demands_s = find_demands_s(
        work_s=sum(expected_s),
        longest_s=max(expected_s, default=0.0),
        visits=len(expected_s),
        slots=slots,
        costs=costs,
    )
    return SimulatedWall(
        slots=slots,
        p50_s=percentile(walls_s, 50),
        p95_s=percentile(walls_s, 95),
        ratio_p50=percentile(ratios, 50),
        bottleneck=max(Bottleneck, key=lambda kind: demands_s[kind]),
    )


def simulate_slots(
    expected_s: Sequence[float],
    rng: Randomness,
    *,
    costs: GridCosts | None = None,
    spread: Spread | None = None,
    slot_counts: Sequence[int] = SLOT_COUNTS,
) -> list[SimulatedWall]:
    """`simulate` for each of `slot_counts`, on as many hubs as they need, with as many plays as a few seconds allow."""
    costs = costs or GridCosts()
    trials = MOST_VISITS // max(1, len(expected_s) * len(slot_counts))
    trials = max(_LEAST_TRIALS, min(TRIALS, trials))
    return [
        simulate(expected_s, slots, rng, costs=replace(costs, hubs=count_hubs(slots)), spread=spread, trials=trials)
        for slots in slot_counts
    ]
