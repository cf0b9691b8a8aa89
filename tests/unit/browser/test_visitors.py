"""Who visits: what follows from a site's locale, and what a browser calls itself."""

from __future__ import annotations

import pytest

from gridrunner.browser.identity import BrowserVersion, Visitor
from gridrunner.browser.visitors import describe_agent, describe_visitor, make_visitor, name_session
from gridrunner.model import Site
from gridrunner.settings.visits import VisitOptions, VisitorKind

LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
SHELL = BrowserVersion(
    product="HeadlessChrome/156.0.8078.114", user_agent=f"{LINUX} HeadlessChrome/156.0.8078.114 Safari/537.36"
)
NAMED = f"{LINUX} Chrome/156.0.0.0 Safari/537.36"
PLAIN = VisitOptions(visitor=VisitorKind.PLAIN)


def site(**given: str) -> Site:
    return Site(id="a", url="https://a.example/", **given)  # type: ignore[arg-type]


def visitor_of(options: VisitOptions | None = None, **given: str) -> Visitor | None:
    return make_visitor(site(**given), options or VisitOptions(), SHELL)


def test_a_visitor_follows_from_the_locale() -> None:
    visitor = visitor_of(locale="de-AT")
    assert visitor is not None
    assert (visitor.user_agent, visitor.languages, visitor.locale) == (NAMED, ("de-AT", "de"), "de-AT")
    assert (visitor.time_zone, visitor.location) == ("Europe/Vienna", (48.21, 16.37))


def test_without_a_locale_the_languages_are_chromiums_and_the_time_zone_the_machines() -> None:
    visitor = visitor_of()
    assert visitor is not None
    assert (visitor.languages, visitor.locale, visitor.time_zone, visitor.location) == (("en-US", "en"), "", "", None)


def test_a_language_of_no_country_leaves_the_time_zone_alone() -> None:
    visitor = visitor_of(locale="eo")
    assert visitor is not None
    assert (visitor.languages[-1], visitor.time_zone, visitor.location) == ("eo", "", None)


def test_plain_is_whoever_the_browser_is() -> None:
    assert visitor_of(PLAIN, locale="de-AT") is None
    assert visitor_of(locale="de-AT", visitor="plain") is None
    suffixed = visitor_of(VisitOptions(visitor=VisitorKind.PLAIN, user_agent_suffix="bot"))
    assert suffixed is not None
    assert (suffixed.user_agent, suffixed.languages) == (f"{SHELL.user_agent} bot", ())


def test_a_site_says_otherwise_than_its_run() -> None:
    french = visitor_of(PLAIN, locale="de", visitor="fr-CH")
    german = visitor_of(PLAIN, locale="de", visitor="auto")
    assert french is not None
    assert german is not None
    assert (french.languages[0], german.languages[0]) == ("fr-CH", "de-DE")


def test_a_name_of_the_users_own_has_no_hints_and_a_suffix_keeps_them() -> None:
    own = visitor_of(VisitOptions(user_agent="ourbot/1.0", user_agent_suffix="(+https://example.org)"))
    longer = visitor_of(VisitOptions(user_agent_suffix="ourbot"))
    assert own is not None
    assert longer is not None
    assert (own.user_agent, own.hints) == ("ourbot/1.0 (+https://example.org)", None)
    assert longer.user_agent == f"{NAMED} ourbot"
    assert longer.hints is not None


def test_a_session_that_is_named_already_is_not_named_twice() -> None:
    named = BrowserVersion(product=SHELL.product, user_agent=f"{NAMED} ourbot")
    visitor = make_visitor(site(), VisitOptions(user_agent_suffix="ourbot"), named)
    assert visitor is not None
    assert visitor.user_agent == f"{NAMED} ourbot"


def test_hints_are_those_of_the_true_version_in_chromiums_order() -> None:
    agent = describe_agent(SHELL)
    assert agent.user_agent == NAMED
    assert agent.hints is not None
    assert agent.hints["brands"] == [  # what Chromium 156 says itself (2026-11-30)
        {"brand": "Not:A-Brand", "version": "8"},
        {"brand": "Chromium", "version": "156"},
    ]
    assert agent.hints["fullVersionList"][1] == {"brand": "Chromium", "version": "156.0.8078.114"}
    odd = describe_agent(BrowserVersion(product="Chrome/157.1.2.3", user_agent=SHELL.user_agent))
    assert odd.hints is not None
    assert odd.hints["brands"] == [
        {"brand": "Chromium", "version": "157"},
        {"brand": "Not-A.Brand", "version": "99"},
    ]


@pytest.mark.parametrize(
    ("system", "platform"),
    [
        ("X11; Linux x86_64", "Linux"),
        ("Windows NT 10.0; Win64; x64", "Windows"),
        ("Macintosh; Intel Mac OS X 10_15_7", "macOS"),
    ],
)
def test_the_platform_is_the_browsers(system: str, platform: str) -> None:
    agent = describe_agent(BrowserVersion(product="Chrome/156.0.0.1", user_agent=f"Mozilla/5.0 ({system}) Chrome/156"))
    assert agent.hints is not None
    assert agent.hints["platform"] == platform


def test_another_browser_keeps_its_name() -> None:
    other = BrowserVersion(product="Firefox/150.0", user_agent="Mozilla/5.0 Firefox/150.0")
    assert (describe_agent(other).user_agent, describe_agent(other).hints) == (other.user_agent, None)


@pytest.mark.parametrize(
    ("options", "version", "platform", "name"),
    [
        (VisitOptions(), "156.0.8078.114", "linux", NAMED),
        (VisitOptions(user_agent_suffix="ourbot"), "156.0.8078.114", "Linux", f"{NAMED} ourbot"),
        (VisitOptions(), "", "linux", ""),
        (VisitOptions(), "156.0", "plan9", ""),
        (PLAIN, "156.0.8078.114", "linux", ""),
        (VisitOptions(user_agent="ourbot/1.0"), "", "", "ourbot/1.0"),
    ],
)
def test_a_session_is_named_before_it_is_opened(options: VisitOptions, version: str, platform: str, name: str) -> None:
    assert name_session(options, version=version, platform=platform) == name


def test_an_observation_says_what_was_not_left_to_the_browser() -> None:
    assert describe_visitor(Visitor(user_agent="bot")) == {"user_agent": "bot"}
    assert describe_visitor(Visitor(languages=("de-AT", "de"), time_zone="Europe/Vienna", location=(48.21, 16.37))) == {
        "languages": "de-AT, de",
        "time_zone": "Europe/Vienna",
        "location": "48.21, 16.37",
    }
