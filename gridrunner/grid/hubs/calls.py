"""One HTTP call of a hub or a driver, bounded as a whole. Owns the bounds; the invariant: a call ends within its time
and takes no more memory than an answer may have, whatever the other side sends and however slowly.

urllib3's time-outs are of one read: a server that sends a byte a second is never late. So a timer breaks the connection
under a call that takes too long, from the handshake to the last byte.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import urllib3
from msgspec import Struct
from urllib3.connection import HTTPConnection, HTTPSConnection

from gridrunner import codec
from gridrunner.host.proxies import find_proxy

T = TypeVar("T")

MOST_ANSWER_BYTES = 16 << 20
"""Of an answer: `/status` of 60 nodes with 8 busy slots each has 0.6 MB (1.2 kB per slot; Grid 4.48, 2026-11-26)."""

MOST_REDIRECTS = 5
"""As curl and browsers take them in good order: http to https, a host to its full name."""

_READ_BYTES = 1 << 16
_METHOD_CHANGES = 303  # RFC 9110, section 15.4.4: what follows is a GET
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Answer(Struct, frozen=True, kw_only=True):
    """What came back, whole."""

    status: int
    data: bytes
    reason: str = ""

    def decode(self, kind: type[T]) -> T | None:
        """The body as a `kind`; None where it is anything else."""
        try:
            return codec.decode(self.data, kind)
        except codec.BrokenJsonError:
            return None


class AnswerTooLarge(urllib3.exceptions.HTTPError):
    """The other side sent more than any answer has."""


class _Call:
    """The call that a thread is making, and the connection that it uses."""

    def __init__(self) -> None:
        self.connection: HTTPConnection | None = None
        self.socket: object = None
        self.is_late = False

    def give_up(self) -> None:
        """Break the connection, from the timer's thread; its reader or writer gets an error at once."""
        self.is_late = True
        raw = getattr(self.connection, "sock", None) or self.socket
        if isinstance(raw, socket.socket):
            try:
                socket.socket.shutdown(raw, socket.SHUT_RDWR)  # not TLS's own, which would wait for the other side
            except OSError:
                return  # it is gone already


class _Current(threading.local):
    call: _Call | None = None


_CURRENT = _Current()


class _NotedConnection(HTTPConnection):
    def connect(self) -> None:
        _note(self)
        super().connect()

    def request(self, *arguments: Any, **options: Any) -> None:
        _note(self)
        super().request(*arguments, **options)

    def getresponse(self) -> Any:
        _note(self)
        return super().getresponse()


class _NotedTlsConnection(HTTPSConnection):
    def connect(self) -> None:
        _note(self)
        super().connect()

    def request(self, *arguments: Any, **options: Any) -> None:
        _note(self)
        super().request(*arguments, **options)

    def getresponse(self) -> Any:
        _note(self)
        return super().getresponse()


def _note(connection: HTTPConnection) -> None:
    call = _CURRENT.call
    if call is not None:
        call.connection = connection
        call.socket = connection.sock or call.socket  # a connection lets go of it while a body without a length is read


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _NotedConnection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _NotedTlsConnection


def make_pools(url: str, *, context: ssl.SSLContext | None = None) -> urllib3.PoolManager:
    """Connections to `url`, through its proxy where the environment names one. Raises UsageError."""
    proxy = find_proxy(url, os.environ)
    if proxy is None:
        return bound_manager(urllib3.PoolManager(maxsize=4, ssl_context=context))
    headers = urllib3.make_headers(proxy_basic_auth=proxy.credentials) if proxy.credentials else None
    return bound_manager(urllib3.ProxyManager(proxy.url, proxy_headers=headers, maxsize=4, ssl_context=context))


def bound_manager(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    """`manager`, with connections that `call` can break; before its first request."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return manager


def call(
    manager: urllib3.PoolManager,
    method: str,
    url: str,
    *,
    timeout_s: float,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    redirects: int = 0,
) -> Answer:
    """Ask once, within `timeout_s` in all (but for looking up a name, which the system bounds); `redirects` are
    followed, with credentials only to the same host. `manager` is one of `bound_manager`. Raises urllib3's errors:
    TimeoutError for what took too long, AnswerTooLarge, or what else went wrong; an answer that points on once too
    often comes back itself.
    """
    current = _Call()
    timer = threading.Timer(timeout_s, current.give_up)
    timer.daemon = True
    before, _CURRENT.call = _CURRENT.call, current
    timer.start()
    try:
        for _ in range(redirects + 1):
            answer, location = _ask(manager, method, url, timeout_s, body, dict(headers or {}))
            if answer.status not in _REDIRECTS or not location or not redirects:
                break
            target = urljoin(url, location)
            if urlsplit(target).netloc != urlsplit(url).netloc:
                headers = {name: text for name, text in (headers or {}).items() if name.lower() != "authorization"}
            if answer.status == _METHOD_CHANGES:
                method, body = "GET", None
            url = target
    except Exception as error:
        if current.is_late:
            raise urllib3.exceptions.TimeoutError(f"no whole answer within {timeout_s:g} s") from error
        raise
    finally:
        timer.cancel()
        _CURRENT.call = before
    if current.is_late:  # a body without a stated length ends where the connection does
        raise urllib3.exceptions.TimeoutError(f"no whole answer within {timeout_s:g} s")
    return answer


def _read_body(response: urllib3.BaseHTTPResponse) -> bytes:
    data = bytearray()
    for part in response.stream(_READ_BYTES):
        data += part
        if len(data) > MOST_ANSWER_BYTES:
            raise AnswerTooLarge(f"its answer has more than {MOST_ANSWER_BYTES >> 20} MiB")
    return bytes(data)


def _ask(
    manager: urllib3.PoolManager,
    method: str,
    url: str,
    timeout_s: float,
    body: bytes | str | None,
    headers: Mapping[str, str],
) -> tuple[Answer, str]:
    """One exchange; the answer, and where it points to."""
    response = manager.request(
        method,
        url,
        body=body,
        headers=headers,
        timeout=timeout_s,
        preload_content=False,
        redirect=False,
        retries=False,  # urllib3 retries by itself; a second session that no run knows of would keep a slot
    )
    try:
        data = _read_body(response)
    except BaseException:
        response.close()
        raise
    response.release_conn()
    location = response.headers.get("location") or ""
    return Answer(status=response.status, data=data, reason=str(response.reason or "")), location
