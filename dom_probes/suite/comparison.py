"""The user's own detector judged: its answer against the site list, and against ours where the list says nothing. Pure.

An answer is what a probe of the user's returned: `{"login": bool, "username": CSS or null, "password": CSS or null}`;
the visit adds what its selectors lead to, as the collector writes it (`matches`), so that elements are compared and not
spellings. Invariant: agreements are named as well as disagreements, and each with whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from dom_probes.suite.expectations import (
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
    if not answers and not broken:
        return skipped("no probe returned {login: true or false, username: CSS, password: CSS}")
    if (early := judge_reach(expect, observation)) is not None:
        return early
    problems = [f"{name} gave no answer: {error}" for name, error in broken.items()]
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
    """Whether a probe's value is a detector's answer."""
    return isinstance(value, Mapping) and isinstance(value.get("login"), bool)


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
