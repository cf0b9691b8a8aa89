"""The tables of discovery, read once: well-known paths by language, what icons, menus and accounts are called."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct


class Tables(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`data/places.json`. `stores` are hosts that sell apps, `others` those where a site has a page and no login."""

    source: str
    paths: tuple[str, ...]
    languages: Mapping[str, tuple[str, ...]]
    account_segments: frozenset[str]
    account_icons: tuple[str, ...]
    menu_icons: tuple[str, ...]
    menu_words: frozenset[str]
    not_a_menu: tuple[str, ...]
    stores: tuple[str, ...]
    others: tuple[str, ...]


@cache
def load_tables() -> Tables:
    """The tables as they are installed."""
    text = (files("gridrunner.discovery") / "data" / "places.json").read_text(encoding="utf-8")
    return msgspec.json.decode(text, type=Tables)
