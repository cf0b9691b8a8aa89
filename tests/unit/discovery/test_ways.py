"""Links and buttons of pages as the probe tells them: which may lead to a login."""

from __future__ import annotations

from typing import Any

import pytest

from gridrunner.discovery.ways import domain_of, find_account_words, find_stores, is_lasting, read_ways
from gridrunner.discovery.words import WayKind

HOME = "https://www.shop.example/"


def link(text: str, href: str = "https://www.shop.example/x", **more: Any) -> dict[str, Any]:
    return {"text": text, "href": href, **more}


def button(text: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "selector": "#it", **more}


def ways(*controls: dict[str, Any], language: str = "en") -> list[tuple[str, str]]:
    raw = {
        "language": language,
        "links": [control for control in controls if "href" in control],
        "buttons": [control for control in controls if "href" not in control],
    }
    return [(way.kind.value, way.says or way.url or way.selector) for way in read_ways(raw, HOME)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Log in", "en"),
        ("Anmelden", "de"),
        ("Войти", "ru"),
        ("ログイン", "ja"),
        ("تسجيل الدخول", "ar"),
        ("Masuk", "id"),
    ],
)
def test_what_says_login_is_a_way_in_every_language(text: str, language: str) -> None:
    assert ways(link(text), language=language) == [("link", text)]
    assert ways(button(text), language=language) == [("button", text)]


@pytest.mark.parametrize(
    "control",
    [
        link("Create account", "https://www.shop.example/register"),
        link("Forgot password?", "https://www.shop.example/login/forgot"),
        link("Log out", "https://www.shop.example/logout"),
        link("Newsletter", "https://www.shop.example/newsletter/login"),
        link("Log in", "https://www.facebook.com/shop"),
        link("Log in", "mailto:in@shop.example"),
        link("Our partner", "https://partner.example/login"),
        link("Sign in with Google", "https://www.shop.example/auth/google"),
        link("Mit Apple anmelden", "https://appleid.apple.com/auth"),
        button("Continue with Facebook"),
        link("Roses", "https://www.shop.example/roses"),
        link("How to log in to the router of your neighbour when it rains"),
        button("Sign up"),
        button("Log in", hidden=True),
        button("Log in", sends=True),
        button("English", icon="lang-menu", opens="menu", place="header"),
        button("Search", icon="menu-search", opens="true", place="header"),
    ],
    ids=lambda control: f"{control['text'][:20]} {control.get('href', '')[-24:]}",
)
def test_what_leads_elsewhere_is_none(control: dict[str, Any]) -> None:
    assert ways(control) == []


def test_what_a_control_says_goes_before_where_it_leads() -> None:
    found = ways(
        link("My account", "https://www.shop.example/a"),
        link("Members", "https://www.shop.example/login"),
        link("Log in", "https://www.shop.example/b"),
        button("Menu", icon="burger"),
    )
    assert [name for _, name in found] == ["Log in", "Members", "My account", "Menu"]


def test_the_header_goes_before_the_page_and_ones_own_before_anothers() -> None:
    found = ways(
        link("Sign in", "https://id.other.example/a"), link("Log in", place="header"), link("Login", f"{HOME}page")
    )
    assert [name for _, name in found] == ["Log in", "Login", "Sign in"]


@pytest.mark.parametrize(
    "control",
    [
        link("", "https://www.shop.example/x", icon="icon icon-user"),
        link("", "https://www.shop.example/customer/account/"),
        link("", "https://www.shop.example/mein-konto"),
    ],
)
def test_an_account_without_words_is_a_way(control: dict[str, Any]) -> None:
    (way,) = read_ways({"language": "en", "links": [control]}, HOME)
    assert (way.kind, way.is_account) == (WayKind.LINK, True)


def test_a_menu_that_holds_a_login_goes_before_one_that_does_not() -> None:
    burger = {"selector": "#burger", "text": "☰", "icon": "burger"}
    inside = {"selector": "#in", "text": "Log in", "hidden": True}
    without, holding = ({"language": "en", "buttons": buttons} for buttons in ([burger], [burger, inside]))
    assert read_ways(holding, HOME)[0].score > read_ways(without, HOME)[0].score


def test_a_login_at_another_domain_is_a_way_where_the_link_says_so() -> None:
    assert ways(link("Sign in", "https://accounts.google.com/ServiceLogin")) == [("link", "Sign in")]


def test_a_menu_that_is_open_is_none() -> None:
    assert ways(button("Menu", is_open=True)) == []


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://login.shop.co.uk/x", "shop.co.uk"),
        ("http://my.home-de.demo.localhost:80/", "home-de.demo.localhost"),
        ("http://home-de.demo.localhost/", "home-de.demo.localhost"),
        ("http://intranet/", "intranet"),
    ],
)
def test_whose_an_address_is(url: str, domain: str) -> None:
    assert domain_of(url) == domain


@pytest.mark.parametrize(
    ("url", "lasts"),
    [
        ("https://a.example/login?lang=de&next=/account/orders/17", True),
        ("https://a.example/#/login", True),
        ("https://a.example/login?state=8f3a9b27c61e0d485aa1", False),
        ("https://a.example/login;jsessionid=8F3A", False),
    ],
)
def test_which_addresses_last(url: str, lasts: bool) -> None:
    assert is_lasting(url) is lasts


def test_shops_of_apps_and_words_of_accounts_are_noted() -> None:
    raw = {
        "language": "de",
        "links": [link("App", "https://play.google.com/store/apps/x"), link("Konto erstellen", f"{HOME}neu")],
    }
    assert find_stores(raw) == ("play.google.com",)
    assert find_account_words(raw) == "Konto erstellen"
    assert find_account_words({"language": "de", "links": [link("Rosen")]}) == ""


@pytest.mark.parametrize("raw", [{}, {"links": [{"href": "http://[", "text": "Log in"}]}, {"buttons": [{}]}])
def test_odd_answers_of_a_page_bring_nothing(raw: dict[str, Any]) -> None:
    assert read_ways(raw, HOME) == ()
