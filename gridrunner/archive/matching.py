"""Which recorded exchange answers a request: exact first, then by the rules of `data/matching.toml`; pure.

Each level forgets a little more of an address, and keeps what the levels before it forgot: two requests match at the
first level at which they look the same. Requests that repeat are answered in their recorded order; when that is at its
end, by the last one again.
"""

from __future__ import annotations

import importlib.resources
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct

from gridrunner.archive.traffic import Exchange, Rule

_DATA: Final = importlib.resources.files("gridrunner.archive").joinpath("data/matching.toml")

LEVELS: Final = (Rule.EXACT, Rule.ORDER, Rule.TIME, Rule.RANDOM, Rule.BUSTER, Rule.PATH)
"""In the order in which they are tried."""

_LONGEST: Final = 8192
"""Characters of an address that are compared; servers take 8 KiB (nginx, `large_client_header_buffers`)."""


class MatchingRules(Struct, frozen=True, kw_only=True):
    """The table, compiled."""

    time: re.Pattern[str]
    random: re.Pattern[str]
    busters: frozenset[str]


@cache
def load_rules() -> MatchingRules:
    """The rules that are installed with the package."""
    return read_rules(tomllib.loads(_DATA.read_text(encoding="utf-8")))


def read_rules(table: dict[str, Any]) -> MatchingRules:
    """Rules out of a parsed table."""
    return MatchingRules(
        time=re.compile(table["time"]["pattern"]),
        random=re.compile(table["random"]["pattern"]),
        busters=frozenset(table["buster"]["names"]),
    )


def key_of(url: str, level: Rule, rules: MatchingRules) -> str:
    """What is left of an address at a level."""
    url = url.partition("#")[0][:_LONGEST]
    if level is Rule.EXACT:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    pairs = sorted(_simplify(parts.query, level, rules))
    path = parts.path
    if level is Rule.PATH:
        path = "/".join("<id>" if rules.random.fullmatch(step) else step for step in path.split("/"))
    return f"{parts.scheme}://{parts.netloc}{path}?{'&'.join(pairs)}"


def _simplify(query: str, level: Rule, rules: MatchingRules) -> Iterator[str]:
    depth = LEVELS.index(level)
    for pair in query.split("&") if query else ():
        name, equals, value = pair.partition("=")
        if depth >= LEVELS.index(Rule.BUSTER) and (name in rules.busters or (not equals and _is_id(name, rules))):
            continue
        if depth >= LEVELS.index(Rule.TIME) and rules.time.fullmatch(value):
            value = "<time>"
        elif depth >= LEVELS.index(Rule.RANDOM) and rules.random.fullmatch(value):
            value = "<id>"
        yield f"{name}{equals}{value}"


def _is_id(text: str, rules: MatchingRules) -> bool:
    """A query that is nothing but a number: `logo.png?1700000000`."""
    return rules.time.fullmatch(text) is not None or rules.random.fullmatch(text) is not None


class Found(Struct, frozen=True):
    """The place in the visit of the exchange that answers, and by which rule."""

    index: int
    rule: Rule


class Matcher:
    """Answers the requests of one replayed visit out of the exchanges of a recorded one. One thread asks."""

    def __init__(self, exchanges: Sequence[Exchange], rules: MatchingRules | None = None) -> None:
        self._exchanges, self._rules = exchanges, rules or load_rules()
        self._given: set[int] = set()
        self._tables: dict[tuple[Rule, bool], dict[tuple[str, str, str], list[int]]] = {}

    def find(self, method: str, url: str, shape: str = "") -> Found | None:
        """The exchange that answers, which counts as given from now on."""
        for with_body in (True, False) if shape else (True,):
            for level in LEVELS:
                key = (method, key_of(url, level, self._rules), shape if with_body else "")
                indices = self._table(level, with_body=with_body).get(key)
                if indices:
                    index = next((index for index in indices if index not in self._given), indices[-1])
                    self._given.add(index)
                    return Found(index, level if with_body else Rule.BODY)
        return None

    def holds(self, method: str, url: str) -> bool:
        """Whether a request of that method would be answered, whatever its body; nothing counts as given."""
        return any(
            (method, key_of(url, level, self._rules), "") in self._table(level, with_body=False) for level in LEVELS
        )

    def _table(self, level: Rule, *, with_body: bool) -> dict[tuple[str, str, str], list[int]]:
        """The exchanges by what is left of them at a level; made when it is first asked for."""
        table = self._tables.get((level, with_body))
        if table is None:
            table = self._tables[level, with_body] = {}
            for index, exchange in enumerate(self._exchanges):
                key = (
                    exchange.method,
                    key_of(exchange.url, level, self._rules),
                    exchange.shape if with_body else "",
                )
                table.setdefault(key, []).append(index)
        return table
