"""`python -m tests.benchmarks.visits.blocking CORPUS`: does leaving media, fonts and trackers out change detection?

Every page of a labelled corpus is visited three times: with everything fetched, every picture answered by one of
PICTURE pixels whatever host it is on, as a first attempt with `--fetch lean`, and with everything again: what differs
between the first and the last is the noise. Prints how many predictions differ, and in what.
"""

from __future__ import annotations

import argparse
import http.server
import os
import queue
import struct
import tempfile
import threading
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gridrunner.browser.binaries import find_browser
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.detection.predictions import to_prediction
from gridrunner.evaluation.corpus import Corpus, LabelledPage
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.model import Site
from gridrunner.settings.visits import Screenshots
from tests.benchmarks.visits.pages import Server

PICTURE = (240, 80)
VISITS_PER_SESSION = 200
SESSION_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The predictions of a page; None where a visit gave no detection."""

    full: dict[str, Any] | None
    lean: dict[str, Any] | None
    again: dict[str, Any] | None


class Pages:
    """The corpus on loopback, and a picture for every request of a picture."""

    def __init__(self, corpus: Corpus) -> None:
        self.pictures = 0
        pages = {f"/{page.id}.html": page for page in corpus.pages}
        counted = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                page = pages.get(self.path.partition("?")[0])
                wants_picture = self.headers.get("Accept", "").startswith("image/")
                body = read_page(corpus, page) if page else make_picture() if wants_picture else b""
                counted.pictures += page is None and wants_picture
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8" if page else "image/png")
                self.send_header("Content-Length", str(len(body)))
                if page and not page.scripts_allowed:
                    self.send_header("Content-Security-Policy", "script-src 'none'")
                self.end_headers()
                try:
                    self.wfile.write(body)
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *_arguments: Any) -> None:
                """Nothing to say."""

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def rules(self) -> tuple[str, ...]:
        return (f"MAP * 127.0.0.1:{self._server.server_port}",)

    def url(self, page: LabelledPage) -> str:
        return f"http://corpus.test/{page.id}.html"


def read_page(corpus: Corpus, page: LabelledPage) -> bytes:
    """A page whose pictures come without TLS, so that this server can answer for every host."""
    return corpus.read(page.file).replace(b"https://", b"http://")


def make_picture() -> bytes:
    """A grey PNG of PICTURE pixels."""
    width, height = PICTURE

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", zlib.crc32(name + data))

    head = struct.pack("!IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def compare_pages(corpus: Corpus, pages: Pages, *, jobs: int, limit: int | None) -> dict[str, Compared]:
    """Visit every page both ways, `jobs` at once."""
    waiting: queue.SimpleQueue[LabelledPage] = queue.SimpleQueue()
    for page in corpus.pages[:limit]:
        waiting.put(page)
    found: dict[str, Compared] = {}
    with tempfile.TemporaryDirectory(prefix="gridrunner-blocking-") as folder:
        hubs = [_make_hub(pages, Path(folder), jobs, is_lean=is_lean) for is_lean in (False, True, False)]

        def work(slot: str) -> None:
            sessions: list[BrowserSession] = []
            visits = 0
            while True:
                try:
                    page = waiting.get_nowait()
                except queue.Empty:
                    break
                if visits % VISITS_PER_SESSION == 0:
                    for session in sessions:
                        session.close()
                    sessions = [hub.open_session(slot=slot, timeout_s=SESSION_TIMEOUT_S) for hub in hubs]
                visits += 1
                full, lean, again = (_predict(session, page, pages.url(page)) for session in sessions)
                found[page.id] = Compared(full=full, lean=lean, again=again)
            for session in sessions:
                session.close()

        threads = [threading.Thread(target=work, args=(str(number),)) for number in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found


def _make_hub(pages: Pages, folder: Path, jobs: int, *, is_lean: bool) -> LocalHub:
    return LocalHub(
        browser=find_browser(None, os.environ),
        browsers=jobs,
        options=SessionOptions(name="blocking", host_rules=pages.rules),
        settings=VisitSettings(screenshots=Screenshots.NONE, is_lean=is_lean),
        store=EvidenceStore(run_folder=folder),
    )


def _predict(session: BrowserSession, page: LabelledPage, url: str) -> dict[str, Any] | None:
    observation = session.visit(Site(id=page.id, url=url), attempt=1, upcoming=None)
    return None if observation.detection is None else to_prediction(page.id, observation.detection)


def name_differences(one: dict[str, Any] | None, other: dict[str, Any] | None) -> list[str]:
    """In what two predictions of a page differ, in words."""
    if one is None or other is None:
        return [] if one is other else ["no detection in one of the two"]
    if one["login_present"] != other["login_present"]:
        return ["login present"]
    best: list[dict[str, Any]] = [
        next((form for form in each["forms"] if form["kind"] == "login"), {}) for each in (one, other)
    ]
    roles = ("username", "password_current", "submit")
    words = [role for role in roles if best[0].get(role) != best[1].get(role)]
    kinds = [[form["kind"] for form in each["forms"]] for each in (one, other)]
    return words + (["kinds of forms"] if kinds[0] != kinds[1] else [])


def print_differences(name: str, differences: dict[str, list[str]]) -> None:
    """The pages that differ, and how many in what."""
    for page, words in differences.items():
        if words:
            print(f"{name}: {page}: {', '.join(words)}")
    counts = Counter(word for words in differences.values() for word in words)
    different = sum(map(bool, differences.values()))
    print(
        f"{name}: {different} pages differ{': ' if counts else ''}{', '.join(f'{n} x {w}' for w, n in counts.items())}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.visits.blocking", description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=int, help="only so many pages")
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    pages = Pages(corpus)
    found = compare_pages(corpus, pages, jobs=options.jobs, limit=options.limit)
    print(f"{len(found)} pages, {pages.pictures} pictures fetched")
    print_differences("lean", {page: name_differences(each.full, each.lean) for page, each in found.items()})
    print_differences("all, again", {page: name_differences(each.full, each.again) for page, each in found.items()})


if __name__ == "__main__":
    main()
