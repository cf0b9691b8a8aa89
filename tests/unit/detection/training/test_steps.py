"""First steps made of whole logins, and what a page with two forms says it is for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gridrunner.detection import detect
from gridrunner.detection.predictions import claims_login
from gridrunner.detection.snapshot import Group, read_snapshot
from gridrunner.detection.training.errands import FIRST_STEPS
from gridrunner.detection.training.examples import identifier_examples, read_pages
from gridrunner.detection.training.steps import identifier_steps, password_step
from gridrunner.detection.words import bit_of
from tests.support.page_facts import button, field, form, login, page, signup, whole


def group_of(content: dict[str, Any]) -> Group:
    return read_snapshot(whole(page(content))).groups[0]


def test_a_whole_login_comes_apart() -> None:
    plain, going_on, untold, arrow = identifier_steps(group_of(login()))
    for step in (plain, going_on, untold, arrow):
        assert [each.element.selector for each in step.fields] == ["#e1"]
    assert plain.buttons[0].text == "Log in"
    assert (going_on.buttons[0].text, going_on.buttons[0].bits) == ("Next", bit_of("next"))
    assert going_on.raw["id"] == "login"
    assert untold.raw["id"] == ""
    assert (arrow.buttons[0].text, arrow.buttons[0].bits) == ("", 0)
    second = password_step(group_of(login()))
    assert second is not None
    assert [each.type for each in second.fields] == ["password", "checkbox"]


def test_what_is_no_whole_login_has_no_steps() -> None:
    assert list(identifier_steps(group_of(signup()))) == []
    assert password_step(group_of(signup())) is None
    assert list(identifier_steps(group_of(form(field("password", label="Password"), button("Log in"))))) == []


@pytest.mark.parametrize(
    ("of_login", "of_signup", "is_aside"),
    [
        ({}, {}, False),
        ({"put_away": "hide"}, {}, True),
        ({"put_away": "aria-hidden"}, {"put_away": "hide"}, False),
        ({}, {"put_away": "hide"}, False),
        ({"modes": ["is-narrow", "active-register"]}, {}, True),
        ({"modes": ["active-login", "default-register"], "put_away": "fade"}, {}, False),
        ({"modes": ["show-login-or-register"]}, {}, False),
    ],
)
def test_a_page_may_say_that_its_login_is_not_the_open_form(
    of_login: dict[str, Any], of_signup: dict[str, Any], is_aside: bool
) -> None:
    forms = (login(**of_login), {**signup(), **of_signup})
    found = detect(whole(page(*forms)))
    assert found.login_present is True  # it is there, and listed
    assert found.login is not None
    assert found.login_is_aside is is_aside
    assert found.evidence[0].startswith("beside another form: the page ") is is_aside
    assert claims_login(found) is not is_aside


def test_a_login_that_is_alone_is_what_the_page_is_for() -> None:
    found = detect(whole(page(login(put_away="hide", modes=["active-register"]))))
    assert (found.login_present, found.login_is_aside) == (True, False)


def test_of_two_logins_the_open_one_comes_first() -> None:
    found = detect(whole(page(login(put_away="aria-hidden"), login())))
    assert [each.username.selector for each in found.forms if each.username] == ["#e6", "#e1"]


def test_saved_facts_bring_their_labels(tmp_path: Path) -> None:
    line = {"id": "a", "site": "s", "kind": "login", "login_present": True, "facts": whole(page(login())),
            "labels": {"username": ["#e1"], "password_current": ["#e2"], "submit": []}}  # fmt: skip
    path = tmp_path / "facts.jsonl"
    path.write_text(json.dumps(line) + "\n")
    (found,) = read_pages(path, None)
    assert (found.site, found.fields) == ("s", {"#e1": ["username"], "#e2": ["password_current"]})
    assert [each.is_login for each in found.groups] == [True]
    made_up = [example for example in identifier_examples(found) if example.weight < 1]
    assert [example.truth for example in made_up] == [1] * 4 + [1] + [0] * len(FIRST_STEPS)
