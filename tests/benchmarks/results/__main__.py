"""What a merge costs a user, from the command line to the last file: `python -m tests.benchmarks.results merge`; and a
report with 10,000 sites, written and opened in Chromium: `python -m tests.benchmarks.results report`; and the page of a
history of 5,000 sites over 60 runs, the same: `python -m tests.benchmarks.results history`.

Required: 1,000,000 results merged and rendered in under 30 s and 500 MiB; a history opened in under 2 s. Time is of the
wall, on a machine with nothing else to do; memory the peak of the process, as the kernel counts it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from gridrunner.results.history.file import open_history
from tests.benchmarks.results.opening import measure_opening
from tests.benchmarks.results.shards import SHARDS, write_shards
from tests.support.planted_histories import plant_history

SIZES = (10_000, 100_000, 1_000_000)

REPORT_SITES = 10_000

HISTORY_SITES, HISTORY_RUNS = 5_000, 60

FILES = ("journal.jsonl", "plan.json", "junit.xml", "report.html", "summary.md", "timeline.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one command: seconds of the wall and of CPU, and its peak in MiB."""

    exit_code: int
    wall_s: float
    cpu_s: float
    peak_mib: float

    def __str__(self) -> str:
        return f"{self.wall_s:6.1f} s wall {self.cpu_s:6.1f} s CPU {self.peak_mib:6.0f} MiB (exit {self.exit_code})"


def measure(command: list[str]) -> Cost:
    """Run `command` to its end; its words go nowhere."""
    begun_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Cost(
        exit_code=process.returncode,
        wall_s=time.perf_counter() - begun_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
    )


def show_merge(results: int, folder: Path) -> None:
    """Merge `results` results of eight shards, in a process of its own, and print what it cost."""
    shards = write_shards(folder / "shards", results)
    out = folder / "out"
    merge = [sys.executable, "-m", "gridrunner", "merge", *map(str, shards), "--out", str(out), "--ci", "none"]
    print(f"{results:>9,} results of {SHARDS} shards: merge  {measure(merge)}", flush=True)
    sizes = ", ".join(f"{name} {(out / name).stat().st_size / 2**20:.1f}" for name in FILES)
    print(f"{'':>9} files in MiB: {sizes}", flush=True)
    report = measure([sys.executable, "-m", "gridrunner", "report", str(out)])
    print(f"{'':>9} the same rendered again:      report {report}", flush=True)


def show_report(sites: int, folder: Path) -> None:
    """Render a run of `sites` sites, open its report in Chromium, and print what both cost."""
    (run,) = write_shards(folder / "shards", sites * 10, shards=1)
    print(
        f"{sites:,} sites, 10 checks each: report {measure([sys.executable, '-m', 'gridrunner', 'report', str(run)])}"
    )
    print("files in MiB: " + ", ".join(f"{name} {(run / name).stat().st_size / 2**20:.1f}" for name in FILES))
    print(measure_opening(run / "report.html"))


def show_history(sites: int, folder: Path) -> None:
    """Write a history of `sites` sites, its page, open that in Chromium, and print what it cost."""
    file = folder / "history.sqlite"
    with open_history(file, print) as history:
        for run in plant_history(sites, HISTORY_RUNS).runs:
            history.add_entry(run)
    page = folder / "history.html"
    command = [sys.executable, "-m", "gridrunner", "history", "report", "--history", str(file), "--out", str(page)]
    print(f"{sites:,} sites over {HISTORY_RUNS} runs: history {file.stat().st_size / 2**20:.1f} MiB")
    print(f"page written {measure(command)}, {page.stat().st_size / 2**20:.1f} MiB")
    print(measure_opening(page))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.results", description=__doc__)
    parser.add_argument("what", choices=["merge", "report", "history"])
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="results to merge, or sites in the page")
    arguments = parser.parse_args()
    usual = {"merge": SIZES, "report": (REPORT_SITES,), "history": (HISTORY_SITES,)}
    show = {"merge": show_merge, "report": show_report, "history": show_history}
    for size in arguments.sizes or usual[arguments.what]:
        folder = Path(tempfile.mkdtemp(prefix="gridrunner-results-"))
        try:
            show[arguments.what](size, folder)
        finally:
            shutil.rmtree(folder)


main()
