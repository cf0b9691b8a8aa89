"""Who visits a site: languages, time zone and place that follow from the site's locale, and the browser's own name.

Nothing is made up that the browser is not: its name is that of its true version, less the word "Headless", in the
header and in the hints alike, or what the user says. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.browser.homes import find_home
from gridrunner.browser.identity import BrowserVersion, Visitor
from gridrunner.model import Site
from gridrunner.settings.visits import VisitOptions, VisitorKind

DEFAULT_LANGUAGES = ("en-US", "en")
"""Of a visitor to a site of no locale: Chromium's own default. Headless shell sends none, although its pages are told
en-US (Chromium 156, 2026-11-30)."""

_VERSION = re.compile(r"(?:Headless)?Chrome/(\d+)(\.[\d.]+)?")

_PLATFORMS = (("Android", "Android"), ("Windows", "Windows"), ("Macintosh", "macOS"), ("CrOS", "Chrome OS"))
"""What a user agent says, and what hints call it (https://wicg.github.io/ua-client-hints/#sec-ch-ua-platform); anything
else is Linux."""

_SYSTEMS = {
    "linux": "X11; Linux x86_64",
    "darwin": "Macintosh; Intel Mac OS X 10_15_7",
    "win32": "Windows NT 10.0; Win64; x64",
}
"""What Chromium says of the system, whatever its version and processor (reduced user agents, since Chromium 107), by
Python's and by Selenium's names."""

_GREASE_MARKS = (" ", "(", ":", "-", ".", "/", ")", ";", "=", "?", "_")
_GREASE_VERSIONS = ("8", "99", "24")
"""Of the brand that stands for none, so that servers do not rely on a fixed list; which of them follows from the
version (Chromium, components/embedder_support/user_agent_utils.cc, `GetGreasedUserAgentBrandVersion`)."""


class Agent(Struct, frozen=True, kw_only=True):
    """What a browser calls itself: in the header, and in hints (None: it sends none)."""

    user_agent: str
    hints: Mapping[str, Any] | None


def make_visitor(site: Site, options: VisitOptions, browser: BrowserVersion) -> Visitor | None:
    """Who visits `site`; None: the browser as it is by itself."""
    choice = site.visitor or str(options.visitor)
    if choice == VisitorKind.PLAIN and not (options.user_agent or options.user_agent_suffix):
        return None
    if choice == VisitorKind.PLAIN:
        return _make_visitor(None, options.user_agent, options.user_agent_suffix, browser, is_plain=True)
    locale = site.locale if choice == VisitorKind.AUTO else choice
    return _make_visitor(locale, options.user_agent, options.user_agent_suffix, browser)


@lru_cache(maxsize=512)  # of a run of 5,000 sites, a few dozen locales and one browser
def _make_visitor(
    locale: str | None, user_agent: str, suffix: str, browser: BrowserVersion, *, is_plain: bool = False
) -> Visitor:
    agent = describe_agent(browser)
    if is_plain:
        agent = replace(agent, user_agent=browser.user_agent)
    if user_agent:
        # Chromium sends no hints with a name that is not its own, and neither do we.
        agent = Agent(user_agent=user_agent, hints=None)
    name = agent.user_agent if agent.user_agent.endswith(suffix) else f"{agent.user_agent} {suffix}"
    named = Visitor(user_agent=name, hints=agent.hints)
    if is_plain:
        return named
    if locale is None:
        return replace(named, languages=DEFAULT_LANGUAGES)
    home = find_home(locale)
    if home.capital is None:
        return replace(named, languages=home.languages, locale=home.languages[0])
    return replace(
        named,
        languages=home.languages,
        locale=home.languages[0],
        time_zone=home.capital.time_zone,
        location=(home.capital.latitude, home.capital.longitude),
    )


def describe_agent(browser: BrowserVersion) -> Agent:
    """The name of a browser as one with a window says it: without "Headless", and with its major version alone, as all
    have since Chromium 101.
    """
    version = _VERSION.search(browser.product)
    if version is None:
        return Agent(user_agent=browser.user_agent, hints=None)
    user_agent = _VERSION.sub(lambda match: f"Chrome/{match[1]}.0.0.0", browser.user_agent)
    return Agent(user_agent=user_agent, hints=_make_hints(user_agent, version[1], f"{version[1]}{version[2] or ''}"))


def name_session(options: VisitOptions, *, version: str, platform: str) -> str:
    """What the browser of a session that is about to be opened calls itself; "": its own name, also where its `version`
    or system is not known. Pages are told once more (`make_visitor`): service workers, and the scripts that workers
    begin with, go by this name alone (Chromium 156, 2026-11-30).
    """
    if options.user_agent:
        return f"{options.user_agent} {options.user_agent_suffix}".strip()
    system = _SYSTEMS.get(platform.lower())
    if options.visitor is VisitorKind.PLAIN or not version or system is None:
        return ""
    major = version.partition(".")[0]
    name = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    return f"{name} {options.user_agent_suffix}".strip()


def _make_hints(user_agent: str, major: str, full: str) -> dict[str, Any]:
    return {
        "brands": _list_brands(int(major), major),
        "fullVersionList": _list_brands(int(major), full, ".0.0.0"),
        "fullVersion": full,
        "platform": next((name for word, name in _PLATFORMS if word in user_agent), "Linux"),
        "platformVersion": "",  # what Chromium says on Linux (156, 2026-11-30)
        "architecture": "arm" if "aarch64" in user_agent or "arm" in user_agent else "x86",
        "bitness": "64",
        "model": "",
        "mobile": False,
        "wow64": False,
        "formFactors": ["Desktop"],
    }


def _list_brands(seed: int, version: str, tail: str = "") -> list[dict[str, str]]:
    """`Chromium` and the brand that stands for none, in Chromium's own order."""
    first, second = (_GREASE_MARKS[(seed + offset) % len(_GREASE_MARKS)] for offset in (0, 1))
    none = {
        "brand": f"Not{first}A{second}Brand",
        "version": _GREASE_VERSIONS[seed % len(_GREASE_VERSIONS)] + tail,
    }
    brands = [none, {"brand": "Chromium", "version": version}]
    return brands if seed % 2 == 0 else brands[::-1]


def describe_visitor(visitor: Visitor) -> dict[str, str]:
    """What an observation says of who visited: only what was not left to the browser."""
    place = f"{visitor.location[0]}, {visitor.location[1]}" if visitor.location is not None else ""
    described = {
        "user_agent": visitor.user_agent,
        "languages": ", ".join(visitor.languages),
        "time_zone": visitor.time_zone,
        "location": place,
    }
    return {name: text for name, text in described.items() if text}
