"""The process's standard streams, which nothing can break. Owns what becomes of output that is not taken; the
invariant: a stream that is closed, full or whose reader has left never raises, so that it decides nothing about a run.

rich turns a broken pipe into SystemExit(1), the interpreter turns one at exit into 120, and a stream that was closed by
the shell (`>&-`) is None: all three had become exit codes of their own. What cannot be written is dropped here, below
whoever writes.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import TextIO

DROPPED_AT_ONCE = 1 << 16
"""Of the buffer of standard output: what pipe(7) holds."""


class UnbreakableWriter(io.RawIOBase):
    """The raw end of a stream: the first write that fails is remembered, and everything after it is dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.problem: OSError | None = None

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """The descriptor, for code that asks whether it is a terminal."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return self.problem is None and os.isatty(self._descriptor)

    def write(self, data: object) -> int:
        """Write all of `data`, or drop it; returns its length either way."""
        view = memoryview(data).cast("B")  # type: ignore[arg-type]  # any buffer
        size = len(view)
        while view and self.problem is None:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                _wait_until_writable(self._descriptor)
            except OSError as error:
                self.problem = error
        return size


def _wait_until_writable(descriptor: int) -> None:
    """A pipe that another process made non-blocking (ssh does) is waited for, as a blocking one would be."""
    import select  # noqa: PLC0415 - hardly ever

    select.select([], [descriptor], [])


def guard_streams() -> None:
    """Make the process's own standard streams unbreakable, and open those that were closed on nothing: a descriptor
    below 3 that is free would be given to the next file or socket, and children would write into it. Streams that
    somebody has put in their place (a test, a debugger) are left alone.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            nothing = os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
            if nothing != descriptor:
                os.dup2(nothing, descriptor)
                os.close(nothing)
            os.set_inheritable(descriptor, True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    if sys.stdout is None or sys.stdout is sys.__stdout__:
        sys.stdout = _guard(sys.stdout, 1)
    if sys.stderr is None or sys.stderr is sys.__stderr__:
        sys.stderr = _guard(sys.stderr, 2)


def _guard(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is not None:
        with suppress(OSError, ValueError):
            stream.flush()
    raw = UnbreakableWriter(descriptor)
    return io.TextIOWrapper(
        io.BufferedWriter(raw, DROPPED_AT_ONCE),
        encoding=stream.encoding if stream is not None else "utf-8",
        errors="backslashreplace",  # a file's name need not be UTF-8, and saying it must not fail
        line_buffering=descriptor == 2 or raw.isatty(),
        write_through=descriptor == 2,
    )


def find_lost_output() -> str:
    """One sentence about output that could not be written; empty where all was, or its reader had enough."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    problem = raw.problem if isinstance(raw, UnbreakableWriter) else None
    if problem is None or problem.errno == errno.EPIPE:
        return ""
    return f"standard output could not be written: {problem.strerror}"
