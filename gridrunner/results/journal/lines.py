"""The journal of a run on disk: append-only JSON lines. Owns how lines are written, cut and read; the invariant: what
`write` returned from is read back, in order, whatever happened to the process afterwards.

Each event is one `write` call on an unbuffered file, so that a killed process loses nothing it had written; only a
machine that loses its power can, and `sync` (an fsync) bounds that: after each batch of results, and at the end.
Measured 2026-11-24 on a shared two-core machine: 3 µs to write a result line, 0.3 ms to fsync.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from gridrunner import codec
from gridrunner.errors import OutputLost, RunFolderError, refuse_newer
from gridrunner.foreign import open_file
from gridrunner.results.journal.events import EVENT_TYPES, JOURNAL_FORMAT, Event, JournalHeader, Resumed, RunEnded
from gridrunner.results.journal.files import NewerFormatError
from gridrunner.text import count_of

JOURNAL_NAME = "journal.jsonl"

MOST_LINE_BYTES = 128 << 20
"""Of a line: twice the largest message that a browser may answer a probe with (`browser.messages`). The longest of 300
runs had 43 kB (2026-11-30)."""

_KIND_BYTES = 15
"""At the beginning of a line tell its kind, in a third of the time of a regular expression (measured 2026-11-26)."""

_DECODERS_BY_START = {
    f'{{"event":"{name}"'.encode()[:_KIND_BYTES]: codec.find_decoder(kind) for name, kind in EVENT_TYPES.items()
}
assert len(_DECODERS_BY_START) == len(EVENT_TYPES)

_QUOTE_LIMIT = 60  # characters of a bad line that a message quotes: enough to find it, not enough to flood a terminal


class JournalWriter:
    """Appends events to a journal; safe to call from many threads. `warnings` says what reopening had to cut."""

    def __init__(self, path: Path, header: JournalHeader) -> None:
        """Create `path` with `header`, or reopen it: then the header on disk stays, a truncated last line is cut off,
        and a `Resumed` event notes `header.started`.

        Raises RunFolderError for a journal of another plan or a newer format, or a file that cannot be written.
        """
        self.path = path
        self.warnings: tuple[str, ...] = ()
        self._lock = threading.Lock()
        self._is_closed = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            kept, cut, header_on_disk = _find_resume_point(path)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
            self._fd = os.open(path, flags, 0o644)
            os.ftruncate(self._fd, kept)
        except OSError as error:
            raise _cannot_write(path, error) from error
        try:
            self._begin(header, header_on_disk, cut)
        except BaseException as error:
            os.close(self._fd)
            if isinstance(error, OSError | OutputLost):
                raise _cannot_write(path, error) from error
            raise

    def _begin(self, header: JournalHeader, header_on_disk: JournalHeader | None, cut: int) -> None:
        if cut:
            self.warnings = (f"{self.path}: a truncated last line of {count_of(cut, 'byte')} was cut off",)
        if header_on_disk is None:
            self._append(codec.encode(header))
            return
        if header_on_disk.plan != header.plan:
            raise RunFolderError(
                f"{self.path} belongs to plan {header_on_disk.plan[:12]}, this run to plan {header.plan[:12]}",
                hint="resume with the site lists and checks of the first run, or start a new run",
            )
        if _is_unterminated(self.path):
            self._append(b"")
        self.write(Resumed(started=header.started, cut_bytes=cut))

    def write(self, event: Event) -> None:
        """Append one event; it is with the operating system when this returns. Raises OutputLost when the disk does not
        take it.
        """
        try:
            self._append(codec.encode(event))
        except OSError as error:
            raise OutputLost(
                f"{self.path} cannot be written: {error.strerror}",
                hint=f"free space, then: gridrunner run --resume {self.path.parent}",
            ) from error
        if isinstance(event, RunEnded):
            self.sync()

    def sync(self) -> None:
        """Wait until everything written is on the disk. Call it after a batch of results, not after each one."""
        with self._lock:
            if not self._is_closed:
                try:
                    os.fsync(self._fd)
                except OSError as error:
                    raise OutputLost(
                        f"{self.path} cannot be written: {error.strerror}",
                        hint=f"free space, then: gridrunner run --resume {self.path.parent}",
                    ) from error

    def close(self) -> None:
        """Sync and close; further calls do nothing."""
        self.sync()
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, line: bytes) -> None:
        data = memoryview(line + b"\n")
        with self._lock:
            if self._is_closed:
                raise RunFolderError(f"{self.path} is closed")
            while data:
                data = data[os.write(self._fd, data) :]


class JournalReader:
    """Reads a journal line by line in bounded memory; `warnings` is complete once `read_lines` is exhausted, and
    `lines_read` counts the lines understood so far, the header among them.
    """

    def __init__(self, path: Path) -> None:
        """Read the header of `path`. Raises RunFolderError when there is none, or of a newer format."""
        self.path = path
        self.warnings: list[str] = []
        self.lines_read = 1
        try:
            with open_file(path, within=path.parent) as file:
                first = file.readline(MOST_LINE_BYTES + 1)
        except OSError as error:
            raise RunFolderError(f"{path} cannot be read: {error.strerror}") from error
        if not first:
            raise RunFolderError(f"{path} is empty")
        self.header = _read_header(path, first)
        self._first_line_bytes = len(first)

    def read_lines(self) -> Iterator[tuple[Event, int, int]]:
        """Every event with the place of its line: the first byte, and the one after the last, without newline.

        A last line without its newline that does not parse is dropped with a warning; anything else that does not parse
        raises RunFolderError naming path:line.
        """
        start = self._first_line_bytes
        with open_file(self.path, within=self.path.parent) as file:
            file.seek(start)
            for number, line in enumerate(iter(partial(file.readline, MOST_LINE_BYTES + 1), b""), start=2):
                try:
                    event = parse_event(line)
                except BadLineError as error:
                    if line.endswith(b"\n") or len(line) > MOST_LINE_BYTES:  # cut by the limit, not by a kill
                        raise RunFolderError(
                            f"{self.path}:{number}: not a journal event: {error}: {quote_line(line)}",
                            hint="restore the file, or delete this line to read the rest",
                        ) from error
                    self.warnings.append(
                        f"{self.path}:{number}: truncated last line dropped ({count_of(len(line), 'byte')})"
                    )
                    return
                self.lines_read = number
                end = start + len(line)
                yield event, start, end - line.endswith(b"\n")
                start = end


@contextmanager
def collector_paused() -> Iterator[None]:
    """Python's cycle collector stands still for the block. What is read from a journal holds no cycles, and looking for
    them again and again takes longer than reading: 96,000 lines in 0.9 s with it, 0.4 s without (measured 2026-11-24).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def quote_line(line: bytes) -> str:
    """The beginning of a line of unknown bytes, fit for a message."""
    return ascii(line[:_QUOTE_LIMIT].decode("utf-8", "replace"))


class BadLineError(Exception):
    """A line is not an event; the message says why."""


def parse_event(line: bytes) -> Event:
    """The event that a line after the header holds. Raises BadLineError."""
    try:
        if not line.isascii():
            line.decode()  # the decoder lets broken UTF-8 pass in keys that it skips
        decode = _DECODERS_BY_START.get(line[:_KIND_BYTES])
        if decode is not None:
            return decode(line)
        name = codec.decode(line, dict).get("event")
        kind = EVENT_TYPES.get(name) if isinstance(name, str) else None
        if kind is not None:
            return codec.decode(line, kind)
    except (codec.BrokenJsonError, UnicodeDecodeError) as error:
        raise BadLineError(str(error)) from error
    except RecursionError as error:
        raise BadLineError("nested too deeply") from error
    raise BadLineError(f"unknown event {str(name)[:40]!r}")


def _read_header(path: Path, line: bytes) -> JournalHeader:
    try:
        number = codec.decode(line, dict).get("format")
        if isinstance(number, int):
            refuse_newer(NewerFormatError, f"{path} has journal format", number, JOURNAL_FORMAT)
        if number != JOURNAL_FORMAT:
            raise codec.DecodeError(f"format is {str(number)[:20]!r}")
        return codec.decode(line, JournalHeader)
    except (codec.BrokenJsonError, UnicodeDecodeError, RecursionError) as error:
        what = "its only line is truncated" if not line.endswith(b"\n") else f"{error}: {quote_line(line)}"
        raise RunFolderError(f"{path}:1: no journal header: {what}") from error


def _find_resume_point(path: Path) -> tuple[int, int, JournalHeader | None]:
    """The bytes of `path` to keep, the bytes to cut, and its header (None: there is nothing to resume)."""
    if not os.path.lexists(path):
        return 0, 0, None
    with open_file(path, within=path.parent) as file:
        size = os.fstat(file.fileno()).st_size
    if size == 0:
        return 0, 0, None
    line_start = _find_last_line(path, size)
    with open_file(path) as file:
        file.seek(line_start)
        last = file.read()
    if line_start == 0 and not last.endswith(b"\n"):
        return 0, size, None
    header = JournalReader(path).header
    if not last.endswith(b"\n"):
        try:
            parse_event(last)
        except BadLineError:
            return line_start, size - line_start, header
    return size, 0, header


def _find_last_line(path: Path, size: int) -> int:
    """Where the last line of a file begins; its own newline, if any, belongs to it."""
    block = 1 << 16
    with path.open("rb") as file:
        end = size - 1
        while end > 0:
            begin = max(0, end - block)
            file.seek(begin)
            newline = file.read(end - begin).rfind(b"\n")
            if newline >= 0:
                return begin + newline + 1
            end = begin
    return 0


def _is_unterminated(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"


def _cannot_write(path: Path, error: OSError | OutputLost) -> RunFolderError:
    if isinstance(error, OutputLost):
        return RunFolderError(str(error), hint="free space, or choose another --out")
    return RunFolderError(f"{path} cannot be written: {error.strerror}", hint="free space, or choose another --out")
