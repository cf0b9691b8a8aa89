"""Run folders of shards as CI machines leave them, written by hand: no browser is needed to merge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from gridrunner import codec
from gridrunner.model import Observation, Outcome, Plan, Result, Site, SourceLine, Status, Timings
from gridrunner.planning.plan import make_plan
from gridrunner.planning.shards import cut_shard
from gridrunner.results.journal.events import Event, JournalHeader, Judged, Observed, RunEnded, VisitStarted
from gridrunner.results.journal.planfile import write_plan

CHECK = "test_login_form.py::test_login_is_found"


def plan_sites(count: int) -> Plan:
    """A plan of one check at `count` sites, site-1 on line 3 of sites.yaml."""
    sites = [
        Site(
            id=f"site-{number}",
            url=f"https://site-{number}.example/login",
            source=SourceLine(file="sites.yaml", line=number + 2),
        )
        for number in range(1, count + 1)
    ]
    return make_plan(sites, [CHECK], {})


def write_shard(
    folder: Path,
    plan: Plan,
    shard: tuple[int, int],
    failures: Mapping[str, str] | None = None,
    *,
    stops_after: int = -1,
) -> Path:
    """The run folder of one shard; `failures` are messages by site. It was killed after `stops_after` visits."""
    cut = cut_shard(plan, *shard)
    header = JournalHeader(run=f"run-{shard[0]}", plan=plan.hash, started=f"2026-11-24T08:00:0{shard[0]}+00:00")
    events: list[Event] = []
    for number, site in enumerate(cut.shard_sites or ()):
        events.append(VisitStarted(site=site, attempt=1, slot="slot-1", at_s=float(number)))
        if number == stops_after:
            break
        message = (failures or {}).get(site, "")
        events.append(
            Observed(
                observation=Observation(
                    site=site,
                    attempt=1,
                    outcome=Outcome.OBSERVED,
                    slot="slot-1",
                    started_s=float(number),
                    screenshot_path=f"evidence/{site}/screenshot-1.webp" if message else None,
                    timings=Timings(total_s=1.0),
                )
            )
        )
        status = Status.FAILED if message else Status.PASSED
        events.append(Judged(result=Result(check=CHECK, site=site, attempt=1, status=status, message=message)))
        if message:
            picture = folder / "evidence" / site / "screenshot-1.webp"
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.write_bytes(b"RIFF")
    if stops_after < 0:
        events.append(RunEnded(exit_code=0, at_s=float(len(events)), reason="finished"))
    folder.mkdir(parents=True, exist_ok=True)
    write_plan(folder / "plan.json", cut)
    lines = [codec.encode(header), *(codec.encode(event) for event in events)]
    (folder / "journal.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return folder
