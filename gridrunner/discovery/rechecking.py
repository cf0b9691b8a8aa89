"""Whether the entries of a site list are still true: each is visited as it stands, and where no login is seen any more
its domain is searched anew; pure.
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never
from urllib.parse import urlsplit

from gridrunner.discovery.words import By, Candidate, Conclusion, Domain, Why
from gridrunner.model import ExpectedLogin, Outcome, Site
from gridrunner.text import count_of, make_line


class Standing(StrEnum):
    """What became of an entry."""

    TRUE = "true"
    REDIRECTED = "redirected"  # true, but its address leads to another one
    MOVED = "moved"
    GONE = "gone"
    UNTOLD = "untold"  # a wall, or a server that does not answer


def is_rechecked(site: Site) -> bool:
    """Whether an entry claims a login that can be looked for."""
    claims_login = site.expect.login in {ExpectedLogin.YES, ExpectedLogin.UNKNOWN} or bool(site.expect.sso)
    return claims_login and site.expect.outcome is Outcome.OBSERVED


def domain_of_entry(site: Site) -> Domain:
    """The search that begins with an entry: as it stands, then from its home page."""
    parts = urlsplit(site.url)
    entry = Candidate(by=By.HINT, url=site.url, steps=site.steps, says="the list")
    return Domain(name=site.id, starts=(f"{parts.scheme}://{parts.netloc}/",), hints=(entry,), locale=site.locale)


def stand_of(site: Site, conclusion: Conclusion) -> Standing:
    """What a conclusion says of the entry that the search began with."""
    found = conclusion.found
    if found is None:
        return Standing.UNTOLD if conclusion.why in {Why.WALL, Why.UNREACHABLE} else Standing.GONE
    if (found.way.url, found.way.steps) != (site.url, site.steps):
        return Standing.MOVED
    is_elsewhere = not site.steps and _bare(found.ended_at) != _bare(site.url)
    return Standing.REDIRECTED if found.ended_at and is_elsewhere else Standing.TRUE


def describe_entry(site: Site, standing: Standing, conclusion: Conclusion) -> str:
    """The entry and what became of it, as one line that begins with where it stands."""
    place = f"{site.source.file}:{site.source.line}: " if site.source is not None else ""
    return f"{place}{site.id}: {standing}: {make_line(_explain(standing, conclusion))}"


def _explain(standing: Standing, conclusion: Conclusion) -> str:
    found = conclusion.found
    if found is None:
        return f"{conclusion.why}: {conclusion.detail}"
    match standing:
        case Standing.MOVED:
            steps = f" and {count_of(len(found.way.steps), 'step')}" if found.way.steps else ""
            return f"the login is at {found.way.url}{steps} now (by {found.way.by})"
        case Standing.REDIRECTED:
            return f"its address leads to {_bare(found.ended_at)}"
        case Standing.TRUE | Standing.GONE | Standing.UNTOLD:
            return "the login is seen as the list says"
        case _:
            assert_never(standing)


def _bare(url: str) -> str:
    return url.partition("#")[0].partition("?")[0].rstrip("/")
