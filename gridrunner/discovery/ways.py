"""Which links and buttons of a page may lead to its login; pure. Invariant: nothing that says it leads to a sign-up, a
forgotten password, a newsletter or out again is a way, nor a link to somebody else's login, nor a button that sends a
form with fields ("Anmelden" below a newsletter).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from gridrunner.detection.sso import load_providers
from gridrunner.detection.ways import says
from gridrunner.detection.words import bit_of, normalise, read_identifier, read_text
from gridrunner.discovery.tables import load_tables
from gridrunner.discovery.words import Way, WayKind
from gridrunner.planning.domains import find_domain
from gridrunner.text import make_line

SAYS_LOGIN: Final = 3.0
ADDRESS_LOGIN: Final = 1.5
NAMED_LOGIN: Final = 0.5
SAYS_ACCOUNT: Final = 1.0
ACCOUNT_ICON: Final = 0.9
ACCOUNT_ADDRESS: Final = 0.8
MENU: Final = 0.4
HOLDS_LOGIN: Final = 1.0
IN_HEADER: Final = 0.3
OTHER_DOMAIN: Final = -0.4
"""Weights by hand, 2026-11-30, in the order of `detection.links`: what a control says goes before where it leads, and
that before what it is called. Of two alike the one in the header is the site's own."""

SURE: Final = 2.0
"""From here on a control says that it leads to a login; below, to an account, or to a menu that may hold one."""

SHORT_TEXT: Final = 40
"""Characters; "Log in to your customer account" has 31. A longer text is a headline more often than a link to a login:
it counts where its address says the same."""

MOST_WAYS: Final = 12
"""Ways kept of one page: three times what is tried (`search.Limits`)."""

_LEADS_ELSEWHERE: Final = ("signup", "forgot", "logout", "newsletter", "search")
_LONG_VALUE: Final = 20
_DIGITS: Final = re.compile(r"[0-9]")
_NAMES: Final = re.compile(r"[^a-z0-9]+")


def read_ways(raw: Mapping[str, Any], page_url: str) -> tuple[Way, ...]:
    """The ways of a page, best first, from what `dom_probes/find_ways.js` saw of it."""
    language = str(raw.get("language") or "")[:2].lower()
    own = domain_of(page_url)
    buttons = list(raw.get("buttons") or ())
    ways = [_read_link(link, language, own) for link in raw.get("links") or () if link.get("href")]
    holds_login = any(button.get("hidden") and _says_login(button, language) for button in buttons)
    ways += [_read_button(button, language, holds_login=holds_login) for button in buttons]
    best: dict[str, Way] = {}
    for way in ways:
        if way is not None and (way.url != page_url or not way.url):
            key = way.url or way.selector
            if key not in best or best[key].score < way.score:
                best[key] = way
    return tuple(sorted(best.values(), key=lambda way: -way.score)[:MOST_WAYS])


def domain_of(url: str) -> str:
    """Whose an address is. A host of ours has no registrable domain: it is its own, without its first label where there
    are three, so that `login.shop.localhost` and `www.shop.localhost` are of one.
    """
    registrable = find_domain(url)
    if registrable is not None:
        return registrable
    labels = (urlsplit(url).hostname or "").split(".")
    return ".".join(labels[-3:]) if labels[-1] == "localhost" else ".".join(labels)


def find_stores(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The hosts of shops for apps that a page links to."""
    hosts = (urlsplit(str(link.get("href") or "")).hostname or "" for link in raw.get("links") or ())
    return tuple(dict.fromkeys(host for host in hosts if is_of(host, load_tables().stores)))


def find_account_words(raw: Mapping[str, Any]) -> str:
    """A control that speaks of accounts, a sign-up also: its words, or "" where none does."""
    language = str(raw.get("language") or "")[:2].lower()
    wanted = sum(bit_of(name) for name in ("signup", "login", "have_account", "logout", "forgot"))
    for control in (*(raw.get("links") or ()), *(raw.get("buttons") or ())):
        text = str(control.get("text") or "")
        if 0 < len(text) <= SHORT_TEXT and (read_text(text, language) & wanted or says("account", text)):
            return make_line(text, SHORT_TEXT)
    return ""


def is_of(host: str, hosts: Iterable[str]) -> bool:
    """Whether a host is one of these, or within one."""
    return any(host == other or host.endswith(f".{other}") for other in hosts)


def is_lasting(url: str) -> bool:
    """Whether an address means the same tomorrow: it carries no token of this visit."""
    parts = urlsplit(url)
    if ";" in parts.path:
        return False
    values = [value for _, value in parse_qsl(parts.query) if not value.startswith(("/", "http"))]
    return not any(len(value) >= _LONG_VALUE and _DIGITS.search(value) for value in values)


def _read_link(raw: Mapping[str, Any], language: str, own: str) -> Way | None:
    url = str(raw["href"])
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return None
    tables = load_tables()
    is_elsewhere = domain_of(url) != own
    if parts.scheme not in {"http", "https"} or (is_elsewhere and is_of(host, (*tables.stores, *tables.others))):
        return None
    text = str(raw.get("text") or "")
    says_login = _says_login(raw, language)
    address = read_identifier(f"{host.partition('.')[0]} {parts.path} {parts.fragment} {parts.query}"[:200], language)
    if _is_refused(text, address, language, says_login=says_login) or (is_elsewhere and not says_login):
        return None
    leads_to_login = bool(address & bit_of("login"))
    if _is_long(text) and not (says_login and leads_to_login):
        return None
    score = SAYS_LOGIN * says_login + ADDRESS_LOGIN * leads_to_login
    score += NAMED_LOGIN * bool(_called(raw, language) & bit_of("login"))
    is_account = not says_login and not leads_to_login
    if is_account:
        score += _score_account(raw, text, parts.path)
    if not score:
        return None
    score += _place_score(raw) + OTHER_DOMAIN * is_elsewhere
    return Way(
        kind=WayKind.LINK,
        score=round(score, 2),
        says=_shown(raw),
        url=url,
        selector=str(raw.get("selector") or ""),
        is_hidden=bool(raw.get("hidden")),
        is_account=is_account,
        opens_tab=bool(raw.get("tab")),
    )


def _read_button(raw: Mapping[str, Any], language: str, *, holds_login: bool) -> Way | None:
    if raw.get("hidden") or raw.get("sends") or not raw.get("selector"):
        return None
    text = str(raw.get("text") or "")
    says_login = _says_login(raw, language)
    called = _called(raw, language)
    if _is_refused(text, called, language, says_login=says_login) or _is_long(text):
        return None
    score = SAYS_LOGIN * says_login + NAMED_LOGIN * bool(called & bit_of("login"))
    kind = WayKind.BUTTON
    is_account = not says_login
    if is_account:
        score += _score_account(raw, text, "")
    if not score and _is_menu(raw, text):
        kind, score = WayKind.MENU, MENU + HOLDS_LOGIN * holds_login
    if not score or raw.get("is_open"):
        return None
    score = round(score + _place_score(raw), 2)
    return Way(kind=kind, score=score, says=_shown(raw), selector=str(raw["selector"]), is_account=is_account)


def _says_login(raw: Mapping[str, Any], language: str) -> bool:
    text = str(raw.get("text") or "")
    return bool(read_text(text, language) & (bit_of("login") | bit_of("have_account"))) or says("login", text)


def _is_refused(text: str, address: int, language: str, *, says_login: bool) -> bool:
    """Whether a control leads to something else, or to the login of a provider: "Sign in with Google"."""
    others = sum(bit_of(name) for name in _LEADS_ELSEWHERE)
    if any(pattern.search(normalise(text)) for pattern in load_providers().names.values()):
        return True
    return not says_login and bool((read_text(text, language) | address) & others)


def _is_long(text: str) -> bool:
    return len(text) > SHORT_TEXT


def _called(raw: Mapping[str, Any], language: str) -> int:
    return read_identifier(f"{raw.get('id') or ''} {raw.get('class') or ''} {raw.get('icon') or ''}", language)


def _score_account(raw: Mapping[str, Any], text: str, path: str) -> float:
    if says("account", text):
        return SAYS_ACCOUNT
    if _has_name(raw, load_tables().account_icons) and len(text) <= SHORT_TEXT // 4:
        return ACCOUNT_ICON
    segments = [segment for segment in normalise(path).split("/") if segment]
    is_account = (
        bool(segments) and len(segments) <= 3 and segments[-1].partition(".")[0] in load_tables().account_segments
    )
    return ACCOUNT_ADDRESS if is_account else 0.0


def _is_menu(raw: Mapping[str, Any], text: str) -> bool:
    tables = load_tables()
    names = f"{_names_of(raw)} {normalise(text)}"
    if any(name in names for name in tables.not_a_menu):
        return False
    says_menu = normalise(text).strip() in {normalise(word) for word in tables.menu_words}
    opens = str(raw.get("opens") or "") in {"true", "menu", "dialog"} or bool(raw.get("tells"))
    return says_menu or _has_name(raw, tables.menu_icons) or (opens and raw.get("place") in {"header", "nav"})


def _has_name(raw: Mapping[str, Any], names: Iterable[str]) -> bool:
    words = f" {_NAMES.sub(' ', _names_of(raw))} "
    squeezed = [_NAMES.sub(" ", name) for name in names]
    return any(f" {name} " in words or f" {name}s " in words for name in squeezed)


def _names_of(raw: Mapping[str, Any]) -> str:
    return normalise(f"{raw.get('icon') or ''} {raw.get('id') or ''} {raw.get('class') or ''}")


def _place_score(raw: Mapping[str, Any]) -> float:
    return IN_HEADER * (raw.get("place") in {"header", "nav"})


def _shown(raw: Mapping[str, Any]) -> str:
    return make_line(str(raw.get("text") or ""), SHORT_TEXT)
