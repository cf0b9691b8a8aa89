"""`python -m tests.benchmarks.visits`: gridrunner beside its peers on the same pages, in turn, with medians and ratios.

Prints a table and writes the figures as JSON. Wall time is that of the whole command; CPU and peak memory are those of its
whole process tree, browsers included (`own` is gridrunner's process alone). Rounds go through all drivers in turn, so that
a noisy machine is unfair to none.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from gridrunner.browser.binaries import BrowserName, find_browser
from tests.benchmarks.visits.drivers import DRIVERS, Task
from tests.benchmarks.visits.pages import hosts

SAMPLE_S = 0.2
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of one driver; times in seconds, memory (proportional set size) in MiB at its peak."""

    driver: str
    workers: int
    latency_ms: float
    sites: int
    wall_s: float
    cpu_s: float
    peak_mib: float
    own_cpu_s: float | None
    own_memory_mib: float | None


class TreeMeter:
    """Samples the CPU time and memory of a process and everything below it while it runs."""

    def __init__(self, session: int) -> None:
        self._session = session
        self._cpu: dict[int, float] = {}
        self.peak_mib = 0.0
        self._is_over = threading.Event()
        self._known = {session}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._is_over.set()
        self._thread.join()
        return sum(self._cpu.values())

    def _watch(self) -> None:
        while not self._is_over.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        rows = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            rows[int(entry.name)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / CLOCK_TICKS)
        for _ in range(8):  # children of children
            self._known.update(pid for pid, (parent, _) in rows.items() if parent in self._known)
        total = 0.0
        for pid in self._known & rows.keys():
            self._cpu[pid] = max(self._cpu.get(pid, 0.0), rows[pid][1])
            total += _proportional_mib(pid)
        self.peak_mib = max(self.peak_mib, total)


def _proportional_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)


def measure(driver: str, task: Task, latency_ms: float) -> Measured:
    command = DRIVERS[driver](task)
    started = time.monotonic()
    root = str(Path(__file__).parents[3])
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=task.folder,
        env={**os.environ, "PYTHONPATH": root},
        start_new_session=True,
        text=True,
    )
    meter = TreeMeter(process.pid)
    output, _ = process.communicate()
    wall_s = time.monotonic() - started
    cpu_s = meter.stop()
    if process.returncode != 0:
        sys.exit(f"{driver} failed ({process.returncode}):\n{output[-3000:]}")
    own = json.loads(output.strip().splitlines()[-1]) if driver == "gridrunner" else {}
    return Measured(
        driver=driver,
        workers=task.workers,
        latency_ms=latency_ms,
        sites=len(task.hosts),
        wall_s=wall_s,
        cpu_s=cpu_s,
        peak_mib=meter.peak_mib,
        own_cpu_s=own.get("own_cpu_s"),
        own_memory_mib=own.get("own_memory_mib"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drivers", nargs="+", choices=list(DRIVERS), default=list(DRIVERS))
    parser.add_argument("--sites", type=int, nargs="+", default=[200], help="how many host names (default 200)")
    parser.add_argument("--workers", type=int, nargs="+", default=[2], help="pages at once (default 2)")
    parser.add_argument(
        "--latency", type=float, nargs="+", default=[0.0], help="ms a request waits at the server (default 0)"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    shell = find_browser(BrowserName.HEADLESS_SHELL, os.environ)
    chromium = find_browser(BrowserName.CHROMIUM, os.environ)
    found: list[Measured] = []
    for latency_ms in options.latency:
        with Pages(latency_ms) as port:
            for count in options.sites:
                for workers in options.workers:
                    for number in range(options.rounds):
                        for driver in options.drivers:
                            with tempfile.TemporaryDirectory(prefix="gridrunner-bench-") as folder:
                                task = Task(
                                    hosts=tuple(hosts(count)),
                                    port=port,
                                    workers=workers,
                                    shell=shell.binary,
                                    chromium=chromium.binary,
                                    chromedriver=shell.chromedriver,
                                    folder=Path(folder),
                                )
                                one = measure(driver, task, latency_ms)
                            found.append(one)
                            print(
                                f"round {number + 1}: {driver} {workers} at once: {one.wall_s:.1f} s", file=sys.stderr
                            )
    print_table(found)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1))


class Pages:
    """The page server as a process of its own."""

    def __init__(self, latency_ms: float) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.visits.pages", str(latency_ms)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.communicate()


def print_table(found: list[Measured]) -> None:
    print(
        f"{'driver':<18}{'sites':>6}{'at once':>8}{'latency':>8}{'wall s':>8}{'ratio':>7}{'CPU s':>8}{'peak MiB':>9}{'own ms/visit':>13}{'own MiB':>8}"
    )
    for key in dict.fromkeys((one.latency_ms, one.sites, one.workers) for one in found):
        group = [one for one in found if (one.latency_ms, one.sites, one.workers) == key]
        walls = {
            name: statistics.median(one.wall_s for one in group if one.driver == name)
            for name in {one.driver for one in group}
        }
        base = walls.get("gridrunner")
        for name in dict.fromkeys(one.driver for one in group):
            runs = [one for one in group if one.driver == name]
            cpu_s = statistics.median(one.cpu_s for one in runs)
            peak_mib = statistics.median(one.peak_mib for one in runs)
            own_s = [one.own_cpu_s for one in runs if one.own_cpu_s is not None]
            own = f"{statistics.median(own_s) / key[1] * 1000:.1f}" if own_s else ""
            own_mib = max((one.own_memory_mib or 0 for one in runs), default=0)
            ratio = f"{base / walls[name]:.2f}" if base else ""
            print(
                f"{name:<18}{key[1]:>6}{key[2]:>8}{key[0]:>8.0f}{walls[name]:>8.1f}{ratio:>7}{cpu_s:>8.1f}{peak_mib:>9.0f}"
                f"{own:>13}{own_mib or '':>8.0f}"
                if own_mib
                else f"{name:<18}{key[1]:>6}{key[2]:>8}{key[0]:>8.0f}{walls[name]:>8.1f}{ratio:>7}{cpu_s:>8.1f}{peak_mib:>9.0f}"
            )
    print("ratio: gridrunner's wall time over the driver's; lower is better for gridrunner")


if __name__ == "__main__":
    main()
