"""One form around a whole page, and forms that are none: controls are grouped by what they do."""

from __future__ import annotations

from typing import Any

from gridrunner.detection.sections import cut_groups
from gridrunner.detection.snapshot import read_snapshot
from tests.support.page_facts import button, field, form, link, page, whole

SEARCH, LOGIN, NEWS = [10, 1], [20, 1], [30, 1]


def cut(*parts: dict[str, Any]) -> list[list[str]]:
    """The names of the fields of each group."""
    groups = cut_groups(read_snapshot(whole(page(*parts))).groups)
    assert [group.index for group in groups] == list(range(len(groups)))
    return [[str(control.raw.get("name")) for control in group.fields] for group in groups]


def sign_in(chain: list[int], *, words: str = "Log in") -> list[dict[str, Any]]:
    return [
        field(label="User name", name="user", chain=chain),
        field("password", label="Password", name="pass", chain=chain),
        button(words, chain=chain),
    ]


def test_one_form_around_search_login_and_newsletter_is_cut() -> None:
    members = [
        field(label="Search", name="q", chain=SEARCH),
        button("Search", chain=SEARCH),
        *sign_in(LOGIN),
        field("email", label="Newsletter", name="mail", chain=NEWS),
        button("Subscribe", chain=NEWS),
    ]
    assert cut(form(*members)) == [["user", "pass"], ["q", "mail"]]


def test_a_search_field_that_has_no_button_is_no_part_of_a_login() -> None:
    members = [field("search", label="Search", name="q", chain=SEARCH), *sign_in(LOGIN)]
    assert cut(form(*members)) == [["user", "pass"], ["q"]]


def test_a_field_that_only_the_logins_button_sends_belongs_to_it() -> None:
    members = [field(label="Customer number", name="number", chain=SEARCH), *sign_in(LOGIN)]
    assert cut(form(*members)) == [["number", "user", "pass"]]


def test_fields_after_a_button_that_speaks_of_something_else_stay() -> None:
    members = [
        *sign_in(LOGIN, words="Continue"),
        field(label="Street", name="street", chain=NEWS),
        button("Order now", chain=NEWS),
    ]
    assert cut(form(*members)) == [["user", "pass", "street"]]


def test_two_logins_in_one_form_are_two_groups() -> None:
    assert cut(form(*sign_in(SEARCH), *sign_in(LOGIN))) == [["user", "pass"], ["user", "pass"]]


def test_a_part_within_a_part_gives_way_to_the_outer_one() -> None:
    members = [
        *sign_in([20, 2, 1]),
        field("password", label="PIN", name="pin", chain=[2, 1]),
        button("Log in", chain=[2, 1]),
    ]
    assert cut(form(*members, field(label="Search", name="q", chain=[3, 1]), button("Search", chain=[3, 1]))) == [
        ["user", "pass", "pin"],
        ["q"],
    ]


def test_a_form_whose_password_is_of_no_part_stays_whole() -> None:
    members = [*sign_in(LOGIN), field("password", label="Again", name="again", chain="broken")]
    assert cut(form(*members)) == [["user", "pass", "again"]]


def test_what_shows_a_password_or_clears_a_form_does_not_send_it() -> None:
    members = [
        *sign_in(LOGIN)[:2],
        button("Show password", kind="button", chain=LOGIN),
        button("Clear", kind="reset", chain=LOGIN),
        button("Hidden", hidden="display", chain=LOGIN),
        field(label="Search", name="q", chain=SEARCH),
    ]
    assert cut(form(*members)) == [["user", "pass", "q"]]


def test_a_loose_password_takes_in_the_field_before_it() -> None:
    user = form(field(label="User name", name="user"), link("Help"), is_form=False, text="User name", above="Sign in")
    password = form(field("password", name="pass"), button("Log in"), is_form=False, text="Password")
    assert cut(user, password) == [["user", "pass"]]


def test_a_loose_password_takes_in_no_search_and_no_form() -> None:
    password = field("password", name="pass"), button("Log in")
    searching = form(field(label="Search", name="q"), button("Search"), is_form=False)
    assert cut(searching, form(*password, is_form=False)) == [["q"], ["pass"]]
    real = form(field(label="User name", name="user"))
    password = field("password", name="pass"), button("Log in")
    assert cut(real, form(*password, is_form=False)) == [["user"], ["pass"]]
