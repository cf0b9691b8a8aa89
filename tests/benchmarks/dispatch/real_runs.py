"""The same durations, really run: by pytest-xdist's schedulers and by gridrunner's threads, as sleeps of a fraction of
their length. Owns the scaled clocks; the invariant: only from the first start to the last end counts, so the starts of
workers and interpreters are in nobody's figure.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gridrunner.dispatch.records import DispatchRecord
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.shell import Dispatcher
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Site
from gridrunner.planning.durations import expect_durations, find_early_sites
from gridrunner.planning.plan import make_plan
from gridrunner.planning.predict import find_lower_bound_s
from tests.benchmarks.dispatch.makespan import CHECKS, Ratios, Trial, make_trial, summarise
from tests.support.fake_sessions import FakeJudge

XDIST_LIMIT_S = 300.0

_TEST_FILE = """
import json, time
from pathlib import Path
import pytest
DURATIONS = json.loads((Path(__file__).parent / "durations.json").read_text())
@pytest.mark.parametrize("site", DURATIONS)
def test_site(site):
    time.sleep(DURATIONS[site])
"""

_CONFTEST = """
import json
from pathlib import Path
times = []
def pytest_runtest_logreport(report):
    if report.when == "call":
        times.append((report.start, report.stop))
def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        start, stop = min(a for a, b in times), max(b for a, b in times)
        (Path(__file__).parent / "wall.json").write_text(json.dumps({"wall_s": stop - start, "tests": len(times)}))
"""


def run_xdist_s(durations_s: Mapping[str, float], *, slots: int, dist: str, scale: float) -> float:
    """The wall time of pytest-xdist's scheduler `dist`, scaled back. Tests are given in the mapping's order."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scaled = {site: seconds * scale for site, seconds in durations_s.items()}
        (folder / "durations.json").write_text(json.dumps(scaled), encoding="utf-8")
        (folder / "test_sites.py").write_text(_TEST_FILE, encoding="utf-8")
        (folder / "conftest.py").write_text(_CONFTEST, encoding="utf-8")
        (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-n", str(slots), "--dist", dist, "-p", "no:cacheprovider"]
        subprocess.run(
            [*command, "-p", "no:gridrunner", str(folder)],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=XDIST_LIMIT_S,
        )
        told = json.loads((folder / "wall.json").read_text(encoding="utf-8"))
    if told["tests"] != len(durations_s):
        raise AssertionError(f"pytest-xdist ran {told['tests']} of {len(durations_s)} tests")
    return float(told["wall_s"]) / scale


@dataclass
class SleepingSession:
    """A session whose visits wait as long as they are told, or until it is killed."""

    hub: str
    id: str
    durations_s: Mapping[tuple[str, int], float]
    default_s: Mapping[str, float]
    node: str = ""
    is_leaving: bool = False

    def __post_init__(self) -> None:
        self._was_killed = threading.Event()

    def visit(self, site: Site, *, attempt: int, upcoming: Site | None) -> Observation:
        """Wait."""
        seconds = self.durations_s.get((site.id, attempt), self.default_s[site.id])
        if self._was_killed.wait(seconds):
            fault = Fault(kind=FaultKind.SESSION_LOST, message="killed")
            return Observation(site=site.id, attempt=attempt, fault=fault)
        return Observation(site=site.id, attempt=attempt, outcome=Outcome.OBSERVED)

    def close(self) -> None:
        """Nothing to close."""

    def kill(self) -> None:
        """End a visit that waits."""
        self._was_killed.set()


class SleepingHub:
    """A hub whose sessions take `start_s` to create."""

    name = "sleeping"

    def __init__(
        self,
        slots: int,
        *,
        start_s: float,
        durations_s: Mapping[tuple[str, int], float],
        default_s: Mapping[str, float],
    ) -> None:
        self._slots = slots
        self._start_s = start_s
        self._durations_s = durations_s
        self._default_s = default_s

    def slots(self) -> int:
        """Sessions at once."""
        return self._slots

    def open_session(self, *, slot: str, timeout_s: float) -> SleepingSession:
        """A session after its start."""
        time.sleep(self._start_s)
        return SleepingSession(
            hub=self.name, id=f"session-of-{slot}", durations_s=self._durations_s, default_s=self._default_s
        )


def run_dispatcher_s(trial: Trial, *, slots: int, scale: float, hedge: bool) -> float:
    """The wall time of gridrunner's threads with sessions' starts and judging, scaled back."""
    scaled = {
        site: [type(visit)(duration_s=visit.duration_s * scale, is_timed_out=visit.is_timed_out) for visit in past]
        for site, past in trial.history.items()
    }
    expected = expect_durations(scaled, trial.sites, default_timeout_s=trial.timeout_s * scale)
    hub = SleepingHub(
        slots,
        start_s=1.5 * scale,
        durations_s={(site, 1): seconds * scale for site, seconds in trial.actual_s.items()},
        default_s={site: past[0].duration_s for site, past in scaled.items()},
    )
    settings = DispatchSettings(
        hedge=hedge,
        hedge_min_s=5.0 * scale,
        session_start_s=1.5 * scale,
        opens_at_once=slots,
        visit_timeout_s=trial.timeout_s,
        judge_interval_s=10.0 * scale,
    )
    summary = Dispatcher(
        make_plan(trial.sites, CHECKS, expected),
        [hub],
        lambda sink: FakeJudge(sink, checks=CHECKS),
        settings,
        recorder=_forget,
        early=find_early_sites(expected),
    ).run()
    if not summary.is_complete:
        raise AssertionError(f"gridrunner lost {len(summary.missing)} sites")
    return summary.wall_s / scale


def _forget(_record: DispatchRecord) -> None:
    pass


def order_longest_first(trial: Trial) -> dict[str, float]:
    """The actual durations in the order of those of the run before, longest first."""
    last_s = trial.last_s
    return {site: trial.actual_s[site] for site in sorted(last_s, key=lambda name: -last_s[name])}


def compare_real_runs(
    *, trials: int, sites: int = 400, slots: int = 16, scale: float = 0.05, timeout_s: float = 45.0
) -> list[Ratios]:
    """pytest-xdist and gridrunner on the same trials; `scale` is the length of a benchmark second in seconds."""
    ratios: dict[str, list[float]] = {}
    for seed in range(trials):
        trial = make_trial(random.Random(seed), sites=sites, timeout_s=timeout_s)
        bound_s = find_lower_bound_s(trial.actual_s.values(), slots)
        walls_s = {
            "pytest-xdist load": run_xdist_s(trial.actual_s, slots=slots, dist="load", scale=scale),
            "pytest-xdist worksteal": run_xdist_s(trial.actual_s, slots=slots, dist="worksteal", scale=scale),
            "pytest-xdist worksteal, longest first": run_xdist_s(
                order_longest_first(trial), slots=slots, dist="worksteal", scale=scale
            ),
            "gridrunner": run_dispatcher_s(trial, slots=slots, scale=scale, hedge=True),
            "gridrunner without hedging": run_dispatcher_s(trial, slots=slots, scale=scale, hedge=False),
        }
        for name, wall_s in walls_s.items():
            ratios.setdefault(name, []).append(wall_s / bound_s)
    return [summarise(name, values) for name, values in ratios.items()]
