"""Two real proxies in a few lines: HTTP with CONNECT and a password if need be, and SOCKS5. Every name leads to one
server of the test; names that begin with "dead" lead nowhere.
"""

from __future__ import annotations

import base64
import contextlib
import socket
import socketserver
import threading
from types import TracebackType
from typing import Any, Self


class Proxy:
    """A proxy on loopback. `asked` are the host names that were asked for; `stamp` goes into what HTTP servers see."""

    def __init__(self, scheme: str, target_port: int, *, stamp: str = "", login: str = "") -> None:
        self.scheme, self.stamp, self.login, self.target_port = scheme, stamp, login, target_port
        self.asked: list[str] = []
        self.refused = 0
        handle = _serve_socks if scheme == "socks5" else _serve_http

        class Handler(socketserver.BaseRequestHandler):
            def handle(inner) -> None:  # noqa: N805 - the outer self is the proxy
                with contextlib.suppress(OSError):
                    handle(self, inner.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def server(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._server.server_address[1]}"

    def open(self, host: str) -> socket.socket | None:
        self.asked.append(host)
        return None if host.startswith("dead") else socket.create_connection(("127.0.0.1", self.target_port), 10)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _serve_http(proxy: Proxy, client: socket.socket) -> None:
    """One request per connection, or a tunnel."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += _receive(client)
    lines = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    method, address, _ = lines[0].split(" ")
    wanted = f"Proxy-Authorization: Basic {base64.b64encode(proxy.login.encode()).decode()}"
    if proxy.login and wanted not in lines:
        proxy.refused += 1
        client.sendall(
            b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\n'
            b"Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
        return
    host = address.partition("://")[2].partition("/")[0] if method != "CONNECT" else address
    upstream = proxy.open(host.partition(":")[0])
    if upstream is None:
        client.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return
    with upstream:
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = "/" + address.partition("://")[2].partition("/")[2]
            kept = [line for line in lines[1:] if not line.lower().startswith(("proxy-", "connection:"))]
            sent = [f"{method} {path} HTTP/1.1", *kept, f"Via: 1.1 {proxy.stamp}", "Connection: close"]
            upstream.sendall("\r\n".join((*sent, "", "")).encode())
        _join(client, upstream)


def _serve_socks(proxy: Proxy, client: socket.socket) -> None:
    """RFC 1928, CONNECT without authentication to a name."""
    client.recv(2 + 255)
    client.sendall(b"\x05\x00")
    request = client.recv(4 + 256 + 2)
    host = request[5 : 5 + request[4]].decode()
    upstream = proxy.open(host)
    if upstream is None:
        client.sendall(b"\x05\x04\x00\x01" + bytes(6))
        return
    with upstream:
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        _join(client, upstream)


def _receive(peer: socket.socket) -> bytes:
    data = peer.recv(65536)
    if not data:
        raise ConnectionError
    return data


def _join(client: socket.socket, upstream: socket.socket) -> None:
    def copy(source: Any, target: Any) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(upstream, client), daemon=True)
    back.start()
    copy(client, upstream)
    back.join(10)
