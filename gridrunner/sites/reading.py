"""Owns the way from a named source to text: files and standard input, their bounds, encoding and format.

Whatever is wrong with a source as a whole is a mistake like any other, reported with its place and never raised.
"""

from __future__ import annotations

import codecs
import io
import os
import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final, assert_never

from msgspec import Struct

from gridrunner.sites.mistakes import FileReport, guess, show_value

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"

MAX_FILE_BYTES: Final = 64 << 20
"""Over 300 bytes for each of 200,000 sites; the longest entry of the demo list has 330."""

MAX_LINE_BYTES: Final = 1 << 20
"""A hundred times the longest URL that servers must take (8,000 bytes, RFC 9110 section 4.1)."""

CHUNK_BYTES: Final = 1 << 16  # read at once, so that an endless line is noticed after MAX_LINE_BYTES of it

_SIGNATURES: Final = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"PK\x03\x04", "a zip archive (an .xlsx or .ods spreadsheet is one, too)"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"%PDF-", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old Microsoft Office document"),
    (b"\x7fELF", "an ELF program"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
"""First bytes and what they mean: `file(1)`'s magic database."""

_UTF_32: Final = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_HEAD_BYTES: Final = 256  # enough to tell UTF-16 from other data

_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML calls not printable (YAML 1.1, production 1); no place for it in CSV or text either."""

_LOOKS_LIKE_YAML: Final = re.compile(r"""---|%YAML|[{\[]|-(?:\s|$)|["']?[A-Za-z_]+["']?\s*:(?:\s|$)""")
_DELIMITERS: Final = re.compile(r"[,;\t]")


class ListKind(StrEnum):
    """The formats of site lists."""

    YAML = "yaml"
    CSV = "csv"
    TEXT = "text"


SUFFIXES: Final = {".yaml": ListKind.YAML, ".yml": ListKind.YAML, ".csv": ListKind.CSV, ".txt": ListKind.TEXT}


def hint_for_empty(kind: ListKind) -> str:
    """What would be right where a list of this format is empty."""
    match kind:
        case ListKind.YAML:
            return "write 'version: 1' and at least one entry under 'sites'"
        case ListKind.CSV:
            return "write a header line with a url column, and one site per line"
        case ListKind.TEXT:
            return "write one URL per line"
        case _:
            assert_never(kind)


class SourceText(Struct, frozen=True, kw_only=True):
    """A source that could be read. `folder` is what relative paths inside it are relative to."""

    text: str
    kind: ListKind
    folder: Path


class _UnusableError(Exception):
    """The source cannot be used; the arguments are those of `FileReport.add`."""


def name_source(source: str) -> str:
    """How messages call a source: as the user named it, and standard input by name."""
    return STDIN_NAME if source == STDIN else source


def read_source(source: str, stdin: BinaryIO, report: FileReport) -> SourceText | None:
    """The text and format of a path or `-`; None when it cannot be used, which is then in `report`."""
    try:
        text = _read_text(source, stdin)
        kind = sniff_kind(text) if source == STDIN else _kind_of(Path(source))
    except _UnusableError as error:
        report.add(*error.args)
        return None
    if not text.strip():
        report.add(f"the list is empty; {hint_for_empty(kind)}")
        return None
    return SourceText(text=text, kind=kind, folder=Path() if source == STDIN else Path(source).parent)


def read_any_text(source: str, stdin: BinaryIO, report: FileReport) -> str | None:
    """As `read_source`, for a file of any name."""
    try:
        return _read_text(source, stdin)
    except _UnusableError as error:
        report.add(*error.args)
        return None


def sniff_kind(text: str) -> ListKind:
    """The format of a list without a name: what its first line that is neither blank nor a comment looks like."""
    first = find_first_line(text)
    if "url" in split_names(first):
        return ListKind.CSV
    return ListKind.YAML if _LOOKS_LIKE_YAML.match(first) else ListKind.TEXT


def find_first_line(text: str) -> str:
    """The first line that is neither blank nor a comment, without blanks around it; empty when there is none."""
    lines = (line.strip() for line in iterate_lines(text))
    return next((line for line in lines if line and not line.startswith("#")), "")


def split_names(line: str) -> set[str]:
    """What would be the names of columns, in lower case, if the line were the header of a CSV list."""
    return {cell.strip(" \"'").lower() for cell in _DELIMITERS.split(line)}


def iterate_lines(text: str) -> Iterator[str]:
    """Lines as editors count them (ended by LF, CRLF or CR; `str.splitlines` knows eight more), one by one."""
    return iter(io.StringIO(text, newline=None))


def place_of(text: str, position: int) -> tuple[int, int]:
    """Line and column, both from 1, of a position in `text`."""
    before = text[:position].replace("\r\n", "\n").replace("\r", "\n")
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _kind_of(path: Path) -> ListKind:
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        what = f"unknown kind of site list {show_value(path.suffix)}" if path.suffix else "a site list needs a suffix"
        raise _UnusableError(f"{what}; name it .yaml, .yml, .csv or .txt, or pipe it to --sites -")
    return kind


def _read_text(source: str, stdin: BinaryIO) -> str:
    path = Path(source)
    try:
        if source == STDIN:
            return _decode(_read_bounded(stdin))
        if path.is_dir():
            raise _UnusableError(f"this is a folder; {_suggest_list(path)}")
        with path.open("rb") as stream:
            return _decode(_read_bounded(stream))
    except FileNotFoundError:
        raise _UnusableError(f"no such file; {_suggest_neighbour(path)}") from None
    except OSError as error:
        raise _UnusableError(f"cannot be read: {error.strerror or error}; check the path and its permissions") from None
    except ValueError:  # a NUL in the name
        raise _UnusableError("no file can have this name; check the path") from None


def _names_in(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(folder))
    except (OSError, ValueError):
        return []


def _suggest_neighbour(path: Path) -> str:
    # the suffix makes up half of a short name, so that difflib's own cutoff (0.6) takes any of them for a slip
    close = guess(
        path.name, [name for name in _names_in(path.parent) if Path(name).suffix.lower() in SUFFIXES], cutoff=0.75
    )
    return f"did you mean {str(path.with_name(close))!r}?" if close else "check the path"


def _suggest_list(folder: Path) -> str:
    lists = [name for name in _names_in(folder) if Path(name).suffix.lower() in SUFFIXES]
    return f"name a list in it, such as {str(folder / lists[0])!r}" if lists else "name a .yaml, .csv or .txt file"


def _read_bounded(stream: BinaryIO) -> bytes:
    """All bytes of a stream, given up at the first sign of binary data, a line or a size beyond bounds."""
    chunks: list[bytes] = []
    size = line_bytes = 0
    line = 1
    while chunk := stream.read(CHUNK_BYTES):
        if not chunks:
            _refuse_binary(chunk)
        size += len(chunk)
        first, last = chunk.find(b"\n"), chunk.rfind(b"\n")
        if line_bytes + (len(chunk) if first < 0 else first) > MAX_LINE_BYTES:
            raise _UnusableError(
                f"the line is longer than {MAX_LINE_BYTES >> 20} MiB; write one site per line or entry", line
            )
        if size > MAX_FILE_BYTES:
            raise _UnusableError(f"the list is larger than {MAX_FILE_BYTES >> 20} MiB; split it into several files")
        line += chunk.count(b"\n")
        line_bytes = line_bytes + len(chunk) if first < 0 else len(chunk) - last - 1
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse_binary(head: bytes) -> None:
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            raise _UnusableError(f"this is {name}, not a site list; give a YAML, CSV or text file")
    if head.startswith(_UTF_32):
        raise _UnusableError("the file is UTF-32; save it as UTF-8")
    if head.startswith(_UTF_16):
        raise _UnusableError("the file is UTF-16; save it as UTF-8")
    head = head[:_HEAD_BYTES]
    zeros = [head[offset::2].count(0) for offset in (0, 1)]
    if min(zeros) == 0 and max(zeros) * 4 > len(head):  # one byte of each pair is 0: Latin text in UTF-16
        raise _UnusableError("the file is UTF-16 without a byte order mark; save it as UTF-8")
    if any(zeros):
        raise _UnusableError("this is binary data, not a site list; give a YAML, CSV or text file")


def _decode(data: bytes) -> str:
    """UTF-8, with or without a byte order mark, as text."""
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        what = f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise _UnusableError(what, *place_of(before, len(before))) from None
    bad = _UNPRINTABLE.search(text)
    if bad:
        what = "a NUL byte: this is binary data" if bad[0] == "\0" else f"unprintable character U+{ord(bad[0]):04X}"
        raise _UnusableError(f"{what}; a site list is plain text", *place_of(text, bad.start()))
    return text
