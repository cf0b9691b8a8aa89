"""Whether a page is a wall, and whose: rules of `data/walls.toml` over what the answer and the page show; pure.

Never more than a name: no challenge is solved, nothing is done that would look like another visitor. A login form is no
wall, whatever else the page carries: logins embed captchas, and protected sites the scripts of their protectors.
"""

from __future__ import annotations

import importlib.resources
import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from gridrunner.text import make_line

WALL_STATUSES = frozenset({202, 401, 403, 405, 406, 429, 451, 503})
"""Statuses that walls answer with: AWS WAF 202 and 405 (its documentation), the others 403, 429 and 503 (RFC 9110, RFC
6585), 401, 406 and 451 now and then. Without a sign of a wall, 202 and 405 are ordinary."""

MOST_LINKS = 8
"""On a page that is bare: walls link to a help page, their maker and its terms."""

_EVIDENCE_LIMIT = 120


class WallBy(StrEnum):
    """Whose wall it is; CAPTCHA is a puzzle that any site may put up, UNKNOWN a wall of no maker that we can tell."""

    CLOUDFLARE = "cloudflare"
    AKAMAI = "akamai"
    AWS_WAF = "aws-waf"
    DATADOME = "datadome"
    IMPERVA = "imperva"
    HUMAN = "human"
    KASADA = "kasada"
    VERCEL = "vercel"
    F5 = "f5"
    SUCURI = "sucuri"
    CAPTCHA = "captcha"
    UNKNOWN = "unknown"


class Wall(Struct, frozen=True, kw_only=True):
    """A wall. `evidence` is what named it, such as `header cf-mitigated: challenge`, cut and cleaned; `may_pass`: it
    lets browsers through by itself now and then; `was_awaited`: this one was given the time, and stayed.
    """

    by: WallBy
    evidence: str
    may_pass: bool = False
    was_awaited: bool = False


class Needs(StrEnum):
    """What has to be so for a sign to count."""

    NOTHING = "nothing"
    PLACE = "place"
    BARE = "bare"
    STATUS = "status"


class WallRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule of the table; one of `header` (its name, and `match` for its value), `address`, `title` (any of them) and
    `text` is set: the last three are regular expressions.
    """

    by: WallBy
    needs: Needs
    source: str
    header: str = ""
    match: str = ""
    address: str = ""
    title: tuple[str, ...] = ()
    text: str = ""
    passes: bool = False


class Signs(Struct, frozen=True, kw_only=True):
    """What an answer and its page show. `headers` have names in lower case; `addresses` are of frames and scripts,
    without their queries; `links` and `fields` count what can be seen of them, `text` begins the page; `can_move`: it
    has a script or a refresh, without which no challenge passes.
    """

    status: int | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    title: str = ""
    addresses: tuple[str, ...] = ()
    links: int = 0
    fields: int = 0
    text: str = ""
    can_move: bool = True

    @property
    def is_bare(self) -> bool:
        """Whether there is nothing to use on the page."""
        return self.fields == 0 and self.links <= MOST_LINKS

    @property
    def has_wall_status(self) -> bool:
        """Whether the status is one that walls have."""
        return self.status in WALL_STATUSES


def may_be_wall(status: int | None, headers: Mapping[str, str], facts: Mapping[str, Any]) -> bool:
    """Whether it is worth asking the page for its signs: nearly all pages are told apart by this alone. `facts` are
    those of the top frame; none, when there are none.
    """
    if status in WALL_STATUSES or any(rule.header in headers for rule in load_rules() if _is_sure(rule)):
        return True
    return len(facts.get("links") or ()) <= MOST_LINKS and not any(map(_can_be_used, facts.get("fields") or ()))


def _can_be_used(field: Mapping[str, Any]) -> bool:
    """Whether a field of the facts counts among `Signs.fields`."""
    return not field.get("hidden") and field.get("type") != "textarea"


def find_wall(signs: Signs) -> Wall | None:
    """The wall that the signs name; the first rule that holds."""
    for rule in load_rules():
        if _is_met(rule.needs, signs):
            evidence = _find_evidence(rule, signs)
            if evidence:
                return Wall(
                    by=rule.by, evidence=make_line(evidence, _EVIDENCE_LIMIT), may_pass=rule.passes and signs.can_move
                )
    return None


def _is_sure(rule: WallRule) -> bool:
    return bool(rule.header) and rule.needs is Needs.NOTHING


def _is_met(needs: Needs, signs: Signs) -> bool:
    match needs:
        case Needs.NOTHING:
            return True
        case Needs.PLACE:
            return signs.has_wall_status or signs.is_bare
        case Needs.BARE:
            return signs.is_bare
        case Needs.STATUS:
            return signs.has_wall_status


def _find_evidence(rule: WallRule, signs: Signs) -> str:
    if rule.header:
        value = signs.headers.get(rule.header)
        has_value = value is not None and re.search(rule.match, value.strip(), re.IGNORECASE) is not None
        return f"header {rule.header}: {value}" if has_value else ""
    if rule.address:
        named = (address for address in signs.addresses if re.search(rule.address, address, re.IGNORECASE))
        return f"address {address}" if (address := next(named, "")) else ""
    if rule.title:
        title = signs.title.strip().rstrip(".…").strip()
        is_named = any(re.fullmatch(pattern, title, re.IGNORECASE) for pattern in rule.title)
        return f"title {title!r}" if is_named else ""
    words = re.search(rule.text, signs.text, re.IGNORECASE)
    return f"text {words[0]!r}" if words else ""


@cache
def load_rules() -> tuple[WallRule, ...]:
    """The table, read once."""
    text = importlib.resources.files("gridrunner.browser").joinpath("data/walls.toml").read_text(encoding="utf-8")
    return tuple(msgspec.convert(tomllib.loads(text)["rule"], type=list[WallRule]))
