"""Files of a run folder, written whole or not at all. Owns the temporary name beside the file and the rename."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from gridrunner.errors import RunFolderError

BUFFER_BYTES = 1 << 18
"""Of a file that is read or written in small pieces from end to end: a call of the operating system each 256 KiB."""


class NewerFormatError(RunFolderError):
    """A file was written by a newer gridrunner; nothing in it may be guessed at."""


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are missing. Raises RunFolderError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be made: {error.strerror or error}") from error


@contextmanager
def open_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A binary file that becomes `path` when the block ends well, and leaves no trace when it does not. Folders are
    made. Raises RunFolderError when it cannot be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        make_folder(path.parent)
        part.unlink(missing_ok=True)
        with part.open("xb", BUFFER_BYTES) as file:  # not through a link that lies there
            yield file
        part.replace(path)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all. Raises RunFolderError."""
    with open_atomically(path) as file:
        file.write(data)
