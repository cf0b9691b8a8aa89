"""Walls are named by what the answer and the page show, and pages that are none are not."""

from __future__ import annotations

from typing import Any

import pytest

from gridrunner.browser.walls import Signs, WallBy, find_wall, load_rules, may_be_wall

CHALLENGE = {"cf-mitigated": "challenge", "server": "cloudflare"}


def test_every_rule_says_where_it_is_from_and_looks_at_one_thing() -> None:
    for rule in load_rules():
        assert rule.source
        assert sum(map(bool, (rule.header, rule.address, rule.title, rule.text))) == 1
        assert bool(rule.header) is bool(rule.match)
    assert {rule.by for rule in load_rules()} == set(WallBy)


@pytest.mark.parametrize(
    ("signs", "by", "may_pass"),
    [
        (Signs(status=403, headers=CHALLENGE, title="Nur einen Moment…"), WallBy.CLOUDFLARE, True),
        (Signs(status=200, headers={"x-amzn-waf-action": "captcha"}, fields=1), WallBy.AWS_WAF, False),
        (Signs(status=202, headers={"x-amzn-waf-action": "challenge"}), WallBy.AWS_WAF, True),
        (Signs(status=403, headers={"server": "AkamaiGHost"}, title="Access Denied"), WallBy.AKAMAI, False),
        (Signs(status=200, addresses=("https://a.example/_Incapsula_Resource",)), WallBy.IMPERVA, True),
        (Signs(status=200, title="Just a moment..."), WallBy.CLOUDFLARE, True),
        (Signs(status=403, title="Access denied", links=30), WallBy.UNKNOWN, False),
        (Signs(status=200, addresses=("https://hcaptcha.com/1/api.js",)), WallBy.CAPTCHA, False),
    ],
)
def test_walls_are_named(signs: Signs, by: WallBy, may_pass: bool) -> None:
    wall = find_wall(signs)
    assert wall is not None
    assert (wall.by, wall.may_pass) == (by, may_pass)
    assert wall.evidence


@pytest.mark.parametrize(
    "signs",
    [
        Signs(status=200, headers={"server": "cloudflare", "cf-ray": "1"}, title="News"),
        Signs(status=200, headers={"server": "AkamaiGHost", "x-iinfo": "1", "x-datadome": "protected"}),
        Signs(status=200, addresses=("https://a.example/_Incapsula_Resource",), fields=2),
        Signs(status=200, addresses=("https://a.example/cdn-cgi/challenge-platform/scripts/jsd/main.js",)),
        Signs(status=200, addresses=("https://www.google.com/recaptcha/api.js",), fields=1),
        Signs(status=403, addresses=("https://challenges.cloudflare.com/turnstile/v0/api.js",), fields=2),
        Signs(status=404, title="Access denied", links=20),
        Signs(status=200, title="Access denied", links=20),
        Signs(status=200, title="Just a moment, your login is ready"),
        Signs(status=200, text="Please consult with your administrator"),
        Signs(status=403, title="403 Forbidden"),
        Signs(),
    ],
)
def test_what_is_no_wall(signs: Signs) -> None:
    assert find_wall(signs) is None


@pytest.mark.parametrize(
    ("status", "headers", "links", "is_asked"),
    [(200, {}, 40, False), (200, CHALLENGE, 40, True), (403, {}, 40, True), (200, {}, 3, True), (404, {}, 40, False)],
)
def test_most_pages_are_not_asked(status: int, headers: dict[str, str], links: int, is_asked: bool) -> None:
    facts: dict[str, Any] = {"links": [{}] * links}
    assert may_be_wall(status, headers, facts) is is_asked


@pytest.mark.parametrize(
    ("field", "is_asked"),
    [
        ({"type": "text", "hidden": ""}, False),
        ({"type": "text", "hidden": "aside"}, True),
        ({"type": "textarea"}, True),
    ],
)
def test_a_page_with_a_field_to_use_is_not_asked(field: dict[str, Any], is_asked: bool) -> None:
    assert may_be_wall(200, {}, {"links": [], "fields": [field]}) is is_asked
    assert may_be_wall(403, {}, {"links": [], "fields": [field]})


def test_a_page_without_scripts_does_not_pass_by_itself() -> None:
    wall = find_wall(Signs(status=403, headers=CHALLENGE, can_move=False))
    assert wall is not None
    assert not wall.may_pass


def test_evidence_is_one_short_line() -> None:
    wall = find_wall(Signs(status=403, headers={"x-sucuri-block": "A\n" + "b" * 500}))
    assert wall is not None
    assert "\n" not in wall.evidence
    assert len(wall.evidence) <= 120
