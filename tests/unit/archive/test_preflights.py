"""Preflights, whose answers a recording may lack."""

from __future__ import annotations

import pytest

from gridrunner.archive.preflights import answer_preflight, is_preflight
from gridrunner.archive.traffic import Asked

PREFLIGHT = Asked(
    method="OPTIONS",
    url="https://api.example/login",
    headers={
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    },
)


def test_what_it_asks_for_is_allowed() -> None:
    answer = answer_preflight(PREFLIGHT)
    assert (answer.status, answer.body) == (204, b"")
    assert dict(answer.headers) == {
        "access-control-allow-origin": "https://shop.example",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "content-type",
        "access-control-allow-credentials": "true",
    }


@pytest.mark.parametrize(
    ("asked", "is_one"),
    [
        (PREFLIGHT, True),
        (Asked(method="OPTIONS", url=PREFLIGHT.url), False),  # a request of the page's own
        (Asked(method="POST", url=PREFLIGHT.url, headers=PREFLIGHT.headers), False),
    ],
)
def test_only_questions_are_preflights(asked: Asked, is_one: bool) -> None:
    assert is_preflight(asked) is is_one
