"""What large plans cost this machine: planning at 1,000 to 100,000 sites, and 500 sessions on threads of one process.

Owns the measuring; the invariant: CPU seconds are of this process alone, memory is its peak above what it had before.
"""

from __future__ import annotations

import random
import resource
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from gridrunner import codec
from gridrunner.dispatch.records import DispatchRecord
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.shell import Dispatcher
from gridrunner.model import Site
from gridrunner.planning.durations import PastVisit, expect_durations
from gridrunner.planning.plan import make_plan
from gridrunner.planning.predict import predict
from gridrunner.planning.shards import cut_shard
from tests.benchmarks.dispatch.makespan import CHECKS
from tests.benchmarks.dispatch.real_runs import SleepingHub
from tests.support.fake_sessions import FakeJudge

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanningCost:
    """CPU seconds by step, for one number of sites; `memory_mib` is the peak of a second, traced pass."""

    sites: int
    expect_s: float
    plan_s: float
    shard_s: float
    predict_s: float
    encode_s: float
    memory_mib: float

    @property
    def total_s(self) -> float:
        """All steps."""
        return self.expect_s + self.plan_s + self.shard_s + self.predict_s + self.encode_s


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    begun_s = time.process_time()
    done = work()
    return done, round(time.process_time() - begun_s, 4)


def measure_planning(sites: int) -> PlanningCost:
    """Plan `sites` sites with five visits of history each, cut shard 2/8, predict 500 slots, and encode the plan."""
    rng = random.Random(sites)
    listed = [Site(id=f"site-{number}", url=f"https://host-{number}.example/login") for number in range(sites)]
    history = {site.id: tuple(PastVisit(duration_s=rng.lognormvariate(1.4, 0.7)) for _ in range(5)) for site in listed}
    expected, expect_s = _timed(lambda: expect_durations(history, listed))
    plan, plan_s = _timed(lambda: make_plan(listed, CHECKS, expected))
    _, shard_s = _timed(lambda: cut_shard(plan, 2, 8))
    _, predict_s = _timed(lambda: predict(plan, 500))
    _, encode_s = _timed(lambda: codec.encode(plan))
    tracemalloc.start()
    make_plan(listed, CHECKS, expect_durations(history, listed))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return PlanningCost(
        sites=sites,
        expect_s=expect_s,
        plan_s=plan_s,
        shard_s=shard_s,
        predict_s=predict_s,
        encode_s=encode_s,
        memory_mib=round(peak / 2**20, 1),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DriveCost:
    """What driving `sessions` sessions through `sites` sites cost: the dispatcher and its threads,
    on sessions that only wait.
    """

    sessions: int
    sites: int
    wall_s: float
    lower_bound_s: float
    cpu_ms_per_visit: float
    memory_mib: float
    lost: int


def measure_driving(*, sessions: int, sites: int, visit_s: float = 0.5) -> DriveCost:
    """Visit `sites` sites in `sessions` sessions that wait around `visit_s` seconds each."""
    rng = random.Random(1)
    listed = [Site(id=f"site-{number}", url=f"https://host-{number}.example/") for number in range(sites)]
    seconds = {site.id: visit_s * rng.uniform(0.5, 1.5) for site in listed}
    plan = make_plan(listed, CHECKS, {})
    hub = SleepingHub(sessions, start_s=0.1, durations_s={}, default_s=seconds)
    records = 0

    def count(_record: DispatchRecord) -> None:
        nonlocal records
        records += 1

    memory_before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu_before_s = time.process_time()
    begun_s = time.perf_counter()
    summary = Dispatcher(
        plan, [hub], lambda sink: FakeJudge(sink, checks=CHECKS), DispatchSettings(), recorder=count
    ).run()
    wall_s = time.perf_counter() - begun_s
    return DriveCost(
        sessions=sessions,
        sites=sites,
        wall_s=round(wall_s, 2),
        lower_bound_s=round(sum(seconds.values()) / sessions, 2),
        cpu_ms_per_visit=round((time.process_time() - cpu_before_s) * 1000 / summary.visits, 3),
        memory_mib=round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory_before_kib) / 1024, 1),
        lost=len(summary.missing),
    )
