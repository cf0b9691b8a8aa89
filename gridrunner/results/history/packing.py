"""Entries of a history from runs, as bytes and back. The bytes may be another's: they are unpacked within bounds."""

from __future__ import annotations

import gzip
from collections import Counter

from msgspec import Struct

from gridrunner import codec
from gridrunner.foreign import unpack_gzip
from gridrunner.model import Observation, Status, Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry
from gridrunner.results.record import RunRecord, exit_code_of
from gridrunner.results.verdicts.cases import SiteVerdict, name_outcome
from gridrunner.results.verdicts.causes import find_culprit, title_of
from gridrunner.text import make_line, redact_url

MOST_ENTRY_BYTES = 256 << 20
"""Of one entry, unpacked. 5,000 sites have 1 MB (measured 2026-11-30), 100,000 of the longest reasons 60 MB."""

WHY_LIMIT = 160
"""Characters of a reason that are kept, for as many runs as the history has: the run itself has all of it."""


def make_entry(record: RunRecord, *, place: str = "", group: str = "") -> RunEntry:
    """What is kept of `record`: every site that was visited or judged."""
    detectors: Counter[str] = Counter()
    sites = []
    for site in record.site_verdicts():
        if site.observations or any(case.attempts for case in site.cases):
            sites.append(_describe_site(site))
            detectors.update(
                [visit.detection.weights_version for visit in site.observations[-1:] if visit.detection is not None]
            )
    header = record.header
    return RunEntry(
        run=header.run,
        started=header.started,
        plan=record.plan.hash,
        sites=tuple(sites),
        version=header.version,
        detector=detectors.most_common(1)[0][0] if detectors else "",
        wall_s=round(record.last_at_s, 2),
        exit_code=exit_code_of(record),
        place=place,
        group=group,
        shard=record.plan.shard,
        merged_from=header.merged_from,
    )


def _describe_site(site: SiteVerdict) -> SiteEntry:
    last = site.observations[-1] if site.observations else None
    culprit = find_culprit(site)
    is_held = any(case.held is not None for case in site.cases)
    why = "" if culprit is None else (culprit.held or culprit.reason)
    return SiteEntry(
        site=site.site.id,
        visits=tuple([_describe_visit(visit) for visit in site.observations]),
        verdict=site.verdict,
        first=_name_first(site),
        status=(last.http_status or 0) if last is not None else 0,
        wall=make_line(last.blocked_by, 40) if last is not None else "",
        cause=make_line(title_of(culprit), WHY_LIMIT) if culprit is not None else "",
        why=make_line(why, WHY_LIMIT),
        shot=next((seen.screenshot_path for seen in reversed(site.observations) if seen.screenshot_path), ""),
        is_quarantined=site.site.quarantine is not None,
        is_held=is_held,
        url=make_line(redact_url(site.site.url)),
        locale=make_line(site.site.locale or "", 40),
        tags=tuple([make_line(tag, 40) for tag in site.site.tags]),
    )


def _describe_visit(visit: Observation) -> VisitEntry:
    return VisitEntry(round(visit.timings.total_s, 2), name_outcome(visit))


def _name_first(site: SiteVerdict) -> str:
    firsts = {case.attempts[0].status for case in site.cases if case.attempts}
    if Status.FAILED in firsts:
        return "failed"
    return "passed" if Status.PASSED in firsts else ""


def pack_entry(entry: RunEntry) -> bytes:
    """An entry as bytes; the same entry gives the same bytes."""
    return gzip.compress(codec.encode(entry), 6, mtime=0)


def unpack_entry(data: bytes) -> RunEntry:
    """The way back. Raises OSError for what was not packed here, BrokenJsonError for what is no entry."""
    return codec.decode(unpack_gzip(data, most_bytes=MOST_ENTRY_BYTES), RunEntry)


class VisitsOfSite(Struct, frozen=True, array_like=True):
    """The beginning of a SiteEntry, which is all that planning wants: read in half the time."""

    site: str
    visits: tuple[VisitEntry, ...]


class VisitsOfRun(Struct, frozen=True, kw_only=True):
    """Of a RunEntry what planning wants."""

    sites: tuple[VisitsOfSite, ...]


def unpack_visits(data: bytes) -> tuple[VisitsOfSite, ...]:
    """The visits of a packed entry. Raises as `unpack_entry`."""
    return codec.decode(unpack_gzip(data, most_bytes=MOST_ENTRY_BYTES), VisitsOfRun).sites


def is_newer(entry: RunEntry, other: RunEntry) -> bool:
    """Whether `entry` knows more than `other` of the same run: a run that was resumed tells of more visits."""
    return (_weigh(entry), entry.wall_s, pack_entry(entry)) > (_weigh(other), other.wall_s, pack_entry(other))


def _weigh(entry: RunEntry) -> int:
    return sum([len(site.visits) + (site.verdict is not Verdict.NOT_RUN) for site in entry.sites])
