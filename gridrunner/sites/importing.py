"""Owns `gridrunner sites import`: a YAML site list out of CSV (CrUX' `origin,rank` as well), a ranking of domains
(`rank,domain`, as Tranco and Majestic publish), the list of SSO-Monitor, or lines of text.

What a site list would refuse for lack of a scheme is taken here: a bare domain becomes `https://domain/`.
"""

from __future__ import annotations

import re
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from gridrunner.errors import UsageError
from gridrunner.model import Site, Step, StepKind
from gridrunner.sites.csv_lists import CsvReading, read_csv_list
from gridrunner.sites.drafts import ListDraft, check_ids, finish_sites
from gridrunner.sites.mistakes import FileReport, raise_mistakes, show_url, show_value, suggest
from gridrunner.sites.reading import ListKind, find_first_line, name_source, read_any_text, sniff_kind, split_names
from gridrunner.sites.sso_monitor import looks_like_sso_monitor, read_sso_monitor
from gridrunner.sites.text_lists import read_text_list
from gridrunner.sites.values import MAX_URL_CHARS, BadEntry, complete_url, read_url
from gridrunner.sites.writing import write_expectation, write_site
from gridrunner.sites.yaml_lists import LOGIN_LINK
from gridrunner.text import count_of, replace_unprintable

KINDS: Final = ("auto", "csv", "tranco", "crux", "sso-monitor", "text")

_ALIASES: Final = dict.fromkeys(("domain", "host", "hostname", "website", "site", "address", "link", "origin"), "url")
_RANKED: Final = re.compile(r"\s*[0-9]+\s*[,;\t]\s*([^\s,;]+\.[^\s,;]+)\s*")


def import_list(source: str, kind: str, limit: int | None, stdin: BinaryIO) -> str:
    """YAML text of a site list with the first `limit` sites of a file, or of standard input (`-`).

    `kind` is one of KINDS; auto looks at the first line. Ids come from the URLs where there are none, and are unique.
    Raises SiteListError with all mistakes of the source, and UsageError for a kind or limit that cannot be.
    """
    ignored: list[str] = []
    sites = read_import(source, kind, limit, stdin, ignored)
    return _write_list(sites, name_source(source), ignored)


def read_import(
    source: str, kind: str, limit: int | None, stdin: BinaryIO, ignored: list[str] | None = None
) -> tuple[Site, ...]:
    """The sites of such a file. `ignored` takes the names of columns that were not taken. Raises as `import_list`."""
    if kind not in KINDS:
        raise UsageError(f"--kind {show_value(kind)} is unknown", hint=suggest(kind, KINDS).capitalize())
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit} leaves nothing to import", hint="Give 1 or more")
    report = FileReport(name_source(source))
    text = read_any_text(source, stdin, report)
    lists = [_read(text, kind, limit, report, [] if ignored is None else ignored)] if text is not None else []
    check_ids(lists)
    raise_mistakes([report])
    return finish_sites(lists)


def _read(text: str, kind: str, limit: int | None, report: FileReport, ignored: list[str]) -> ListDraft:
    match guess_kind(text) if kind == "auto" else kind:
        case "csv" | "crux":
            reading = CsvReading(aliases=_ALIASES, ignored=ignored, read_address=_read_address, limit=limit)
            return read_csv_list(text, report, reading)
        case "tranco":
            return read_text_list(text, report, read_address=_read_ranked, limit=limit)
        case "sso-monitor":
            return read_sso_monitor(text, report, limit=limit)
        case "yaml":
            report.add("this is YAML already; use it as it is, with --sites")
            return ListDraft(report=report)
        case _:
            return read_text_list(text, report, read_address=_read_address, limit=limit)


def guess_kind(text: str) -> str:
    """csv, tranco, sso-monitor, text or yaml, by the first line that is neither blank nor a comment."""
    first = find_first_line(text)
    if looks_like_sso_monitor(text):
        return "sso-monitor"
    if len(first) <= MAX_URL_CHARS and _RANKED.fullmatch(first):
        return "tranco"
    if split_names(first) & {"url", *_ALIASES}:
        return "csv"
    return "yaml" if sniff_kind(text) is ListKind.YAML else "text"


def _read_address(text: str) -> str:
    return read_url(complete_url(text))


def _read_ranked(text: str) -> str:
    ranked = _RANKED.fullmatch(text) if len(text) <= MAX_URL_CHARS else None
    if ranked is None:
        raise BadEntry(f"{show_url(text)} is not a line of a ranking; write rank,domain")
    return _read_address(ranked[1])


def _with_way(site: Site) -> Site:
    """A home page of which nothing is claimed is visited for what its login link leads to."""
    parts = urlsplit(site.url)
    is_home = parts.path in {"", "/"} and not parts.query and not parts.fragment
    if not is_home or site.steps or write_expectation(site):
        return site
    return replace(site, steps=(Step(kind=StepKind.FOLLOW, target=LOGIN_LINK),))


def _write_list(sites: tuple[Site, ...], name: str, ignored: list[str]) -> str:
    count = count_of(len(sites), "site", spec=",")
    lines = [
        f"# {count} imported from {replace_unprintable(name)} by `gridrunner sites import`.",
    ]
    unclaimed = sum(site.expect.login is None and not write_expectation(site) for site in sites)
    if unclaimed:
        whom = "them" if unclaimed == len(sites) else f"{unclaimed:,} of them"
        lines.append(f"# Nothing is claimed about {whom} until you add `expect`, such as `expect: {{login: true}}`.")
    if ignored:
        lines.append(f"# Columns not taken: {replace_unprintable(', '.join(ignored))}")
    lines += ["version: 1", "sites:"]
    for site in sites:
        lines += write_site(_with_way(site))
    return "\n".join(lines) + "\n"
