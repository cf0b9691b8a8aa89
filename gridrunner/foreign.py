"""The door for files that others made: run folders, corpora, JUnit, lists of failures, fleets. Owns what may be opened
and how much of it is read; the invariant: what comes through here is a regular file of bounded size, and no name leads
out of the folder that it was looked up in.

Whatever is refused is an OSError whose `strerror` says why, so that the reader of a file handles it with the files that
are missing or forbidden. What the bytes mean is `gridrunner.codec`'s.
"""

from __future__ import annotations

import errno
import os
import stat
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

MOST_FILE_BYTES = 1 << 30
"""Of a plan or a baseline: a plan of 100,000 sites has 40 MB, a run's figures 150 MB (measured 2026-11-26)."""

MOST_FACTS_BYTES = 64 << 20
"""Of the facts of one page, unpacked: the largest of 700 labelled pages has 1.4 MB, a page of 100,000 inputs 30 MB."""

MOST_PAGE_BYTES = 64 << 20
"""Of one page of a corpus. The largest of 700 labelled pages has 7 MB."""

BUFFER_BYTES = 1 << 18
"""A call of the operating system each 256 KiB."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def open_file(path: Path | str, *, within: Path | None = None) -> BinaryIO:
    """`path` for reading, if it is a regular file: a pipe would be waited for, a device never ends. `within`: the
    folder that it has to lie in, once all links are followed. Raises OSError.
    """
    if within is not None:
        _require_inside(Path(path), within)
    # before it is opened: opening alone does things to a device
    _require_regular(os.stat(path).st_mode, path)  # noqa: PTH116 - `path` may be text
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    try:
        _require_regular(os.fstat(descriptor).st_mode, path)  # it may have been changed in between
        return os.fdopen(descriptor, "rb", BUFFER_BYTES)
    except BaseException:
        os.close(descriptor)
        raise


def read_file(path: Path | str, *, most_bytes: int, within: Path | None = None) -> bytes:
    """The content of a regular file of at most `most_bytes`; `within` as in `open_file`. Raises OSError."""
    with open_file(path, within=within) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise _too_large(path, size, most_bytes)
        data = file.read(size + 1)  # not `most_bytes`: that much memory is taken before the first byte comes
        if len(data) > size:
            data += file.read(most_bytes + 1 - len(data))
    if len(data) > most_bytes:  # it grew, or its file system does not tell the size
        raise _too_large(path, len(data), most_bytes)
    return data


def find_inside(folder: Path, name: str) -> Path:
    """The path that `name`, which comes from outside, has in `folder`. Raises OSError where it leads out: by `..`, as
    an absolute path, or by a link.
    """
    path = folder / _check_name(name)
    _require_inside(path, folder)
    return path


def write_inside(folder: Path, name: str, data: bytes, *, mode: int = 0o666) -> Path:
    """Write `data` to `name` in `folder`, as a new file: a link that was put there is replaced and not followed.
    Folders are made. Raises OSError.
    """
    path = folder / _check_name(name)
    _require_inside(path.parent, folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags, mode)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, flags, mode)
    except FileExistsError:
        path.unlink()
        descriptor = os.open(path, flags, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path


def unpack_gzip(data: bytes, *, most_bytes: int) -> bytes:
    """What `data` was packed from. Raises OSError for what is not gzip, is cut, or unpacks to more than
    `most_bytes`.
    """
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: with gzip's head (zlib's manual, inflateInit2)
    try:
        unpacked = unpacker.decompress(data, most_bytes + 1)
    except zlib.error as error:
        raise OSError(errno.EINVAL, f"is not gzip: {error}") from error
    if len(unpacked) > most_bytes:
        raise OSError(errno.EFBIG, f"unpacks to more than {most_bytes >> 20} MiB")
    if not unpacker.eof:
        raise OSError(errno.EINVAL, "is a gzip that was cut")
    return unpacked


def read_gzip(path: Path | str, *, most_bytes: int, within: Path | None = None) -> bytes:
    """The unpacked content of a gzip file. Raises OSError."""
    return unpack_gzip(read_file(path, most_bytes=most_bytes, within=within), most_bytes=most_bytes)


def _check_name(name: str) -> str:
    path = PurePosixPath(name)
    if not path.parts or "\0" in name or ".." in path.parts or path.is_absolute():
        raise OSError(errno.EPERM, "does not name anything in its folder", name)
    return name


def _require_regular(mode: int, path: Path | str) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(number, f"is {kind}, not a file", str(path))


def _require_inside(path: Path, folder: Path) -> None:
    root = os.path.realpath(folder)
    real = os.path.realpath(path)
    if real != root and not real.startswith(root.rstrip(os.sep) + os.sep):
        raise OSError(errno.EPERM, f"leads out of {folder}", str(path))


def _too_large(path: Path | str, size: int, most_bytes: int) -> OSError:
    return OSError(errno.EFBIG, f"has {size >> 20:,} MiB; at most {most_bytes >> 20:,} MiB are read", str(path))
