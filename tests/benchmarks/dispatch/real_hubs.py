"""`python -m tests.benchmarks.dispatch.real_hubs`: the real command over three fake hubs, one slowed ten times for a
while, one killed and revived; visits that began on each over time, and the wall time beside the ideal.

`tests.benchmarks.dispatch hubs` plays the same in virtual time. Here the hubs speak W3C and DevTools over real sockets;
they run in this process, gridrunner in one of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.run_folders import events_of

SLOTS, VISIT_S, SESSION_S = 16, 1.0, 0.2
SLOWDOWN = 10.0
SLOW_FROM_S, SLOW_UNTIL_S = 6.0, 18.0
DEAD_FROM_S, DEAD_UNTIL_S = 9.0, 17.0
STEP_S = 3.0
START_LIMIT_S, RUN_LIMIT_S = 60.0, 600.0
NAMES = ("steady", "slowing", "dying")


def find_ideal_s(sites: int) -> float:
    """When perfect hands would be done, from the first visit on."""
    at_s, step_s, left = 0.0, 0.1, float(sites)
    while left > 0:
        rate = 1.0 + 1.0 / (SLOWDOWN if SLOW_FROM_S <= at_s < SLOW_UNTIL_S else 1.0)
        rate += 0.0 if DEAD_FROM_S <= at_s < DEAD_UNTIL_S else 1.0
        left -= rate * SLOTS / VISIT_S * step_s
        at_s += step_s
    return at_s


def play_incidents(slowing: FakeGrid, dying: FakeGrid, process: subprocess.Popen[bytes]) -> None:
    """Slow one hub, kill and revive the other, by the clock from now on, for as long as `process` runs."""
    begun_s = time.monotonic()
    incidents: list[tuple[float, Callable[[], None]]] = [
        (SLOW_FROM_S, lambda: slowing.change(slowness=SLOWDOWN)),
        (DEAD_FROM_S, dying.kill),
        (DEAD_UNTIL_S, dying.revive),
        (SLOW_UNTIL_S, lambda: slowing.change(slowness=1.0)),
    ]
    for at_s, happen in incidents:
        try:
            process.wait(max(0.0, begun_s + at_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            happen()


def run_scenario(folder: Path, hubs: Sequence[FakeGrid], sites: int) -> tuple[int, Path]:
    """The exit code of the run, and its folder."""
    (folder / "sites.txt").write_text("".join(f"https://site-{n}.example/login\n" for n in range(sites)))
    words = [word for hub in hubs for word in ("--grid", hub.url)]
    command = [sys.executable, "-m", "gridrunner", "run", "--sites", "sites.txt", "--contexts-per-session", "1"]
    process = subprocess.Popen(
        [*command, "--quiet", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(folder)},
    )
    limit_s = time.monotonic() + START_LIMIT_S
    while not any(hub.figures.begun for hub in hubs) and time.monotonic() < limit_s:
        time.sleep(0.02)
    play_incidents(hubs[1], hubs[2], process)
    code = process.wait(RUN_LIMIT_S)
    (run,) = {path.parent.resolve() for path in (folder / "runs").glob("*/journal.jsonl")}
    return code, run


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.dispatch.real_hubs", description=__doc__)
    parser.add_argument("--sites", type=int, default=1200)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        hubs = [stack.enter_context(open_hub(slots=SLOTS, visit_s=VISIT_S, session_s=SESSION_S)) for _ in NAMES]
        urls = [hub.url for hub in hubs]
        code, run = run_scenario(folder, hubs, options.sites)
        started = events_of(run, "visit-started")
        observed = [event["observation"] for event in events_of(run, "observation")]
    done_s = max(each["started_s"] + each["timings"]["total_s"] for each in observed)
    first_s = min(event["at_s"] for event in started)
    shares: dict[int, Counter[str]] = {}
    for event in started:
        shares.setdefault(int((event["at_s"] - first_s) // STEP_S), Counter())[event["hub"]] += 1
    table = Table("from s", *NAMES, title="visits that began, by hub")
    for step, counts in sorted(shares.items()):
        table.add_row(f"{step * STEP_S:.0f}", *(f"{counts[url]}" for url in urls))
    Console(width=100).print(table)
    once = Counter(each["site"] for each in observed if each["outcome"] is not None)
    lost = sum(each["fault"] is not None for each in observed)
    figures = {
        "exit code": code,
        "seconds from the first visit to the last": round(done_s - first_s, 1),
        "ideal": round(find_ideal_s(options.sites), 1),
        "sites observed": len(once),
        "visits lost with a session": lost,
    }
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
