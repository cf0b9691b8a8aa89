"""The small decisions: submit, providers, weights."""

from __future__ import annotations

from typing import Any

import pytest

from gridrunner.detection import detect
from gridrunner.detection.features import measure_group
from gridrunner.detection.snapshot import Group, read_snapshot
from gridrunner.detection.submit import find_submit
from gridrunner.detection.weights import Scorer, shipped_weights
from tests.support.page_facts import button, field, form, link, page, whole


def group_of(*members: dict[str, Any], **more: Any) -> Group:
    return read_snapshot(whole(page(form(*members, **more)))).groups[0]


@pytest.mark.parametrize(
    ("buttons", "expected"),
    [
        ([button("Show", kind="button"), button("Log in")], "Log in"),
        ([button("Forgot password?"), button("OK")], "OK"),
        ([button("Log in"), button("Sign in with Google", kind="button")], "Log in"),
        ([button("Clear", kind="reset"), button("Go", kind="button")], "Go"),
        ([button("", kind="image", id="signin")], ""),
    ],
)
def test_the_button_that_sends(buttons: list[dict[str, Any]], expected: str) -> None:
    submit = find_submit(group_of(field(name="u"), field("password", name="p"), *buttons))
    assert submit is not None
    assert submit.text == expected


def test_a_link_sends_where_it_looks_like_a_button() -> None:
    styled = {**link("Sign in", "javascript:void(0)"), "class": "btn btn-primary"}
    submit = find_submit(group_of(field(name="u"), field("password", name="p"), styled))
    assert submit is not None
    assert submit.text == "Sign in"


def providers(*parts: dict[str, Any]) -> list[str]:
    return [each.name for each in detect(whole(page(*parts))).sso]


def test_providers_by_words_and_by_address() -> None:
    found = providers(
        button("Continue with Google", kind="button"),
        link("", "/auth/facebook", **{"class": "social-login facebook"}),
        button("Mit Apple anmelden", kind="button"),
        button("Company login (SSO)", kind="button"),
        button("Use a passkey", kind="button"),
    )
    assert found == ["google", "facebook", "apple", "saml", "passkey"]


def test_sharing_is_no_way_in() -> None:
    assert (
        providers(
            link("Facebook", "https://www.facebook.com/ourpage"), link("Google Play", "https://play.google.com/x")
        )
        == []
    )


def test_entra_is_the_italian_word_for_going_in() -> None:
    assert providers(button("Entra")) == []


def test_probabilities_are_read_off_the_calibration() -> None:
    scorer = Scorer(intercept=0.0, weights={"a": 2.0, "b": -1.0}, points=((-2.0, 0.1), (2.0, 0.9)))
    assert scorer.raw_score({"a": 1.0, "unknown": 5.0}) == 2.0
    assert scorer.probability({"a": 1.0}) == pytest.approx(0.9)
    assert scorer.probability({}) == pytest.approx(0.5)
    assert scorer.probability({"b": 9.0}) == pytest.approx(0.1)
    assert scorer.reasons({"a": 1.0, "b": 1.0}, 1) == [("a", 2.0)]


def test_every_weight_is_for_a_feature_that_is_measured() -> None:
    measured = set(measure_group(group_of(field(name="u"), field("password", name="p"), button("x"))))
    assert set(shipped_weights().login.weights) <= measured
