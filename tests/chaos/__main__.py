"""`python -m tests.chaos --runs 200 --seed 1`: runs under every harm, resumed until they end, and what became of them.

Prints, over all runs: results lost (owed and in no report), doubled, changed (not passed, where every page is a plain
login form), processes and folders left behind, the time that it all cost, and how often each harm really hit.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree as ET

from msgspec import Struct

from tests.chaos.harms import HARMS, fake_clock
from tests.support.command_line import CommandLine, open_project, wait_until
from tests.support.lying_hub import open_lying_hub
from tests.support.own_sites import OwnSites
from tests.support.run_folders import owed_cases

MOST_RESUMES = 6
"""A run that was harmed at most three times ends well before that."""

RUN_TIMEOUT_S = 180.0
LEAVING_S = 15.0
"""For what a killed run left to be ended by the next command, or by itself."""

PAGE_S = 0.25
"""A page takes so long to answer, so that there is something to hit."""

LYING_SHARE = 0.2
"""Of the runs have a hub that answers nonsense beside the browsers of this machine."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of one run."""

    lost: int
    doubled: int
    changed: int
    left: int
    codes: tuple[int, ...]
    took_s: float
    hits: Counter[str]


def take_a_moment() -> None:
    """As servers do."""
    threading.Event().wait(PAGE_S)


def run_once(rng: random.Random, *, sites: int, harms: Sequence[str]) -> Outcome:
    """One run with up to three of `harms`, resumed until its exit code is 0 or 1."""
    hits: Counter[str] = Counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        folder.chmod(0o755)
        project = stack.enter_context(open_project(folder))
        own = stack.enter_context(OwnSites(folder / "sites.yaml"))
        for number in range(sites):
            own.add(f"site-{number}", before=take_a_moment)
        grids = ["--grid", "local"]
        if rng.random() < LYING_SHARE:
            hub = stack.enter_context(open_lying_hub())
            hub.say("GET", "/status", {"value": {"nodes": rng.choice(["many", None, 7, [[]]])}})
            grids += ["--grid", hub.url]
            hits["lying hub"] += 1
        started_s = time.monotonic()
        arguments = ["run", "--sites", str(own.write_list()), "--slots", "2", "--visit-timeout", "8s", *grids]
        running = project.start(*arguments, env=fake_clock(folder))
        for name in rng.sample(list(harms), k=min(len(harms), rng.randint(1, 3))) if harms else []:
            threading.Event().wait(rng.uniform(0.2, 2.5))
            hits[name] += bool(HARMS[name](project, running, rng))
        codes = [running.wait(timeout_s=RUN_TIMEOUT_S).code]
        while codes[-1] not in {0, 1} and len(codes) <= MOST_RESUMES:
            folders = project.run_folders()
            again = ["run", "--resume", str(folders[0])] if folders else arguments
            codes.append(project.start(*again).wait(timeout_s=RUN_TIMEOUT_S).code)
        took_s = time.monotonic() - started_s
        return examine(project, codes, took_s, hits)


def examine(project: CommandLine, codes: Sequence[int], took_s: float, hits: Counter[str]) -> Outcome:
    """Count what is not as it should be."""
    folder = next((path for path in reversed(project.run_folders()) if (path / "junit.xml").exists()), None)
    cases: Counter[tuple[str, str]] = Counter()
    changed = 0
    owed = owed_cases(folder) if folder is not None else set()
    if folder is not None:
        for case in ET.parse(folder / "junit.xml").iter("testcase"):
            cases[case.get("classname", ""), case.get("name", "")] += 1
            changed += any(child.tag in {"failure", "error"} for child in case)
    try:
        wait_until(lambda: project.left_behind() == [], "nothing is left", timeout_s=LEAVING_S)
    except AssertionError:
        print("left behind:", *project.left_behind(), sep="\n  ", file=sys.stderr)
    return Outcome(
        lost=max(0, len(owed) - len(cases)) if folder is not None else 1,
        doubled=sum(count - 1 for count in cases.values()),
        changed=changed,
        left=len(project.left_behind()),
        codes=tuple(codes),
        took_s=took_s,
        hits=hits,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run, and say what was lost; exit code 1 for anything lost, doubled, changed or left."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sites", type=int, default=12)
    parser.add_argument("--harm", action="append", choices=sorted(HARMS), help="only these; repeatable")
    asked = parser.parse_args(argv)
    calm = run_once(random.Random(asked.seed), sites=asked.sites, harms=())
    outcomes, hits = list[Outcome](), Counter[str]()
    for number in range(asked.runs):
        seed = asked.seed * 1_000_003 + number
        outcome = run_once(random.Random(seed), sites=asked.sites, harms=asked.harm or list(HARMS))
        outcomes.append(outcome)
        hits.update(outcome.hits)
        bad = f"lost {outcome.lost}, doubled {outcome.doubled}, changed {outcome.changed}, left {outcome.left}"
        print(f"run {number} (seed {seed}): {dict(outcome.hits)}: exit {outcome.codes}, {bad}", flush=True)
    totals = {
        name: sum(getattr(outcome, name) for outcome in outcomes) for name in ("lost", "doubled", "changed", "left")
    }
    print(f"{len(outcomes)} runs, {sum(hits.values())} harms that hit: {totals}")
    if outcomes:
        lost_s = statistics.median(outcome.took_s for outcome in outcomes) - calm.took_s
        print(f"time lost per run, median: {lost_s:.1f} s of {calm.took_s:.1f} s undisturbed")
    for name, count in sorted(hits.items()):
        print(f"  {name}: {count}")
    return int(any(totals.values()))


if __name__ == "__main__":
    sys.exit(main())
