"""A hub that says what a test wants it to say, byte by byte: for bodies that never end, figures that cannot be, JSON of
any shape, and DevTools sockets that send anything. `fake_hub` is the one that behaves.

What it sends on a path is an iterator of bytes; a pause between them is `WAIT`, so that no test sleeps:
the hub waits until its client has gone.
"""

from __future__ import annotations

import itertools
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tests.support.websocket_server import accept_of

Reply = Iterable[bytes]

DRIP_S = 0.05
"""Between the bytes of `drip`: each comes long before the time-out of a read."""


class LyingHub:
    """A server on loopback. `replies` gives what is sent for (method, path), `sockets` what a DevTools socket sends
    after its handshake; `asked` are the requests that came.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.replies: dict[tuple[str, str], Callable[[], Reply]] = {}
        self.socket: Callable[[], Reply] = lambda: ()
        self.asked: list[str] = []
        self.is_over = threading.Event()

    def say(self, method: str, path: str, value: Any, status: int = 200) -> None:
        """Answer with JSON; bytes are sent as they are."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.replies[method, path] = lambda: [make_head(len(body), status), body]

    def send(self, method: str, path: str, reply: Callable[[], Reply]) -> None:
        """Answer with raw bytes, head included."""
        self.replies[method, path] = reply

    def serve(self) -> None:
        while not self.is_over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def close(self) -> None:
        self.is_over.set()
        self._listener.shutdown(socket.SHUT_RDWR)  # closing alone wakes nobody who accepts
        self._listener.close()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            connection.settimeout(30)
            while head := _read_head(connection):
                method, path, key = head
                self.asked.append(f"{method} {path}")
                if key:
                    connection.sendall(
                        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Accept: " + accept_of(key).encode() + b"\r\n\r\n"
                    )
                    self._send(connection, self.socket())
                    return
                reply = self.replies.get((method, path)) or (lambda: [make_head(2, 404), b"{}"])
                self._send(connection, reply())

    def _send(self, connection: socket.socket, reply: Reply) -> None:
        for part in reply:
            if part:
                connection.sendall(part)
            elif self.is_over.wait(DRIP_S):
                return


def _read_head(connection: socket.socket) -> tuple[str, str, str] | None:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return None
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    size = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    left = int(size[1]) - len(rest) if size else 0
    while left > 0:
        left -= len(connection.recv(65536))
    method, path = head.decode("latin-1").split(" ")[:2]
    key = re.search(rb"sec-websocket-key: *(\S+)", head, re.IGNORECASE)
    return method, path, key[1].decode() if key else ""


def make_head(size: int | None, status: int = 200) -> bytes:
    length = "" if size is None else f"Content-Length: {size}\r\n"
    return f"HTTP/1.1 {status} Said\r\nContent-Type: application/json; charset=utf-8\r\n{length}\r\n".encode()


def drip(data: bytes) -> Iterator[bytes]:
    """`data` a byte at a time."""
    for byte in data:
        yield bytes([byte])
        yield b""


def drip_for_ever(head: bytes) -> Iterator[bytes]:
    """A head, and blanks that never end."""
    yield head
    yield from itertools.chain.from_iterable(itertools.repeat((b" ", b"")))


def pour(head: bytes, size: int) -> Iterator[bytes]:
    """A head, and `size` bytes as fast as they are taken."""
    yield head
    block = b" " * (1 << 16)
    for _ in range(size >> 16):
        yield block


def say_nothing() -> Iterator[bytes]:
    """Nothing, and the connection stays."""
    yield from itertools.repeat(b"")


@contextmanager
def open_lying_hub() -> Iterator[LyingHub]:
    """A hub on threads until the block ends."""
    hub = LyingHub()
    thread = threading.Thread(target=hub.serve, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.close()
        thread.join(10)
