"""What the shipped checks conclude: an expectation and an observation in, a judgement with its evidence out. Pure.

Invariant: a judgement says in one line what was expected and what was found; nothing passes because it was not looked
at. A site that did not open fails its checks, unless that is what the site list expects of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from gridrunner.model import (
    EXPECTED_PROBE,
    Box,
    Detection,
    Element,
    Expectation,
    ExpectedLogin,
    Form,
    FormKind,
    Observation,
    Outcome,
    ReadyBy,
    Site,
)

CRASH_EVENT = "crash"
"""`PageEvent.kind` of a renderer or frame that died."""

_FORMS_SHOWN = 4  # forms that a failure lists; a page with more is named by its best ones
_EVIDENCE_SHOWN = 6  # lines of the detector's evidence, strongest first


class Conclusion(StrEnum):
    """What a check does with a judgement."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Judgement(Struct, frozen=True, kw_only=True):
    """`message` is one line: what failed, why it was skipped, or a note on a pass; `evidence` are further lines."""

    conclusion: Conclusion
    message: str = ""
    evidence: tuple[str, ...] = ()


def passed(note: str = "") -> Judgement:
    """What was expected was found; a note is shown beside the pass."""
    return Judgement(conclusion=Conclusion.PASSED, message=note)


def failed(message: str, evidence: Iterable[str] = ()) -> Judgement:
    """What was expected was not found."""
    one_line = " ".join(message.split())  # labels and titles come from the page
    return Judgement(conclusion=Conclusion.FAILED, message=one_line, evidence=tuple(evidence))


def skipped(reason: str) -> Judgement:
    """There is nothing to judge."""
    return Judgement(conclusion=Conclusion.SKIPPED, message=reason)


# ---------------------------------------------------------------------------------------------------------- the visit


def judge_visit(site: Site, observation: Observation) -> Judgement:
    """The visit ended in the outcome that the site list expects (observed, unless it says otherwise)."""
    expected, outcome = site.expect.outcome, _outcome_of(observation)
    if outcome is expected:
        return passed()
    return failed(
        f"expected the visit to end {expected}, it ended {_describe_end(observation)}",
        [
            f"address: {observation.url or site.url}",
            *([f"HTTP status: {observation.http_status}"] if observation.http_status is not None else []),
            f"after {observation.timings.total_s:.1f} s, attempt {observation.attempt}",
            *(f"{event.kind}: {event.text}" for event in observation.events[-_EVIDENCE_SHOWN:]),
        ],
    )


def _outcome_of(observation: Observation) -> Outcome:
    """The outcome; pytest never gets here with a fault."""
    if observation.outcome is None:
        raise LookupError(f"the observation of {observation.site} has neither outcome nor fault")
    return observation.outcome


def _describe_end(observation: Observation) -> str:
    outcome = _outcome_of(observation)
    return f"{outcome} ({observation.detail})" if observation.detail else str(outcome)


def judge_reach(expect: Expectation, observation: Observation) -> Judgement | None:
    """What to say of the page itself when the visit did not reach it; None: it did, look at the page."""
    if expect.outcome is not Outcome.OBSERVED:
        return skipped(f"the visit is expected to end {expect.outcome}, not at a page")
    if _outcome_of(observation) is not Outcome.OBSERVED:
        return failed(f"not judged: the visit ended {_describe_end(observation)}")
    return None


def _detected(observation: Observation, detection: Detection | None) -> Detection:
    """The detection of a page that was observed; without one the record is broken, which is not a verdict on the
    site.
    """
    if detection is None:
        raise LookupError(f"the observation of {observation.site} has neither a detection nor facts to make one from")
    return detection


# ----------------------------------------------------------------------------------------------------- the login form


def judge_login(expect: Expectation, observation: Observation, detection: Detection | None) -> Judgement:
    """A login form is found where one is expected, none where none is, and where it is out of reach that is said."""
    if (early := judge_reach(expect, observation)) is not None:
        return early
    found = _detected(observation, detection)
    verdict = describe_verdict(found)
    by_deadline = observation.ready_by is ReadyBy.DEADLINE
    match expect.login, found.login_present:
        case None, _:
            is_right, wanted = True, "nothing"
        case ExpectedLogin.YES, present:
            is_right, wanted = present is True, "a login form"
        case ExpectedLogin.NO, present:
            is_right, wanted = present is False, "no login form"
        case ExpectedLogin.UNKNOWN, present:
            is_right, wanted = present is None, "a login form out of reach (reported as unknown)"
    late = "; decided at the deadline, the page was not at rest" if by_deadline else ""
    if not is_right:
        return failed(f"expected {wanted}, found {verdict}{late}", _describe_detection(found))
    if expect.login is None:
        return passed(f"nothing expected; found {verdict}{late}")
    return passed(f"found {verdict}{late}" if by_deadline else "")


def describe_verdict(detection: Detection) -> str:
    """The verdict on the page in a few words, with the form or the reason that it rests on."""
    match detection.login_present:
        case True:
            login = detection.login
            where = f"a login form: {_describe_form(login)}" if login is not None else "a login without a login form"
        case False:
            best = detection.forms[0] if detection.forms else None
            where = "no login form" + (f"; the best other form is {_describe_form(best)}" if best is not None else "")
        case None:
            hidden = ", ".join(detection.hidden) or "parts of the page that could not be read"
            where = f"that it is unknown: {hidden} may hold it"
    return f"{where} (confidence {detection.confidence:.2f})"


def _describe_form(form: Form) -> str:
    named = form.named_fields
    submit = named.pop("submit", None)
    shown = [*named.items(), *(("new password", element) for element in form.password_new)]
    shown += [("submit", submit)] if submit is not None else []
    elements = [f"{role} {element.selector}" for role, element in shown]
    if not elements:
        elements = [f"{field.role} {field.element.selector}" for field in form.fields[:3]]
    return f"{form.kind} {form.score:.2f} [{', '.join(elements) or 'no fields'}]"


def _describe_detection(detection: Detection) -> list[str]:
    """What the detector saw, for the lines below the message."""
    lines = [f"form: {_describe_form(form)}" for form in detection.forms[:_FORMS_SHOWN]]
    if len(detection.forms) > _FORMS_SHOWN:
        lines.append(f"and {len(detection.forms) - _FORMS_SHOWN} more forms")
    if detection.sso:
        lines.append(f"sign-in through others: {', '.join(provider.name for provider in detection.sso)}")
    if detection.hidden:
        lines.append(f"out of reach: {', '.join(detection.hidden)}")
    best = detection.best_form
    evidence = (*detection.evidence, *(best.evidence if best is not None else ()))
    return lines + [f"evidence: {line}" for line in evidence[:_EVIDENCE_SHOWN]]


# -------------------------------------------------------------------------------------------------------- the fields


def judge_fields(expect: Expectation, observation: Observation, detection: Detection | None) -> Judgement:
    """Username, password and submit of the best login form are the elements that the site list names."""
    expected = expect.named_fields
    if not expected:
        return skipped("the site list names no fields")
    if (early := judge_reach(expect, observation)) is not None:
        return early
    found = _detected(observation, detection)
    if found.login is None:
        named = ", ".join(f"{role} {selector}" for role, selector in expected.items())
        return failed(
            f"expected the login form with {named}, found {describe_verdict(found)}", _describe_detection(found)
        )
    resolved = observation.probes.get(EXPECTED_PROBE, {})
    problems = [
        problem
        for role, selector in expected.items()
        if (problem := _compare_field(role, selector, found.login.named_fields.get(role), resolved)) is not None
    ]
    if not problems:
        return passed()
    return failed("; ".join(problems), _describe_detection(found))


def _compare_field(role: str, selector: str, element: Element | None, resolved: Mapping[str, Any]) -> str | None:
    """What is wrong with one field, or None. Elements are compared by the selector that the collector writes."""
    if element is not None and element.selector == selector:
        return None
    entry = resolved.get(role)
    if not isinstance(entry, Mapping) or "matches" not in entry:
        raise LookupError(f"the visit did not record which element the expected {role} {selector} is")
    matches = entry["matches"]
    got = "none" if element is None else element.selector + (f" ({element.label!r})" if element.label else "")
    if matches is None:
        return f"expected {role} {selector}, which matches nothing on the page; found {got}"
    if element is not None and element.selector == matches:
        return None
    same = "" if matches == selector else f" (that is {matches})"
    return f"expected {role} {selector}{same}, found {got}"


# ----------------------------------------------------------------------------------------------- the insertion point


def judge_insertion_point(expect: Expectation, observation: Observation, detection: Detection | None) -> Judgement:
    """There is a place for a one-click login beside a visible field of the login form, and it hides nothing."""
    if expect.login is not ExpectedLogin.YES:
        return skipped("the site list does not say that there is a login form")
    if (early := judge_reach(expect, observation)) is not None:
        return early
    found = _detected(observation, detection)
    if found.login is None:
        return failed(f"not judged: found {describe_verdict(found)}")
    fields = _elements_of(found.login)
    if not any(_has_area(element.box) for element in fields):
        return skipped("no field of the login form is visible")
    point = found.insertion_point
    if point is None:
        return failed("expected an insertion point beside the login form, found none", _describe_detection(found))
    where = f"the insertion point {point.side} {point.anchor.selector}"
    evidence = [f"box: {_describe_box(point.box)}", *(f"evidence: {line}" for line in point.evidence[:_EVIDENCE_SHOWN])]
    if not point.is_usable:
        hides = f": it covers {', '.join(point.covers)}" if point.covers else ""
        return failed(f"{where} is not usable{hides}", evidence)
    if not _has_area(point.box) or point.box.x + point.box.width <= 0 or point.box.y + point.box.height <= 0:
        return failed(f"{where} is called usable and lies off the page: {_describe_box(point.box)}", evidence)
    if all(element.selector != point.anchor.selector for element in fields):
        return failed(f"{where} belongs to no field of the login form {_describe_form(found.login)}", evidence)
    return passed()


def _elements_of(form: Form) -> list[Element]:
    return [*form.named_fields.values(), *(field.element for field in form.fields)]


def _has_area(box: Box | None) -> bool:
    return box is not None and box.width > 0 and box.height > 0


def _describe_box(box: Box) -> str:
    return f"{box.width:g} x {box.height:g} at {box.x:g},{box.y:g}"


# ------------------------------------------------------------------------------------------------------ the rest


def judge_sso(expect: Expectation, observation: Observation, detection: Detection | None) -> Judgement:
    """Every sign-in provider that the site list names is found; further ones are welcome."""
    if not expect.sso:
        return skipped("the site list names no sign-in providers")
    if (early := judge_reach(expect, observation)) is not None:
        return early
    found = [provider.name for provider in _detected(observation, detection).sso]
    if missing := [name for name in expect.sso if name not in found]:
        return failed(
            f"expected sign-in through {', '.join(expect.sso)}; {', '.join(missing)} not found; found: "
            f"{_list_or_none(found)}",
            [f"{provider.name}: {provider.element.selector}" for provider in _detected(observation, detection).sso],
        )
    return passed()


def _list_or_none(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names)) or "none"


def judge_damage(expect: Expectation, observation: Observation, detection: Detection | None) -> Judgement:
    """No part of the page died during the visit, and a one-click login would hide nothing that people use.

    Errors on the console are not our damage: most pages have some. They are in the report.
    """
    if (early := judge_reach(expect, observation)) is not None:
        return early
    crashes = [event.text or "no details" for event in observation.events if event.kind == CRASH_EVENT]
    if crashes:
        return failed(f"expected a page that stays alive, found a crash: {crashes[0]}", crashes[1:])
    point = _detected(observation, detection).insertion_point
    if point is not None and point.is_usable and point.covers:
        return failed(
            f"expected nothing under the insertion point {point.side} {point.anchor.selector}, "
            f"found {', '.join(point.covers)}",
            point.evidence[:_EVIDENCE_SHOWN],
        )
    return passed()


OF_THE_PAGE: Final = (judge_login, judge_fields, judge_insertion_point, judge_sso, judge_damage)
"""What is asked of a page; `judge_visit` is asked first. A visit keeps a picture where one of them fails."""


__all__ = [
    "OF_THE_PAGE",
    "Conclusion",
    "FormKind",
    "Judgement",
    "describe_verdict",
    "failed",
    "judge_damage",
    "judge_fields",
    "judge_insertion_point",
    "judge_login",
    "judge_reach",
    "judge_sso",
    "judge_visit",
    "passed",
    "skipped",
]
