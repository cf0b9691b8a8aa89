"""Places of a site that nobody links to: the well-known address for changing a password, paths that logins usually
have, what robots.txt and a sitemap name; pure.

A server that has something under every path says nothing by having one: each group of paths is asked behind one that
nobody has. Sitemaps are read for their addresses alone, by a pattern: ultimate-sitemap-parser fetches them by itself,
past the browser's egress and the pauses, and keeps pages on disk; robots.txt is Protego's (wildcards, precedence).
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

from protego import Protego

from gridrunner.detection.words import bit_of, read_identifier
from gridrunner.discovery.tables import load_tables
from gridrunner.discovery.ways import domain_of, is_lasting
from gridrunner.discovery.words import By, Candidate, Looked, LookUp, Place

CHANGE_PASSWORD: Final = "/.well-known/change-password"
NEVER_THERE: Final = "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
"""W3C, A Well-Known URL for Changing Passwords, sections 2 and 3.2."""

AGENT: Final = "gridrunner"
"""The name that robots.txt may have rules for."""

FIRST_ERROR: Final = 400

MOST_HINTS: Final = 2
"""Addresses taken from robots.txt, and from a sitemap: those that name a login best."""

_SITEMAP_URL: Final = re.compile(r"<loc>\s*(?:<!\[CDATA\[)?\s*([^<\]\s]{8,1000})", re.IGNORECASE)
_RULE: Final = re.compile(r"^\s*(?:dis)?allow\s*:\s*(/[^\s#*$]{1,200})", re.IGNORECASE | re.MULTILINE)


def plan_look_up(home: str, language: str, room: int, robots: str | None = None) -> LookUp | None:
    """The questions to a site of which `home` is the first page, in at most `room` requests; None where there is no
    room for the first group. With `robots` nothing is asked that it forbids; None where that is everything.
    """
    origin = _origin_of(home)
    well_known = (NEVER_THERE, CHANGE_PASSWORD)
    left = room - 1 - len(well_known)
    if left < 0:
        return None
    paths = choose_paths(language, max(0, left - 2)) if left >= 3 else ()
    groups: list[tuple[str, ...]] = [well_known, (random_path(origin), *paths)] if paths else [well_known]
    texts: tuple[str, ...] = (f"{origin}/sitemap.xml",) if paths else ()
    if robots is not None:
        groups = [(guard, *(path for path in paths if is_allowed(robots, origin + path))) for guard, *paths in groups]
        groups = [group for group in groups if len(group) > 1]
        texts = tuple(text for text in texts if is_allowed(robots, text))
        if not groups and not texts:
            return None
    return LookUp(url=f"{origin}/robots.txt", groups=tuple(groups), texts=texts)


def choose_paths(language: str, count: int) -> tuple[str, ...]:
    """The likeliest `count` paths of a login: two of the language, then those of all."""
    tables = load_tables()
    own = tables.languages.get(language[:2].lower(), ())
    return tuple(dict.fromkeys((*own[:2], *tables.paths, *own[2:])))[:count]


def random_path(origin: str) -> str:
    """A path that nobody has, the same each time."""
    return f"/{hashlib.blake2s(origin.encode(), digest_size=6).hexdigest()}-is-not-there"


def read_places(looked: Looked, asked: LookUp) -> tuple[Candidate, ...]:
    """The candidates that a look-up brings, cheapest first."""
    by_path = {place.path: place for place in looked.places}
    candidates: list[Candidate] = []
    for guard, *paths in asked.groups:
        anything = by_path.get(guard)
        if anything is None:
            continue
        for path in paths:
            place = by_path.get(path)
            if place is not None and _is_told(place, anything):
                is_known = path == CHANGE_PASSWORD
                by = By.CHANGE_PASSWORD if is_known else By.PATH
                candidates.append(Candidate(by=by, url=_origin_of(asked.url) + path, says=path, depth=1))
        if _names_login(anything.address) and _is_moved(anything):
            candidates.append(Candidate(by=By.PATH, url=anything.address, says="where every path leads", depth=1))
    candidates += _read_robots(looked.robots, asked.url)
    candidates += [Candidate(by=By.SITEMAP, url=url, says=urlsplit(url).path[:60], depth=1) for url in looked.sitemap]
    return tuple(candidates)


def read_sitemap(texts: Sequence[str], home: str) -> tuple[str, ...]:
    """The addresses of sitemaps that name a login, of the same owner as `home`."""
    wanted = []
    for text in texts:
        for match in _SITEMAP_URL.finditer(text):
            url = html.unescape(match[1])
            if _names_login(url) and domain_of(url) == domain_of(home):
                wanted.append(url)
    return tuple(sorted(dict.fromkeys(wanted), key=len)[:MOST_HINTS])


def is_allowed(robots: str, url: str) -> bool:
    """Whether a robots.txt lets us visit an address."""
    return bool(Protego.parse(robots).can_fetch(url, AGENT))


def _read_robots(robots: str, url: str) -> Iterator[Candidate]:
    paths = dict.fromkeys(match[1] for match in _RULE.finditer(robots))
    named = [path for path in paths if _names_login(path) and is_lasting(path)]
    for path in sorted(named, key=len)[:MOST_HINTS]:
        yield Candidate(by=By.ROBOTS, url=urljoin(url, path), says=path[:60], depth=1)


def _names_login(url: str) -> bool:
    parts = urlsplit(url)
    bits = read_identifier(f"{parts.path} {parts.fragment}")
    refused = bit_of("signup") | bit_of("forgot") | bit_of("logout") | bit_of("newsletter")
    return bool(bits & bit_of("login")) and not bits & refused and len(parts.path) <= 60


def _is_there(place: Place) -> bool:
    return place.elsewhere or (place.status is not None and place.status < FIRST_ERROR)


def _is_moved(place: Place) -> bool:
    return bool(place.address) and urlsplit(place.address).path.rstrip("/") != place.path.rstrip("/")


def _is_told(place: Place, anything: Place) -> bool:
    """Whether the server has something under a path that it has not under any: it is there where nothing else is, or it
    leads to another place than everything does.
    """
    if not _is_there(place):
        return False
    if not _is_there(anything):
        return True
    if place.elsewhere or anything.elsewhere:
        return place.elsewhere and not anything.elsewhere
    return _is_moved(place) and place.address != anything.address


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
