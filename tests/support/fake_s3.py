"""An S3 that refuses, in the service's own words: moto permits everything. Reads find an empty bucket; writes are taken
until `refuses_after` of them, then answered with an error as the S3 API reference ("Error responses") gives it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EMPTY_LIST = (
    '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>b</Name><Prefix/><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
    "</ListBucketResult>"
)


@dataclass(slots=True)
class FakeS3:
    """`refuses_reads`: listing is refused as well."""

    status: int = 403
    code: str = "AccessDenied"
    message: str = "Access Denied"
    headers: dict[str, str] = field(default_factory=dict)
    refuses_reads: bool = False
    refuses_after: int = 0
    written: list[str] = field(default_factory=list)
    url: str = ""

    @property
    def error(self) -> str:
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{self.code}</Code><Message>{self.message}</Message>'
            "<RequestId>1</RequestId></Error>"
        )


@contextmanager
def open_s3(**behaviour: Any) -> Iterator[FakeS3]:
    """A server on a free port of loopback."""
    s3 = FakeS3(**behaviour)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if s3.refuses_reads:
                self._send(s3.status, s3.error, s3.headers)
            elif "list-type" in self.path:
                self._send(200, EMPTY_LIST)
            else:
                self._send(404, "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")

        def do_PUT(self) -> None:
            self._read_body()
            with lock:
                is_taken = len(s3.written) < s3.refuses_after
                if is_taken:
                    s3.written.append(self.path)
            if is_taken:
                self._send(200, "", {"ETag": '"1"'})
            else:
                self._send(s3.status, s3.error, s3.headers)

        def _read_body(self) -> None:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                return
            while size := int(self.rfile.readline().split(b";")[0], 16):
                self.rfile.read(size + 2)
            while self.rfile.readline().strip():
                pass

        def _send(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(text)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    s3.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield s3
    finally:
        server.shutdown()
        server.server_close()
