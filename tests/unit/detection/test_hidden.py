"""What could not be looked into is named where a login form may be in it, and only there."""

from __future__ import annotations

from typing import Any

import pytest

from gridrunner.detection.hidden import find_hidden_parts
from tests.support.page_facts import page, whole

LARGE = {"x": 0, "y": 0, "width": 400, "height": 300}
NARROW = {"x": 0, "y": 0, "width": 119, "height": 300}


@pytest.mark.parametrize(
    ("root", "named"),
    [
        ({"selector": "x-login", "inputs": 2, "box": NARROW}, ("closed shadow root x-login",)),
        ({"selector": "x-login", "inputs": None, "box": LARGE}, ("closed shadow root x-login",)),
        ({"host": "X-LOGIN", "inputs": None, "box": None}, ("closed shadow root X-LOGIN",)),
        ({"selector": "x-login", "inputs": 0, "box": LARGE}, ()),
        ({"selector": "x-login", "inputs": None, "box": NARROW}, ()),
    ],
)
def test_a_closed_root_counts_by_its_inputs_or_else_by_its_size(root: dict[str, Any], named: tuple[str, ...]) -> None:
    assert find_hidden_parts(whole(page(), closed_roots=[root])) == named


def test_a_closed_root_that_the_probe_saw_itself_is_named_once() -> None:
    top = page()
    top["closed"] = [
        {"host": "x-one", "box": LARGE},
        {"host": "x-one", "box": LARGE},
        {"host": "x-icon", "box": NARROW},
    ]
    assert find_hidden_parts(whole(top)) == ("closed shadow root x-one",)


def unread(**more: Any) -> dict[str, Any]:
    return {"parent": 0, "owner_selector": "#f", "is_readable": False, "page": None, **more}


def test_a_frame_that_could_not_be_read_is_named_where_a_form_would_fit() -> None:
    top = page(frames=[{"selector": "#f", "box": LARGE}, {"selector": "#pixel", "box": NARROW}])
    facts = whole(top, unread(), unread(owner_selector="#pixel"), unread(is_readable=True))
    assert find_hidden_parts(facts) == ("frame #f could not be read",)


@pytest.mark.parametrize("parent", [7, -1, "0"])
def test_a_frame_of_unknown_size_may_hold_a_form(parent: object) -> None:
    facts = whole(page(), unread(parent=parent, owner_selector=None, url="https://a.example/"))
    assert find_hidden_parts(facts) == ("frame https://a.example/ could not be read",)


def test_a_frame_that_its_parent_does_not_know_may_hold_a_form() -> None:
    top = page(frames=[{"selector": "#other", "box": LARGE}, {"selector": "#f", "box": "broken"}])
    assert find_hidden_parts(whole(top, unread(), unread(owner_selector="#gone"))) == (
        "frame #f could not be read",
        "frame #gone could not be read",
    )
