"""Where people who speak a language are at home: what a browser there asks for, its time zone, its capital. Pure.

The table is `data/homes.json`, whose `source` says where it is from.
"""

from __future__ import annotations

import importlib.resources
from functools import cache

import msgspec
from msgspec import Struct

MERGED_SCRIPTS = ("Hans", "Hant")
"""Of Chinese, browsers name the country instead: `zh-TW`, not `zh-Hant-TW` (Chromium's list of UI languages)."""


class Capital(Struct, frozen=True, array_like=True):
    """The capital of a territory."""

    name: str
    latitude: float
    longitude: float
    time_zone: str


class Home(Struct, frozen=True, kw_only=True):
    """`languages`, best first; without a `capital` the language does not say where it is spoken."""

    languages: tuple[str, ...]
    capital: Capital | None = None


class _Table(Struct, frozen=True):
    source: str
    territories: dict[str, str]
    capitals: dict[str, Capital]


def find_home(locale: str) -> Home:
    """The home of a locale as site lists have it: `de`, `de-AT`, `zh-Hant`, `sr-Latn-RS`, `es-419`."""
    table = _read_table()
    language, *rest = locale.split("-")
    script = next((part for part in rest if len(part) == 4), "")
    region = next((part for part in rest if len(part) != 4), "")
    territory = table.territories.get(locale) or region
    if not territory:
        territory = table.territories.get(f"{language}-{script}") or table.territories.get(language, "")
    parts = [language]
    if script and not (language == "zh" and script in MERGED_SCRIPTS):
        parts.append(script)
    tag = "-".join([*parts, *([region or territory] if region or territory else [])])
    languages = dict.fromkeys((tag, "-".join(parts), language))
    return Home(languages=tuple(languages), capital=table.capitals.get(territory))


@cache
def _read_table() -> _Table:
    text = importlib.resources.files(__package__).joinpath("data/homes.json").read_text(encoding="utf-8")
    return msgspec.json.decode(text, type=_Table)
