"""`python -m tests.chaos --runs 200 --seed 1`: runs under every harm, resumed until they end, and what became of them.

Prints, over all runs and each by its names: results lost (owed and in no report), doubled, changed (another verdict
than the undisturbed run gave), processes, folders and sessions left behind, tracebacks and odd exit codes; the time
that it all cost; and how often each harm really hit somebody, found nobody, or is not to be had on this machine.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.counting import Hits
from tests.chaos.harms import HARMS
from tests.chaos.running import ENDED, Outcome, run_once
from tests.chaos.world import World, enter, open_world

SEEDS_APART = 1_000_003
"""Runs of two --seed never have a seed in common."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run, and say what was lost; exit code 1 for anything lost, doubled, changed, left or broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sites", type=int, default=8)
    parser.add_argument("--limit", type=float, default=3600.0, metavar="SECONDS", help="begin no run after this")
    parser.add_argument("--harm", action="append", choices=sorted(HARMS), help="only these; repeatable")
    parser.add_argument("--words", type=Path, help="a file for what damaged runs said")
    asked = parser.parse_args(argv)
    enter(sys.argv[1:] if argv is None else argv)
    with open_world() as world:
        return _run_all(world, asked)


def _run_all(world: World, asked: argparse.Namespace) -> int:
    calm = run_once(world, random.Random(asked.seed), sites=asked.sites, harms=())
    print(f"undisturbed: exit {calm.codes}, {len(calm.verdicts)} cases, {calm.took_s:.1f} s, {calm.damage.describe()}")
    if calm.codes[-1] not in ENDED or not calm.damage.is_none:
        print(calm.words)
        return 1
    outcomes, hits, end_s = list[Outcome](), Hits.none(), time.monotonic() + asked.limit
    for number in range(asked.runs):
        if time.monotonic() > end_s:
            print(f"the limit of {asked.limit:g} s has passed")
            break
        seed = asked.seed * SEEDS_APART + number
        outcome = run_once(
            world,
            random.Random(seed),
            sites=asked.sites,
            harms=asked.harm or list(HARMS),
            undisturbed=calm.verdicts,
        )
        outcomes.append(outcome)
        hits.add(outcome.hits)
        met, missed = ", ".join(outcome.hits.hit) or "nobody", ", ".join(outcome.hits.missed)
        print(
            f"run {number} (seed {seed}): {met}{f' (missed: {missed})' if missed else ''}: exit {outcome.codes}, "
            f"{outcome.took_s:.1f} s: {outcome.damage.describe()}",
            flush=True,
        )
        if outcome.words and asked.words:
            with asked.words.open("a") as file:
                file.write(f"===== seed {seed}: {outcome.damage.describe()}\n{outcome.words}\n")
    return _sum_up(outcomes, calm, hits)


def _sum_up(outcomes: Sequence[Outcome], calm: Outcome, hits: Hits) -> int:
    totals: Counter[str] = Counter()
    for outcome in outcomes:
        totals.update({kind: len(names) for kind, names in outcome.damage.by_kind().items()})
    words = ", ".join(f"{count} {kind}" for kind, count in totals.items())
    print(f"{len(outcomes)} runs, {hits.hit.total()} harms that hit, {hits.missed.total()} that found nobody: {words}")
    if outcomes:
        lost_s = [outcome.took_s - calm.took_s for outcome in outcomes]
        print(
            f"time lost per run: median {statistics.median(lost_s):.1f} s, most {max(lost_s):.1f} s, "
            f"of {calm.took_s:.1f} s undisturbed"
        )
    for name in HARMS:
        if hits.hit[name] or hits.missed[name]:
            print(f"  {name}: {hits.hit[name]} hit, {hits.missed[name]} found nobody")
    for name in sorted(hits.missing):
        print(f"  {name}: not to be had on this machine")
    return int(any(totals.values()))


if __name__ == "__main__":
    sys.exit(main())
