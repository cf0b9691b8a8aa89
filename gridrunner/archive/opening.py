"""Where the WARC files of an archive are inside of it: of one that is finished, of one whose run was killed, and of
foreign ones. What somebody made up is refused by name.
"""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from msgspec import Struct

from gridrunner.archive.container import WARC_FOLDER
from gridrunner.errors import UsageError
from gridrunner.foreign import open_file

MOST_ENTRIES: Final = 10_000
"""Files in a WACZ: ours have five, and one more per shard."""

MOST_DIRECTORY_BYTES: Final = 8 << 20
"""Of a ZIP's list of files: 10,000 of them with long names."""

MOST_INDEX_BYTES: Final = 1 << 30
"""Of an index, unpacked: a million requests have 300 MB."""

_LOCAL_HEAD: Final = struct.Struct("<4sHHHHHIIIHH")  # APPNOTE.TXT 6.3.10, 4.3.7
_LOCAL_MARK: Final = b"PK\x03\x04"
_END_MARK: Final = b"PK\x05\x06"
_END: Final = struct.Struct("<4sHHHHIIH")  # 4.3.16
_END_ROOM: Final = 22 + 65_535


class Section(Struct, frozen=True):
    """Bytes of the file that are a WARC file."""

    start: int
    length: int


class Layout(Struct, frozen=True, kw_only=True):
    """What an archive is made of. `others` are its small files, which `read_small` reads; not `is_finished`: its run
    was killed, and it has neither an index nor other files.
    """

    warcs: Mapping[str, Section]
    others: Mapping[str, zipfile.ZipInfo]
    is_finished: bool


def open_archive_file(path: Path) -> BinaryIO:
    """The file. Raises UsageError for what is none."""
    try:
        return open_file(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}", hint="name an archive: night.wacz") from error


def read_layout(file: BinaryIO, path: Path) -> Layout:
    """What the archive is made of. Raises UsageError for what is no archive or is not to be trusted."""
    size = os.fstat(file.fileno()).st_size
    head = os.pread(file.fileno(), _LOCAL_HEAD.size, 0)
    if head[:2] == b"\x1f\x8b" or head[:5] == b"WARC/":
        return Layout(warcs={path.name: Section(0, size)}, others={}, is_finished=True)
    if head[:4] != _LOCAL_MARK:
        raise _refuse(path, "it is neither a WACZ nor a WARC file")
    if not _has_directory(file, size, path):
        return Layout(warcs=_begun_warc(head, file, size, path), others={}, is_finished=False)
    try:
        with zipfile.ZipFile(file) as packed:
            entries = packed.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError, OverflowError) as error:
        raise _refuse(path, f"its list of files is damaged: {error}") from error
    if len(entries) > MOST_ENTRIES:
        raise _refuse(path, f"it holds {len(entries)} files; at most {MOST_ENTRIES} are read")
    warcs: dict[str, Section] = {}
    others: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = entry.filename
        _require_name(name, path)
        if entry.flag_bits & 1:
            raise _refuse(path, f"{name} is encrypted")
        if name.startswith(WARC_FOLDER) and name.endswith((".warc.gz", ".warc")):
            warcs[PurePosixPath(name).name] = _section_of(entry, file, size, path)
        elif not name.endswith("/"):
            others[name] = entry
    return Layout(warcs=warcs, others=others, is_finished=True)


def read_small(file: BinaryIO, entry: zipfile.ZipInfo, path: Path, *, most_bytes: int = MOST_INDEX_BYTES) -> bytes:
    """A file of the archive that is no WARC file. Raises UsageError for one that is damaged or unpacks to too much."""
    try:
        with zipfile.ZipFile(file) as packed, packed.open(entry) as stream:
            data = stream.read(most_bytes + 1)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError) as error:
        raise _refuse(path, f"{entry.filename} is damaged: {error}") from error
    if len(data) > most_bytes:
        raise _refuse(path, f"{entry.filename} unpacks to more than {most_bytes >> 20} MiB")
    return data


def _has_directory(file: BinaryIO, size: int, path: Path) -> bool:
    """Whether the ZIP was finished. Raises UsageError for a list of files that nobody should read."""
    tail = os.pread(file.fileno(), min(size, _END_ROOM), max(0, size - _END_ROOM))
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < _END.size:
        return False
    directory_bytes = _END.unpack_from(tail, at)[5]
    if directory_bytes > MOST_DIRECTORY_BYTES and directory_bytes != 0xFFFFFFFF:
        raise _refuse(path, f"its list of files has {directory_bytes >> 20} MiB")
    return zipfile.is_zipfile(file)


def _begun_warc(head: bytes, file: BinaryIO, size: int, path: Path) -> dict[str, Section]:
    if len(head) < _LOCAL_HEAD.size:
        raise _refuse(path, "it was cut, and does not begin with a WARC file")
    *_, name_bytes, extra_bytes = _LOCAL_HEAD.unpack(head)
    name = os.pread(file.fileno(), name_bytes, _LOCAL_HEAD.size).decode("utf-8", "replace")
    if not name.startswith(WARC_FOLDER):
        raise _refuse(path, "it was cut, and does not begin with a WARC file")
    _require_name(name, path)
    start = _LOCAL_HEAD.size + name_bytes + extra_bytes
    return {PurePosixPath(name).name: Section(start, max(0, size - start))}


def _section_of(entry: zipfile.ZipInfo, file: BinaryIO, size: int, path: Path) -> Section:
    if entry.compress_type != zipfile.ZIP_STORED:
        raise _refuse(path, f"{entry.filename} is packed once more; a WACZ stores its WARC files")
    head = os.pread(file.fileno(), _LOCAL_HEAD.size, entry.header_offset)
    if len(head) < _LOCAL_HEAD.size or head[:4] != _LOCAL_MARK:
        raise _refuse(path, f"{entry.filename} is not where its list says")
    fields = _LOCAL_HEAD.unpack(head)
    start = entry.header_offset + _LOCAL_HEAD.size + fields[9] + fields[10]
    if start + entry.file_size > size:
        raise _refuse(path, f"{entry.filename} reaches beyond the end of the file")
    return Section(start, entry.file_size)


def _require_name(name: str, path: Path) -> None:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or name.startswith("/") or "\\" in name or "\0" in name:
        raise _refuse(path, f"it holds a file named {name!r}, which leads out of it")


def _refuse(path: Path, why: str) -> UsageError:
    return UsageError(f"{path}: {why}", hint="gridrunner run --record ARCHIVE makes one")
