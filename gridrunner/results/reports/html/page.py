"""report.html: data, style and code in one file. Owns how they are put together; the invariant: no byte of the data can
end the element it stands in, and only the code that we ship may run, by its hash in the page's policy.

The page requests nothing: pictures are inlined while they are small together, and linked from the run folder
beyond that. Its code builds elements from text only (`textContent`), so that data needs no escaping of HTML.
"""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from gridrunner.foreign import read_file
from gridrunner.results.journal.evidence import find_evidence
from gridrunner.results.journal.files import open_atomically
from gridrunner.results.reports.html.assembling import assemble_page, embed_json, embed_list
from gridrunner.results.reports.html.data import ReportCollector, ReportData
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.verdicts.cases import SiteVerdict

REPORT_NAME = "report.html"

INLINE_LIMIT = 8 << 20
"""Bytes of pictures in the page. At 20 to 60 KiB a screenshot (see `browser.evidence`) that is some 200 sites, failed
ones first; a CI artifact of this size opens at once, and the rest lies in evidence/ beside it."""

_SCRIPTS = (
    *(
        "dom.js",
        "state.js",
        "yours.js",
        "row.js",
        "list.js",
        "picture.js",
        "detail.js",
        "before.js",
        "overview.js",
        "timeline.js",
    ),
    *("shell.js", "main.js"),
)

_IMAGE_TYPES = frozenset({"image/webp", "image/png", "image/jpeg"})


class HtmlReport(Report):
    """Writes report.html; a screenshot that is missing is shown as missing."""

    def __init__(self, request: ReportRequest) -> None:
        self._request = request
        baseline = request.comparer.baseline if request.comparer is not None else None
        self._collector = ReportCollector(baseline, request.earlier)

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
    details = (b'"%s":%s' % (key.encode(), detail) for key, detail in data.details.items())
    blocks: dict[bytes, Iterable[bytes]] = {
        b"@RUN@": [embed_json(data.run)],
        b"@ROWS@": embed_list(b"[", data.rows, b"]"),
        b"@DETAILS@": embed_list(b"{", details, b"}"),
        b"@TIMELINE@": [embed_json(data.timeline)],
        b"@PICTURES@": [embed_json(_inline_pictures(data.screenshots, folder))],
    }
    return assemble_page("page.html", ("report.css",), _SCRIPTS, blocks)


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
