"""The button that sends a form."""

from __future__ import annotations

from typing import Any

import pytest

from gridrunner.detection.snapshot import Group, read_snapshot
from gridrunner.detection.submit import find_submit
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
