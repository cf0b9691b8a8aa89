"""The file of an archive: a WACZ (https://specs.webrecorder.net/wacz/1.1.1/), a ZIP of WARC files and their indexes.

The WARC file is its first entry and is stored, not packed, so that it grows in place: one file from the first moment,
a ZIP once it is finished, and readable before that as well (`archive.reading`), whatever ended the run. The package
`wacz` makes one out of WARC files that are finished, in a second pass, and could not grow one while a run goes on.
"""

from __future__ import annotations

import hashlib
import heapq
import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

WARC_FOLDER: Final = "archive/"
INDEX_NAME: Final = "indexes/index.cdx"
PAGES_NAME: Final = "pages/pages.jsonl"
VISITS_NAME: Final = "gridrunner/visits.jsonl"
PACKAGE_NAME: Final = "datapackage.json"
DIGEST_NAME: Final = "datapackage-digest.json"

WACZ_VERSION: Final = "1.1.1"

_SPILL_LINES: Final = 20_000
"""Lines of the index that are in memory at once: 5 MB."""


class Container:
    """Writes the entries of an archive, one after another. Raises OSError."""

    def __init__(self, path: Path) -> None:
        """`path` must not be there yet."""
        self._file = path.open("xb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)
        self._resources: list[dict[str, Any]] = []
        self._entry: _Entry | None = None

    def begin(self, name: str) -> None:
        """Begin an entry; what is appended goes there."""
        assert self._entry is None, "one entry at a time"
        self._entry = _Entry(name, self._zip.open(name, "w", force_zip64=True))

    def append(self, data: bytes) -> int:
        """Add to the entry that was begun, and have the system take it: the process may be killed at any moment.
        Returns where in the entry it stands.
        """
        assert self._entry is not None, "an entry was begun"
        start = self._entry.append(data)
        self._file.flush()
        return start

    def end(self) -> None:
        """End the entry that was begun."""
        assert self._entry is not None, "an entry was begun"
        self._resources.append(self._entry.end())
        self._entry = None

    def add(self, name: str, parts: Iterator[bytes] | Sequence[bytes]) -> None:
        """A whole entry."""
        self.begin(name)
        assert self._entry is not None, "it was begun"
        for part in parts:
            self._entry.append(part)
        self.end()

    def finish(self, about: Mapping[str, Any]) -> None:
        """Say what there is, with the digest of each entry, and end the file. `about` is added to the package's own
        description.
        """
        package = {
            "profile": "data-package",
            "wacz_version": WACZ_VERSION,
            **about,
            "resources": self._resources,
        }
        text = json.dumps(package, indent=1, ensure_ascii=False).encode()
        self._zip.writestr(PACKAGE_NAME, text)
        digest = {"path": PACKAGE_NAME, "hash": "sha256:" + hashlib.sha256(text).hexdigest()}
        self._zip.writestr(DIGEST_NAME, json.dumps(digest).encode())
        self.close()

    def close(self) -> None:
        """Close the file as it is."""
        try:
            if self._entry is not None:
                self._entry.end()
            self._zip.close()
        finally:
            self._file.close()


class _Entry:
    def __init__(self, name: str, stream: IO[bytes]) -> None:
        self._name, self._stream = name, stream
        self._bytes, self._digest = 0, hashlib.sha256()

    def append(self, data: bytes) -> int:
        start = self._bytes
        self._stream.write(data)
        self._digest.update(data)
        self._bytes += len(data)
        return start

    def end(self) -> dict[str, Any]:
        self._stream.close()
        return {
            "name": self._name.rpartition("/")[2],
            "path": self._name,
            "hash": f"sha256:{self._digest.hexdigest()}",
            "bytes": self._bytes,
        }


class SortedLines:
    """Lines that come in any order and go out sorted; few are in memory, the others in a file without a name."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lines = folder, list[bytes]()
        self._spilled: list[IO[bytes]] = []

    def add(self, line: bytes) -> None:
        """One more line, without its end."""
        self._lines.append(line)
        if len(self._lines) >= _SPILL_LINES:
            self._spill()

    def _spill(self) -> None:
        spill = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed with the process or by `take`
        spill.write(b"\n".join(sorted(self._lines)) + b"\n")
        self._spilled.append(spill)
        self._lines = []

    def take(self) -> Iterator[bytes]:
        """All lines, sorted, with their ends; once."""
        for spill in self._spilled:
            spill.seek(0)
        rest = (line + b"\n" for line in sorted(self._lines))
        yield from heapq.merge(*self._spilled, rest)
        for spill in self._spilled:
            spill.close()
