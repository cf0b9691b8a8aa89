"""Observations in the words of a search."""

from __future__ import annotations

from typing import Any

import pytest

from gridrunner.discovery.seeing import LOOK_UP_PROBE, WAYS_PROBE, is_lasting_selector, read_look_up, read_visit
from gridrunner.model import (
    Detection,
    Element,
    ExpectedLogin,
    Form,
    FormKind,
    Observation,
    Outcome,
    PageEvent,
    SsoProvider,
)

URL = "https://shop.example/in"


def observe(detection: Detection | None = None, **what: Any) -> Observation:
    return Observation(**{"site": "a", "attempt": 1, "outcome": Outcome.OBSERVED, "detection": detection, **what})


LOGIN = Form(
    kind=FormKind.LOGIN,
    score=0.9,
    login_score=0.9,
    username=Element(selector="#user", label="E-mail"),
    password_current=Element(selector="#input-83712"),
)


def test_a_login_brings_the_fields_that_will_last() -> None:
    seen = read_visit(observe(Detection(login_present=True, confidence=0.9, forms=(LOGIN,))), None)
    assert seen.login is not None
    assert (seen.login.present, seen.login.fields) == (ExpectedLogin.YES, {"username": "#user"})
    assert seen.login.asks == "username (E-mail), password"


def test_a_form_that_is_put_away_is_no_login_yet() -> None:
    seen = read_visit(observe(Detection(login_present=None, confidence=0.5, forms=(LOGIN,), opened_by="#open")), None)
    assert seen.login is not None
    assert (seen.login.is_put_away, seen.login.fields, seen.follows, seen.opener) == (True, {}, "#open", "#open")


def test_a_page_of_an_error_has_no_login() -> None:
    detection = Detection(login_present=False, confidence=1.0)
    seen = read_visit(observe(detection, outcome=Outcome.HTTP_ERROR, detail="HTTP status 500"), None)
    assert (seen.login, seen.detail) == (None, "HTTP status 500")


def test_providers_tabs_and_ways_are_told() -> None:
    element = Element(selector="#g")
    detection = Detection(login_present=False, confidence=1.0, sso=(SsoProvider(name="google", element=element),))
    events = (PageEvent(kind="popup", text=URL), PageEvent(kind="popup", text="about:blank"))
    value = {"url": f"{URL}?a=1", "language": "fr", "links": [{"href": f"{URL}/x", "text": "Se connecter"}]}
    seen = read_visit(observe(detection, events=events, probes={WAYS_PROBE: {"value": value}}), None)
    assert seen.login is not None
    assert (seen.login.sso, seen.tabs, seen.language, seen.url) == (("google",), (URL,), "fr", f"{URL}?a=1")
    assert [way.says for way in seen.ways] == ["Se connecter"]


def test_a_look_up_tells_places_robots_and_sitemaps() -> None:
    value = {
        "text": "User-agent: *",
        "places": [{"path": "/x", "status": 404, "address": f"{URL}/x", "elsewhere": False}, "odd"],
        "texts": [{"text": "<loc>https://shop.example/login</loc>"}],
        "requests": 2,
    }
    looked = read_look_up(observe(probes={LOOK_UP_PROBE: {"value": value}}), "https://shop.example/")
    assert (looked.requests, looked.robots, looked.sitemap) == (3, "User-agent: *", ("https://shop.example/login",))
    assert [(place.path, place.status) for place in looked.places] == [("/x", 404)]


def test_robots_that_are_an_error_have_no_rules() -> None:
    looked = read_look_up(
        observe(outcome=Outcome.HTTP_ERROR, probes={LOOK_UP_PROBE: {"value": {"text": "Disallow: /login"}}}), URL
    )
    assert (looked.requests, looked.robots) == (1, "")


@pytest.mark.parametrize(
    ("selector", "lasts"),
    [
        ("#email", True),
        ('input[name="password"]', True),
        ("#input-83712", False),
        ("#f3a9b27c61", False),
        ("#\\:r1a\\:", True),
        ("#:r1a:", False),
        ("#a > div:nth-of-type(2) > p:nth-of-type(1) > input:nth-of-type(1)", False),
    ],
)
def test_which_selectors_last(selector: str, lasts: bool) -> None:
    assert is_lasting_selector(selector) is lasts
