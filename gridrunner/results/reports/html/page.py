"""report.html: data, style and code in one file. Owns how they are put together; the invariant: no byte of the data can
end the element it stands in, and only the code that we ship may run, by its hash in the page's policy.

The page requests nothing: pictures are inlined while they are small together, and linked from the run folder
beyond that. Its code builds elements from text only (`textContent`), so that data needs no escaping of HTML.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any

from gridrunner import codec
from gridrunner.foreign import read_file
from gridrunner.results.journal.evidence import find_evidence
from gridrunner.results.journal.files import open_atomically
from gridrunner.results.reports.html.data import ReportCollector, ReportData
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.verdicts.cases import SiteVerdict

REPORT_NAME = "report.html"

INLINE_LIMIT = 8 << 20
"""Bytes of pictures in the page. At 20 to 60 KiB a screenshot (see `browser.evidence`) that is some 200 sites, failed
ones first; a CI artifact of this size opens at once, and the rest lies in evidence/ beside it."""

_SCRIPTS = (
    *("dom.js", "state.js", "yours.js", "list.js", "picture.js", "detail.js", "overview.js", "timeline.js"),
    "main.js",
)

_IMAGE_TYPES = frozenset({"image/webp", "image/png", "image/jpeg"})

_ESCAPES = (
    (b"<", b"\\u003c"),  # </script> and <!-- end or change the element: HTML, section 4.12.1.3
    (b">", b"\\u003e"),
    (b"&", b"\\u0026"),
    ("\u2028".encode(), b"\\u2028"),  # line ends in JavaScript before ES2019
    ("\u2029".encode(), b"\\u2029"),
)


class HtmlReport(Report):
    """Writes report.html; a screenshot that is missing is shown as missing."""

    def __init__(self, request: ReportRequest) -> None:
        self._request = request
        self._collector = ReportCollector(request.comparer.baseline if request.comparer is not None else None)

    def add(self, site: SiteVerdict) -> None:
        """Keep of the next site what the page shows."""
        self._collector.add(site)

    def finish(self) -> None:
        """Write the page. Raises RunFolderError when that cannot be."""
        folder = self._request.folder
        write_page(self._collector.finish(self._request.record), folder, folder / REPORT_NAME)


def make_html_report(request: ReportRequest, _stack: ExitStack) -> Report:
    """The run as a page, in its folder."""
    return HtmlReport(request)


def write_page(data: ReportData, folder: Path, path: Path) -> None:
    """Write `data` as the report of the run folder `folder` to `path`. Raises RunFolderError."""
    with open_atomically(path) as file:
        for part in _list_parts(data, folder):
            file.write(part)


def _list_parts(data: ReportData, folder: Path) -> Iterator[bytes]:
    assets = files("gridrunner.results.reports.html").joinpath("assets")
    style = assets.joinpath("report.css").read_bytes()
    code = b"".join(
        [b'(() => {\n"use strict";\n', *(assets.joinpath(name).read_bytes() for name in _SCRIPTS), b"})();\n"]
    )
    template = assets.joinpath("page.html").read_bytes()
    details = (b'"%s":%s' % (key.encode(), detail) for key, detail in data.details.items())
    blocks: dict[bytes, Iterable[bytes]] = {
        b"@POLICY@": [_make_policy(code).encode()],
        b"@STYLE@": [style],
        b"@RUN@": [embed_json(data.run)],
        b"@ROWS@": _embed_list(b"[", data.rows, b"]"),
        b"@DETAILS@": _embed_list(b"{", details, b"}"),
        b"@TIMELINE@": [embed_json(data.timeline)],
        b"@PICTURES@": [embed_json(_inline_pictures(data.screenshots, folder))],
        b"@CODE@": [code],
    }
    rest = template
    # In one pass and in the template's order: data that looks like a placeholder is never looked at again.
    for mark, block in blocks.items():
        before, placeholder, rest = rest.partition(mark)
        assert placeholder, f"page.html lacks {mark.decode()}"
        yield before
        yield from block
    yield rest


def _embed_list(first: bytes, items: Iterable[bytes], last: bytes) -> Iterator[bytes]:
    """A list or an object of JSON, piece by piece, as `embed_json` would."""
    yield first
    comma = b""
    for item in items:
        yield comma + _escape(item)
        comma = b","
    yield last


def embed_json(value: Any) -> bytes:
    """`value` as JSON that may stand in a `script` element of type application/json, whatever it holds."""
    return _escape(codec.encode(value))


def _escape(data: bytes) -> bytes:
    for character, escape in _ESCAPES:
        data = data.replace(character, escape)
    return data


def _make_policy(code: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(code).digest()).decode()
    return (
        "default-src 'none'; img-src data: 'self' file:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _inline_pictures(paths: tuple[str, ...], folder: Path) -> dict[str, str]:
    """Data URIs by path, in the order given, until `INLINE_LIMIT` is spent."""
    room = INLINE_LIMIT
    pictures: dict[str, str] = {}
    for path in paths:
        kind = mimetypes.guess_type(path)[0] or ("image/webp" if path.endswith(".webp") else "")
        file = find_evidence(folder, path) if kind in _IMAGE_TYPES else None
        if file is None:
            continue
        room -= file.stat().st_size * 4 // 3
        if room < 0:
            break
        pictures[path] = f"data:{kind};base64,{base64.b64encode(read_file(file, most_bytes=INLINE_LIMIT)).decode()}"
    return pictures
