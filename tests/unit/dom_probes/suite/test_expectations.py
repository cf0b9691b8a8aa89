from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from dom_probes.suite.expectations import (
    Conclusion,
    Judgement,
    judge_damage,
    judge_fields,
    judge_insertion_point,
    judge_login,
    judge_sso,
    judge_visit,
)
from gridrunner.model import (
    Box,
    Detection,
    Element,
    Expectation,
    ExpectedLogin,
    Form,
    FormKind,
    InsertionPoint,
    Observation,
    Outcome,
    PageEvent,
    ReadyBy,
    Site,
    SsoProvider,
)

BOX = Box(x=10, y=20, width=200, height=30)
USER = Element(selector="#user", box=BOX, label="E-mail")
LOGIN = Form(
    kind=FormKind.LOGIN,
    score=0.97,
    login_score=0.97,
    username=USER,
    password_current=Element(selector="#pass", box=BOX),
    evidence=("one password field",),
)
SIGNUP = Form(kind=FormKind.SIGNUP, score=0.8, login_score=0.1, password_new=(Element(selector="#new", box=BOX),))
POINT = InsertionPoint(anchor=USER, side="below", box=BOX)
FOUND = Detection(login_present=True, confidence=0.95, forms=(LOGIN,), insertion_point=POINT)
ABSENT = Detection(login_present=False, confidence=0.8, forms=(SIGNUP,), evidence=("no word for login",))
HIDDEN = Detection(login_present=None, confidence=0.3, hidden=("closed shadow root of my-login",))
SEEN = Observation(site="bank", attempt=1, outcome=Outcome.OBSERVED, ready_by=ReadyBy.FOUND)
LOST = replace(SEEN, outcome=Outcome.UNREACHABLE, detail="connection refused")
YES = Expectation(login=ExpectedLogin.YES)
NO = Expectation(login=ExpectedLogin.NO)
UNKNOWN = Expectation(login=ExpectedLogin.UNKNOWN)
CRASH_EXPECTED = Expectation(outcome=Outcome.CRASHED, login=ExpectedLogin.YES, username="#user", sso=("google",))

PASSED, FAILED, SKIPPED = Conclusion.PASSED, Conclusion.FAILED, Conclusion.SKIPPED


def seen_with(probes: Mapping[str, Any]) -> Observation:
    return replace(SEEN, probes={"expected": probes})


# ------------------------------------------------------------------------------------------------------------ the visit


@pytest.mark.parametrize(
    ("expected", "outcome", "conclusion", "message"),
    [
        (Outcome.OBSERVED, Outcome.OBSERVED, PASSED, ""),
        (Outcome.CRASHED, Outcome.CRASHED, PASSED, ""),
        (
            Outcome.OBSERVED,
            Outcome.TIMED_OUT,
            FAILED,
            "expected the visit to end observed, it ended timed-out (30 s were over)",
        ),
        (
            Outcome.CRASHED,
            Outcome.OBSERVED,
            FAILED,
            "expected the visit to end crashed, it ended observed (30 s were over)",
        ),
    ],
)
def test_visit(expected: Outcome, outcome: Outcome, conclusion: Conclusion, message: str) -> None:
    site = Site(id="bank", url="https://bank.example/", expect=Expectation(outcome=expected))
    judgement = judge_visit(site, replace(SEEN, outcome=outcome, detail="30 s were over"))
    assert (judgement.conclusion, judgement.message) == (conclusion, message)


def test_visit_that_ended_otherwise_shows_where_and_what_happened() -> None:
    site = Site(id="bank", url="https://bank.example/")
    judgement = judge_visit(site, replace(LOST, http_status=503, events=(PageEvent(kind="dialog", text="Hello"),)))
    assert judgement.evidence == (
        "address: https://bank.example/",
        "HTTP status: 503",
        "after 0.0 s, attempt 1",
        "dialog: Hello",
    )


@pytest.mark.parametrize("judge", [judge_login, judge_fields, judge_insertion_point, judge_sso, judge_damage])
def test_page_that_was_not_reached_passes_nothing(judge: Any) -> None:
    everything = Expectation(login=ExpectedLogin.YES, username="#user", sso=("google",))
    judgement = judge(everything, LOST, None)
    assert judgement == Judgement(
        conclusion=FAILED, message="not judged: the visit ended unreachable (connection refused)"
    )


@pytest.mark.parametrize("judge", [judge_login, judge_fields, judge_insertion_point, judge_sso, judge_damage])
@pytest.mark.parametrize("observation", [SEEN, LOST])
def test_page_that_is_not_expected_to_be_reached_is_skipped(judge: Any, observation: Observation) -> None:
    judgement = judge(CRASH_EXPECTED, observation, FOUND)
    assert judgement == Judgement(conclusion=SKIPPED, message="the visit is expected to end crashed, not at a page")


@pytest.mark.parametrize("judge", [judge_login, judge_fields, judge_insertion_point, judge_sso, judge_damage])
def test_observation_without_a_detection_is_no_verdict(judge: Any) -> None:
    everything = Expectation(login=ExpectedLogin.YES, username="#user", sso=("google",))
    with pytest.raises(LookupError, match="of bank has neither a detection nor facts"):
        judge(everything, SEEN, None)


# ------------------------------------------------------------------------------------------------------- the login form


@pytest.mark.parametrize(
    ("expect", "detection", "conclusion", "message"),
    [
        (YES, FOUND, PASSED, ""),
        (
            YES,
            ABSENT,
            FAILED,
            (
                "expected a login form, found no login form; the best other form is signup 0.80 [new password #new] "
                "(confidence 0.80)"
            ),
        ),
        (
            YES,
            HIDDEN,
            FAILED,
            (
                "expected a login form, found that it is unknown: closed shadow root of my-login may hold it "
                "(confidence 0.30)"
            ),
        ),
        (NO, ABSENT, PASSED, ""),
        (
            NO,
            FOUND,
            FAILED,
            "expected no login form, found a login form: login 0.97 [username #user, password #pass] (confidence 0.95)",
        ),
        (UNKNOWN, HIDDEN, PASSED, ""),
        (
            UNKNOWN,
            replace(ABSENT, forms=()),
            FAILED,
            "expected a login form out of reach (reported as unknown), found no login form (confidence 0.80)",
        ),
        (
            Expectation(),
            replace(ABSENT, forms=()),
            PASSED,
            "nothing expected; found no login form (confidence 0.80)",
        ),
        (
            NO,
            replace(FOUND, forms=()),
            FAILED,
            "expected no login form, found a login without a login form (confidence 0.95)",
        ),
    ],
)
def test_login(expect: Expectation, detection: Detection, conclusion: Conclusion, message: str) -> None:
    judgement = judge_login(expect, SEEN, detection)
    assert (judgement.conclusion, judgement.message) == (conclusion, message)


@pytest.mark.parametrize(("detection", "conclusion"), [(FOUND, PASSED), (ABSENT, FAILED)])
def test_verdict_at_the_deadline_says_so(detection: Detection, conclusion: Conclusion) -> None:
    judgement = judge_login(YES, replace(SEEN, ready_by=ReadyBy.DEADLINE), detection)
    assert judgement.conclusion is conclusion
    assert judgement.message.endswith("; decided at the deadline, the page was not at rest")


def test_wrong_verdict_shows_what_the_detector_saw() -> None:
    many = replace(FOUND, forms=(LOGIN, *[SIGNUP] * 5), sso=(SsoProvider(name="google", element=USER),))
    assert judge_login(NO, SEEN, many).evidence == (
        "form: login 0.97 [username #user, password #pass]",
        *["form: signup 0.80 [new password #new]"] * 3,
        "and 2 more forms",
        "sign-in through others: google",
        "evidence: one password field",
    )


# ----------------------------------------------------------------------------------------------------------- the fields


def test_fields_are_skipped_where_none_is_named() -> None:
    assert judge_fields(YES, SEEN, FOUND).conclusion is SKIPPED


@pytest.mark.parametrize(
    ("expect", "probes", "conclusion", "message"),
    [
        (Expectation(username="#user", password="#pass"), {}, PASSED, ""),
        (
            Expectation(username="input[name=u]"),
            {"username": {"selector": "input[name=u]", "matches": "#user"}},
            PASSED,
            "",
        ),
        (
            Expectation(username="input[name=x]"),
            {"username": {"selector": "input[name=x]", "matches": "#phone"}},
            FAILED,
            "expected username input[name=x] (that is #phone), found #user ('E-mail')",
        ),
        (
            Expectation(username="#gone", submit="#go"),
            {
                "username": {"selector": "#gone", "matches": None},
                "submit": {"selector": "#go", "matches": "#go"},
            },
            FAILED,
            (
                "expected username #gone, which matches nothing on the page; found #user ('E-mail'); "
                "expected submit #go, found none"
            ),
        ),
    ],
)
def test_fields(expect: Expectation, probes: Mapping[str, Any], conclusion: Conclusion, message: str) -> None:
    judgement = judge_fields(expect, seen_with(probes), FOUND)
    assert (judgement.conclusion, judgement.message) == (conclusion, message)


def test_fields_of_a_form_that_was_not_found() -> None:
    judgement = judge_fields(Expectation(username="#user"), SEEN, ABSENT)
    assert judgement.conclusion is FAILED
    assert judgement.message.startswith("expected the login form with username #user, found no login form")


def test_fields_that_the_visit_did_not_resolve_are_no_verdict() -> None:
    with pytest.raises(LookupError, match="did not record which element the expected username #x is"):
        judge_fields(Expectation(username="#x"), SEEN, FOUND)


# -------------------------------------------------------------------------------------------------- the insertion point


@pytest.mark.parametrize(
    ("detection", "conclusion", "message"),
    [
        (FOUND, PASSED, ""),
        (
            replace(FOUND, insertion_point=None),
            FAILED,
            "expected an insertion point beside the login form, found none",
        ),
        (
            replace(FOUND, insertion_point=replace(POINT, is_usable=False, covers=("the button Show", "a link"))),
            FAILED,
            "the insertion point below #user is not usable: it covers the button Show, a link",
        ),
        (
            replace(FOUND, insertion_point=replace(POINT, box=replace(BOX, x=-300))),
            FAILED,
            "the insertion point below #user is called usable and lies off the page: 200 x 30 at -300,20",
        ),
        (
            replace(FOUND, insertion_point=replace(POINT, box=replace(BOX, height=0))),
            FAILED,
            "the insertion point below #user is called usable and lies off the page: 200 x 0 at 10,20",
        ),
        (
            replace(FOUND, insertion_point=replace(POINT, anchor=Element(selector="#search", box=BOX))),
            FAILED,
            (
                "the insertion point below #search belongs to no field of the login form login 0.97 "
                "[username #user, password #pass]"
            ),
        ),
        (
            replace(FOUND, forms=(replace(LOGIN, username=None, password_current=Element(selector="#pass")),)),
            SKIPPED,
            "no field of the login form is visible",
        ),
        (
            replace(ABSENT, forms=()),
            FAILED,
            "not judged: found no login form (confidence 0.80)",
        ),
    ],
)
def test_insertion_point(detection: Detection, conclusion: Conclusion, message: str) -> None:
    judgement = judge_insertion_point(YES, SEEN, detection)
    assert (judgement.conclusion, judgement.message) == (conclusion, message)


@pytest.mark.parametrize("expect", [NO, UNKNOWN, Expectation()])
def test_insertion_point_is_skipped_where_no_login_form_is_claimed(expect: Expectation) -> None:
    assert judge_insertion_point(expect, SEEN, FOUND).conclusion is SKIPPED


# ------------------------------------------------------------------------------------------------------------- the rest


@pytest.mark.parametrize(
    ("wanted", "found", "conclusion", "message"),
    [
        ((), ("google",), SKIPPED, "the site list names no sign-in providers"),
        (("google",), ("apple", "google"), PASSED, ""),
        (
            ("google", "saml"),
            ("google", "google"),
            FAILED,
            "expected sign-in through google, saml; saml not found; found: google",
        ),
        (("google",), (), FAILED, "expected sign-in through google; google not found; found: none"),
    ],
)
def test_sso(wanted: tuple[str, ...], found: tuple[str, ...], conclusion: Conclusion, message: str) -> None:
    detection = replace(FOUND, sso=tuple(SsoProvider(name=name, element=USER) for name in found))
    judgement = judge_sso(Expectation(sso=wanted), SEEN, detection)
    assert (judgement.conclusion, judgement.message) == (conclusion, message)


@pytest.mark.parametrize(
    ("events", "point", "conclusion", "message"),
    [
        ((), POINT, PASSED, ""),
        ((), None, PASSED, ""),
        ((PageEvent(kind="console-error", text="x is undefined"),), POINT, PASSED, ""),
        (
            (PageEvent(kind="crash", text="a frame of ads.example died"),),
            POINT,
            FAILED,
            "expected a page that stays alive, found a crash: a frame of ads.example died",
        ),
        (
            (),
            replace(POINT, covers=("the link Forgot password?",)),
            FAILED,
            "expected nothing under the insertion point below #user, found the link Forgot password?",
        ),
        ((), replace(POINT, covers=("the button Show",), is_usable=False), PASSED, ""),
    ],
)
def test_damage(
    events: tuple[PageEvent, ...], point: InsertionPoint | None, conclusion: Conclusion, message: str
) -> None:
    judgement = judge_damage(YES, replace(SEEN, events=events), replace(FOUND, insertion_point=point))
    assert (judgement.conclusion, judgement.message) == (conclusion, message)


def test_message_is_one_line_whatever_the_page_says() -> None:
    form = replace(LOGIN, username=replace(USER, label="E-mail\n  address"))
    judgement = judge_fields(
        Expectation(username="#x"), seen_with({"username": {"matches": "#x"}}), replace(FOUND, forms=(form,))
    )
    assert judgement.message == r"expected username #x, found #user ('E-mail\n address')"
