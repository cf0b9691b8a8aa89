"""Who visits and by which way, as a visit tells a browser. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct


class BrowserVersion(Struct, frozen=True, kw_only=True):
    """What a browser says of itself: product with version, and the name that it gives to servers."""

    product: str = ""
    user_agent: str = ""


class Visitor(Struct, frozen=True, kw_only=True):
    """Who a page is visited as. What is empty stays as the browser has it; `hints` None: with this name none are sent.
    `location` (latitude, longitude) is what a page gets that asks for it.
    """

    user_agent: str = ""
    hints: Mapping[str, Any] | None = None
    languages: tuple[str, ...] = ()
    locale: str = ""
    time_zone: str = ""
    location: tuple[float, float] | None = None


class Proxy(Struct, frozen=True, kw_only=True):
    """What a context leaves by: `server` as scheme://host:port, and what it wants to know. Shown nowhere."""

    server: str
    user: str = ""
    password: str = ""
