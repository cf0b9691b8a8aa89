"""Which links lead to the login, best first, those of a closed menu among them."""

from __future__ import annotations

from typing import Any

from gridrunner.detection.links import LoginLink, rank_login_links
from tests.support.page_facts import link, page


def facts_of(*parts: Any) -> dict[str, Any]:
    return {"frames": [{"parent": None, "owner_selector": None, "offset": [0, 0], "page": page(*parts, lang="en")}]}


def hidden(text: str, href: str) -> dict[str, str]:
    return {"text": text, "href": href, "id": "", "class": ""}


def test_what_a_menu_hides_comes_after_what_is_shown() -> None:
    facts = facts_of(link("My account", "/account"), link("Roses", "/roses"))
    menu = [hidden("Log in", "https://www.example.org/login"), hidden("Sign up", "https://www.example.org/join")]
    assert [found.label for found in rank_login_links(facts, menu)] == ["My account", "Log in"]
    assert rank_login_links(facts, menu)[1] == LoginLink(label="Log in", address="https://www.example.org/login")


def test_three_are_tried_and_what_says_the_same_twice_is_one() -> None:
    links = [link(text, f"/{number}") for number, text in enumerate(("Log in", "Sign in", "Login", "Member login"))]
    assert len(rank_login_links(facts_of(*links))) == 3
    twice = facts_of(link("Log in", "/in"), link("Log in", "/in"))
    assert [found.selector for found in rank_login_links(twice)] == ["#e1"]


def test_nothing_leads_to_a_login_where_nothing_says_so() -> None:
    assert rank_login_links(facts_of(link("Roses", "/roses")), [hidden("Garden", "/garden")]) == ()
