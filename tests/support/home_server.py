"""A loopback server for the replica home pages of `home_pages`; it counts what each domain is asked for."""

from __future__ import annotations

import http.server
import itertools
import threading
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.support.home_pages import Home, Reply


class HomeServer:
    """Serves homes by their host names; `asked` counts the pages that each was asked for, by host of the home."""

    def __init__(self, homes: list[Home]) -> None:
        self.homes = {home.host: home for home in homes}
        self.asked: Counter[str] = Counter()
        self.paths: dict[str, list[str]] = {}
        self.sent: list[str] = []
        self.before: Callable[[str, str], None] = lambda _host, _path: None
        self._tokens: set[str] = set()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                reply, host = outer.answer(self.headers.get("Host", ""), self.path)
                data = reply.body.replace("{host}", f"{host}:{outer.port}").replace("{token}", outer.make_token())
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.kind)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                body = data.encode()
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                outer.sent.append(self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.do_GET()

            def log_message(self, *_arguments: object) -> None:
                pass

            def handle(self) -> None:
                try:
                    super().handle()
                except (ConnectionError, TimeoutError):
                    self.close_connection = True

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.request_queue_size = 128
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def make_token(self) -> str:
        with self._lock:
            token = f"t{next(self._numbers):05d}f3a9b27c61e0d485"
            self._tokens.add(token)
        return token

    def answer(self, host_header: str, target: str) -> tuple[Reply, str]:
        name = host_header.partition(":")[0]
        path, _, query = target.partition("?")
        label, _, parent = name.partition(".")
        home, prefix = (self.homes[name], "") if name in self.homes else (self.homes.get(parent), f"{label}:")
        if home is None:
            return Reply(status=404, body="no such home"), name
        if path != "/favicon.ico":
            with self._lock:
                self.asked[home.host] += 1
                self.paths.setdefault(home.host, []).append(f"{prefix}{path}")
            self.before(home.host, path)
        reply = home.pages.get(f"{prefix}{path}", home.otherwise if path != "/favicon.ico" else None)
        if isinstance(reply, str):
            return Reply(body=reply), home.host
        if reply is not None and reply.is_once:
            token = query.partition("=")[2]
            with self._lock:
                is_new = token in self._tokens
                self._tokens.discard(token)
            return (reply if is_new else Reply(status=400, body="<p>this request is over")), home.host
        return reply or Reply(status=404, body="<title>404</title><p>not found"), home.host

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

    def url(self, home: Home) -> str:
        return f"http://{home.host}:{self.port}/"
