"""What report.html knows of a run, as plain JSON. Pure. The invariant: everything is bounded: each text, each list and
the whole, and whatever is left out is counted.

Rows are small and there for every site; details (attempts, forms, evidence) are larger and are given out failed sites
first until `DETAILS_BYTES` is spent. The names of the keys are read by `assets/*.js`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from gridrunner import codec
from gridrunner.model import (
    Verdict,
)
from gridrunner.planning.plan import owed_sites
from gridrunner.results.baseline import Baseline
from gridrunner.results.journal.events import SessionChange
from gridrunner.results.record import RunRecord, exit_code_of
from gridrunner.results.reports.again import list_kept_options
from gridrunner.results.reports.earlier import Earlier
from gridrunner.results.reports.html.details import describe_before, describe_site, hub_of, line_of, list_shown
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.results.verdicts.causes import DETECTOR_CHECK_FILE, describe_check, find_culprit, key_of, title_of
from gridrunner.results.verdicts.scores import DetectorScore, answers_of, describe_answer, state_of
from gridrunner.results.verdicts.settling import is_red, rank_of
from gridrunner.text import natural_key, redact_url

DETAILS_BYTES = 16 << 20
"""Bytes of JSON for details. 10,000 sites with a form each take about that; Chromium reads it in 0.3 s (measured
2026-11-24), when the first site is opened and not before."""

PICTURE_PROPERTY = "screenshot"
"""By which a failed live check names its picture (`judging.items`)."""

NOTES_LIMIT = 200  # decisions and faults of the grid


class ReportData(Struct, frozen=True, kw_only=True):
    """The JSON of a report. `rows` are encoded, in plan order; `details`, encoded, are keyed by the site's place in
    them; `screenshots` are paths relative to the run folder, the most urgent first.
    """

    run: Mapping[str, Any]
    rows: Sequence[bytes]
    details: Mapping[str, bytes]
    timeline: Mapping[str, Any]
    screenshots: tuple[str, ...]


class _Detail(Struct, frozen=True, kw_only=True):
    place: int
    data: bytes
    pictures: tuple[str, ...]


class ReportCollector:
    """Takes the sites of a run one at a time, in plan order, and keeps of them what the report shows: of details no
    more than `DETAILS_BYTES` for sites as urgent and more urgent together. `previous` is the run it is compared with,
    `earlier` the one whose pages are shown beside those of sites that failed.
    """

    def __init__(self, previous: Baseline | None = None, earlier: Earlier | None = None) -> None:
        self._previous = previous
        self._earlier = earlier
        self._before = previous.sites if previous is not None else {}
        self._cases_before = previous.cases if previous is not None else {}
        self._rows: list[bytes] = []
        self._details: dict[int, list[_Detail]] = {urgency: [] for urgency in range(len(Verdict))}
        self._room = dict.fromkeys(self._details, DETAILS_BYTES)
        self._lanes: dict[tuple[str, str], int] = {}
        self._visits: list[tuple[int, int, float, float, int]] = []

    def add(self, site: SiteVerdict) -> None:
        """Take the next site."""
        place = len(self._rows)
        row = _describe_row(site, self._before.get(site.site.id))
        if change := _name_detector_change(site, self._cases_before):
            row["yoursChange"] = change
        self._rows.append(codec.encode(row))
        for visit in site.observations:
            lane = self._lanes.setdefault((visit.hub, visit.slot), len(self._lanes))
            started_s, total_s = round(visit.started_s, 2), round(visit.timings.total_s, 2)
            self._visits.append((lane, place, started_s, total_s, visit.attempt))
        urgency = rank_of(site.verdict)
        if self._room[urgency] >= 0:
            self._keep_detail(site, place, urgency)

    def _keep_detail(self, site: SiteVerdict, place: int, urgency: int) -> None:
        detail = describe_site(site)
        visit = self._earlier.find_visit(site.site.id) if self._earlier is not None and _is_compared(site) else None
        if visit is not None and self._earlier is not None:
            detail["before"] = describe_before(visit, site.site, self._earlier)
        data = codec.encode(detail)
        pictures = tuple(visit.screenshot_path for visit in list_shown(site) if visit.screenshot_path)
        pictures += tuple(
            value
            for case in site.cases
            for result in case.attempts
            for name, value in result.properties
            if name == PICTURE_PROPERTY
        )
        self._details[urgency].append(_Detail(place=place, data=data, pictures=pictures))
        for other in self._room:
            if other >= urgency:
                self._room[other] -= len(data)

    def finish(self, record: RunRecord) -> ReportData:
        """What the report shows of `record`, all sites of which were taken."""
        details: dict[str, bytes] = {}
        screenshots: list[str] = []
        further: list[str] = []
        room = DETAILS_BYTES
        for detail in (detail for kept in self._details.values() for detail in kept):
            room -= len(detail.data)
            if room < 0:
                break
            details[str(detail.place)] = detail.data
            screenshots += detail.pictures[:1]
            further += detail.pictures[1:]
        return ReportData(
            run=_describe_run(record, self._previous),
            rows=self._rows,
            details=details,
            timeline=self._describe_timeline(record),
            screenshots=(*screenshots, *further),
        )

    def _describe_timeline(self, record: RunRecord) -> dict[str, Any]:
        lanes = dict(self._lanes)
        openings = [
            (
                lanes.setdefault((event.hub, event.slot), len(lanes)),
                round(max(0.0, event.at_s - event.duration_s), 2),
                round(event.duration_s, 2),
            )
            for event in record.sessions
            if event.change is SessionChange.OPENED
        ]
        ordered = sorted(lanes, key=lambda lane: (lane not in self._lanes, lane[0], natural_key(lane[1])))
        place_of = {lanes[lane]: place for place, lane in enumerate(ordered)}
        return {
            "wall": round(record.last_at_s, 2),
            "lanes": [{"hub": hub_of(hub), "slot": line_of(slot)} for hub, slot in ordered],
            "visits": [(place_of[lane], *visit) for lane, *visit in self._visits],
            "openings": [(place_of[lane], *opening) for lane, *opening in openings],
        }


def _describe_run(record: RunRecord, previous: Baseline | None) -> dict[str, Any]:
    digest = record.digest()
    totals, groups = digest.totals, digest.groups
    index_of = {planned.site.id: index for index, planned in enumerate(owed_sites(record.plan))} if groups else {}
    header = record.header
    return {
        "id": line_of(header.run),
        "previous": line_of(previous.run) if previous is not None else "",
        "plan": header.plan[:12],
        "started": header.started,
        "version": header.version,
        "command": [line_of(word) for word in header.command],
        "shard": list(record.plan.shard) if record.plan.shard else None,
        "merged": [line_of(run) for run in header.merged_from],
        "exit": exit_code_of(record),
        "reason": line_of(record.ended.reason) if record.ended is not None else "",
        "warnings": [line_of(text) for text in (*record.warnings, *header.damaged)],
        "sites": {str(verdict): count for verdict, count in totals.sites.items()},
        "cases": {str(verdict): count for verdict, count in totals.cases.items()},
        "wall": round(totals.wall_s, 2),
        "busy": round(totals.busy_s, 2),
        "slots": totals.slots,
        "utilisation": round(totals.utilisation, 4) if totals.utilisation is not None else None,
        "sessions": totals.sessions,
        "faults": totals.faults,
        "failedFirst": totals.failed_first,
        "again": [line_of(word) for word in list_kept_options(header.command)],
        "detectors": [_describe_score(score) for score in digest.scores.detectors],
        "differing": digest.scores.differing,
        "checks": [{"id": line_of(check), "name": line_of(describe_check(check))} for check in record.plan.checks],
        "causes": [
            {
                "key": group.key,
                "title": line_of(group.title),
                "verdict": group.verdict,
                "sites": [index_of[case.site.id] for case in group.cases],
            }
            for group in groups
        ],
        "notes": [{"at": round(note.at_s, 1), "text": line_of(note.text)} for note in record.decisions[:NOTES_LIMIT]],
        "gridFaults": [
            {
                "at": round(fault.at_s, 1),
                "text": f"{fault.fault.kind.value}: {line_of(fault.fault.message)}",
                "where": line_of(" ".join(part for part in (fault.hub, fault.slot, fault.site or "") if part)),
            }
            for fault in record.faults[:NOTES_LIMIT]
        ],
    }


def _describe_score(score: DetectorScore) -> dict[str, Any]:
    return {
        "name": line_of(score.name),
        "asked": score.asked,
        "answered": score.answered,
        "compared": score.compared,
        "right": score.right,
        "points": score.points,
        "byList": score.by_list,
        "roles": [[role, counts.right, counts.wrong, counts.missed] for role, counts in score.roles.items()],
        "groups": [[group.kind, line_of(group.name), group.sites, group.right] for group in score.groups],
        "mean": score.mean_s,
        "slowest": score.slowest_s,
    }


def _describe_row(site: SiteVerdict, before: Verdict | None) -> dict[str, Any]:
    culprit = find_culprit(site)
    visit = next(iter(list_shown(site)), None)
    form = visit.detection.best_form if visit is not None and visit.detection is not None else None
    row: dict[str, Any] = {
        "id": site.site.id,
        "url": line_of(redact_url(site.site.url)),
        "verdict": site.verdict,
        "busy": round(site.busy_s, 2),
        "tries": len(site.observations),
    }
    optional = {
        "locale": line_of(site.site.locale or ""),
        "tags": [line_of(tag) for tag in site.site.tags],
        "hubs": sorted({hub_of(tried.hub) for tried in site.observations if tried.hub}),
        "kind": str(form.kind) if form is not None else "",
        "key": key_of(culprit) if culprit is not None and is_red(site.verdict) else "",
        "cause": line_of(title_of(culprit)) if culprit is not None else "",
        "why": line_of(culprit.reason) if culprit is not None else "",
        "title": line_of(visit.title) if visit is not None else "",
        "change": _name_change(before, site.verdict),
        "yours": {
            line_of(answer.name): [state_of(answer), line_of(describe_answer(answer))] for answer in answers_of(site)
        },
    }
    return row | {key: value for key, value in optional.items() if value}


def _is_compared(site: SiteVerdict) -> bool:
    """Whether what it was before is looked at: it failed, be it at first or under a quarantine."""
    return site.verdict in {Verdict.FAILED, Verdict.FLAKY} or any(case.held is not None for case in site.cases)


def _name_detector_change(site: SiteVerdict, before: Mapping[tuple[str, str], Verdict]) -> str:
    """What became of the check of the user's detector since the run that this one is compared with."""
    case = next((case for case in site.cases if case.check.startswith(f"{DETECTOR_CHECK_FILE}::")), None)
    return _name_change(before.get((case.check, site.site.id)), case.verdict) if case is not None else ""


def _name_change(before: Verdict | None, now: Verdict) -> str:
    if before is None or is_red(before) == is_red(now):
        return ""
    return "broken" if is_red(now) else "fixed"
