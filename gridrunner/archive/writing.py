"""Writes an archive while a run goes on. Owns what may become of it; the invariant: what is in the file are whole
records, and a visit that is not described was not finished and is not replayed.

Bodies are kept once, whichever site they come from: later ones are revisits (WARC 1.1, 6.7.2). Lanes write at once;
what takes time is done outside of the lock.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from gridrunner import __version__, codec
from gridrunner.archive.container import INDEX_NAME, PAGES_NAME, VISITS_NAME, WARC_FOLDER, Container, SortedLines
from gridrunner.archive.records import (
    VISIT_TYPE,
    VISIT_URI,
    Original,
    digest_of,
    format_date,
    make_info,
    make_metadata,
    make_request,
    make_response,
)
from gridrunner.archive.scrubbing import Kept, Scrubber, scrub_heard
from gridrunner.archive.shapes import shape_of
from gridrunner.archive.traffic import Exchange, Heard, Place, RecordedVisit, Seen
from gridrunner.archive.typed import typed_by, without_typed
from gridrunner.errors import OutputLost, UsageError
from gridrunner.model import Site

LEAST_SHARED: Final = 512
"""Bytes of a body that is kept once: a revisit takes as much room as a smaller one."""

KEY_BYTES: Final = 32
"""Of the key that stand-ins are drawn with: as many as the hash has (RFC 2104, 3). It is never written."""


class RecordLimits(Struct, frozen=True, kw_only=True):
    """How much is kept. A page has 2.9 MB and 75 requests at the median, 10 MB and 180 at the 90th percentile (HTTP
    Archive, desktop, 2025): a site gets three times the latter. An archive of 5,000 median sites has 6 to 8 GB.
    """

    body_bytes: int = 8 << 20
    site_bytes: int = 32 << 20
    site_requests: int = 1_000
    archive_bytes: int = 64 << 30


class ArchiveWriter:
    """An archive that is being made at `path`. Raises UsageError where one is there already, OutputLost where nothing
    can be written.
    """

    def __init__(self, path: Path, *, run: str = "", warc: str = "data", limits: RecordLimits | None = None) -> None:
        """`run` is the run that is recorded; `warc` names its WARC file, by which those of shards are told apart when
        they are merged.
        """
        self.path, self.run, self.limits = path, run, limits or RecordLimits()
        self._warc = f"{warc}.warc.gz"
        self._scrubber = Scrubber(secrets.token_bytes(KEY_BYTES))
        self._lock = threading.Lock()
        self._originals: dict[bytes, tuple[Place, str, str]] = {}
        self._visits: list[bytes] = []
        self._pages: list[bytes] = []
        self._bytes = 0
        self._began = datetime.now(UTC)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._container = Container(path)
            self._index = SortedLines(path.parent)
            self._container.begin(WARC_FOLDER + self._warc)
            self._append(make_info(f"gridrunner {__version__}", self._began))
        except FileExistsError as error:
            raise UsageError(f"--record {path}: there is a file already", hint="name another one") from error
        except OSError as error:
            raise OutputLost(f"--record {path}: cannot be written: {error.strerror}") from error

    def begin_visit(self, site: Site, attempt: int) -> VisitWriter:
        """Begin to keep a visit."""
        return VisitWriter(self, site, attempt, self._scrubber)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is kept."""
        return self._bytes >= self.limits.archive_bytes

    def write_exchange(self, kept: Kept, *, page: str, shape: str) -> Exchange:
        """Keep a request and its answer; where they are."""
        asked = kept.asked
        exchange = Exchange(asked.method, asked.url, asked.kind, shape, kept.status, kept.error, kept.is_whole)
        if not kept.status:
            return exchange
        date = format_date(datetime.now(UTC))
        digest = digest_of(kept.body)
        short = bytes.fromhex(digest.partition(":")[2])[:16] if len(kept.body) >= LEAST_SHARED else b""
        original = self._originals.get(short) if short else None
        if original is None:
            packed = make_response(kept, date=date, page=page, digest=digest, original=None)
        else:
            packed = make_response(kept, date=date, page=page, digest=digest, original=Original(*original[1:]))
        request = make_request(kept, date=date, page=page, shape=shape)
        with self._lock:
            answer = self._append(packed)
            self._append(request)
            if short and original is None:
                self._originals.setdefault(short, (answer, asked.url, date))
            self._index.add(_index_line(kept, answer, date, digest, is_revisit=original is not None))
        return replace(exchange, answer=answer, body=original[0] if original is not None else None)

    def write_visit(self, visit: RecordedVisit) -> None:
        """Keep the description of a visit, which makes it one."""
        uri = VISIT_URI.format(site=visit.site.id, attempt=visit.attempt)
        at = datetime.now(UTC)
        packed = make_metadata(uri, VISIT_TYPE, codec.encode(visit), date=format_date(at))
        with self._lock:
            place = self._append(packed)
            self._visits.append(codec.encode({"site": visit.site.id, "attempt": visit.attempt, "place": place}))
            page = {"id": f"{visit.site.id}-{visit.attempt}", "url": visit.site.url, "ts": format_date(at)}
            self._pages.append(codec.encode(page))

    def _append(self, packed: bytes) -> Place:
        try:
            offset = self._container.append(packed)
        except (OSError, ValueError) as error:
            raise OutputLost(f"--record {self.path}: cannot be written: {error}") from error
        self._bytes = offset + len(packed)
        return Place(self._warc, offset, len(packed))

    def finish(self) -> None:
        """Write the indexes and end the file. Raises OutputLost."""
        try:
            with self._lock:
                container = self._container
                container.end()
                container.add(INDEX_NAME, self._index.take())
                head = {"format": "json-pages-1.0", "id": "pages", "title": "visits"}
                container.add(PAGES_NAME, (line + b"\n" for line in (codec.encode(head), *self._pages)))
                container.add(VISITS_NAME, (line + b"\n" for line in self._visits))
                container.finish({"software": f"gridrunner {__version__}", "created": format_date(self._began)})
        except OSError as error:
            raise OutputLost(f"--record {self.path}: cannot be written: {error.strerror}") from error

    def abandon(self) -> None:
        """Leave the file as it is: it can be read all the same."""
        with contextlib.suppress(OSError, ValueError):
            self._container.close()


class VisitWriter:
    """Keeps the traffic of one visit, until `finish`."""

    def __init__(self, archive: ArchiveWriter, site: Site, attempt: int, scrubber: Scrubber) -> None:
        self._archive, self._attempt = archive, attempt
        self._scrubber = scrubber.for_typed(typed_by(site))
        self._site = site
        self._page = f"{site.id}-{attempt}"
        self._began_ms = int(datetime.now(UTC).timestamp() * 1000)
        self._exchanges: list[tuple[int, Exchange]] = []
        self._lacks: dict[str, int] = {}
        self._bytes = 0

    def keep(self, heard: Heard) -> None:
        """Keep a request and its answer, as far as there is room. Raises OutputLost."""
        limits = self._archive.limits
        if len(self._exchanges) >= limits.site_requests:
            self.lack("request beyond the limit of a site")
            return
        if self._bytes + len(heard.body) > limits.site_bytes or self._archive.is_full:
            self.lack("body beyond the limit of a site or of the archive")
            heard = replace(heard, body=b"", is_whole=False)
        self._bytes += len(heard.body)
        content_type = next((text for name, text in heard.asked.headers.items() if name.lower() == "content-type"), "")
        kept = scrub_heard(heard, self._scrubber)
        shape = shape_of(heard.asked.body, content_type)
        exchange = self._archive.write_exchange(kept, page=self._page, shape=shape)
        self._exchanges.append((heard.number, exchange))

    def lack(self, what: str) -> None:
        """Note something that a replay will not have."""
        self._lacks[what] = self._lacks.get(what, 0) + 1

    def finish(self, seen: Seen) -> None:
        """The visit is over. Raises OutputLost."""
        self._archive.write_visit(
            RecordedVisit(
                run=self._archive.run,
                site=without_typed(self._site, self._scrubber),
                attempt=self._attempt,
                started_ms=self._began_ms,
                exchanges=tuple(exchange for _, exchange in sorted(self._exchanges, key=lambda numbered: numbered[0])),
                seen=seen,
                lacks=self._lacks,
            )
        )


def _index_line(kept: Kept, place: Place, date: str, digest: str, *, is_revisit: bool) -> bytes:
    """A line of CDXJ (https://specs.webrecorder.net/cdxj/0.1.0/)."""
    kind = next((value for name, value in kept.headers if name == "content-type"), "").partition(";")[0]
    fields: Mapping[str, Any] = {
        "url": kept.asked.url,
        "mime": "warc/revisit" if is_revisit else kind or "application/octet-stream",
        "status": str(kept.status),
        "digest": digest,
        "length": str(place.length),
        "offset": str(place.offset),
        "filename": place.file,
        **({"method": kept.asked.method} if kept.asked.method != "GET" else {}),
    }
    stamp = "".join(char for char in date if char.isdigit())
    return f"{make_url_key(kept.asked.url)} {stamp} {json.dumps(fields, ensure_ascii=False)}".encode()


def make_url_key(url: str) -> str:
    """The key by which an index is sorted (SURT): host the other way round, in lower case."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    except ValueError:
        return url.lower().replace(" ", "%20")
    host = (parts.hostname or "").removeprefix("www.")
    query = f"?{parts.query}" if parts.query else ""
    return f"{','.join(reversed(host.split('.')))}{port}){parts.path or '/'}{query}".lower().replace(" ", "%20")
