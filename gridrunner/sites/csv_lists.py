"""Owns site lists in CSV: a header line, then one site per row (RFC 4180; commas, semicolons or tabs).

`tags` and `sso` hold several words with blanks or semicolons between them. An empty cell says nothing.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct, field

from gridrunner.model import SourceLine
from gridrunner.sites.drafts import (
    EXPECT_LISTS,
    EXPECT_TEXTS,
    SITE_LISTS,
    SITE_TEXTS,
    Draft,
    ListDraft,
    Reader,
    check_count,
    list_contradictions,
    read_items,
)
from gridrunner.sites.mistakes import FileReport, show_value, suggest
from gridrunner.sites.reading import ListKind, hint_for_empty, iterate_lines
from gridrunner.sites.values import BadEntry, read_url

COLUMNS: Final = (
    *("id", "url", "locale", "tags"),
    *("login", "username", "password", "submit", "sso", "outcome", "visitor", "visit_timeout_s"),
)

_SITE_COLUMNS: Final = {*SITE_TEXTS, *SITE_LISTS}
_TEXTS: Final = {**SITE_TEXTS, **EXPECT_TEXTS}
_LISTS: Final = {**SITE_LISTS, **EXPECT_LISTS}

_BETWEEN_WORDS: Final = re.compile(r"[\s;,]+")
_QUOTED: Final = re.compile(r'"[^"]*"')

_PLAIN_WORDS: Final = (
    ("field larger than field limit", 'a cell is longer than {limit:,} characters; is a quote (") left open?'),
    ("unexpected end of data", 'a quote (") is left open; close it'),
    ("expected after", 'text follows a closing quote; double each quote inside a quoted cell ("")'),
)
"""What Python's csv module says, and what it means."""


class CsvReading(Struct, frozen=True, kw_only=True):
    """How a CSV list is read. The defaults are those of a site list; an import takes more.

    `aliases` are further names of columns, `ignored` takes the names of unknown ones (None: they are mistakes),
    `read_address` reads a URL as written, `limit` is how many rows are read (None: all).
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    ignored: list[str] | None = None
    read_address: Reader = read_url
    limit: int | None = None


def read_csv_list(text: str, report: FileReport, reading: CsvReading | None = None) -> ListDraft:
    """The entries of a CSV list; mistakes go to `report`."""
    reading = reading or CsvReading()
    draft = ListDraft(report=report)
    rows = read_rows(text, report)
    header_line, header = next(rows, (1, []))
    if not header:
        if not report.count:
            report.add(f"the list is empty; {hint_for_empty(ListKind.CSV)}")
        return draft
    names = _read_header(header, reading, report, header_line)
    if names is None:
        return draft
    count = 0
    for line, row in rows:
        if count == reading.limit or not check_count(count, report, line):
            break
        count += 1
        if len(row) == len(names):
            cells = {name: cell.strip() for name, cell in zip(names, row, strict=True) if cell.strip()}
            draft.entries.append(_read_row(cells, reading, report, line))
        else:
            what = f"{len(row)} cells, but the header has {len(names)} columns"
            report.add(f'{what}; add the missing cells, or quote ("…") a cell that holds the delimiter', line)
    if not count and not report.count:
        report.add(f"the list has no sites; {hint_for_empty(ListKind.CSV)}", header_line)
    return draft


def read_rows(text: str, report: FileReport) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line that each begins in; blank ones are left out. Ends at the first that cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sniff_delimiter(text), strict=True)
    line = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            report.add(_put_plainly(str(error)), line)
            return
        if row is None:
            return
        if row and (len(row) > 1 or row[0].strip()):
            yield line, row
        line = reader.line_num + 1


def sniff_delimiter(text: str) -> str:
    """The one of `,`, `;` and tab that the first line with any text has most often outside quotes."""
    first = _QUOTED.sub("", next((line for line in iterate_lines(text) if line.strip()), ""))
    return max(",;\t", key=first.count)


def _put_plainly(problem: str) -> str:
    for part, words in _PLAIN_WORDS:
        if part in problem:
            return words.format(limit=csv.field_size_limit())
    return f"this row cannot be read ({problem}); write it as RFC 4180 says"


def _read_header(header: list[str], reading: CsvReading, report: FileReport, line: int) -> list[str] | None:
    """Names of the columns in lower case, or None when rows cannot be read by them."""
    names = [name.strip().lower() for name in header]
    names = [name if name in names[:at] else reading.aliases.get(name, name) for at, name in enumerate(names)]
    if "url" not in names and any("://" in name for name in names):
        report.add(
            f"the first line holds a URL, not names of columns; put a header before it: {','.join(COLUMNS)}", line
        )
        return None
    is_usable = True
    for position, name in enumerate(names):
        if name in names[:position]:
            report.add(f"column {show_value(name)} stands there twice; keep one of them", line)
            is_usable = False
        elif name not in COLUMNS and reading.ignored is not None:
            reading.ignored.append(name)
        elif name not in COLUMNS:
            report.add(f"unknown column {show_value(name)}; {suggest(name, COLUMNS)}", line)
    if "url" not in names:
        report.add("there is no column url; add one", line)
        is_usable = False
    return names if is_usable else None


def _read_row(cells: Mapping[str, str], reading: CsvReading, report: FileReport, line: int) -> Draft:
    """One row; `cells` are those that are not empty, by column."""
    fields: dict[str, Any] = {}
    expect: dict[str, Any] = {}
    for name, text in cells.items():
        target = fields if name in _SITE_COLUMNS else expect
        try:
            if name == "url":
                target[name] = reading.read_address(text)
            elif name in _TEXTS:
                target[name] = _TEXTS[name](text)
            elif name in _LISTS:
                target[name] = _read_words(text, _LISTS[name])
        except BadEntry as error:
            report.add(f"{name}: {error}", line)
    if "url" not in cells:
        report.add("url: the cell is empty; write an address such as https://example.org/login", line)
    for contradiction in list_contradictions(expect):
        report.add(f"expect: {contradiction}", line)
    source = SourceLine(file=report.file, line=line)
    return Draft(source=source, fields=fields, expect=expect, id_place=(line, None))


@lru_cache(maxsize=4096)  # sites of a kind share their cell
def _read_words(cell: str, read: Reader) -> tuple[Any, ...]:
    return read_items([word for word in _BETWEEN_WORDS.split(cell) if word], read)
