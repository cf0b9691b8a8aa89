"""A hub of canned answers, for what a client of it reads and asks: no sessions, no browsers (`fake_hub` has those).

Every request is noted; what has no answer is 404, as with Selenium Grid.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class HubAnswers:
    """`answers` are (method, path) to (status, JSON); `asked` what came, with its headers in lower case."""

    url: str = ""
    answers: dict[tuple[str, str], tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def serve_nodes(self, *nodes: Mapping[str, Any]) -> None:
        """`/status` shows these."""
        self.answers["GET", "/status"] = (200, {"value": {"ready": False, "message": "", "nodes": list(nodes)}})

    def serve_version(self, version: str, *, queue: int = 0) -> None:
        """GraphQL tells these."""
        grid = {"version": version, "sessionQueueSize": queue}
        self.answers["POST", "/graphql"] = (200, {"data": {"grid": grid}})

    def asked_for(self, method: str) -> list[str]:
        """The paths that were asked for with a method."""
        return [path for found, path, _headers in self.asked if found == method]


@contextmanager
def serve_answers() -> Iterator[HubAnswers]:
    """A hub on loopback while the block runs."""
    hub = HubAnswers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.asked.append((self.command, self.path, {key.lower(): text for key, text in self.headers.items()}))
            status, value = hub.answers.get((self.command, self.path), (404, {"value": {"message": "no handler"}}))
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the base class's names

        def log_message(self, *_arguments: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join(10)


def make_node(
    name: str = "node-1",
    *,
    browsers: Mapping[str, int] | None = None,
    sessions: int = 0,
    availability: str = "UP",
    most: int | None = None,
    tag: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """A node of `/status` as Grid 4.48 shows it: `browsers` slots by browser, the first `sessions` of them busy."""
    slots: list[dict[str, Any]] = []
    for browser, count in (browsers or {"chrome": 1}).items():
        for _place in range(count):
            number = len(slots)
            capabilities: dict[str, Any] = {"se:name": "somebody"}
            if tag is not None:
                capabilities["se:gridrunner"] = dict(tag)
            session = {"sessionId": f"{name}-{number}", "start": "2026-11-26T12:00:00Z", "capabilities": capabilities}
            slots.append(
                {
                    "id": {"hostId": name, "id": f"slot-{number}"},
                    "session": session if number < sessions else None,
                    "stereotype": {"browserName": browser, "se:containerName": name},
                }
            )
    return {
        "id": f"id-of-{name}",
        "uri": f"http://{name}:5555",
        "availability": availability,
        "version": "4.48.0 (revision abc)",
        "maxSessions": len(slots) if most is None else most,
        "slots": slots,
    }
