"""`python -m tests.benchmarks.visits`: gridrunner beside its peers on the same pages, in turn, with medians and ratios.

Prints a table and writes the figures as JSON. Wall time is that of the whole command, in rounds in which nothing else
is measured; CPU time and peak memory are those of its whole process tree, browsers included, in one more round of each
driver (measuring memory slows down whoever has many processes). `own` is gridrunner's process, `judge` that of its
checks. Rounds go through all drivers in turn, so that a noisy machine is unfair to none.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gridrunner.browser.binaries import find_browser
from gridrunner.evaluation.corpus import Corpus
from gridrunner.settings.grid import BrowserName
from tests.benchmarks.visits.drivers import DRIVERS, JAR, Task, install_packages
from tests.benchmarks.visits.foreign_hosts import Foreign
from tests.benchmarks.visits.grid import open_grid
from tests.benchmarks.visits.meter import TreeMeter
from tests.benchmarks.visits.pages import corpus_pages, hosts, plain_sites


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One run of one driver; times in seconds, memory (proportional set size) in MiB at its peak. `own_*`, the most
    file `handles` in the first and the second half, and the `contexts` that a browser still had when a lane was given
    back are those of gridrunner's process, `judge_cpu_s` is of the process of its checks; `left_behind` counts
    processes. CPU time and memory of the tree are None in a round that only takes the time.
    """

    driver: str
    workers: int
    latency_ms: float
    sites: int
    wall_s: float
    cpu_s: float | None
    peak_mib: float | None
    own_cpu_s: float | None
    judge_cpu_s: float | None
    own_memory_mib: float | None
    handles: tuple[int, int] | None
    contexts: int | None
    left_behind: int | None


def measure(driver: str, task: Task, latency_ms: float, *, is_metered: bool) -> Measured:
    """Where foreign hosts are served, peers may give pages up: they wait for `load`, which then never comes."""
    is_patient = task.foreign_port is not None
    command = DRIVERS[driver](task)
    started = time.monotonic()
    root = str(Path(__file__).parents[3])
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as users run it
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=task.folder,
        env={**kept, "PYTHONPATH": root},
        start_new_session=True,
        text=True,
    )
    meter = TreeMeter(process.pid) if is_metered else None
    output, _ = process.communicate()
    wall_s = time.monotonic() - started
    cpu_s = meter.stop() if meter is not None else None
    if process.returncode != 0 and not (is_patient and not driver.startswith("gridrunner")):
        sys.exit(f"{driver} failed ({process.returncode}):\n{output[-3000:]}")
    own = json.loads(output.strip().splitlines()[-1]) if driver.startswith("gridrunner") else {}
    return Measured(
        driver=driver,
        workers=task.workers,
        latency_ms=latency_ms,
        sites=len(task.hosts),
        wall_s=wall_s,
        cpu_s=cpu_s,
        peak_mib=meter.peak_mib if meter is not None else None,
        own_cpu_s=own.get("own_cpu_s"),
        judge_cpu_s=own.get("judge_cpu_s"),
        own_memory_mib=own.get("own_memory_mib"),
        handles=tuple(own["handles"]) if own else None,
        contexts=own.get("contexts"),
        left_behind=meter.left_behind() if meter is not None else None,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drivers", nargs="+", choices=list(DRIVERS), default=list(DRIVERS))
    parser.add_argument("--sites", type=int, nargs="+", default=[200], help="how many host names (default 200)")
    parser.add_argument("--workers", type=int, nargs="+", default=[2], help="pages at once (default 2)")
    parser.add_argument(
        "--latency", type=float, nargs="+", default=[0.0], help="ms a request waits at the server (default 0)"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="that take the time (default 3); 0: take it while measuring memory"
    )
    parser.add_argument("--pages", type=Path, metavar="CORPUS", help="visit pages of a labelled corpus")
    parser.add_argument("--prefix", default="ddg-", help="of the corpus' pages (default ddg-)")
    parser.add_argument("--most-bytes", type=int, default=200_000, help="per page of the corpus (default 200000)")
    parser.add_argument(
        "--foreign",
        type=Foreign,
        choices=list(Foreign),
        default=Foreign.REFUSED,
        help="what hosts do that a page names and the benchmark does not serve (default refused)",
    )
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    shell = find_browser(BrowserName.HEADLESS_SHELL, os.environ)
    chromium = find_browser(BrowserName.CHROMIUM, os.environ)
    found: list[Measured] = []
    corpus = Corpus(options.pages) if options.pages else None
    names = corpus_pages(corpus, options.prefix, options.most_bytes) if corpus else plain_sites()
    with ExitStack() as stack:
        foreign_port = None
        if options.foreign is not Foreign.REFUSED:
            foreign_port = stack.enter_context(Served("foreign_hosts", options.foreign))
        grid = ""
        if "gridrunner-grid" in options.drivers:
            jar = install_packages() / JAR
            most = max(options.workers)
            grid = stack.enter_context(
                open_grid(jar, browser=shell.binary, chromedriver=shell.chromedriver, slots=most)
            )
        for latency_ms in options.latency:
            with Served("pages", latency_ms, *([options.pages.resolve()] if options.pages else [])) as port:
                for count, workers, number, driver in itertools.product(
                    options.sites, options.workers, range(options.rounds + 1), options.drivers
                ):
                    with tempfile.TemporaryDirectory(prefix="gridrunner-bench-") as folder:
                        task = Task(
                            hosts=tuple(hosts(count, names)),
                            port=port,
                            workers=workers,
                            shell=shell.binary,
                            chromium=chromium.binary,
                            chromedriver=shell.chromedriver,
                            folder=Path(folder),
                            grid=grid,
                            foreign_port=foreign_port,
                        )
                        one = measure(driver, task, latency_ms, is_metered=number == options.rounds)
                    found.append(one)
                    what = "with its memory" if one.peak_mib is not None else f"round {number + 1}"
                    print(f"{what}: {driver} {workers} at once: {one.wall_s:.1f} s", file=sys.stderr)
                    if options.json:
                        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1))
    print_table(found)


class Served:
    """A server of this folder as a process of its own; entering gives its port."""

    def __init__(self, module: str, *arguments: object) -> None:
        command = [sys.executable, "-m", f"tests.benchmarks.visits.{module}", *map(str, arguments)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def __exit__(self, *_exception: object) -> None:
        self._process.kill()
        self._process.communicate()


HEAD = (
    "driver",
    "sites",
    "at once",
    "latency",
    "wall s",
    "ratio",
    "CPU s",
    "peak MiB",
    "own ms/visit",
    "judge",
    "own MiB",
)
LEAKS = ("handles", "contexts", "left")


def print_table(found: list[Measured]) -> None:
    """Medians over the rounds; what could leak as the worst of them."""
    table = Table(*HEAD, *LEAKS)
    for key in dict.fromkeys((one.latency_ms, one.sites, one.workers) for one in found):
        group = [one for one in found if (one.latency_ms, one.sites, one.workers) == key]
        by_driver = {name: [one for one in group if one.driver == name] for name in DRIVERS}
        runs_of = {name: runs for name, runs in by_driver.items() if runs}
        walls = {name: _median_wall_s(runs) for name, runs in runs_of.items()}
        base = walls.get("gridrunner")
        for name, runs in runs_of.items():
            ratio = f"{base / walls[name]:.2f}" if base else ""
            cells = [name, f"{key[1]}", f"{key[2]}", f"{key[0]:.0f}", f"{walls[name]:.1f}", ratio]
            cells.append(_median([one.cpu_s for one in runs]))
            cells.append(_median([one.peak_mib for one in runs], "{:.0f}"))
            cells.append(_median([one.own_cpu_s and one.own_cpu_s / key[1] * 1000 for one in runs]))
            cells.append(_median([one.judge_cpu_s and one.judge_cpu_s / key[1] * 1000 for one in runs]))
            is_ours = runs[0].own_cpu_s is not None
            cells.append(f"{max(one.own_memory_mib or 0 for one in runs):.0f}" if is_ours else "")
            worst = max((one.handles for one in runs if one.handles is not None), default=None)
            cells.append(f"{worst[0]} -> {worst[1]}" if worst is not None else "")
            cells.append(f"{max(one.contexts or 0 for one in runs)}" if is_ours else "")
            cells.append(f"{max(one.left_behind or 0 for one in runs)}")
            table.add_row(*cells)
    Console(width=150).print(table)
    print("ratio: gridrunner's wall time over the driver's; lower is better for gridrunner")
    print("handles: the most in the first and in the second half of the run; left: processes that were left behind")


def _median_wall_s(runs: list[Measured]) -> float:
    return statistics.median([one.wall_s for one in runs if one.cpu_s is None] or [one.wall_s for one in runs])


def _median(figures: list[float | None], form: str = "{:.1f}") -> str:
    known = [figure for figure in figures if figure is not None]
    return form.format(statistics.median(known)) if known else ""


if __name__ == "__main__":
    main()
