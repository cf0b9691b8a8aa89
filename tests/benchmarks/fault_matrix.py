"""Measures the fault matrix on a real grid: `python -m tests.benchmarks.fault_matrix --write docs/design/faults.md`.

Each row is thrown into a run of its own; a quiet run before gives the verdicts and the wall time to compare with. What
the table says is what was seen, on the day that stands above it.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import docker

from tests.support.engine import build_images, running_engine
from tests.support.fault_kinds import FAULTS, Fault, Hit
from tests.support.fault_stage import BACK_TIMEOUT_S, Outcome, Stage, measure_s, open_stage

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
QUIET_RUNS = 2
TOLD_LIMIT = 170


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; seconds. `back_s` None: not within BACK_TIMEOUT_S."""

    name: str
    lost: int
    doubled: int
    changed: int
    extra_s: float
    back_s: float | None
    slots: int
    told: str
    code: int


def measure(stage: Stage, fault: Fault, quiet: Outcome) -> Row:
    """Throw one fault into a run."""
    fault.before(stage)
    running = stage.start(*fault.arguments, env=fault.env)
    hit = fault.does(stage, running)
    back: list[float | None] = []
    watcher = threading.Thread(target=lambda: back.append(_watch(stage, hit)))
    watcher.start()
    outcome = stage.finish(running)
    watcher.join()
    fault.after(stage)
    stage.heal(*hit.broken)
    return Row(
        name=fault.name,
        lost=outcome.lost,
        doubled=outcome.doubled,
        changed=sum(outcome.cases.get(case) != verdict for case, verdict in quiet.cases.items()),
        extra_s=outcome.ended.took_s - quiet.ended.took_s,
        back_s=back[0],
        slots=hit.slots,
        told=_told(outcome.ended.stderr, stage.driver.grid.name),
        code=outcome.ended.code,
    )


def _watch(stage: Stage, hit: Hit) -> float | None:
    return measure_s(lambda: stage.is_back(hit.slots, hit.session), timeout_s=BACK_TIMEOUT_S)


def _told(stderr: str, grid: str) -> str:
    """The first thing that the run said of the fault, without what differs from run to run."""
    said = [line for line in stderr.splitlines() if " (had 0)" not in line and "another visit of the site" not in line]
    faults = [line for line in said if line.startswith("fault:")]
    notes = [line for line in said if re.search(r"slots \(had|faults in a row|visits are slow|warning", line)]
    lines = faults or notes or ["nothing: no session was lost"]
    text = re.sub(r"^fault: slot=\S* hub=\S+ ?", "", lines[0]).replace(f"{grid}-", "").replace("|", "/")
    text = re.sub(r"\b[0-9a-f]{32}\b", "…", re.sub(r"http://(172|127)\.[0-9.]+:\d+", "http://…", text))
    return text if len(text) <= TOLD_LIMIT else text[:TOLD_LIMIT] + "…"


def render(rows: list[Row], quiet: Outcome, versions: str) -> str:
    """The table in Markdown."""
    lines = [
        BEGIN,
        f"Measured {datetime.now(UTC):%Y-%m-%d} with {versions}; 2 hubs, 4 nodes of one slot.",
        f"{len(quiet.owed)} results are owed on {len({site for _, site in quiet.owed})} sites.",
        f"The quiet run took {quiet.ended.took_s:.0f} s.",
        "",
        (
            "| fault | lost | doubled | verdicts changed | wall time lost | capacity back after "
            "| what the run said first (`-v`) |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        back = "not within 150 s" if row.back_s is None else f"{row.back_s:.0f} s"
        of = "" if row.slots == 4 else f" ({row.slots} slots)"
        lines.append(
            f"| {row.name} | {row.lost} | {row.doubled} | {row.changed} | {max(0.0, row.extra_s):.0f} s | {back}{of} "
            f"| {row.told} |"
        )
    return "\n".join([*lines, END])


def main() -> int:
    """Measure every row (or those that --only matches), print the table, and put it into a document."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fault_matrix", description=__doc__)
    parser.add_argument("--write", type=Path, metavar="FILE", help="replace the table in this document")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose names contain it")
    arguments = parser.parse_args()
    with running_engine() as url, tempfile.TemporaryDirectory(prefix="gridrunner-faults-") as folder:
        os.environ["DOCKER_HOST"] = url
        images = build_images(url)
        client = docker.DockerClient(base_url=url, timeout=180)
        rows: list[Row] = []
        with open_stage(client, images, Path(folder), f"matrix-{os.getpid()}") as stage:
            quiet = min((stage.finish(stage.start()) for _ in range(QUIET_RUNS)), key=lambda run: run.ended.took_s)
            assert quiet.ended.code == 0, quiet.ended.stderr
            version = stage.driver.status().hubs[0].version.partition(" ")[0]
            for fault in FAULTS:
                if arguments.only in fault.name:
                    started_s = time.monotonic()
                    rows.append(measure(stage, fault, quiet))
                    print(f"{time.monotonic() - started_s:5.0f} s  {rows[-1]}", file=sys.stderr, flush=True)
        engine = client.version()["Version"]
    kernel = platform.release().partition("-")[0]
    versions = f"Selenium Grid {version}, Docker engine {engine}, Linux {kernel}, {os.cpu_count()} cores"
    table = render(rows, quiet, versions)
    print(table)
    if arguments.write is not None:
        text = arguments.write.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        arguments.write.write_text(before + table + rest.partition(END)[2], encoding="utf-8")
    return int(any(row.lost or row.doubled or row.changed or row.code for row in rows))


if __name__ == "__main__":
    sys.exit(main())
