"""Owns what `gridrunner sites discover` is given: domains by name, and lists of them in every format that can be
imported, as the domains to be searched.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from msgspec import Struct

from gridrunner.errors import SiteListError, UsageError
from gridrunner.model import Site
from gridrunner.sites.importing import KINDS, guess_kind, read_import
from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.mistakes import FileReport, raise_mistakes, show_value, suggest
from gridrunner.sites.reading import STDIN, SUFFIXES, name_source, read_any_text
from gridrunner.sites.sso_monitor import parse_sso_monitor
from gridrunner.sites.values import BadEntry, complete_url, read_url

_LIST_SUFFIXES: Final = frozenset({*SUFFIXES, ".json", ".jsonl", ".ndjson", ".tsv"})


class ListedDomain(Struct, frozen=True, kw_only=True):
    """A domain to be searched: `starts` are addresses of its home page, tried in order; `hints` are pages that a list
    took for its login.
    """

    name: str
    starts: tuple[str, ...]
    hints: tuple[str, ...] = ()
    locale: str | None = None


def read_domains(sources: Sequence[str], kind: str, limit: int | None, stdin: BinaryIO) -> tuple[ListedDomain, ...]:
    """The domains of a command line, each once, in the order written: names, addresses, files, `-`.

    Raises SiteListError with all mistakes, and UsageError for what is neither a domain nor a file.
    """
    if kind not in KINDS:
        raise UsageError(f"--kind {show_value(kind)} is unknown", hint=suggest(kind, KINDS).capitalize())
    domains: dict[str, ListedDomain] = {}
    for source in sources:
        listed = _read_list(source, kind, limit, stdin) if _is_list(source) else [_read_name(source)]
        for domain in listed:
            domains.setdefault(domain.starts[0], domain)
    return tuple(domains.values())[:limit]


def _is_list(source: str) -> bool:
    return source == STDIN or Path(source).suffix.lower() in _LIST_SUFFIXES or Path(source).exists()


def _read_name(text: str) -> ListedDomain:
    try:
        return _make(read_url(complete_url(text)))
    except BadEntry as error:
        raise UsageError(
            f"{error}", hint=f"{show_value(text)} is no file either; give a domain such as example.org, or a list"
        ) from error


def _read_list(source: str, kind: str, limit: int | None, stdin: BinaryIO) -> list[ListedDomain]:
    if Path(source).suffix.lower() in {".yaml", ".yml"}:
        return [_of_site(site) for site in read_site_lists([source], stdin).sites]
    report = FileReport(name_source(source))
    if kind in {"auto", "sso-monitor"} and source != STDIN:
        text = read_any_text(source, stdin, report) or ""
        if kind == "sso-monitor" or guess_kind(text) == "sso-monitor":
            listed = parse_sso_monitor(text, report)
            raise_mistakes([report])
            if not listed:
                raise SiteListError([f"{report.file}: the list has no domains"])
            return [_make(read_url(complete_url(entry.domain)), entry.pages) for _, entry in listed]
    return [_of_site(site) for site in read_import(source, kind, limit, stdin)]


def _of_site(site: Site) -> ListedDomain:
    return _make(site.url, locale=site.locale)


def _make(url: str, hints: tuple[str, ...] = (), locale: str | None = None) -> ListedDomain:
    parts = urlsplit(url)
    host = parts.hostname or ""
    path = "" if parts.path in {"", "/"} else parts.path
    port = f":{parts.port}" if parts.port is not None else ""
    starts = [url if parts.path else f"{url}/"]
    if parts.scheme == "https" and not path and not parts.query and not _is_address(host):
        # many domains have a name for `www.` alone, and some no certificate
        starts += [f"https://www.{host}{port}/"] if not host.startswith("www.") else []
        starts += [f"http://{host}/"] if not port else []
    return ListedDomain(name=f"{host}{port}{path}", starts=tuple(starts), hints=hints, locale=locale)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
