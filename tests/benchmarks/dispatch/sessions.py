"""`python -m tests.benchmarks.dispatch.sessions`: what one gridrunner process costs against a fake hub of 500 slots.

driving   500 sessions and 5,000 sites: CPU-ms a visit of gridrunner itself, its peak memory, and results lost
resume    a finished run but for its last sites, with 1,000 to 100,000 journal lines: what it takes to go on

gridrunner and the hub run in processes of their own, so that neither's cost is charged to the other. CPU seconds are
RUSAGE_SELF of gridrunner (its judge is a child, told apart), memory is its `ru_maxrss`. --profile FILE writes where the
threads of gridrunner spend their CPU time, by cProfile a thread.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from gridrunner.results.journal.events import JournalHeader, Judged, Observed, VisitStarted
from gridrunner.results.journal.lines import JOURNAL_NAME, JournalWriter
from gridrunner.results.journal.planfile import PLAN_NAME, read_plan, write_plan
from tests.support.journals import read_journal

CONSOLE = Console(width=120)
CPU_LIMIT_MS, MEMORY_LIMIT_MIB = 6.0, 250.0  # docs/design/speed.md has the measurements
RESUME_LIMIT_S = 5.0  # the same, for 100,000 lines
RUN_LIMIT_S = 900.0
FIGURES = "figures: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one gridrunner process took. `dispatch_*` is the part between the first and the last visit; `before_s` the
    wall time until the dispatcher began.
    """

    code: int
    wall_s: float
    before_s: float
    cpu_s: float
    judge_cpu_s: float
    memory_mib: float
    dispatch_s: float
    dispatch_cpu_s: float
    dispatch_memory_mib: float
    visits: int
    lost: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the sections asked for, all by default."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.dispatch.sessions", description=__doc__.split(":", 1)[0]
    )
    parser.add_argument("sections", nargs="*", help="driving, resume; default: both")
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--sites", type=int, default=5_000)
    parser.add_argument("--visit-s", type=float, default=5.0, help="median seconds of a visit (default 5)")
    parser.add_argument("--requests", type=int, default=20, help="requests of a page besides its document (default 20)")
    parser.add_argument("--lines", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--profile", type=Path, metavar="FILE", help="write a profile of the threads there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there as well")
    options = parser.parse_args(arguments)
    sections: dict[str, Callable[[argparse.Namespace], Any]] = {"driving": _show_driving, "resume": _show_resume}
    unknown = set(options.sections) - set(sections)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    figures = {name: show(options) for name, show in sections.items() if name in (options.sections or sections)}
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


# ------------------------------------------------------------------------------------------------------------- driving


def _show_driving(options: argparse.Namespace) -> Any:
    cost, hub = measure_driving(
        sessions=options.sessions,
        sites=options.sites,
        visit_s=options.visit_s,
        requests=options.requests,
        profile=options.profile,
    )
    table = Table("", "measured", "limit", title=f"{options.sessions} sessions, {options.sites:,} sites, one process")
    table.add_row(
        "CPU-ms a visit, while visiting", f"{cost.dispatch_cpu_s * 1000 / cost.visits:.2f}", f"{CPU_LIMIT_MS}"
    )
    table.add_row("CPU-ms a visit, start to end", f"{cost.cpu_s * 1000 / cost.visits:.2f}", "")
    table.add_row("CPU-ms a visit, judge", f"{cost.judge_cpu_s * 1000 / cost.visits:.2f}", "")
    table.add_row("peak MiB, while visiting", f"{cost.dispatch_memory_mib}", f"{MEMORY_LIMIT_MIB:.0f}")
    table.add_row("peak MiB, start to end", f"{cost.memory_mib}", "")
    table.add_row("results lost", f"{cost.lost}", "0")
    table.add_row("sessions at once, at the hub", f"{hub['most_sessions']}", f"{options.sessions}")
    bound_s = options.visit_s * options.sites / options.sessions
    table.add_row("seconds of visiting and judging", f"{cost.dispatch_s}", f"{bound_s:.1f} at best")
    CONSOLE.print(table)
    return asdict(cost) | {"requests": options.requests, "sessions_at_once": hub["most_sessions"]}


def measure_driving(
    *, sessions: int, sites: int, visit_s: float, requests: int, profile: Path | None = None
) -> tuple[Cost, dict[str, Any]]:
    """Run gridrunner over `sites` sites on a hub of `sessions` slots; what it cost, and what the hub saw."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        folder = Path(scratch)
        (folder / "sites.txt").write_text("".join(f"https://site-{n}.example/login\n" for n in range(sites)))
        behaviour = {
            "slots": sessions,
            "visit-s": visit_s,
            "visit-sigma": 0.3,
            "requests": requests,
            "session-s": 0.2,
        }
        with _hub_process(behaviour) as hub:
            arguments = ["run", "--sites", "sites.txt", "--grid", hub.url, "--contexts-per-session", "1", "--quiet"]
            cost = _measure(arguments, folder, profile=profile)
        return cost, hub.figures


class _HubProcess:
    """A fake hub in a process of its own; `figures` are there when it is over."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()
        self.figures: dict[str, Any] = {}

    def end(self) -> None:
        out, _ = self._process.communicate("", timeout=60)
        self.figures = json.loads(out)


@contextmanager
def _hub_process(behaviour: dict[str, float]) -> Iterator[_HubProcess]:
    words = [word for name, value in behaviour.items() for word in (f"--{name}", str(value))]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.fake_hub", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        hub = _HubProcess(process)
        yield hub
        hub.end()
    finally:
        process.kill()
        process.wait()


def _measure(arguments: Sequence[str], folder: Path, *, profile: Path | None = None) -> Cost:
    """Run `gridrunner` in `folder` in a process of its own, which measures itself."""
    words = ["--profile", str(profile.resolve())] if profile is not None else []
    done = subprocess.run(
        [sys.executable, "-m", __spec__.name, "measured", *words, "--", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(folder)},
        check=False,
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    line = next(line for line in done.stdout.splitlines() if line.startswith(FIGURES))
    return Cost(**json.loads(line.removeprefix(FIGURES)))


# ----------------------------------------------------------------------------------------------- the measured process


def _run_measured(arguments: Sequence[str]) -> int:
    """Be gridrunner, and say at the end what it cost."""
    profile = Path(arguments[1]) if arguments[0] == "--profile" else None
    begun_s = time.perf_counter()
    seen: dict[str, Any] = {"before_s": 0.0, "dispatch_s": 0.0, "dispatch_cpu_s": 0.0, "dispatch_memory_mib": 0.0}
    seen |= {"visits": 0, "lost": 0}
    from gridrunner.cli import main as run_gridrunner  # noqa: PLC0415 - what importing costs is part of it
    from gridrunner.dispatch.shell import Dispatcher  # noqa: PLC0415

    usual = Dispatcher.run

    def run(dispatcher: Any) -> Any:
        seen["before_s"] = round(time.perf_counter() - begun_s, 2)
        cpu_s, at_s = _own_cpu_s(), time.perf_counter()
        with _profiled_threads(profile):
            summary = usual(dispatcher)
        seen["dispatch_s"] = round(time.perf_counter() - at_s, 2)
        seen["dispatch_cpu_s"] = round(_own_cpu_s() - cpu_s, 3)
        seen["dispatch_memory_mib"] = _peak_mib()
        seen["visits"], seen["lost"] = summary.visits, len(summary.missing)
        return summary

    Dispatcher.run = run  # type: ignore[method-assign, assignment]
    code = run_gridrunner(list(arguments[arguments.index("--") + 1 :]))
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = Cost(
        code=code,
        wall_s=round(time.perf_counter() - begun_s, 2),
        cpu_s=round(_own_cpu_s(), 3),
        judge_cpu_s=round(children.ru_utime + children.ru_stime, 3),
        memory_mib=_peak_mib(),
        **seen,
    )
    print(FIGURES + json.dumps(asdict(cost)))
    return 0


def _own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mib() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


@contextmanager
def _profiled_threads(path: Path | None) -> Iterator[None]:
    """Profile every thread that ends within the block, by its CPU time, and write the sum to `path`."""
    if path is None:
        yield
        return
    profiles: list[cProfile.Profile] = []
    usual = threading.Thread.run

    def run(thread: threading.Thread) -> None:
        profile = cProfile.Profile(time.thread_time)
        profiles.append(profile)
        profile.enable()
        try:
            usual(thread)
        finally:
            profile.disable()

    threading.Thread.run = run  # type: ignore[method-assign, assignment]
    own = cProfile.Profile(time.thread_time)
    own.enable()
    try:
        yield
    finally:
        own.disable()
        threading.Thread.run = usual  # type: ignore[method-assign]
        for thread in threading.enumerate():
            if thread.name.startswith("slot-"):
                thread.join(5.0)
        total = pstats.Stats(own)
        for profile in profiles:
            profile.create_stats()
            if profile.stats:
                total.add(profile)
        total.dump_stats(path)


# -------------------------------------------------------------------------------------------------------------- resume


def _show_resume(options: argparse.Namespace) -> Any:
    costs = {lines: measure_resume(lines) for lines in options.lines}
    table = Table(
        "journal lines", "seconds until it goes on", "seconds in all", "CPU seconds", "peak MiB", title="resume"
    )
    for lines, cost in costs.items():
        table.add_row(f"{lines:,}", f"{cost.before_s}", f"{cost.wall_s}", f"{cost.cpu_s}", f"{cost.memory_mib}")
    CONSOLE.print(table)
    CONSOLE.print(f"limit: {RESUME_LIMIT_S:g} s for 100,000 lines")
    return {str(lines): asdict(cost) for lines, cost in costs.items()}


def measure_resume(lines: int) -> Cost:
    """Resume a run whose journal has about `lines` lines, with a few sites still owed."""
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, _hub_process({"slots": 4}) as hub:
        folder = Path(scratch)
        _write_interrupted_run(folder, lines, hub.url)
        return _measure(["run", "--resume", "runs/old", "--grid", hub.url, "--quiet"], folder)


def _write_interrupted_run(folder: Path, lines: int, hub: str) -> None:
    """A run folder with a journal as a real run writes it: started, observed, and each check judged, a site. The first
    site is really visited, so that its observation is one of this version's.
    """
    sites = folder / "sites.txt"
    sites.write_text("https://site-0.example/login\n")
    subprocess.run(
        [sys.executable, "-m", "gridrunner", "run", "--sites", str(sites), "--grid", hub, "--out", "first", "--quiet"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(folder)},
        timeout=RUN_LIMIT_S,
        check=True,
    )
    (first,) = (folder / "first").iterdir()
    checks = len(read_plan(first / PLAN_NAME).checks)
    done = max(1, lines // (checks + 2))
    sites.write_text("".join(f"https://site-{number}.example/login\n" for number in range(done + 4)))
    subprocess.run(
        [sys.executable, "-m", "gridrunner", "plan", "--sites", str(sites), "--out", "plan.json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        timeout=RUN_LIMIT_S,
        check=True,
    )
    plan = read_plan(folder / "plan.json")
    write_plan(folder / "runs" / "old" / PLAN_NAME, plan)
    _copy_events(first, folder / "runs" / "old", [planned.site.id for planned in plan.sites][:done], plan.hash)


def _copy_events(first: Path, old: Path, sites: Sequence[str], plan_hash: str) -> None:
    events = read_journal(first / JOURNAL_NAME).events
    started = next(event for event in events if isinstance(event, VisitStarted))
    observed = next(event for event in events if isinstance(event, Observed))
    judged = [event for event in events if isinstance(event, Judged)]
    header = JournalHeader(run="old", plan=plan_hash, started="2026-11-24T10:00:00.000+00:00")
    with JournalWriter(old / JOURNAL_NAME, header) as journal:
        for site in sites:
            journal.write(replace(started, site=site))
            journal.write(replace(observed, observation=replace(observed.observation, site=site)))
            for event in judged:
                journal.write(replace(event, result=replace(event.result, site=site)))


if __name__ == "__main__":
    if sys.argv[1:2] == ["measured"]:
        raise SystemExit(_run_measured(sys.argv[2:]))
    raise SystemExit(main())
