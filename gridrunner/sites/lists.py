"""Owns reading site lists: sources in, sites and replay folders out, or every mistake of every file at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from gridrunner.model import Site
from gridrunner.sites.csv_lists import read_csv_list
from gridrunner.sites.drafts import MAX_SITES, ListDraft, ServedFolder, check_ids, finish_sites
from gridrunner.sites.mistakes import FileReport, raise_mistakes
from gridrunner.sites.reading import STDIN, ListKind, SourceText, name_source, read_source
from gridrunner.sites.text_lists import read_text_list
from gridrunner.sites.yaml_lists import read_yaml_list

__all__ = ["ServedFolder", "SiteLists", "read_site_lists"]


class SiteLists(Struct, frozen=True, kw_only=True):
    """The sites of all lists in the order written, ids unique, and the folders to serve while they are run."""

    sites: tuple[Site, ...]
    replays: tuple[ServedFolder, ...] = ()


def read_site_lists(sources: Sequence[str], stdin: BinaryIO, *, today: date | None = None) -> SiteLists:
    """Read lists by path (.yaml, .yml, .csv, .txt) or `-` for standard input, whose format is guessed. `today` is the
    day by which a quarantine has ended or not; None: this machine's, in UTC.

    Raises SiteListError with the mistakes of all sources: `file:line:column: what is wrong; what would be right`.
    """
    reports: list[FileReport] = []
    lists: list[ListDraft] = []
    names: set[str] = set()
    for source in sources:
        report = FileReport(name_source(source))
        reports.append(report)
        if _real_name(source) in names:
            report.add("given twice; name each list once")
            continue
        names.add(_real_name(source))
        text = read_source(source, stdin, report)
        if text is not None:
            lists.append(_read_list(text, report, today or datetime.now(UTC).date()))
    check_ids(lists)
    if sum(len(part.entries) for part in lists) > MAX_SITES and not any(report.count for report in reports):
        reports[-1].add(f"the lists hold more than {MAX_SITES:,} sites together; split them over several runs")
    raise_mistakes(reports)
    return SiteLists(sites=finish_sites(lists), replays=_join_replays(lists))


def _read_list(source: SourceText, report: FileReport, today: date) -> ListDraft:
    match source.kind:
        case ListKind.YAML:
            return read_yaml_list(source.text, source.folder, report, today)
        case ListKind.CSV:
            return read_csv_list(source.text, report)
        case ListKind.TEXT:
            return read_text_list(source.text, report)


def _real_name(source: str) -> str:
    if source == STDIN:
        return STDIN
    try:
        return str(Path(source).resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL or a loop of links, which reading it will report
        return source


def _join_replays(lists: Sequence[ListDraft]) -> tuple[ServedFolder, ...]:
    """The folders to serve, each once."""
    by_folder: dict[Path, ServedFolder] = {}
    for part in lists:
        if part.replay is not None:
            by_folder.setdefault(part.replay.folder.resolve(), part.replay)
    return tuple(by_folder.values())
