"""What report.html tells of one site, as plain JSON: what was expected, what each check and each visit came to, and
what was seen in those visits, the one that is told first. Pure; each text and each list is bounded. The names of the
keys are read by `assets/detail.js`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dom_probes.suite.comparison import KNOWN, Answer, compare_detectors
from gridrunner import codec
from gridrunner.model import (
    EXPECTED_PROBE,
    PHASES,
    Detection,
    Element,
    Expectation,
    Form,
    FormKind,
    Observation,
    Outcome,
    Site,
    Status,
    Timings,
    Verdict,
)
from gridrunner.results.reports.earlier import Earlier
from gridrunner.results.verdicts.cases import CaseVerdict, SiteVerdict, name_outcome
from gridrunner.results.verdicts.causes import find_culprit
from gridrunner.text import cap_text, clean_text, make_line, redact_url

SHORT = 64
"""Hubs, slots, locales, selectors and titles are short, and the same at thousands of sites: they are cleaned once."""

LINE_LIMIT = 300
EXPLANATION_LIMIT = 4_000  # a traceback of some 40 lines; junit.xml has four times as much
EVENTS_LIMIT = 25
FORMS_LIMIT = 5
FIELDS_LIMIT = 16
EVIDENCE_LIMIT = 12
WAITS_LIMIT = 12
WORDS_LIMIT = 8  # further words of a detector's answer

MOST_PX = 1e6  # of a place on a page

PAGES_LIMIT = 3
"""Visits of a site that are shown with picture, facts and console; there are two unless --retries says more."""


def list_shown(site: SiteVerdict) -> list[Observation]:
    """The visits that are shown, the one first that stands for the site: of a site that is not green the one whose
    failure is told, else the last one with a picture, or the last that got there.
    """
    reached = [visit for visit in site.observations if visit.outcome is not None] or list(site.observations)
    shots = [visit for visit in reached if visit.screenshot_path]
    first = _find_told(site, reached) or next((group[-1] for group in (shots, reached) if group), None)
    if first is None:
        return []
    return [first, *(visit for visit in reached[::-1] if visit is not first)][:PAGES_LIMIT]


def _find_told(site: SiteVerdict, visits: Sequence[Observation]) -> Observation | None:
    """The visit whose failure is the reason of a verdict: of a flaky check the first, else the last."""
    culprit = find_culprit(site)
    failed = [result.attempt for result in culprit.attempts if result.status is Status.FAILED] if culprit else []
    if culprit is None or not failed:
        return None
    told = failed[0] if culprit.verdict is Verdict.FLAKY else failed[-1]
    return next((visit for visit in visits if visit.attempt == told), None)


def describe_site(site: SiteVerdict) -> dict[str, Any]:
    """The details of a site. The first of its `pages` is the visit that the verdict is told of."""
    source = site.site.source
    failed = {
        result.attempt
        for case in site.cases
        for result in case.attempts
        if result.status in {Status.FAILED, Status.ERROR}
    }
    return {
        "source": f"{source.file}:{source.line}" if source is not None else "",
        "list": source.file if source is not None else "",
        "expect": _describe_expectation(site.site),
        "checks": [_describe_case(case) for case in site.cases],
        "tries": [_describe_try(tried, is_failed=tried.attempt in failed) for tried in site.observations],
        "pages": [_describe_page(visit, site.site) for visit in list_shown(site)],
    }


def describe_before(visit: Observation, site: Site, earlier: Earlier) -> dict[str, Any]:
    """A site as an earlier run saw it; its picture is a link from the later run's folder."""
    page = _describe_page(visit, site)
    return {
        "run": line_of(earlier.record.header.run),
        "started": earlier.record.header.started,
        "report": f"{earlier.link}report.html",
        "page": page | {"shot": earlier.path + visit.screenshot_path if visit.screenshot_path else ""},
        "tried": _describe_try(visit, is_failed=False),
    }


def _describe_expectation(site: Site) -> dict[str, Any]:
    expect: Expectation = site.expect
    described = {
        "login": str(expect.login or ""),
        "username": line_of(expect.username or ""),
        "password": line_of(expect.password or ""),
        "submit": line_of(expect.submit or ""),
        "sso": [line_of(name) for name in expect.sso],
        "outcome": "" if expect.outcome is Outcome.OBSERVED else str(expect.outcome),
    }
    return {key: value for key, value in described.items() if value}


def _describe_case(case: CaseVerdict) -> dict[str, Any]:
    return {
        "verdict": case.verdict,
        "why": line_of(case.reason),
        "tries": [
            {
                "attempt": result.attempt,
                "status": result.status,
                "why": line_of(result.message),
                "details": cap_text(clean_text(result.details), EXPLANATION_LIMIT),
                "noted": [[line_of(name), line_of(value)] for name, value in result.properties],
            }
            for result in case.attempts
            if case.verdict is not Verdict.PASSED
        ],
    }


def _describe_try(visit: Observation, *, is_failed: bool) -> dict[str, Any]:
    timings = visit.timings
    return {
        "attempt": visit.attempt,
        "outcome": name_outcome(visit),
        "fault": visit.fault is not None,
        "failed": is_failed,
        "detail": line_of(visit.fault.message if visit.fault is not None else visit.detail),
        "status": visit.http_status,
        "ready": str(visit.ready_by or ""),
        "hub": hub_of(visit.hub),
        "node": line_of(visit.node),
        "slot": line_of(visit.slot),
        "session": line_of(visit.session),
        "visitor": [line_of(text) for text in visit.visitor.values()],
        "at": round(visit.started_s, 2),
        "total": round(timings.total_s, 3),
        "phases": [[phase, round(getattr(timings, f"{phase}_s"), 3)] for phase in PHASES],
        "waits": [[line_of(cause), round(waited_s, 3)] for cause, waited_s in _list_waits(timings)],
    }


def _list_waits(timings: Timings) -> list[tuple[str, float]]:
    """What readiness waited for, longest first."""
    return sorted(timings.waits.items(), key=lambda wait: -wait[1])[:WAITS_LIMIT]


def _describe_page(visit: Observation, site: Site) -> dict[str, Any]:
    detection = visit.detection
    expected = visit.probes.get(EXPECTED_PROBE)
    return {
        "attempt": visit.attempt,
        "url": line_of(redact_url(visit.url)),
        "title": line_of(visit.title),
        "shot": visit.screenshot_path or "",
        "capture": visit.capture_path or "",
        "facts": visit.facts_path or "",
        "viewport": list(visit.viewport),
        "events": [{"kind": line_of(event.kind), "text": line_of(event.text)} for event in visit.events[:EVENTS_LIMIT]],
        "moreEvents": max(0, len(visit.events) - EVENTS_LIMIT),
        "found": _describe_detection(detection) if detection is not None else None,
        "matches": _describe_matches(expected) if isinstance(expected, Mapping) else {},
        "yours": [
            _describe_answer(answer, visit.probes[answer.name])
            for answer in compare_detectors(site.expect, visit, detection)
        ],
    }


def _describe_matches(expected: Mapping[str, Any]) -> dict[str, str | None]:
    """Where the list's selectors lead, as the collector writes it; None: nowhere."""
    return {
        str(role)[:SHORT]: line_of(str(place["matches"])) if place.get("matches") is not None else None
        for role, place in expected.items()
        if isinstance(place, Mapping)
    }


def _describe_answer(answer: Answer, kept: Mapping[str, Any]) -> dict[str, Any]:
    """What a detector of the user's said of the page, point by point."""
    took_s, reason = kept.get("took_s"), answer.value.get("reason")
    return {
        "name": line_of(answer.name),
        "error": line_of(answer.error),
        "mistakes": _lines(answer.mistakes),
        "login": answer.value.get("login") if answer.is_valid else None,
        "said": {role: line_of(said) for role in KNOWN if isinstance(said := answer.value.get(role), str)},
        "leads": {role: line_of(place) if place else None for role, place in answer.matches.items()},
        "points": [
            {
                "what": point.what,
                "by": point.by,
                "mark": point.mark,
                "wanted": line_of(point.wanted or ""),
                "given": line_of(point.given or ""),
            }
            for point in answer.points
        ],
        "reason": line_of(reason) if isinstance(reason, str) else "",
        "more": [
            [line_of(str(key)), line_of(codec.encode(value).decode())]
            for key, value in list(answer.value.items())[: WORDS_LIMIT + len(KNOWN)]
            if key not in KNOWN and not (key == "reason" and isinstance(reason, str))
        ],
        "took": round(took_s, 3) if isinstance(took_s, int | float) else None,
        "boxes": {role: box for role, place in _list_boxes(kept) if (box := _read_box(place)) is not None},
    }


def _list_boxes(kept: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    boxes = kept.get("boxes")
    yield from ((role, boxes[role]) for role in KNOWN if isinstance(boxes, Mapping) and role in boxes)


def _read_box(place: Any) -> list[float] | None:
    is_box = isinstance(place, list | tuple) and len(place) == 4
    if not is_box or not all(isinstance(number, int | float) and abs(number) < MOST_PX for number in place):
        return None
    return [round(number, 1) for number in place]


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
        "sso": [line_of(provider.name) for provider in detection.sso],
        "forms": [_describe_form(form) for form in shown[:FORMS_LIMIT]],
        "moreForms": max(0, len(shown) - FORMS_LIMIT),
        "point": {
            "side": line_of(point.side),
            "box": _box(point.box),
            "anchor": line_of(point.anchor.selector),
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
        "frame": line_of(form.frame),
        "username": _describe_element(form.username),
        "password": _describe_element(form.password_current),
        "submit": _describe_element(form.submit),
        "fields": [
            {"role": field.role, "score": round(field.score, 3), "selector": line_of(field.element.selector)}
            for field in form.fields[:FIELDS_LIMIT]
        ],
        "evidence": _lines(form.evidence),
    }


def _describe_element(element: Element | None) -> dict[str, Any] | None:
    if element is None:
        return None
    return {"selector": line_of(element.selector), "label": line_of(element.label), "box": _box(element.box)}


def _box(box: Any) -> list[float] | None:
    return [round(box.x, 1), round(box.y, 1), round(box.width, 1), round(box.height, 1)] if box is not None else None


def line_of(text: str) -> str:
    """A text as one bounded line."""
    return _short_line(text) if len(text) <= SHORT else make_line(text, LINE_LIMIT)


@lru_cache(maxsize=4096)
def _short_line(text: str) -> str:
    return make_line(text, LINE_LIMIT)


@lru_cache(maxsize=256)  # far fewer hubs than visits
def hub_of(hub: str) -> str:
    """A hub's address, without user and query."""
    return line_of(redact_url(hub))


def _lines(texts: Sequence[str]) -> list[str]:
    return [line_of(text) for text in texts[:EVIDENCE_LIMIT]]
