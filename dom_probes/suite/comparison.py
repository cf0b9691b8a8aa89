"""The user's own detector judged: its answer against the site list, and against ours where the list says nothing. Pure.

An answer is what a probe of the user's returned: `{"login": bool, "username": CSS or null, "password": CSS or null}`;
the visit adds what its selectors lead to, as the collector writes it (`matches`), so that elements are compared and not
spellings. Invariant: agreements are named as well as disagreements, and each with whom.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from dom_probes.suite.expectations import (
    Conclusion,
    Judgement,
    describe_verdict,
    failed,
    judge_reach,
    passed,
    skipped,
)
from gridrunner.model import EXPECTED_PROBE, Detection, Expectation, ExpectedLogin, Observation

LIST = "the site list"
OURS = "gridrunner"

ROLES = ("username", "password")

KNOWN = ("login", *ROLES)
"""The words of an answer."""

NEARLY = 0.75
"""From this likeness on (difflib's ratio) a word alone shows that an answer was meant: logn, passwort, user_name."""

CLOSELY = 0.6
"""From this likeness on a word of an answer is a slip of a known one: user."""


class _Point(Struct, frozen=True, kw_only=True):
    """One thing that is compared. `wanted` and `given` are None for "none", `by` says whose word `wanted` is."""

    what: str
    by: str
    wanted: str | None
    given: str | None

    @property
    def agrees(self) -> bool:
        return self.wanted == self.given


def judge_detectors(expect: Expectation, observation: Observation, detection: Detection | None) -> Judgement:
    """Every detector among the user's probes agrees with the site list, or with ours where the list claims nothing."""
    probes = {name: result for name, result in observation.probes.items() if _is_users(result)}
    answers = {name: result["value"] for name, result in probes.items() if is_answer(result.get("value"))}
    broken = {name: str(result["error"]) for name, result in probes.items() if "error" in result}
    early = judge_reach(expect, observation)
    if not answers and not broken:
        is_cut_off = early is not None and early.conclusion is Conclusion.FAILED
        return (early if is_cut_off and early is not None else None) or skipped(
            "no probe returned {login: true or false, username: CSS, password: CSS}"
        )
    if early is not None:
        return early
    problems = [f"{name} gave no answer: {error}" for name, error in broken.items()]
    problems += [
        f"{name} answered in words that are not known: {wrong}"
        for name, answer in answers.items()
        if (wrong := "; ".join(list_mistakes(answer)))
    ]
    answers = {name: answer for name, answer in answers.items() if not any(list_mistakes(answer))}
    notes: list[str] = []
    for name, answer in answers.items():
        points = list(_compare(expect, observation, detection, answer, probes[name].get("matches") or {}))
        against = [point for point in points if not point.agrees]
        agreed = _list_points([point for point in points if point.agrees])
        if against:
            said = "; ".join(_describe(point) for point in against)
            problems.append(f"{name} disagrees: {said}" + (f"; it agrees {agreed}" if agreed else ""))
        elif agreed:
            notes.append(f"{name} agrees {agreed}")
        else:
            notes.append(f"{name} says {_say_login(answer['login'])}; there is nothing to compare it with")
    ours = [f"gridrunner finds {describe_verdict(detection)}"] if detection is not None else []
    if problems:
        return failed("; ".join(problems), [*notes, *ours])
    return passed("; ".join(notes))


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
) -> Iterator[_Point]:
    given = bool(answer["login"])
    wanted, by = _wanted_login(expect, detection)
    if wanted is not None:
        yield _Point(what="login", by=by, wanted=_say_login(wanted), given=_say_login(given))
    if not (given and wanted is not False):
        return  # fields of a form that is not there, or that it does not see, add nothing
    for role in ROLES:
        selector, whose = _wanted_field(role, expect, observation, detection)
        if whose:
            yield _Point(what=role, by=whose, wanted=selector, given=_given_field(role, answer, matches))


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


def _say_login(is_there: bool) -> str:
    return "a login form" if is_there else "no login form"


def _list_points(points: list[_Point]) -> str:
    """`with the site list on login and username, with gridrunner on password`."""
    parts = []
    for by in (LIST, OURS):
        what = [point.what for point in points if point.by == by]
        if what:
            parts.append(f"with {by} on {' and '.join(what)}")
    return ", ".join(parts)


def _describe(point: _Point) -> str:
    wanted = point.wanted or f"no {point.what}"
    given = point.given or f"no {point.what}"
    subject = "" if point.what == "login" else f"{point.what}: "
    return f"{subject}{point.by} says {wanted}, it says {given}"
