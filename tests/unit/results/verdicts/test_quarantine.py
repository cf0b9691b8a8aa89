"""Quarantine in a site list: what it must say, and the day on which it ends."""

from __future__ import annotations

import io
from datetime import date

import pytest

from gridrunner.errors import SiteListError
from gridrunner.model import Quarantine
from gridrunner.sites.lists import read_site_lists
from tests.support.site_lists import SITE

TODAY = date(2026, 11, 24)
GOOD = "owner: ann, reason: they rebuild, until: 2026-12-31"


def read_quarantine(text: str, today: date = TODAY) -> Quarantine | None:
    source = io.BytesIO(f"{SITE}    quarantine: {text}\n".encode())
    return read_site_lists(["-"], source, today=today).sites[0].quarantine


def mistakes_of(text: str) -> list[str]:
    with pytest.raises(SiteListError) as caught:
        read_quarantine(text)
    return [mistake.removeprefix("<stdin>:") for mistake in caught.value.mistakes]


def test_a_quarantine_has_an_owner_a_reason_and_a_last_day() -> None:
    assert read_quarantine(f"{{{GOOD}, checks: [test_a, 'file.py::test_b']}}") == Quarantine(
        owner="ann", reason="they rebuild", until=date(2026, 12, 31), checks=("test_a", "file.py::test_b")
    )
    assert read_quarantine("{owner: ann, reason: x, until: '2026-12-31'}") == Quarantine(
        owner="ann", reason="x", until=date(2026, 12, 31)
    )


def test_it_holds_up_to_and_with_its_last_day() -> None:
    until = read_quarantine(f"{{{GOOD}}}", date(2026, 12, 31))
    assert until is not None
    with pytest.raises(SiteListError) as caught:
        read_quarantine(f"{{{GOOD}}}", date(2027, 1, 1))
    assert caught.value.mistakes == (
        "<stdin>:4:59: until: the quarantine ended on 2026-12-31; remove it, or have its owner set a later day",
    )


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("{owner: ann, until: 2026-12-31}", "4:17: quarantine: reason missing; write {owner: NAME, reason: TEXT,"),
        ("{checks: [test_a]}", "4:17: quarantine: owner, reason, until missing; write {owner: NAME,"),
        ("{owner: '', reason: x, until: 2026-12-31}", "4:25: owner: is empty; write one line of text"),
        ("{owner: a, reason: x, until: 2026-02-30}", "4:46: until: '2026-02-30' is not a day; write YYYY-MM-DD"),
        ("{owner: a, reason: x, until: 20261231}", "4:46: until: '20261231' is not a day; write YYYY-MM-DD"),
        ("{owner: a, reason: x, until: 2026-12-31T00:00}", "4:46: until: '2026-12-31T00:00' is not a day;"),
        ("{owner: a, reason: x, until: }", "4:46: until has no value; write the last day as YYYY-MM-DD"),
        ("true", "4:17: quarantine cannot be a single value; write a mapping such as {owner: NAME,"),
        ("{ownr: a, reason: x, until: 2026-12-31}", "4:18: unknown key 'ownr' in quarantine; did you mean 'owner'?"),
        (f"{{{GOOD}, checks: test_a}}", "checks cannot be a single value; write [test_a]"),
        (f"{{{GOOD}, checks: ['a b']}}", "checks: 'a b' is not a check; write a function such as test_login_is_found"),
        ('{owner: a, reason: "x\\ny", until: 2026-12-31}', "has a line end or control character in it; write one line"),
        (f"{{owner: {'a' * 201}, reason: x, until: 2026-12-31}}", "has 201 characters; at most 200 are allowed"),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, mistake: str) -> None:
    assert any(mistake in found for found in mistakes_of(text)), mistakes_of(text)
