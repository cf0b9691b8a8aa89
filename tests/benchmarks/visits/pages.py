"""The pages that every driver of the benchmark visits: replicas of the demo list under many host names, with latency.

Run as a process of its own (`python -m tests.benchmarks.visits.pages`), so that its CPU time is nobody's: prints its
port and serves until its standard input closes. `<number>--<site>.bench.test` shows the page of `<site>`.
"""

from __future__ import annotations

import http.server
import mimetypes
import sys
import threading
import time
from pathlib import Path
from typing import Any

from gridrunner.sites.lists import read_site_lists

DEMO = Path(__file__).parents[3] / "sites" / "demo"
DOMAIN = "bench.test"


def plain_sites() -> list[str]:
    """Ids of the demo sites that are one ordinary page: no steps, no behaviour, no frame of another host."""
    lists = read_site_lists([str(DEMO.with_suffix(".yaml"))], sys.stdin.buffer)
    unwanted = {"behaviour", "iframe", "cross-origin-frame", "late-render"}
    return [site.id for site in lists.sites if not site.steps and not unwanted & set(site.tags)]


def hosts(count: int) -> list[str]:
    """`count` different host names over the plain sites in turn."""
    sites = plain_sites()
    return [f"{number}--{sites[number % len(sites)]}.{DOMAIN}" for number in range(count)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    latency_s = 0.0

    def do_GET(self) -> None:
        time.sleep(self.latency_s)
        site = (self.headers.get("Host") or "").partition(".")[0].partition("--")[2]
        path = self.path.partition("?")[0]
        folder = DEMO if path.startswith("/_shared/") else DEMO / site
        file = folder / (path.lstrip("/") or "index.html")
        body = file.read_bytes() if file.is_file() else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", (mimetypes.guess_type(file.name)[0] or "text/html") + "; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
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
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
