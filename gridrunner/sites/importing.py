"""Owns `gridrunner sites import`: a YAML site list out of CSV, a ranking of domains (`rank,domain`, as Tranco and
Majestic publish) or lines of text.

What a site list would refuse for lack of a scheme is taken here: a bare domain becomes `https://domain/`.
"""

from __future__ import annotations

import json
import re
from typing import BinaryIO, Final, assert_never

from gridrunner.errors import UsageError
from gridrunner.model import ExpectedLogin, Outcome, Site
from gridrunner.sites.csv_lists import CsvReading, read_csv_list
from gridrunner.sites.drafts import ListDraft, check_ids, finish_sites
from gridrunner.sites.mistakes import FileReport, raise_mistakes, show_url, show_value, suggest
from gridrunner.sites.reading import ListKind, find_first_line, name_source, read_any_text, sniff_kind, split_names
from gridrunner.sites.text_lists import read_text_list
from gridrunner.sites.values import MAX_URL_CHARS, BadEntry, complete_url, read_url
from gridrunner.text import count_of, replace_unprintable

KINDS: Final = ("auto", "csv", "tranco", "text")

_ALIASES: Final = dict.fromkeys(("domain", "host", "hostname", "website", "site", "address", "link"), "url")
_RANKED: Final = re.compile(r"\s*[0-9]+\s*[,;\t]\s*([^\s,;]+\.[^\s,;]+)\s*")

_PLAIN_SCALAR: Final = re.compile(r"[A-Za-z][A-Za-z0-9._~/?=&+%@:;-]*(?<!:)")
_WORDS_OF_YAML: Final = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def import_list(source: str, kind: str, limit: int | None, stdin: BinaryIO) -> str:
    """YAML text of a site list with the first `limit` sites of a file, or of standard input (`-`).

    `kind` is one of KINDS; auto looks at the first line. Ids come from the URLs where there are none, and are unique.
    Raises SiteListError with all mistakes of the source, and UsageError for a kind or limit that cannot be.
    """
    if kind not in KINDS:
        raise UsageError(f"--kind {show_value(kind)} is unknown", hint=suggest(kind, KINDS).capitalize())
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit} leaves nothing to import", hint="Give 1 or more")
    report = FileReport(name_source(source))
    text = read_any_text(source, stdin, report)
    ignored: list[str] = []
    lists = [_read(text, kind, limit, report, ignored)] if text is not None else []
    check_ids(lists)
    raise_mistakes([report])
    return _write_list(finish_sites(lists), report.file, ignored)


def _read(text: str, kind: str, limit: int | None, report: FileReport, ignored: list[str]) -> ListDraft:
    match guess_kind(text) if kind == "auto" else kind:
        case "csv":
            reading = CsvReading(aliases=_ALIASES, ignored=ignored, read_address=_read_address, limit=limit)
            return read_csv_list(text, report, reading)
        case "tranco":
            return read_text_list(text, report, read_address=_read_ranked, limit=limit)
        case "yaml":
            report.add("this is YAML already; use it as it is, with --sites")
            return ListDraft(report=report)
        case _:
            return read_text_list(text, report, read_address=_read_address, limit=limit)


def guess_kind(text: str) -> str:
    """csv, tranco, text or yaml, by the first line that is neither blank nor a comment."""
    first = find_first_line(text)
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


# ---------------------------------------------------------------------------------------------------------------- YAML


def _write_list(sites: tuple[Site, ...], name: str, ignored: list[str]) -> str:
    count = count_of(len(sites), "site", spec=",")
    lines = [
        f"# {count} imported from {replace_unprintable(name)} by `gridrunner sites import`.",
    ]
    unclaimed = sum(site.expect.login is None and not _write_expectation(site) for site in sites)
    if unclaimed:
        whom = "them" if unclaimed == len(sites) else f"{unclaimed:,} of them"
        lines.append(f"# Nothing is claimed about {whom} until you add `expect`, such as `expect: {{login: true}}`.")
    if ignored:
        lines.append(f"# Columns not taken: {replace_unprintable(', '.join(ignored))}")
    lines += ["version: 1", "sites:"]
    for site in sites:
        lines += write_site(site)
    return "\n".join(lines) + "\n"


def write_site(site: Site) -> list[str]:
    """One entry of a YAML list, as its lines."""
    lines = [f"  - id: {_write_text(site.id)}", f"    url: {_write_text(site.url)}"]
    if site.locale is not None:
        lines.append(f"    locale: {_write_text(site.locale)}")
    if site.tags:
        lines.append(f"    tags: {_write_words(site.tags)}")
    if site.visitor is not None:
        lines.append(f"    visitor: {site.visitor}")
    if site.visit_timeout_s is not None:
        lines.append(f"    visit_timeout_s: {site.visit_timeout_s:g}")
    expect = _write_expectation(site)
    if expect:
        lines.append(f"    expect: {{{', '.join(expect)}}}")
    return lines


def _write_expectation(site: Site) -> list[str]:
    expect, keys = site.expect, []
    if expect.login is not None:
        keys.append(f"login: {_write_login(expect.login)}")
    keys += [f"{name}: {_quote(css)}" for name, css in expect.named_fields.items()]
    if expect.sso:
        keys.append(f"sso: {_write_words(expect.sso)}")
    if expect.outcome is not Outcome.OBSERVED:
        keys.append(f"outcome: {expect.outcome}")
    return keys


def _write_login(login: ExpectedLogin) -> str:
    match login:
        case ExpectedLogin.YES:
            return "true"
        case ExpectedLogin.NO:
            return "false"
        case ExpectedLogin.UNKNOWN:
            return "unknown"
        case _:
            assert_never(login)


def _write_words(words: tuple[str, ...]) -> str:
    return f"[{', '.join(_write_text(word) for word in words)}]"


def _write_text(text: str) -> str:
    """A text as a YAML scalar that every YAML library reads as a text."""
    is_plain = _PLAIN_SCALAR.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if is_plain else _quote(text)


def _quote(text: str) -> str:
    """A JSON string is a double-quoted scalar of YAML."""
    return json.dumps(text, ensure_ascii=False)
