"""The pages that every driver of the benchmark visits, under many host names and with latency: replicas of the demo
list, or the pages of a labelled corpus, which stay where they are.

Run as a process of its own (`python -m tests.benchmarks.visits.pages LATENCY_MS [CORPUS]`), so that its CPU time is
nobody's: prints its port and serves until its standard input closes. `<number>--<page>.bench.test` shows `<page>`.
"""

from __future__ import annotations

import http.server
import mimetypes
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from gridrunner.evaluation.corpus import Corpus, LabelledPage
from gridrunner.sites.lists import read_site_lists

DEMO = Path(__file__).parents[3] / "sites" / "demo"
DOMAIN = "bench.test"


def plain_sites() -> list[str]:
    """Ids of the demo sites that are one ordinary page: no steps, no behaviour, no frame of another host."""
    lists = read_site_lists([str(DEMO.with_suffix(".yaml"))], sys.stdin.buffer)
    unwanted = {"behaviour", "iframe", "cross-origin-frame", "late-render"}
    return [site.id for site in lists.sites if not site.steps and not unwanted & set(site.tags)]


def corpus_pages(corpus: Corpus, prefix: str, most_bytes: int) -> list[str]:
    """Ids of the pages of a corpus that begin with `prefix` and are small enough, in its order."""
    pages = [page for page in corpus.pages if page.id.startswith(prefix)]
    return [page.id for page in pages if len(corpus.read(page.file)) < most_bytes]


def hosts(count: int, pages: Sequence[str]) -> list[str]:
    """`count` different host names over `pages` in turn."""
    return [f"{number}--{pages[number % len(pages)]}.{DOMAIN}" for number in range(count)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    latency_s = 0.0
    corpus: Corpus | None = None
    labelled: ClassVar[dict[str, LabelledPage]] = {}

    def do_GET(self) -> None:
        time.sleep(self.latency_s)
        page = (self.headers.get("Host") or "").partition(".")[0].partition("--")[2]
        path = self.path.partition("?")[0]
        if self.corpus is not None:
            labelled = self.labelled.get(page)
            self._send(self.corpus.read(labelled.file) if labelled and path == "/" else b"", "text/html", labelled)
            return
        folder = DEMO if path.startswith("/_shared/") else DEMO / page
        file = folder / (path.lstrip("/") or "index.html")
        self._send(
            file.read_bytes() if file.is_file() else b"", mimetypes.guess_type(file.name)[0] or "text/html", None
        )

    def _send(self, body: bytes, kind: str, labelled: LabelledPage | None) -> None:
        """As `gridrunner.evaluation.corpus` serves it: without the scripts of a labelled page, unless it needs them."""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        if labelled is not None and not labelled.scripts_allowed:
            self.send_header("Content-Security-Policy", "script-src 'none'")
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_arguments: Any) -> None:
        """Nothing to say."""


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers that are killed hang up."""


def main() -> None:
    Handler.latency_s = float(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 0.0
    if len(sys.argv) > 2:
        Handler.corpus = Corpus(Path(sys.argv[2]))
        Handler.labelled.update({page.id.lower(): page for page in Handler.corpus.pages})
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
