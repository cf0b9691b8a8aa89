"""The user's detector against the site list, and against ours where the list says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from dom_probes.suite.comparison import gives_cause_to_fail, judge_detectors, list_mistakes
from dom_probes.suite.expectations import Conclusion
from gridrunner.model import (
    Detection,
    Element,
    Expectation,
    ExpectedLogin,
    Form,
    FormKind,
    Observation,
    Outcome,
    PageEvent,
    Site,
)

OURS = Detection(
    login_present=True,
    confidence=0.9,
    forms=(
        Form(
            kind=FormKind.LOGIN,
            score=0.9,
            login_score=0.9,
            username=Element(selector="#user"),
            password_current=Element(selector="#pass"),
        ),
    ),
)
NONE = Detection(login_present=False, confidence=0.9)
YES, NO = Expectation(login=ExpectedLogin.YES), Expectation(login=ExpectedLogin.NO)
NAMED = replace(YES, username="[name=email]")


def observe(answer: Any, matches: dict[str, Any] | None = None, **more: Any) -> Observation:
    result = {"value": answer, **({"matches": matches} if matches is not None else {})}
    probes = {
        "expected": {"username": {"selector": "[name=email]", "matches": "#user"}},
        "mine.js": result,
        **more,
    }
    return Observation(site="s", attempt=1, outcome=Outcome.OBSERVED, probes=probes)


GOOD = observe({"login": True, "username": ".u", "password": ".p"}, {"username": "#user", "password": "#pass"})
OTHER = observe({"login": True, "username": ".s", "password": None}, {"username": "#search"})
LOST = observe({"login": True, "username": ".x", "password": ".p"}, {"username": None, "password": "#pass"})
BLIND = observe({"login": False, "username": None, "password": None}, {})

PASSED, FAILED, SKIPPED = Conclusion.PASSED, Conclusion.FAILED, Conclusion.SKIPPED


@pytest.mark.parametrize(
    ("expect", "detection", "seen", "conclusion", "message"),
    [
        (
            NAMED,
            OURS,
            GOOD,
            PASSED,
            "mine.js agrees with the site list on login and username, with gridrunner on password",
        ),
        (Expectation(), OURS, GOOD, PASSED, "mine.js agrees with gridrunner on login and username and password"),
        (
            NAMED,
            OURS,
            OTHER,
            FAILED,
            (
                "mine.js disagrees: username: the site list says #user, it says #search; password: gridrunner says "
                "#pass, it says no password; it agrees with the site list on login"
            ),
        ),
        (
            YES,
            OURS,
            LOST,
            FAILED,
            (
                "mine.js disagrees: username: gridrunner says #user, it says .x (which matches nothing); it agrees "
                "with the site list on login, with gridrunner on password"
            ),
        ),
        (YES, OURS, BLIND, FAILED, "mine.js disagrees: the site list says a login form, it says no login form"),
        (NO, OURS, GOOD, FAILED, "mine.js disagrees: the site list says no login form, it says a login form"),
        (NO, NONE, BLIND, PASSED, "mine.js agrees with the site list on login"),
        (Expectation(), NONE, GOOD, FAILED, "mine.js disagrees: gridrunner says no login form, it says a login form"),
        (
            Expectation(login=ExpectedLogin.UNKNOWN),
            replace(NONE, login_present=None),
            BLIND,
            PASSED,
            "mine.js says no login form; there is nothing to compare it with",
        ),
    ],
)
def test_detector_is_compared(
    expect: Expectation, detection: Detection, seen: Observation, conclusion: Conclusion, message: str
) -> None:
    judgement = judge_detectors(expect, seen, detection)
    assert (judgement.conclusion, judgement.message) == (conclusion, message)


def test_what_ours_finds_stands_below_a_disagreement() -> None:
    evidence = judge_detectors(YES, BLIND, OURS).evidence
    assert evidence == ("gridrunner finds a login form: login 0.90 [username #user, password #pass] (confidence 0.90)",)


def test_probe_that_throws_fails() -> None:
    seen = observe({"login": True}, {}, **{"broken.js": {"error": "JavaScript: oh"}})
    judgement = judge_detectors(NO, replace(seen), NONE)
    assert judgement.conclusion is FAILED
    assert judgement.message.startswith("broken.js gave no answer: JavaScript: oh; mine.js disagrees")


@pytest.mark.parametrize("value", [None, [1], "#u", {}, {"title": "x"}])
def test_probe_that_is_no_detector_takes_no_part(value: Any) -> None:
    assert judge_detectors(YES, observe(value), OURS).conclusion is SKIPPED


def test_page_that_was_not_reached_is_the_sites_failure() -> None:
    judgement = judge_detectors(YES, replace(GOOD, outcome=Outcome.TIMED_OUT), None)
    assert (judgement.conclusion, judgement.message) == (FAILED, "not judged: the visit ended timed-out")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"logn": True}, "logn (did you mean login?); login is missing"),
        ({"login": "yes"}, 'login is "yes", and has to be true or false'),
        ({"username": "###"}, "login is missing"),
        ({"login": True, "user": "#user"}, "user (did you mean username?)"),
        ({"login": True, "password": 7}, "password is 7, and has to be a CSS selector or null"),
    ],
)
def test_an_answer_in_the_wrong_words_fails(value: Any, said: str) -> None:
    judgement = judge_detectors(YES, observe(value), OURS)
    assert judgement.conclusion is Conclusion.FAILED
    assert f"mine.js answered in words that are not known: {said}" in judgement.message


def test_what_else_an_answer_says_is_its_own_affair() -> None:
    value = {"login": True, "username": "#user", "password": "#pass", "confidence": 0.9, "reason": "two fields"}
    assert list_mistakes(value) == []


def test_a_probe_that_hung_fails_where_the_visit_was_cut_off() -> None:
    cut_off = replace(observe(None), outcome=Outcome.TIMED_OUT, probes={}, detail="the page did not answer")
    judgement = judge_detectors(YES, cut_off, OURS)
    assert judgement.conclusion is Conclusion.FAILED
    assert "not judged: the visit ended timed-out" in judgement.message


@pytest.mark.parametrize(
    ("expect", "seen", "detection", "is_cause"),
    [
        (YES, observe("no answer"), OURS, False),
        (NAMED, GOOD, OURS, False),
        (NO, observe("no answer"), OURS, True),  # our verdict is wrong
        (replace(YES, sso=("google",)), observe("no answer"), OURS, True),
        (YES, BLIND, OURS, True),  # the user's detector is
        (YES, replace(GOOD, events=(PageEvent(kind="crash", text="a frame"),)), OURS, True),
        (YES, replace(GOOD, outcome=Outcome.TIMED_OUT), None, True),
        (Expectation(outcome=Outcome.TIMED_OUT), replace(GOOD, outcome=Outcome.TIMED_OUT), None, False),
        (YES, GOOD, None, True),  # what cannot be judged is worth a look
        (NAMED, replace(GOOD, probes={}), OURS, True),
    ],
)
def test_what_a_check_fails_on_is_known_in_the_visit(
    expect: Expectation, seen: Observation, detection: Detection | None, is_cause: bool
) -> None:
    site = Site(id="s", url="https://s.example/", expect=expect)
    assert gives_cause_to_fail(site, seen, detection) is is_cause
