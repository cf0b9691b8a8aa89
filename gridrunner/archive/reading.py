"""Reads archives: which visits there are, and what was answered. Owns trust in what is in them; the invariant: a record
is no larger than it may be, and what has not the digest that it names is not served.

Safe from any thread: nothing moves a position in the file.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from msgspec import Struct
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from gridrunner import codec
from gridrunner.archive.container import VISITS_NAME
from gridrunner.archive.opening import Layout, open_archive_file, read_layout, read_small
from gridrunner.archive.records import VISIT_TYPE
from gridrunner.archive.traffic import VISIT_FORMAT, Answer, Exchange, Place, RecordedVisit
from gridrunner.errors import UsageError
from gridrunner.limits import AttemptNumber

MOST_RECORD_BYTES: Final = 64 << 20
"""Of a record, packed or not. Ours have at most 8 MiB (`writing.RecordLimits`), DevTools' messages 64 (`devtools`)."""

_READ_BYTES: Final = 1 << 18

_WARC_ERRORS: Final = (ArchiveLoadFailed, ValueError, EOFError, zlib.error, LookupError, TypeError, AttributeError)


class VisitPlace(Struct, frozen=True, kw_only=True):
    """Where a visit of a site is described."""

    site: str
    attempt: AttemptNumber
    place: Place


class Record(Struct, frozen=True, kw_only=True):
    """A record of a WARC file; `problem` says why it is not to be used, "" where it is."""

    kind: str
    uri: str
    status: int
    headers: tuple[tuple[str, str], ...]
    fields: Mapping[str, str]
    body: bytes
    problem: str = ""


class Archive:
    """An archive that is open. `visits` has the newest visit of each site, in the order of the archive."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError for what is no archive, or is not to be trusted."""
        self.path = path
        self._file = open_archive_file(path)
        self.torn = ""
        try:
            self.layout: Layout = read_layout(self._file, path)
            self.places = tuple(self._list_visits())
        except BaseException:
            self._file.close()
            raise
        self.visits: Mapping[str, VisitPlace] = {visit.site: visit for visit in self.places}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _list_visits(self) -> Iterator[VisitPlace]:
        entry = self.layout.others.get(VISITS_NAME)
        if entry is None:
            yield from self._find_visits()
            return
        for line in read_small(self._file, entry, self.path).splitlines():
            try:
                yield codec.decode(line, VisitPlace)
            except codec.BrokenJsonError as error:
                raise UsageError(f"{self.path}: {VISITS_NAME} is damaged: {error}") from error

    def _find_visits(self) -> Iterator[VisitPlace]:
        """Of an archive whose run was killed: the records themselves say."""
        for place, record in self.scan():
            if record.kind == "metadata" and record.fields.get("content-type") == VISIT_TYPE:
                visit = self._decode_visit(record, place)
                yield VisitPlace(site=visit.site.id, attempt=visit.attempt, place=place)

    def read_visit(self, visit: VisitPlace) -> RecordedVisit:
        """What is known of a visit. Raises UsageError."""
        return self._decode_visit(self.read(visit.place), visit.place)

    def _decode_visit(self, record: Record, place: Place) -> RecordedVisit:
        where = f"{self.path}: the visit at {place.file}:{place.offset}"
        if record.problem:
            raise UsageError(
                f"{where} is damaged: {record.problem}", hint="record it anew: gridrunner run --record ARCHIVE"
            )
        try:
            visit = codec.decode(record.body, RecordedVisit)
        except codec.BrokenJsonError as error:
            raise UsageError(
                f"{where} is damaged: {error}", hint="record it anew: gridrunner run --record ARCHIVE"
            ) from error
        if visit.format > VISIT_FORMAT:
            raise UsageError(f"{where} was written by a newer gridrunner", hint="update gridrunner")
        return visit

    def read_answer(self, exchange: Exchange) -> Answer | str:
        """What was answered; a sentence where that is damaged."""
        if exchange.answer is None:
            return "there is no answer in the archive"
        record = self.read(exchange.answer)
        body = record
        if not record.problem and exchange.body is not None:
            body = self.read(exchange.body)
            digest = record.fields.get("warc-payload-digest")
            if not body.problem and body.fields.get("warc-payload-digest") != digest:
                return "the body that it refers to is another one"
        if record.problem or body.problem:
            return record.problem or body.problem
        return Answer(record.status, record.headers, body.body, exchange.is_whole)

    def read(self, place: Place) -> Record:
        """The record at a place, which may be anything."""
        section = self.layout.warcs.get(place.file)
        if section is None or place.offset < 0 or place.length <= 0 or place.offset + place.length > section.length:
            return _broken(f"{place.file}:{place.offset} is not in the archive")
        if place.length > MOST_RECORD_BYTES:
            return _broken(f"a record has {place.length >> 20} MiB")
        data = os.pread(self._file.fileno(), place.length, section.start + place.offset)
        if data[:2] != b"\x1f\x8b":
            return parse_record(data)
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            unpacked = unpacker.decompress(data, MOST_RECORD_BYTES + 1)
        except zlib.error as error:
            return _broken(f"it is no gzip: {error}")
        if len(unpacked) > MOST_RECORD_BYTES:
            return _broken(f"it unpacks to more than {MOST_RECORD_BYTES >> 20} MiB")
        return parse_record(unpacked) if unpacker.eof else _broken("it is cut")

    def scan(self) -> Iterator[tuple[Place, Record]]:
        """Every record, in order; what is torn at the end of a file is left out, and `torn` says so."""
        for name, section in self.layout.warcs.items():
            offset = 0
            while offset < section.length:
                length, problem = self._measure(section.start + offset, section.length - offset)
                if length == 0:
                    self.torn = f"{name} is cut at byte {offset}: {problem}"
                    break
                place = Place(name, offset, length)
                yield place, self.read(place)
                offset += length

    def _measure(self, start: int, room: int) -> tuple[int, str]:
        """The bytes of the gzip member at `start`; 0 and why where it is torn, none, or unpacks to too much."""
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        position, unpacked = 0, 0
        while position < room:
            data = os.pread(self._file.fileno(), min(_READ_BYTES, room - position), start + position)
            if not data:
                break
            position += len(data)
            try:
                while data and not unpacker.eof:
                    unpacked += len(unpacker.decompress(data, _READ_BYTES * 4))
                    data = unpacker.unconsumed_tail
                    if unpacked > MOST_RECORD_BYTES:
                        return 0, f"a record unpacks to more than {MOST_RECORD_BYTES >> 20} MiB"
            except zlib.error as error:
                return 0, f"no gzip ({error})"
            if unpacker.eof:
                return position - len(unpacker.unused_data), ""
        return 0, "the record is not whole"


def parse_record(data: bytes) -> Record:
    """An unpacked record; its digests are checked."""
    try:
        iterator = ArchiveIterator(io.BytesIO(data), check_digests=True)
        record = next(iter(iterator), None)
        if record is None:
            return _broken("it is empty")
        body = record.content_stream().read()
        fields = {name.lower(): str(value) for name, value in record.rec_headers.headers}
        http = record.http_headers
        return Record(
            kind=str(record.rec_type),
            uri=fields.get("warc-target-uri", ""),
            status=_status_of(http),
            headers=tuple((str(name).lower(), str(value)) for name, value in http.headers) if http is not None else (),
            fields=fields,
            body=body,
            problem="; ".join(record.digest_checker.problems),
        )
    except _WARC_ERRORS as error:
        return _broken(f"it is no WARC record: {error}")


def _status_of(http: Any) -> int:
    code = http.get_statuscode() if http is not None else ""
    return int(code) if str(code).isdigit() and len(str(code)) == 3 else 0


def _broken(problem: str) -> Record:
    return Record(kind="", uri="", status=0, headers=(), fields={}, body=b"", problem=problem)
