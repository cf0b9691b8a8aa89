"""A loopback server for small pages of a test: path to body, or to a function of the request handler."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

Page = str | Callable[[http.server.BaseHTTPRequestHandler], None]


class PageServer:
    """Serves `pages` by path under every host name; 404 for the rest. `bind` is loopback, or an address on a network
    that the test made.
    """

    def __init__(self, pages: Mapping[str, Page], *, bind: str = "127.0.0.1") -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                page = pages.get(self.path.partition("?")[0])
                if callable(page):
                    page(self)
                    return
                self.reply(200 if page is not None else 404, page or "not found")

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def do_PUT(self) -> None:
                self.do_POST()

            def do_OPTIONS(self) -> None:
                self.do_POST()

            def reply(self, status: int, body: str, **headers: str) -> None:
                data = body.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                for name, value in {"Content_Type": "text/html; charset=utf-8", **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer((bind, 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"
