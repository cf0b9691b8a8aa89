"""An HTTP proxy as companies have them: it forwards requests and opens tunnels (RFC 9110, 9.3.6), all to one server.

Every name leads to that server, so that a hub on loopback is reached under a name that only the proxy knows.
"""

from __future__ import annotations

import re
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TIMEOUT_S = 60.0
_ABSOLUTE = re.compile(rb"^([A-Z]+) http://[^/ ]+")


class SmallProxy:
    """`asked` are the first lines of the requests that came."""

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.asked: list[str] = []

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who accepts
        self._listener.close()

    def _carry(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(("127.0.0.1", self._server_port), TIMEOUT_S) as server:
            client.settimeout(TIMEOUT_S)
            head = b""
            while b"\r\n\r\n" not in head:
                part = client.recv(65536)
                if not part:
                    return
                head += part
            line = head.split(b"\r\n", 1)[0]
            self.asked.append(line.decode("latin-1"))
            if line.startswith(b"CONNECT "):
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                server.sendall(_ABSOLUTE.sub(rb"\1 ", head))
            _join(client, server)


def _join(client: socket.socket, server: socket.socket) -> None:
    """Everything from one to the other until one of them ends; each further request's line in the server's words."""
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while events := ready.select(TIMEOUT_S):
            for key, _ in events:
                source, target = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                data = source.recv(65536)
                if not data:
                    return
                target.sendall(_ABSOLUTE.sub(rb"\1 ", data) if source is client else data)


@contextmanager
def open_proxy(port: int) -> Iterator[SmallProxy]:
    """A proxy whose every name leads to `port` of this machine, until the block ends."""
    proxy = SmallProxy(port)
    thread = threading.Thread(target=proxy.serve, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(TIMEOUT_S)
