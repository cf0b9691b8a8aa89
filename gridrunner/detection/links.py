"""Which link or button of a page leads to its login: for home pages, and for the step `{follow: login-link}`; pure.

The words are those of the vocabularies, so it works in every language that they cover. Invariant: nothing that says it
leads to a sign-up, a forgotten password or out again is ever chosen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from gridrunner.detection.ways import says
from gridrunner.detection.words import bit_of, read_identifier, read_text
from gridrunner.model import Element, Facts

SAYS_LOGIN = 3.0
ADDRESS_LOGIN = 1.5
IDENTIFIER_LOGIN = 1.0
SAYS_ACCOUNT = 0.8
SHORT_TEXT = 0.5
OTHER_HOST = -0.4
"""Weights by hand, 2026-11-24: what a link says goes before where it leads, and that before what it is called; a link
that says little else is more likely the one ("Log in" before "Log in to see the prices of your region"); "My account"
leads to a login where nothing else does; of two alike, the one that stays on the site."""

SHORT_TEXT_LENGTH = 24

MOST_LOGIN_LINKS = 3
"""Of a page that are tried: the first is right on most home pages, and each further one costs a page."""

NOT_A_LOGIN = ("signup", "forgot", "logout", "newsletter", "search")


class LoginLink(Struct, frozen=True, kw_only=True):
    """What says that it leads to a login: to be pressed at `selector`, or, where it is not shown, to be asked for at
    `address`.
    """

    label: str
    selector: str = ""
    address: str = ""


def find_login_link(facts: Facts) -> Element | None:
    """The best login link or button of the top document, or None where nothing says that it leads to a login."""
    best = next(iter(rank_login_links(facts)), None)
    return Element(selector=best.selector, label=best.label) if best is not None else None


def rank_login_links(facts: Facts, hidden: Sequence[Mapping[str, Any]] = ()) -> tuple[LoginLink, ...]:
    """Up to MOST_LOGIN_LINKS of the top document, best first; `hidden` are links that are not shown (`text`, `href`,
    `id`, `class`), which come after those that are. Two that say the same and lead to one place are one.
    """
    page = (facts.get("frames") or [{}])[0].get("page") or {}
    language, url = str(page.get("lang") or "")[:2].lower(), str(page.get("url") or "")
    shown = [(_score(raw, language, url), raw) for raw in _candidates(page)]
    unseen = [(_score(raw, language, url), raw) for raw in hidden]
    ranked: dict[tuple[str, str], LoginLink] = {}
    for group in (shown, unseen):
        for score, raw in sorted(group, key=lambda scored: -scored[0]):
            label, href = str(raw.get("text") or raw.get("aria_label") or "")[:80], str(raw.get("href") or "")
            if score > 0:
                selector = str(raw.get("selector") or "")
                link = LoginLink(label=label, selector=selector, address="" if selector else href)
                ranked.setdefault((label, urljoin(url, href) if href else selector), link)
    return tuple(ranked.values())[:MOST_LOGIN_LINKS]


def _candidates(page: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for kind in ("links", "buttons"):
        for raw in page.get(kind) or ():
            if raw.get("selector") and not raw.get("hidden"):
                yield raw


def _score(raw: Mapping[str, Any], language: str, page_url: str) -> float:
    login = bit_of("login")
    others = _bits(NOT_A_LOGIN)
    text = str(raw.get("text") or raw.get("aria_label") or raw.get("title") or "")
    said = read_text(text, language)
    says_login = bool(said & login) or says("login", text)
    if said & others and not says_login:
        return 0.0
    address = read_identifier(str(raw.get("href") or ""), language)
    called = read_identifier(f"{raw.get('id') or ''} {raw.get('class') or ''}", language)
    if not says_login and (address | called) & others:
        return 0.0
    score = SAYS_LOGIN * says_login + ADDRESS_LOGIN * bool(address & login)
    score += IDENTIFIER_LOGIN * bool(called & login) + SAYS_ACCOUNT * says("account", text)
    if score and len(text) <= SHORT_TEXT_LENGTH:
        score += SHORT_TEXT
    if score and _leads_elsewhere(str(raw.get("href") or ""), page_url):
        score += OTHER_HOST
    return score


def _leads_elsewhere(href: str, page_url: str) -> bool:
    """Whether an address is of another site, as far as the last two labels of a host name tell."""
    other, own = urlsplit(href if "//" in href else "").hostname, urlsplit(page_url).hostname
    return bool(other and own) and str(other).split(".")[-2:] != str(own).split(".")[-2:]


def _bits(names: tuple[str, ...]) -> int:
    bits = 0
    for name in names:
        try:
            bits |= bit_of(name)
        except KeyError:
            continue  # a vocabulary may leave a concept out
    return bits
