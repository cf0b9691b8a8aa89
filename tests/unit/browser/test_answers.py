"""What an answer says beside the page."""

from __future__ import annotations

import pytest

from gridrunner.browser.answers import public_address, read_retry_after

DATE = "Mon, 30 Nov 2026 21:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "Mon, 30 Nov 2026 21:02:00 GMT", "date": DATE}, 120.0),
        ({"retry-after": "Mon, 30 Nov 2026 20:00:00 GMT", "date": DATE}, 0.0),
        ({"retry-after": "Mon, 30 Nov 2026 21:02:00 GMT"}, None),
        ({"retry-after": "Mon, 30 Nov 2026 21:02:00", "date": DATE}, None),
        ({"retry-after": "soon", "date": DATE}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 400}, None),
        ({}, None),
    ],
)
def test_when_to_come_again(headers: dict[str, str], seconds: float | None) -> None:
    assert read_retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("text", "address"),
    [("93.184.215.14", "93.184.215.14"), ("10.0.0.3", ""), ("::1", ""), ("", ""), ("proxy", "")],
)
def test_only_a_public_address_stands_for_a_server(text: str, address: str) -> None:
    assert public_address(text) == address
