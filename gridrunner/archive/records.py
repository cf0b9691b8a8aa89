"""Records of WARC 1.1, as bytes: each a gzip member of its own, whole before it is written. The format is warcio's."""

from __future__ import annotations

import hashlib
import io
import re
import zlib
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from gridrunner.archive.scrubbing import Kept
from gridrunner.archive.traffic import HeaderList

WARC_VERSION: Final = "WARC/1.1"

VISIT_URI: Final = "urn:gridrunner:visit:{site}:{attempt}"
VISIT_TYPE: Final = "application/json; profile=gridrunner-visit"
"""Of the record that describes a visit; the names of its fields are `traffic.RecordedVisit`'s."""

TEXT_LEVEL: Final = 3
"""Of zlib: text of 2 MB takes 25 ms and 4 % more room than at level 6, which takes 60 (2026-11-30)."""

PACKED_TYPES: Final = re.compile(r"^(?:image/(?!svg)|video/|audio/|font/|application/(?:font|zip|gzip|octet|wasm|pdf))")
"""What is packed already: stored as it is."""

_CONTROLS: Final = re.compile("[\x00-\x20\x7f]")


class Original(Struct, frozen=True):
    """A response whose body later ones refer to: its address and date."""

    url: str
    date: str


def format_date(at: datetime) -> str:
    """A date as WARC 1.1 has it, to the millisecond."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def digest_of(body: bytes) -> str:
    """The digest of a body, by which it is found again."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def make_info(software: str, at: datetime) -> bytes:
    """The first record of a file."""
    writer = _writer()
    fields = {"software": software, "format": "WARC File Format 1.1", "robots": "see the run's settings"}
    record = writer.create_warcinfo_record(None, fields)
    record.rec_headers.replace_header("WARC-Date", format_date(at))
    return _pack(writer, record, level=TEXT_LEVEL)


def make_response(kept: Kept, *, date: str, page: str, digest: str, original: Original | None) -> bytes:
    """A response, or with `original` a revisit: the headers alone, and where the same body stands."""
    writer = _writer()
    heads: dict[str, Any] = {"WARC-Date": date, "WARC-Page-ID": page, "WARC-Resource-Type": kept.asked.kind.lower()}
    reason = " ".join(kept.reason.split()) or "OK"
    http = StatusAndHeaders(f"{kept.status} {reason}", list(kept.headers), protocol="HTTP/1.1")
    url = _CONTROLS.sub("", kept.asked.url)
    if original is not None:
        record = writer.create_revisit_record(
            url, digest, original.url, original.date, http_headers=http, warc_headers_dict=heads
        )
        return _pack(writer, record, level=TEXT_LEVEL)
    heads["WARC-Payload-Digest"] = digest
    if not kept.is_whole:
        heads["WARC-Truncated"] = "time"
    kind = next((value for name, value in kept.headers if name == "content-type"), "")
    record = writer.create_warc_record(
        url, "response", io.BytesIO(kept.body), len(kept.body), http_headers=http, warc_headers_dict=heads
    )
    return _pack(writer, record, level=0 if PACKED_TYPES.match(kind) else TEXT_LEVEL)


def make_request(kept: Kept, *, date: str, page: str, shape: str) -> bytes:
    """The request of a response. Its body is left out; WARC-Gridrunner-Shape says what it was like."""
    writer = _writer()
    heads = {"WARC-Date": date, "WARC-Page-ID": page}
    if shape:
        heads["WARC-Gridrunner-Shape"] = shape
    url = _CONTROLS.sub("", kept.asked.url)
    rest = url.partition("://")[2]
    host, slash, path = rest.partition("/")
    headers: HeaderList = (("host", host), *kept.sent)
    line = f"{kept.asked.method} {slash}{path or ''} HTTP/1.1" if slash else f"{kept.asked.method} / HTTP/1.1"
    http = StatusAndHeaders(line.partition(" ")[2], list(headers), protocol=line.partition(" ")[0])
    record = writer.create_warc_record(url, "request", io.BytesIO(), 0, http_headers=http, warc_headers_dict=heads)
    return _pack(writer, record, level=TEXT_LEVEL)


def make_metadata(uri: str, content_type: str, body: bytes, *, date: str) -> bytes:
    """A record that describes others."""
    writer = _writer()
    heads = {"WARC-Date": date, "WARC-Payload-Digest": digest_of(body)}
    record = writer.create_warc_record(
        uri, "metadata", io.BytesIO(body), len(body), warc_content_type=content_type, warc_headers_dict=heads
    )
    return _pack(writer, record, level=TEXT_LEVEL)


def _writer() -> WARCWriter:
    return WARCWriter(io.BytesIO(), gzip=False, warc_version=WARC_VERSION)


def _pack(writer: WARCWriter, record: Any, *, level: int) -> bytes:
    """The record as one gzip member. warcio packs at level 9, which takes 4 times as long for 3 % less."""
    writer.write_record(record)
    packer = zlib.compressobj(level, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return packer.compress(writer.out.getvalue()) + packer.flush()
