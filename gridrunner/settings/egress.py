"""Where visits leave from: the tables `[egress.NAME]` of gridrunner.toml, and which site takes which.

Invariant: a password is in no text that is made of these values; it goes to the browser alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.model import Site

SCHEMES = ("http", "https", "socks5")
"""Of proxies, as Chromium knows them (net/docs/proxy.md)."""

DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080}

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_KEYS = ("proxy", "region", "password-variable", "locales", "tags", "sites")


class Egress(Struct, frozen=True, kw_only=True):
    """A proxy with a name. `server` is what Chromium takes, without credentials; any of `locales`, `tags` and `sites`
    (globs of ids) may say that a site leaves by it.
    """

    name: str
    server: str
    region: str = ""
    user: str = ""
    password: str = ""
    locales: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without credentials."""
        return f"Egress({self.name}: {self.server})"

    @property
    def shown(self) -> str:
        """For observations: the name, and the region where it has one."""
        return f"{self.name} ({self.region})" if self.region else self.name

    def is_for(self, site: Site) -> bool:
        """Whether its rules name the site."""
        locale = site.locale or ""
        return (
            any(locale == wanted or locale.startswith(f"{wanted}-") for wanted in self.locales)
            or bool(set(self.tags) & set(site.tags))
            or any(fnmatchcase(site.id, wanted) for wanted in self.sites)
        )


def choose_egress(site: Site, attempt: int, egresses: Sequence[Egress], named: str) -> Egress | None:
    """By which egress a visit leaves; None: directly. The one that --egress `named`, else the first whose rules name
    the site; a further attempt takes the first one of another region, and the same again where there is none.
    """
    first = next((egress for egress in egresses if (egress.name == named if named else egress.is_for(site))), None)
    if first is None or attempt == 1:
        return first
    return next((egress for egress in egresses if has_other_region(egress, first)), first)


def has_other_region(one: Egress, other: Egress) -> bool:
    """Whether they are known to be in different regions."""
    return bool(one.region and other.region) and one.region != other.region


def read_egresses(table: Mapping[str, Any], env: Mapping[str, str], mistakes: list[str], where: str) -> list[Egress]:
    """The tables under `egress`; what is wrong goes to `mistakes` and never repeats a password."""
    egresses = []
    for name, value in table.items():
        place = f"{where}: egress.{name}"
        if not _NAME.fullmatch(name):
            mistakes.append(f"{place}: a name is up to 32 of a-z, 0-9 and -")
        elif not isinstance(value, Mapping):
            mistakes.append(f'{place}: is a table; write [egress.{name}] and below it proxy = "http://host:3128"')
        elif unknown := [key for key in value if key.replace("_", "-") not in _KEYS]:
            mistakes.append(f"{place}: unknown key {unknown[0]}; known are {', '.join(_KEYS)}")
        else:
            egress = _read_egress(
                name, {key.replace("_", "-"): one for key, one in value.items()}, env, mistakes, place
            )
            if egress is not None:
                egresses.append(egress)
    return egresses


def _read_egress(
    name: str, table: Mapping[str, Any], env: Mapping[str, str], mistakes: list[str], place: str
) -> Egress | None:
    lists: dict[str, tuple[str, ...]] = {}
    for key in ("locales", "tags", "sites"):
        given = table.get(key, [])
        if not isinstance(given, list) or not all(isinstance(word, str) for word in given):
            mistakes.append(f'{place}: {key} is a list of words, such as ["de", "fr-CH"]')
            return None
        lists[key] = tuple(given)
    texts = {key: table.get(key, "") for key in ("proxy", "region", "password-variable")}
    if wrong := [key for key, text in texts.items() if not isinstance(text, str)]:
        mistakes.append(f"{place}: {wrong[0]} is a text in quotes")
        return None
    try:
        parts = urlsplit(texts["proxy"])
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in SCHEMES:
        mistakes.append(f"{place}: proxy takes {', '.join(f'{scheme}://host:port' for scheme in SCHEMES)}")
        return None
    if parts.scheme == "socks5" and parts.username is not None:
        mistakes.append(
            f"{place}: Chromium gives SOCKS proxies no password; name an http or https proxy, or one without"
        )
        return None
    variable = texts["password-variable"]
    if variable and variable not in env:
        mistakes.append(f"{place}: password-variable names {variable}, which is not set")
        return None
    shown = f"[{host}]" if ":" in host else host
    return Egress(
        name=name,
        server=f"{parts.scheme}://{shown}:{port or DEFAULT_PORTS[parts.scheme]}",
        region=texts["region"],
        user=unquote(parts.username or ""),
        password=env[variable] if variable else unquote(parts.password or ""),
        **lists,
    )


def require_egress(named: str, egresses: Sequence[Egress]) -> None:
    """Raises UsageError when --egress names none of them."""
    names = [egress.name for egress in egresses]
    if named and named not in names:
        raise UsageError(
            f"--egress {named}: there is no such egress",
            hint=f"known are {', '.join(names)}" if names else f"add [egress.{named}] to gridrunner.toml",
        )
