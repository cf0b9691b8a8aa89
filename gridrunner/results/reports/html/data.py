"""What report.html knows of a run, as plain JSON. Pure. The invariant: everything is bounded: each text, each list and
the whole, and whatever is left out is counted.

Rows are small and there for every site; details (attempts, forms, evidence) are larger and are given out failed sites
first until `DETAILS_BYTES` is spent. The names of the keys are read by `assets/*.js`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from msgspec import Struct

from gridrunner import codec
from gridrunner.model import (
    PHASES,
    Detection,
    Element,
    Expectation,
    Form,
    FormKind,
    Observation,
    Outcome,
    Site,
    Timings,
    Verdict,
)
from gridrunner.planning.plan import owed_sites
from gridrunner.results.baseline import Baseline
from gridrunner.results.journal.events import SessionChange
from gridrunner.results.record import RunRecord, exit_code_of
from gridrunner.results.verdicts.cases import CaseVerdict, SiteVerdict, name_outcome
from gridrunner.results.verdicts.causes import describe_check, find_culprit, key_of, title_of
from gridrunner.results.verdicts.settling import is_red, rank_of
from gridrunner.text import cap_text, clean_text, make_line, natural_key, redact_url

DETAILS_BYTES = 16 << 20
"""Bytes of JSON for details. 10,000 sites with a form each take about that; Chromium reads it in 0.3 s (measured
2026-11-24), when the first site is opened and not before."""

SHORT = 64
"""Hubs, slots, locales, selectors and titles are short, and the same at thousands of sites: they are cleaned once."""

LINE_LIMIT = 300
EXPLANATION_LIMIT = 4_000  # a traceback of some 40 lines; junit.xml has four times as much
EVENTS_LIMIT = 25
FORMS_LIMIT = 5
FIELDS_LIMIT = 16
EVIDENCE_LIMIT = 12
WAITS_LIMIT = 12
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
    screenshot: str | None


class ReportCollector:
    """Takes the sites of a run one at a time, in plan order, and keeps of them what the report shows: of details no
    more than `DETAILS_BYTES` for sites as urgent and more urgent together. `previous` is the run it is compared with.
    """

    def __init__(self, previous: Baseline | None = None) -> None:
        self._previous = previous
        self._before = previous.sites if previous is not None else {}
        self._rows: list[bytes] = []
        self._details: dict[int, list[_Detail]] = {urgency: [] for urgency in range(len(Verdict))}
        self._room = dict.fromkeys(self._details, DETAILS_BYTES)
        self._lanes: dict[tuple[str, str], int] = {}
        self._visits: list[tuple[int, int, float, float, int]] = []

    def add(self, site: SiteVerdict) -> None:
        """Take the next site."""
        place = len(self._rows)
        self._rows.append(codec.encode(_describe_row(site, self._before.get(site.site.id))))
        for visit in site.observations:
            lane = self._lanes.setdefault((visit.hub, visit.slot), len(self._lanes))
            started_s, total_s = round(visit.started_s, 2), round(visit.timings.total_s, 2)
            self._visits.append((lane, place, started_s, total_s, visit.attempt))
        urgency = rank_of(site.verdict)
        if self._room[urgency] >= 0:
            self._keep_detail(site, place, urgency)

    def _keep_detail(self, site: SiteVerdict, place: int, urgency: int) -> None:
        data = codec.encode(_describe_site(site))
        visit = find_shown(site)
        screenshot = visit.screenshot_path if visit is not None else None
        self._details[urgency].append(_Detail(place=place, data=data, screenshot=screenshot))
        for other in self._room:
            if other >= urgency:
                self._room[other] -= len(data)

    def finish(self, record: RunRecord) -> ReportData:
        """What the report shows of `record`, all sites of which were taken."""
        details: dict[str, bytes] = {}
        screenshots: list[str] = []
        room = DETAILS_BYTES
        for detail in (detail for kept in self._details.values() for detail in kept):
            room -= len(detail.data)
            if room < 0:
                break
            details[str(detail.place)] = detail.data
            if detail.screenshot:
                screenshots.append(detail.screenshot)
        return ReportData(
            run=_describe_run(record, self._previous),
            rows=self._rows,
            details=details,
            timeline=self._describe_timeline(record),
            screenshots=tuple(screenshots),
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
            "lanes": [{"hub": _hub_line(hub), "slot": _line(slot)} for hub, slot in ordered],
            "visits": [(place_of[lane], *visit) for lane, *visit in self._visits],
            "openings": [(place_of[lane], *opening) for lane, *opening in openings],
        }


def find_shown(site: SiteVerdict) -> Observation | None:
    """The visit whose picture stands for a site: the last one with a screenshot, else the last that got there."""
    shots = [visit for visit in site.observations if visit.screenshot_path]
    reached = [visit for visit in site.observations if visit.outcome is not None]
    return next((group[-1] for group in (shots, reached, site.observations) if group), None)


def _describe_run(record: RunRecord, previous: Baseline | None) -> dict[str, Any]:
    digest = record.digest()
    totals, groups = digest.totals, digest.groups
    index_of = {planned.site.id: index for index, planned in enumerate(owed_sites(record.plan))} if groups else {}
    header = record.header
    return {
        "id": _line(header.run),
        "previous": _line(previous.run) if previous is not None else "",
        "plan": header.plan[:12],
        "started": header.started,
        "version": header.version,
        "command": [_line(word) for word in header.command],
        "shard": list(record.plan.shard) if record.plan.shard else None,
        "merged": [_line(run) for run in header.merged_from],
        "exit": exit_code_of(record),
        "reason": _line(record.ended.reason) if record.ended is not None else "",
        "warnings": [_line(text) for text in (*record.warnings, *header.damaged)],
        "sites": {str(verdict): count for verdict, count in totals.sites.items()},
        "cases": {str(verdict): count for verdict, count in totals.cases.items()},
        "wall": round(totals.wall_s, 2),
        "busy": round(totals.busy_s, 2),
        "slots": totals.slots,
        "utilisation": round(totals.utilisation, 4) if totals.utilisation is not None else None,
        "sessions": totals.sessions,
        "faults": totals.faults,
        "failedFirst": totals.failed_first,
        "checks": [{"id": _line(check), "name": _line(describe_check(check))} for check in record.plan.checks],
        "causes": [
            {
                "key": group.key,
                "title": _line(group.title),
                "verdict": group.verdict,
                "sites": [index_of[case.site.id] for case in group.cases],
            }
            for group in groups
        ],
        "notes": [{"at": round(note.at_s, 1), "text": _line(note.text)} for note in record.decisions[:NOTES_LIMIT]],
        "gridFaults": [
            {
                "at": round(fault.at_s, 1),
                "text": f"{fault.fault.kind.value}: {_line(fault.fault.message)}",
                "where": _line(" ".join(part for part in (fault.hub, fault.slot, fault.site or "") if part)),
            }
            for fault in record.faults[:NOTES_LIMIT]
        ],
    }


def _describe_row(site: SiteVerdict, before: Verdict | None) -> dict[str, Any]:
    culprit = find_culprit(site)
    visit = find_shown(site)
    form = visit.detection.best_form if visit is not None and visit.detection is not None else None
    row: dict[str, Any] = {
        "id": site.site.id,
        "url": _line(redact_url(site.site.url)),
        "verdict": site.verdict,
        "busy": round(site.busy_s, 2),
        "tries": len(site.observations),
    }
    optional = {
        "locale": _line(site.site.locale or ""),
        "tags": [_line(tag) for tag in site.site.tags],
        "hubs": sorted({_hub_line(tried.hub) for tried in site.observations if tried.hub}),
        "kind": str(form.kind) if form is not None else "",
        "key": key_of(culprit) if culprit is not None and is_red(site.verdict) else "",
        "cause": _line(title_of(culprit)) if culprit is not None else "",
        "why": _line(culprit.reason) if culprit is not None else "",
        "title": _line(visit.title) if visit is not None else "",
        "change": _name_change(before, site.verdict),
    }
    return row | {key: value for key, value in optional.items() if value}


def _name_change(before: Verdict | None, now: Verdict) -> str:
    if before is None or is_red(before) == is_red(now):
        return ""
    return "broken" if is_red(now) else "fixed"


def _describe_site(site: SiteVerdict) -> dict[str, Any]:
    visit = find_shown(site)
    source = site.site.source
    return {
        "source": f"{source.file}:{source.line}" if source is not None else "",
        "list": source.file if source is not None else "",
        "expect": _describe_expectation(site.site),
        "checks": [_describe_case(case) for case in site.cases],
        "tries": [_describe_try(tried) for tried in site.observations],
        "shown": _describe_page(visit) if visit is not None else None,
    }


def _describe_expectation(site: Site) -> dict[str, Any]:
    expect: Expectation = site.expect
    described = {
        "login": str(expect.login or ""),
        "username": _line(expect.username or ""),
        "password": _line(expect.password or ""),
        "submit": _line(expect.submit or ""),
        "sso": [_line(name) for name in expect.sso],
        "outcome": "" if expect.outcome is Outcome.OBSERVED else str(expect.outcome),
    }
    return {key: value for key, value in described.items() if value}


def _describe_case(case: CaseVerdict) -> dict[str, Any]:
    return {
        "verdict": case.verdict,
        "why": _line(case.reason),
        "tries": [
            {
                "attempt": result.attempt,
                "status": result.status,
                "why": _line(result.message),
                "details": cap_text(clean_text(result.details), EXPLANATION_LIMIT),
            }
            for result in case.attempts
            if case.verdict is not Verdict.PASSED
        ],
    }


def _describe_try(visit: Observation) -> dict[str, Any]:
    timings = visit.timings
    return {
        "attempt": visit.attempt,
        "outcome": name_outcome(visit),
        "fault": visit.fault is not None,
        "detail": _line(visit.fault.message if visit.fault is not None else visit.detail),
        "status": visit.http_status,
        "ready": str(visit.ready_by or ""),
        "hub": _hub_line(visit.hub),
        "node": _line(visit.node),
        "slot": _line(visit.slot),
        "session": _line(visit.session),
        "at": round(visit.started_s, 2),
        "total": round(timings.total_s, 3),
        "phases": [[phase, round(getattr(timings, f"{phase}_s"), 3)] for phase in PHASES],
        "waits": [[_line(cause), round(waited_s, 3)] for cause, waited_s in _list_waits(timings)],
    }


def _list_waits(timings: Timings) -> list[tuple[str, float]]:
    """What readiness waited for, longest first."""
    return sorted(timings.waits.items(), key=lambda wait: -wait[1])[:WAITS_LIMIT]


def _describe_page(visit: Observation) -> dict[str, Any]:
    detection = visit.detection
    return {
        "attempt": visit.attempt,
        "url": _line(redact_url(visit.url)),
        "title": _line(visit.title),
        "shot": visit.screenshot_path or "",
        "capture": visit.capture_path or "",
        "facts": visit.facts_path or "",
        "viewport": list(visit.viewport),
        "events": [{"kind": _line(event.kind), "text": _line(event.text)} for event in visit.events[:EVENTS_LIMIT]],
        "moreEvents": max(0, len(visit.events) - EVENTS_LIMIT),
        "found": _describe_detection(detection) if detection is not None else None,
    }


def _describe_detection(detection: Detection) -> dict[str, Any]:
    point = detection.insertion_point
    best = detection.best_form
    shown = [best] if best is not None else []
    shown += [form for form in detection.forms if form is not best]
    return {
        "login": detection.login_present,
        "confidence": round(detection.confidence, 3),
        "evidence": _lines(detection.evidence),
        "hidden": _lines(detection.hidden),
        "sso": [_line(provider.name) for provider in detection.sso],
        "forms": [_describe_form(form) for form in shown[:FORMS_LIMIT]],
        "moreForms": max(0, len(shown) - FORMS_LIMIT),
        "point": {
            "side": _line(point.side),
            "box": _box(point.box),
            "anchor": _line(point.anchor.selector),
            "covers": _lines(point.covers),
            "usable": point.is_usable,
            "evidence": _lines(point.evidence),
        }
        if point is not None
        else None,
    }


def _describe_form(form: Form) -> dict[str, Any]:
    return {
        "kind": form.kind,
        "isLogin": form.kind is FormKind.LOGIN,
        "score": round(form.score, 3),
        "loginScore": round(form.login_score, 3),
        "step": str(form.step or ""),
        "box": _box(form.box),
        "frame": _line(form.frame),
        "username": _describe_element(form.username),
        "password": _describe_element(form.password_current),
        "submit": _describe_element(form.submit),
        "fields": [
            {"role": field.role, "score": round(field.score, 3), "selector": _line(field.element.selector)}
            for field in form.fields[:FIELDS_LIMIT]
        ],
        "evidence": _lines(form.evidence),
    }


def _describe_element(element: Element | None) -> dict[str, Any] | None:
    if element is None:
        return None
    return {"selector": _line(element.selector), "label": _line(element.label), "box": _box(element.box)}


def _box(box: Any) -> list[float] | None:
    return [round(box.x, 1), round(box.y, 1), round(box.width, 1), round(box.height, 1)] if box is not None else None


def _line(text: str) -> str:
    return _short_line(text) if len(text) <= SHORT else make_line(text, LINE_LIMIT)


@lru_cache(maxsize=4096)
def _short_line(text: str) -> str:
    return make_line(text, LINE_LIMIT)


@lru_cache(maxsize=256)  # far fewer hubs than visits
def _hub_line(hub: str) -> str:
    return _line(redact_url(hub))


def _lines(texts: Sequence[str]) -> list[str]:
    return [_line(text) for text in texts[:EVIDENCE_LIMIT]]
