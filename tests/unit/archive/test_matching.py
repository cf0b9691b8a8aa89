"""Which exchange answers a request."""

from __future__ import annotations

import pytest

from gridrunner.archive.matching import Matcher
from gridrunner.archive.traffic import Exchange, Rule

UUIDS = ("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "0b5e0a3c-1111-4222-8333-444455556666")


@pytest.mark.parametrize(
    ("recorded", "asked", "rule"),
    [
        ("https://a.example/x?b=1&a=2", "https://a.example/x?b=1&a=2#part", Rule.EXACT),
        ("https://a.example/x?b=1&a=2", "https://a.example/x?a=2&b=1", Rule.ORDER),
        ("https://a.example/x?at=1700000000123", "https://a.example/x?at=1796080647939", Rule.TIME),
        ("https://a.example/x?d=2026-11-30T10:00", "https://a.example/x?d=2026-12-01T09%3A30:11Z", Rule.TIME),
        (f"https://a.example/x?r={UUIDS[0]}", f"https://a.example/x?r={UUIDS[1]}", Rule.RANDOM),
        ("https://a.example/x?r=0.123456789", "https://a.example/x?r=0.98765432101", Rule.RANDOM),
        ("https://a.example/x?cb=abc&q=1", "https://a.example/x?q=1&cb=other", Rule.BUSTER),
        ("https://a.example/x.png?1700000000", "https://a.example/x.png?1796080647", Rule.BUSTER),
        (f"https://a.example/u/{UUIDS[0]}/a", f"https://a.example/u/{UUIDS[1]}/a", Rule.PATH),
    ],
)
def test_a_request_finds_its_answer_by_the_strictest_rule(recorded: str, asked: str, rule: Rule) -> None:
    found = Matcher([Exchange("GET", "https://a.example/other"), Exchange("GET", recorded)]).find("GET", asked)
    assert found is not None
    assert (found.index, found.rule) == (1, rule)


@pytest.mark.parametrize(
    "asked",
    [
        "https://b.example/x?q=1",
        "http://a.example/x?q=1",
        "https://a.example/x?q=2",
        "https://a.example/x?q=1&more=1",
        "https://a.example/y?q=1",
        "https://[broken/x",
    ],
)
def test_what_is_another_thing_finds_none(asked: str) -> None:
    assert Matcher([Exchange("GET", "https://a.example/x?q=1")]).find("GET", asked) is None


def test_requests_that_repeat_are_answered_in_order_and_then_by_the_last() -> None:
    matcher = Matcher([Exchange("GET", "https://a.example/poll", "Fetch", "", status) for status in (202, 202, 200)])
    given = [matcher.find("GET", "https://a.example/poll") for _ in range(4)]
    assert [found.index for found in given if found is not None] == [0, 1, 2, 2]


def test_an_exact_match_goes_before_one_that_comes_first() -> None:
    exchanges = [
        Exchange("GET", "https://a.example/x?at=1700000000"),
        Exchange("GET", "https://a.example/x?at=1700000001"),
    ]
    found = Matcher(exchanges).find("GET", "https://a.example/x?at=1700000001")
    assert found is not None
    assert found.index == 1


def test_bodies_tell_requests_apart_and_any_is_better_than_none() -> None:
    matcher = Matcher([Exchange("POST", "https://a.example/graphql", "Fetch", shape) for shape in ("one", "two")])
    exact = matcher.find("POST", "https://a.example/graphql", "two")
    other = matcher.find("POST", "https://a.example/graphql", "three")
    assert exact is not None
    assert other is not None
    assert (exact.index, exact.rule) == (1, Rule.EXACT)
    assert (other.index, other.rule) == (0, Rule.BODY)


def test_another_method_is_another_thing() -> None:
    matcher = Matcher([Exchange("POST", "https://a.example/x", "Fetch", "shape")])
    assert matcher.find("GET", "https://a.example/x") is None
    assert matcher.holds("POST", "https://a.example/x")
    assert not matcher.holds("PUT", "https://a.example/x")
