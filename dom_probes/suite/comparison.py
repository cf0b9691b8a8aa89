"""The user's own detector judged: its answer against the site list, and against ours where the list says nothing. Pure.

An answer is what a probe of the user's returned: `{"login": bool, "username": CSS or null, "password": CSS or null}`;
the visit adds what its selectors lead to, as the collector writes it (`matches`), so that elements are compared and not
spellings. Invariant: agreements are named as well as disagreements, and each with whom.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from msgspec import Struct

from dom_probes.suite.expectations import (
    OF_THE_PAGE,
    Conclusion,
    Judgement,
    describe_verdict,
    failed,
    judge_reach,
    judge_visit,
    passed,
    skipped,
)
from gridrunner.model import EXPECTED_PROBE, Detection, Expectation, ExpectedLogin, Observation, Site

LIST = "the site list"
OURS = "gridrunner"

LOGIN = "login"

ROLES = ("username", "password")

KNOWN = (LOGIN, *ROLES)
"""The words of an answer."""

_LOGIN, _NO_LOGIN = "a login form", "no login form"

NEARLY = 0.75
"""From this likeness on (difflib's ratio) a word alone shows that an answer was meant: logn, passwort, user_name."""

CLOSELY = 0.6
"""From this likeness on a word of an answer is a slip of a known one: user."""


class Mark(StrEnum):
    """What one point of an answer came to."""

    RIGHT = "right"
    WRONG = "wrong"
    MISSED = "missed"


class Point(Struct, frozen=True, kw_only=True):
    """One thing that is compared: a role, or the login. `wanted` and `given` are None for "none", `by` says whose word
    `wanted` is. `is_moot`: a field of a login that the detector does not see; its miss follows from the login's.
    """

    what: str
    by: str
    wanted: str | None
    given: str | None
    is_moot: bool = False

    @property
    def is_of_list(self) -> bool:
        """Whether the site list says what is wanted, and not ours."""
        return self.by == LIST

    @property
    def mark(self) -> Mark:
        """Right, wrong, or missed: it gave none where one was wanted."""
        if self.wanted == self.given:
            return Mark.RIGHT
        gave_none = self.given is None or (self.what == LOGIN and self.given == _NO_LOGIN)
        return Mark.MISSED if gave_none else Mark.WRONG


class Answer(Struct, frozen=True, kw_only=True):
    """What a detector said of a page: its `value`, or its `error` ("": none); `mistakes` in the words of it, and else
    the `points` that it was compared on. `matches` are the elements that its selectors lead to; `took_s` seconds.
    """

    name: str
    value: Mapping[str, Any] = {}
    matches: Mapping[str, Any] = {}
    took_s: float | None = None
    error: str = ""
    mistakes: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether it can be compared."""
        return not self.error and not self.mistakes


def compare_detectors(expect: Expectation, observation: Observation, detection: Detection | None) -> tuple[Answer, ...]:
    """What each detector among the user's probes said, compared with the site list, or with ours where the list claims
    nothing. A probe that returned something else is no detector, and one that threw may be one.
    """
    return tuple(
        _read_answer(name, result, expect, observation, detection)
        for name, result in observation.probes.items()
        if _is_users(result) and ("error" in result or is_answer(result.get("value")))
    )


def _read_answer(
    name: str, result: Mapping[str, Any], expect: Expectation, observation: Observation, detection: Detection | None
) -> Answer:
    said_s = result.get("took_s")
    took_s = float(said_s) if isinstance(said_s, int | float) else None
    if "error" in result:
        return Answer(name=name, error=str(result["error"]), took_s=took_s)
    value, matches = result["value"], result.get("matches") or {}
    mistakes = tuple(list_mistakes(value))
    points = () if mistakes else tuple(_compare(expect, observation, detection, value, matches))
    return Answer(name=name, value=value, matches=matches, took_s=took_s, mistakes=mistakes, points=points)


def judge_detectors(expect: Expectation, observation: Observation, detection: Detection | None) -> Judgement:
    """Every detector among the user's probes agrees with the site list, or with ours where the list claims nothing."""
    answers = compare_detectors(expect, observation, detection)
    early = judge_reach(expect, observation)
    if not answers:
        is_cut_off = early is not None and early.conclusion is Conclusion.FAILED
        return (early if is_cut_off and early is not None else None) or skipped(
            "no probe returned {login: true or false, username: CSS, password: CSS}"
        )
    if early is not None:
        return early
    problems = [f"{answer.name} gave no answer: {answer.error}" for answer in answers if answer.error]
    problems += [
        f"{answer.name} answered in words that are not known: {'; '.join(answer.mistakes)}"
        for answer in answers
        if answer.mistakes
    ]
    notes: list[str] = []
    for answer in filter(lambda answer: answer.is_valid, answers):
        points = [point for point in answer.points if not point.is_moot]
        against = [point for point in points if point.mark is not Mark.RIGHT]
        agreed = _list_points([point for point in points if point.mark is Mark.RIGHT])
        if against:
            said = "; ".join(_describe(point) for point in against)
            problems.append(f"{answer.name} disagrees: {said}" + (f"; it agrees {agreed}" if agreed else ""))
        elif agreed:
            notes.append(f"{answer.name} agrees {agreed}")
        else:
            said = _say_login(is_there=answer.value["login"])
            notes.append(f"{answer.name} says {said}; there is nothing to compare it with")
    ours = [f"gridrunner finds {describe_verdict(detection)}"] if detection is not None else []
    if problems:
        return failed("; ".join(problems), [*notes, *ours])
    return passed("; ".join(notes))


def gives_cause_to_fail(site: Site, observation: Observation, detection: Detection | None) -> bool:
    """Whether a shipped check would fail, or the one of the user's detectors. A record that cannot be judged counts."""
    judges = (*OF_THE_PAGE, judge_detectors)
    try:
        judgements = [judge_visit(site, observation), *(ask(site.expect, observation, detection) for ask in judges)]
    except LookupError:
        return True
    return any(judgement.conclusion is Conclusion.FAILED for judgement in judgements)


def is_answer(value: Any) -> bool:
    """Whether a probe's value is meant as a detector's answer: it has one of the words of an answer, or nearly so."""
    return isinstance(value, Mapping) and any(
        isinstance(key, str) and get_close_matches(key.lower(), KNOWN, 1, NEARLY) for key in value
    )


def list_mistakes(answer: Mapping[str, Any]) -> list[str]:
    """What is wrong with a detector's answer: words that are nearly known ones, and values of the wrong kind. Words
    of other things (a confidence, a reason) are its own affair.
    """
    mistakes = []
    for key in answer:
        close = get_close_matches(str(key).lower(), KNOWN, 1, CLOSELY)
        if close and key not in KNOWN:
            mistakes.append(f"{key!s:.40} (did you mean {close[0]}?)")
    if "login" not in answer:
        mistakes.append("login is missing")
    elif not isinstance(answer["login"], bool):
        mistakes.append(f"login is {json.dumps(answer['login']):.40}, and has to be true or false")
    for role in ROLES:
        said = answer.get(role)
        if said is not None and not isinstance(said, str):
            mistakes.append(f"{role} is {json.dumps(said):.40}, and has to be a CSS selector or null")
    return mistakes


def _is_users(result: Any) -> bool:
    """The visit keeps a user's probe as {value} or {error}; its own entries look otherwise."""
    return isinstance(result, Mapping) and ("value" in result or "error" in result)


def _compare(
    expect: Expectation,
    observation: Observation,
    detection: Detection | None,
    answer: Mapping[str, Any],
    matches: Mapping[str, Any],
) -> Iterator[Point]:
    given = bool(answer["login"])
    wanted, by = _wanted_login(expect, detection)
    if wanted is not None:
        yield Point(what=LOGIN, by=by, wanted=_say_login(is_there=wanted), given=_say_login(is_there=given))
    if wanted is False:
        return  # fields of a form that is not there add nothing
    for role in ROLES:
        selector, whose = _wanted_field(role, expect, observation, detection)
        if whose and given:
            yield Point(what=role, by=whose, wanted=selector, given=_given_field(role, answer, matches))
        elif whose and wanted and selector is not None:
            yield Point(what=role, by=whose, wanted=selector, given=None, is_moot=True)


def _wanted_login(expect: Expectation, detection: Detection | None) -> tuple[bool | None, str]:
    match expect.login:
        case ExpectedLogin.YES:
            return True, LIST
        case ExpectedLogin.NO:
            return False, LIST
        case ExpectedLogin.UNKNOWN:
            return None, LIST  # out of reach of scripts: whatever it says is its own affair
        case None:
            return (detection.login_present if detection is not None else None), OURS


def _wanted_field(
    role: str, expect: Expectation, observation: Observation, detection: Detection | None
) -> tuple[str | None, str]:
    """The element that is wanted, and by whom; by no one where neither the list nor ours speaks of a login."""
    named = expect.named_fields.get(role)
    if named is not None:
        found = observation.probes.get(EXPECTED_PROBE, {}).get(role, {})
        return found.get("matches") or named, LIST
    login = detection.login if detection is not None else None
    if login is None:
        return None, ""
    element = login.named_fields.get(role)
    return (element.selector if element is not None else None), OURS


def _given_field(role: str, answer: Mapping[str, Any], matches: Mapping[str, Any]) -> str | None:
    said = answer.get(role)
    if not said:
        return None
    return matches.get(role) or f"{said} (which matches nothing)"


def _say_login(*, is_there: bool) -> str:
    return _LOGIN if is_there else _NO_LOGIN


def _list_points(points: list[Point]) -> str:
    """`with the site list on login and username, with gridrunner on password`."""
    parts = []
    for by in (LIST, OURS):
        what = [point.what for point in points if point.by == by]
        if what:
            parts.append(f"with {by} on {' and '.join(what)}")
    return ", ".join(parts)


def _describe(point: Point) -> str:
    wanted = point.wanted or f"no {point.what}"
    given = point.given or f"no {point.what}"
    subject = "" if point.what == LOGIN else f"{point.what}: "
    return f"{subject}{point.by} says {wanted}, it says {given}"
