"""Reads the runs that a drift is told of, and finds what differs site by site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from gridrunner.archive.seen import list_differences, see
from gridrunner.archive.traffic import ARCHIVE_PROBE
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.errors import UsageError
from gridrunner.model import Facts, Observation, Verdict
from gridrunner.results.record import RunRecord, load_run
from gridrunner.results.verdicts.drift import SiteDrift, State, is_broken_by_us, state_of, tell_drift

SHOWN: int = 5
"""Addresses per site that a replay asked for in vain."""


class DriftRun(Struct, frozen=True, kw_only=True):
    """A run as a drift sees it: verdicts and newest visits by site; `replayed` is the run that made its archive, "" for
    a live run.
    """

    folder: Path
    name: str
    verdicts: Mapping[str, Verdict]
    visits: Mapping[str, Observation]
    replayed: str = ""


def read_drift_run(folder: Path) -> DriftRun:
    """A run, from its folder. Raises RunFolderError."""
    record = load_run(folder)
    visits = _newest_visits(record)
    probes = [_probe_of(visit) for visit in visits.values()]
    return DriftRun(
        folder=folder,
        name=record.header.run,
        verdicts={found.site.id: found.verdict for found in record.site_verdicts()},
        visits=visits,
        replayed=next((str(probe["of"]) for probe in probes if probe.get("of")), "") if any(probes) else "",
    )


def _newest_visits(record: RunRecord) -> dict[str, Observation]:
    newest = {}
    for site, visits in record.observations.items():
        for visit in visits:
            newest[site] = visit
    return newest


def _probe_of(visit: Observation | None) -> Mapping[str, Any]:
    probe = visit.probes.get(ARCHIVE_PROBE) if visit is not None else None
    return probe if isinstance(probe, Mapping) else {}


def find_drifts(live: DriftRun, replay: DriftRun, reference: DriftRun | None) -> tuple[SiteDrift, ...]:
    """What happened to each site that the replay has. Raises UsageError where the runs do not belong together."""
    if not replay.replayed:
        raise UsageError(
            f"{replay.folder} is no replay: nothing in it was served out of an archive",
            hint="gridrunner run --replay ARCHIVE makes one; gridrunner drift LIVE REPLAY",
        )
    if reference is None:
        if live.name != replay.replayed:
            raise UsageError(
                f"{replay.folder} replays the archive of run {replay.replayed}, and {live.folder} is run {live.name}: "
                "what the version before said of these pages is not known",
                hint=f"name the run that recorded them, or a replay by the version before: --reference "
                f"runs/{replay.replayed}",
            )
        return tuple(_tell(site, live, replay, None) for site in replay.verdicts)
    if replay.replayed not in {reference.name, reference.replayed}:
        raise UsageError(
            f"--reference {reference.folder}: it neither recorded the archive of {replay.folder} nor replays it",
            hint=f"name run {replay.replayed}, or a replay of its archive by the version before",
        )
    return tuple(_tell(site, reference, replay, live) for site in replay.verdicts)


def _tell(site: str, reference: DriftRun, replay: DriftRun, live: DriftRun | None) -> SiteDrift:
    before, now = state_of(reference.verdicts.get(site)), state_of(replay.verdicts.get(site))
    today = state_of(live.verdicts.get(site)) if live is not None else None
    return SiteDrift(
        site=site,
        drift=tell_drift(before, now, today),
        reference=before,
        replay=now,
        live=today,
        is_broken=is_broken_by_us(before, now),
        ours=_differences(site, reference, replay),
        theirs=_differences(site, replay, live) if live is not None and today is not State.NONE else (),
        missing=tuple(sorted(_probe_of(replay.visits.get(site)).get("missing", {})))[:SHOWN],
    )


def _differences(site: str, older: DriftRun, newer: DriftRun) -> tuple[str, ...]:
    before, now = older.visits.get(site), newer.visits.get(site)
    if before is None or now is None:
        return ()
    seen_before = see(before, _facts_of(older.folder, before))
    return tuple(list_differences(seen_before, see(now, _facts_of(newer.folder, now))))


def _facts_of(folder: Path, visit: Observation) -> Facts | None:
    """What the probes saw, where it is still there."""
    if visit.facts_path is None:
        return None
    try:
        return EvidenceStore(run_folder=folder).read_facts(visit.facts_path)
    except (OSError, ValueError):
        return None
