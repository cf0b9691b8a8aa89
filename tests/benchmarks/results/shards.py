"""Runs as eight CI machines leave them, as large as asked for. Owns their making; the invariant: the same number of
results gives the same bytes.

What a site looks like: a login form with two fields, a console error; 3 % of sites fail a check on both attempts, 2 %
on the first alone, 1 % are unreachable. The lines are as long as those of the demo list, in the median.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from gridrunner import codec
from gridrunner.model import Observation, Outcome, Plan, Result, Site, SourceLine, Status
from gridrunner.planning.plan import make_plan
from gridrunner.planning.shards import cut_shard
from gridrunner.results.journal.events import ChunkEnded, Event, JournalHeader, Judged, Observed, RunEnded, VisitStarted
from gridrunner.results.journal.planfile import write_plan
from tests.benchmarks.results.sample import make_observation

CHECKS = tuple(f"dom_probes/suite/test_{file}.py::test_rule_{rule}" for file in ("form", "point") for rule in range(5))

SHARDS = 8


def write_shards(folder: Path, results: int, *, shards: int = SHARDS) -> list[Path]:
    """Write `shards` run folders with `results` (check, site) in all; returns them."""
    sites = [
        Site(
            id=f"site-{number:06}",
            url=f"https://host-{number}.example/login?next=%2Faccount",
            locale=("de", "en", "fr", "ja")[number % 4],
            tags=("bench", f"group-{number % 12}"),
            source=SourceLine(file="sites/large.yaml", line=4 + 6 * number),
        )
        for number in range(results // len(CHECKS))
    ]
    plan = make_plan(sites, CHECKS, {})
    if shards == 1:
        return [_write_run(folder / "shard-1", plan, tuple(site.id for site in sites), 1)]
    cuts = [cut_shard(plan, number, shards) for number in range(1, shards + 1)]
    return [
        _write_run(folder / f"shard-{number}", cut, cut.shard_sites or (), number)
        for number, cut in enumerate(cuts, start=1)
    ]


def _write_run(folder: Path, plan: Plan, sites: tuple[str, ...], number: int) -> Path:
    folder.mkdir(parents=True)
    write_plan(folder / "plan.json", plan)
    header = JournalHeader(run=f"run-{number}", plan=plan.hash, started="2026-11-24T08:00:00+00:00", slots=50)
    with (folder / "journal.jsonl").open("wb") as file:
        file.write(codec.encode(header) + b"\n")
        for event in _list_events(sites, random.Random(number)):
            file.write(codec.encode(event) + b"\n")
    return folder


def _list_events(sites: tuple[str, ...], rng: random.Random) -> Iterator[Event]:
    at_s = [0.0] * 50
    for place, site in enumerate(sites):
        slot = place % len(at_s)
        chance = rng.random()
        attempts = 2 if chance < 0.05 else 1
        for attempt in range(1, attempts + 1):
            lasts_s = round(rng.lognormvariate(0.6, 0.5), 3)
            seen = make_observation(site, attempt, started_s=at_s[slot], slot=f"slot-{slot + 1}", lasts_s=lasts_s)
            if 0.05 <= chance < 0.06:
                seen = replace(seen, outcome=Outcome.UNREACHABLE, detection=None, detail="connection refused")
            yield VisitStarted(site=site, attempt=attempt, slot=seen.slot, hub=seen.hub, at_s=at_s[slot])
            yield Observed(observation=seen)
            at_s[slot] = round(at_s[slot] + lasts_s, 3)
            for check in CHECKS:
                yield Judged(result=_judge(check, seen, is_failing=chance < 0.03 or (chance < 0.05 and attempt == 1)))
        if place % 4 == 3:
            yield ChunkEnded(chunk=place // 4, slot=f"slot-{slot + 1}", hub="http://hub-1:4444", at_s=at_s[slot])
    yield RunEnded(exit_code=1, at_s=max(at_s), reason="finished")


def _judge(check: str, seen: Observation, *, is_failing: bool) -> Result:
    is_first = check == CHECKS[0]
    if seen.outcome is not Outcome.OBSERVED:
        status, message = (Status.FAILED, "unreachable") if is_first else (Status.SKIPPED, "unreachable")
    elif is_failing and is_first:
        status, message = Status.FAILED, f"{seen.site}: expected a login form, none was found (best score 0.31)"
    else:
        status, message = Status.PASSED, ""
    details = "E   AssertionError: no login form\n" * 12 if status is Status.FAILED else ""
    return Result(
        check=check,
        site=seen.site,
        attempt=seen.attempt,
        status=status,
        message=message,
        details=details,
        duration_s=0.00021,
    )
