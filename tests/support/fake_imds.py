"""An instance's metadata service (IMDSv2) that a test writes: what EC2 would say of spot interruptions, rebalancing and
the auto scaling group. Real HTTP, tokens as the real one wants them.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class FakeImds:
    """What the service answers; a test changes it while it runs."""

    instance_id: str = "i-0123456789abcdef0"
    target_state: str | None = "InService"
    interruption_at: datetime | None = None
    is_broken: bool = False
    url: str = ""
    tokens: set[str] = field(default_factory=set)
    refused: int = 0

    def interrupt(self, *, in_s: float = 120.0) -> None:
        """A spot notice; EC2 gives two minutes."""
        self.interruption_at = datetime.now(UTC) + timedelta(seconds=in_s)

    def answer(self, path: str) -> str | None:
        match path:
            case "instance-id":
                return self.instance_id
            case "autoscaling/target-lifecycle-state":
                return self.target_state
            case "spot/instance-action" if self.interruption_at is not None:
                return json.dumps({"action": "terminate", "time": f"{self.interruption_at:%Y-%m-%dT%H:%M:%SZ}"})
        return None


@contextmanager
def open_imds(host: str = "127.0.0.1") -> Iterator[FakeImds]:
    """A service on a free port of `host`."""
    imds = FakeImds()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            if self.path != "/latest/api/token" or "X-aws-ec2-metadata-token-ttl-seconds" not in self.headers:
                self._send(400, "")
                return
            token = secrets.token_hex(8)
            imds.tokens.add(token)
            self._send(200, token)

        def do_GET(self) -> None:
            if imds.is_broken:
                self._send(503, "")
                return
            if self.headers.get("X-aws-ec2-metadata-token") not in imds.tokens:
                imds.refused += 1
                self._send(401, "")
                return
            text = imds.answer(self.path.removeprefix("/latest/meta-data/"))
            self._send(404 if text is None else 200, text or "")

        def _send(self, code: int, text: str) -> None:
            self.send_response(code)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer((host, 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    imds.url = f"http://{host}:{server.server_port}"
    try:
        yield imds
    finally:
        server.shutdown()
        server.server_close()
