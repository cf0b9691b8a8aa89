"""Owns the public list of SSO-Monitor (https://sso-monitor.me/list): which pages its authors took for the logins of the
domains of a Tranco list. An array of objects, or one object per line; of each `domain` and `login_page_candidates` are
read, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from gridrunner.model import SourceLine
from gridrunner.sites.drafts import Draft, ListDraft, check_count
from gridrunner.sites.mistakes import FileReport
from gridrunner.sites.values import BadEntry, read_url

MOST_CANDIDATES: Final = 3
"""Of one domain, those of the highest priority; the list holds up to dozens, most of them guesses."""

_BEGINNING: Final = re.compile(r'\s*\[?\s*\{[^{}\[\]]{0,2000}"(?:domain|login_page_candidates)"\s*:')


class ListedPages(Struct, frozen=True, kw_only=True):
    """A domain of the list with the pages that were taken for its login, the likeliest first; may be none."""

    domain: str
    pages: tuple[str, ...]


def looks_like_sso_monitor(text: str) -> bool:
    """Whether a text begins as that list does."""
    return _BEGINNING.match(text[:4096]) is not None


def parse_sso_monitor(text: str, report: FileReport) -> list[tuple[int, ListedPages]]:
    """The domains of the list with the line that each is in (1 for those of an array in one line); mistakes go to
    `report`.
    """
    listed = []
    for line, raw in _objects_in(text, report):
        domain = raw.get("domain")
        if not isinstance(domain, str) or not domain:
            report.add('an entry has no "domain"; this does not look like the list of SSO-Monitor', line)
            continue
        listed.append((line, ListedPages(domain=domain, pages=tuple(_pages_of(raw))[:MOST_CANDIDATES])))
    return listed


def read_sso_monitor(text: str, report: FileReport, *, limit: int | None = None) -> ListDraft:
    """The first `limit` domains that have a page, as sites; mistakes go to `report`."""
    draft = ListDraft(report=report)
    for line, listed in parse_sso_monitor(text, report):
        if not listed.pages:
            continue
        if len(draft.entries) == limit or not check_count(len(draft.entries), report, line):
            break
        fields = {"url": listed.pages[0]}
        draft.entries.append(Draft(source=SourceLine(file=report.file, line=line), fields=fields, expect={}))
    if not draft.entries and not report.count:
        report.add("no domain of the list has a login page")
    return draft


def _objects_in(text: str, report: FileReport) -> Iterator[tuple[int, dict[str, Any]]]:
    if text.lstrip().startswith("["):
        try:
            entries = msgspec.json.decode(text, type=list[dict[str, Any]])
        except msgspec.MsgspecError as error:
            report.add(f"the list is no JSON array of objects: {error}", 1)
            return
        yield from ((1, entry) for entry in entries)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError as error:
                report.add(f"this is no JSON object: {error}; write one entry per line, or one array", number)


def _pages_of(raw: dict[str, Any]) -> Iterator[str]:
    """The pages of an entry, by the priority that the list gives them."""
    candidates = [entry for entry in raw.get("login_page_candidates") or () if isinstance(entry, dict)]
    seen: set[str] = set()
    for entry in sorted(candidates, key=lambda entry: -_priority_of(entry)):
        try:
            url = read_url(str(entry.get("login_page_candidate") or ""))
        except BadEntry:
            continue  # one page of another's list, of which a domain has several
        if url not in seen:
            seen.add(url)
            yield url


def _priority_of(entry: dict[str, Any]) -> float:
    priority = entry.get("login_page_priority")
    value = priority.get("priority") if isinstance(priority, dict) else None
    return float(value) if isinstance(value, int | float) else 0.0
