"""The journal of a search: every answer, appended when it comes, so that a search that was cut off goes on where it
was. Owns the file's format; the invariants: one writer, and nothing that was answered is asked again.

JSON lines. The first is the header; each further one is a domain with a question and its answer, or
the digest of the list as it was written. A line that was cut by
a kill is the last one, and is dropped; anything else that does not parse is an error that names the line.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec
from msgspec import Struct

from gridrunner.discovery.words import Answer, Ask
from gridrunner.errors import OutputLost, RunFolderError, UsageError, refuse_newer

FORMAT: Final = 1


class Header(Struct, frozen=True, kw_only=True):
    """The first line."""

    format: int
    kind: str = "discover"


class Line(Struct, frozen=True, kw_only=True):
    """One question to a domain, and what was answered."""

    domain: str
    ask: Ask
    answer: Answer


class Written(Struct, frozen=True, kw_only=True):
    """The list was written: `list` is the digest of its text, by which an edited one is told."""

    list: str


class SearchJournal:
    """An open journal: `answered` is what it held when it was opened, by domain, `written` the digest of the list."""

    def __init__(self, descriptor: int | None, answered: Mapping[str, Sequence[Line]], written: str = "") -> None:
        self.answered, self.written = answered, written
        self._descriptor = descriptor
        self._lock = Lock()

    def write(self, line: Line) -> None:
        """Append an answer: with the kernel before the next question is asked. Raises OutputLost."""
        self._append(line)

    def note_list(self, text: str) -> None:
        """Append that the list was written. Raises OutputLost."""
        self._append(Written(list=digest_of(text)))

    def _append(self, line: Line | Written) -> None:
        if self._descriptor is None:
            return
        data = msgspec.json.encode(line) + b"\n"
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._descriptor, data) :]
            except OSError as error:
                raise OutputLost(f"the journal of the search cannot be written: {error.strerror}") from error


@contextmanager
def open_search_journal(path: Path | None, *, is_fresh: bool) -> Iterator[SearchJournal]:
    """The journal at `path`, made where it is missing and emptied with `is_fresh`; None keeps nothing. Raises
    UsageError when another process writes it, RunFolderError when it cannot be read.
    """
    if path is None:
        yield SearchJournal(None, {})
        return
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint="choose another --out") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"{path}: another gridrunner is searching for this list", hint="wait until it has ended, or end it"
            ) from error
        if is_fresh:
            os.ftruncate(descriptor, 0)
        answered, written = _read(path, descriptor)
        if os.fstat(descriptor).st_size == 0:
            os.write(descriptor, msgspec.json.encode(Header(format=FORMAT)) + b"\n")
        yield SearchJournal(descriptor, answered, written)
    finally:
        os.close(descriptor)


def digest_of(text: str) -> str:
    """The digest of a list's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: Path, descriptor: int) -> tuple[dict[str, list[Line]], str]:
    """What a journal holds; a last line that was cut is cut off, so that the next one begins anew."""
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        os.ftruncate(descriptor, len(whole))
    answered: dict[str, list[Line]] = {}
    written = ""
    decoder = msgspec.json.Decoder(Line)
    for number, text in enumerate(whole.splitlines(), 1):
        try:
            if number == 1:
                header = msgspec.json.decode(text, type=Header)
                refuse_newer(RunFolderError, f"{path} has format", header.format, FORMAT)
                continue
            if text.startswith(b'{"list":'):
                written = msgspec.json.decode(text, type=Written).list
                continue
            line = decoder.decode(text)
        except msgspec.MsgspecError as error:
            raise RunFolderError(
                f"{path}:{number}: this is no line of a search: {error}", hint="give --fresh to begin anew"
            ) from error
        answered.setdefault(line.domain, []).append(line)
    return answered, written
