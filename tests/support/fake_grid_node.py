"""A Selenium node and its hub in one small HTTP server, as far as the agents speak to them: status, drain with the
secret and the content type that Grid 4.48 insists on, figures by GraphQL, the end of a session.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "a-secret-for-tests"


@dataclass(slots=True)
class FakeGridNode:
    """A node of two slots with `sessions` on them. When it is drained and empty it is gone."""

    id: str = "5d1d0a2c-node"
    sessions: list[str] = field(default_factory=list)
    queue: int = 0
    is_draining: bool = False
    is_up: bool = True
    is_hub_down: bool = False
    drains: int = 0
    ended: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def is_gone(self) -> bool:
        return not self.is_up or (self.is_draining and not self.sessions)

    def status(self) -> dict[str, Any]:
        slots = [{"session": {"sessionId": name}} for name in self.sessions] + [{"session": None}]
        availability = "DRAINING" if self.is_draining else "UP"
        return {"value": {"ready": True, "node": {"nodeId": self.id, "availability": availability, "slots": slots}}}

    def figures(self) -> dict[str, Any]:
        return {
            "data": {
                "grid": {
                    "sessionQueueSize": self.queue,
                    "sessionCount": len(self.sessions),
                    "totalSlots": 0 if self.is_gone else 2,
                    "nodeCount": 0 if self.is_gone else 1,
                }
            }
        }


@contextmanager
def open_grid_node() -> Iterator[FakeGridNode]:
    """A node that is its own hub, on a free port."""
    node = FakeGridNode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/status":
                self._send(404, {})
            elif node.is_gone:
                self.close_connection = True  # as a port that nobody listens on: no answer at all
            else:
                self._send(200, node.status())

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if node.is_hub_down:
                self._send(502, {})
            elif self.path == "/graphql":
                self._send(200, node.figures())
            elif self.path != f"/se/grid/distributor/node/{node.id}/drain":
                self._send(404, {})
            elif self.headers.get("X-REGISTRATION-SECRET") != SECRET:
                self._send(401, {})
            elif self.headers.get("Content-Type") != "application/json; charset=utf-8":
                self._send(500, {})
            else:
                node.drains += 1
                node.is_draining = True
                self._send(200, {"value": True})

        def do_DELETE(self) -> None:
            session = self.path.removeprefix("/session/")
            if session in node.sessions:
                node.sessions.remove(session)
                node.ended.append(session)
            self._send(200, {"value": None})

        def _send(self, code: int, value: dict[str, Any]) -> None:
            data = json.dumps(value).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    node.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
