from __future__ import annotations

import pytest

from gridrunner.model import Observation
from gridrunner.run.answers import describe_silent_probes

GOOD = {"value": {"login": True, "username": "#u"}}


def lines(*entries: object) -> list[str]:
    seen = [
        Observation(site=f"s{number}", attempt=1, probes={} if entry is None else {"mine.js": entry})
        for number, entry in enumerate(entries)
    ]
    return list(describe_silent_probes(["mine.js"], seen))


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            [{"value": {"logn": True}}] * 2,
            "answered on 0 of 2 sites; keys seen: logn; known: login, username, password",
        ),
        ([GOOD, {"value": {"login": "yes"}}], "answered on 1 of 2 sites; keys seen: login, username; known:"),
        ([{"value": 7}, {"value": "#u"}], "answered on 0 of 2 sites; seen: a number, a text; known:"),
        ([None], "answered on 0 of 1 site; it returned nothing; known:"),
    ],
)
def test_a_detector_that_is_silent_somewhere_is_counted(entries: list[object], said: str) -> None:
    (line,) = lines(*entries)
    assert said in line


def test_a_detector_that_answers_or_throws_everywhere_needs_no_line() -> None:
    assert lines(GOOD, {"error": "boom"}) == []
