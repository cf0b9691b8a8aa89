"""What the trial of an insertion point comes to."""

from __future__ import annotations

from typing import Any

import pytest

from dom_probes.suite.expectations import Conclusion
from dom_probes.suite.insertion import judge_trial
from gridrunner.model import Expectation, ExpectedLogin, Observation, Outcome

PHONE = {
    "side": "inside-end",
    "gap_px": 0,
    "is_visible": True,
    "is_field_visible": True,
    "covered_by": "",
    "reason": "",
}
GOOD = {
    "side": "inside-end",
    "selector": "#user",
    "is_tried": True,
    "reason": "",
    "gap_px": 0,
    "moved_px": 0.4,
    "moved": "",
    "is_clicked": True,
    "is_trusted": True,
    "is_gone": True,
    "is_equal": True,
    "is_restless": False,
    "phone": PHONE,
}
PASSED, FAILED, SKIPPED = Conclusion.PASSED, Conclusion.FAILED, Conclusion.SKIPPED


def observe(trial: Any, outcome: Outcome = Outcome.OBSERVED) -> Observation:
    return Observation(site="s", attempt=1, outcome=outcome, probes={} if trial is None else {"insertion": trial})


@pytest.mark.parametrize(
    ("change", "conclusion", "message"),
    [
        ({}, PASSED, ""),
        ({"phone": {**PHONE, "side": "above"}}, PASSED, "on a phone's width it goes to above"),
        ({"is_equal": False, "is_restless": True}, PASSED, ""),
        ({"side": "below", "gap_px": 140, "phone": {**PHONE, "side": "below", "gap_px": 140}}, PASSED, ""),
        ({"is_clicked": False}, FAILED, "a button inside-end #user was clicked, and the click did not arrive"),
        ({"is_trusted": False}, FAILED, "a button inside-end #user got a click that the browser does not trust"),
        ({"moved_px": 1.1, "moved": "form#f"}, FAILED, "a button inside-end #user moves form#f by 1.1 px"),
        ({"is_gone": False}, FAILED, "a button inside-end #user cannot be taken out again"),
        (
            {"is_equal": False},
            FAILED,
            "a button inside-end #user leaves a trace: the page is another one after it was taken out",
        ),
        (
            {"phone": {**PHONE, "is_visible": False, "reason": "nav lies over it"}},
            FAILED,
            "a button inside-end #user is lost on a phone's width: nav lies over it",
        ),
        (
            {"phone": {**PHONE, "gap_px": 13}},
            FAILED,
            "a button inside-end #user stands 13 px from its field on a phone's width",
        ),
        (
            {"is_tried": False, "covered_by": "div#wall"},
            SKIPPED,
            "a button inside-end #user was not clicked: div#wall lies over it",
        ),
        (
            {"is_tried": False, "reason": "it stands outside of the page"},
            FAILED,
            "a button inside-end #user cannot be put there: it stands outside of the page",
        ),
    ],
)
def test_trial_is_judged(change: dict[str, Any], conclusion: Conclusion, message: str) -> None:
    judgement = judge_trial(Expectation(), observe({**GOOD, **change}))
    assert (judgement.conclusion, judgement.message) == (conclusion, message)


def test_without_a_trial_nothing_is_concluded() -> None:
    assert judge_trial(Expectation(login=ExpectedLogin.YES), observe(None)).conclusion is SKIPPED
    assert judge_trial(Expectation(login=ExpectedLogin.NO), observe(GOOD)).conclusion is SKIPPED
    assert judge_trial(Expectation(), observe(None, Outcome.CRASHED)).conclusion is FAILED
