"""One DevTools socket of one browser session: commands out, answers and events in, no thread of its own.

The thread that waits for an answer is the one that reads the socket, so nothing polls and nothing is locked: while it
waits, every other message that comes in is handed on (answers to their callbacks, events to the listener of their
target). Commands can be sent without waiting, which is how the next context is made while this page still loads; they
leave together when a thread waits, or by `flush`.

Invariant: only the thread that owns the session calls anything but `abort`.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Collection
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import websocket

from gridrunner.browser.devtools.messages import LEAST_TIMEOUT_S, MessageReader, make_ping, make_text_frame
from gridrunner.browser.devtools.params import decode_params, decode_result
from gridrunner.browser.port import CommandFailed, DeadlinePassed
from gridrunner.errors import SessionLost
from gridrunner.host.proxies import HubProxy
from gridrunner.text import make_line

Listener = Callable[[str, dict[str, Any]], None]
"""Takes an event's method and parameters."""

OnAnswer = Callable[["Answer"], None]

CONNECT_TIMEOUT_S = 15.0
"""The handshake through a hub took 0.01 to 0.3 s when tried (Grid 4.48, 2026-11-24); beyond 15 s it is not coming."""

PING_S = 4.0
"""A socket on which nothing came for this long is pinged while an answer is awaited: proxies cut sockets that are idle,
most after 50 or 60 s (HAProxy, nginx, AWS), one that was reported after 5 (2026-11-30)."""

LATE_S = 0.25
"""After a deadline, what has come in by then is still read, for so long: the machine may have stood still until then,
and a page that never stops talking must not hold its visit."""

NO_HOST = "no.proxy.invalid"
"""websocket-client reads HTTP_PROXY where it is told of no proxy, and NO_PROXY where of no exempt host (1.9)."""

_BAD_SHAPES = (msgspec.DecodeError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
"""What reading a message of another shape comes to, in the decoder or in a listener: a hub, or what stands in its
place, may send anything."""


class _Message(msgspec.Struct):
    """What of a DevTools message is read; the rest is not even decoded."""

    id: int | None = None
    method: str = ""
    params: msgspec.Raw = msgspec.Raw(b"{}")
    result: msgspec.Raw = msgspec.Raw(b"{}")
    error: dict[str, Any] | None = None
    session_id: str = msgspec.field(default="", name="sessionId")


_DECODER = msgspec.json.Decoder(_Message)
_ENCODER = msgspec.json.Encoder()


_EVENT_HEAD = b'{"method":"'
"""How Chromium begins an event (crdtp, `CreateNotification`): the method is read without decoding the rest. Answers,
and events that begin otherwise, are decoded."""

_NOBODY: tuple[Listener, Collection[str], Collection[str]] = (lambda _method, _params: None, frozenset(), frozenset())

_LONE_SURROGATE = re.compile(r"(?<!\\)((?:\\\\)*)\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def _decode_message(data: bytes | str) -> _Message:
    """A page may put half of a surrogate pair into a text, which is no Unicode: then every character outside the basic
    plane of that one message reads as U+FFFD.
    """
    try:
        return _DECODER.decode(data)
    except msgspec.DecodeError:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        return _DECODER.decode(_LONE_SURROGATE.sub(r"\1\\ufffd", text))


@lru_cache(maxsize=64)
def encode_text(text: str) -> msgspec.Raw:
    """A text for the parameters of a command that is sent again and again: a probe of 37 kB is encoded once."""
    return msgspec.Raw(_ENCODER.encode(text))


class Answer:
    """What became of one command: not yet there, a result, or an error in the browser's words."""

    __slots__ = ("error", "is_done", "method", "result")

    def __init__(self, method: str) -> None:
        self.method = method
        self.is_done = False
        self.result: dict[str, Any] = {}
        self.error: str | None = None

    def value(self) -> dict[str, Any]:
        """The result. Raises CommandFailed where the browser answered with an error."""
        if self.error is not None:
            raise CommandFailed(f"{self.method}: {self.error}")
        return self.result


class Connection:
    """The socket of one session. `label` names the session in messages."""

    def __init__(
        self,
        url: str,
        *,
        label: str,
        headers: list[str] | None = None,
        ca_file: Path | None = None,
        proxy: HubProxy | None = None,
    ) -> None:
        """Connect, through `proxy` if there is one; the certificate of a wss hub is checked with those in `ca_file`
        (None: the usual ones). Raises SessionLost when the socket cannot be had within CONNECT_TIMEOUT_S.
        """
        self._label = label
        self._last_id = 0
        self._outgoing: list[bytes] = []
        self._pending: dict[int, tuple[Answer, OnAnswer | None]] = {}
        self._listeners: dict[str, tuple[Listener, Collection[str], Collection[str]]] = {}
        self._wanted: set[bytes] = set()
        self._late_until_s: float | None = None
        self._pinged_s = 0.0
        self._socket = websocket.WebSocket(
            enable_multithread=False,
            skip_utf8_validation=True,
            sslopt=None if ca_file is None else {"ca_certs": str(ca_file)},
        )
        timer = threading.Timer(
            CONNECT_TIMEOUT_S, self.abort
        )  # the time-out is of one read: a byte a second is never late
        timer.daemon = True
        timer.start()
        try:
            self._socket.connect(
                url,
                timeout=CONNECT_TIMEOUT_S,
                suppress_origin=True,
                header=headers or [],
                http_proxy_host=proxy.host if proxy is not None else NO_HOST,
                http_proxy_port=proxy.port if proxy is not None else 1,
                http_proxy_auth=(proxy.user, proxy.password) if proxy is not None and proxy.user else None,
                proxy_type="http",
                http_no_proxy=["*"] if proxy is None else [NO_HOST],
                redirect_limit=0,  # our credentials are for no other server
                sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            )
        except (OSError, websocket.WebSocketException, ValueError, AttributeError, IndexError) as error:
            self._socket.shutdown()
            raise SessionLost(f"{label}: no DevTools socket: {make_line(str(error))}") from error
        finally:
            timer.cancel()
        assert self._socket.sock is not None
        self._reader = MessageReader(self._socket.sock, pong=self._socket.pong)

    def listen(
        self, target: str, listener: Listener, methods: Collection[str], *, whole: Collection[str] = frozenset()
    ) -> None:
        """Hand the events of `target` (a DevTools session id; "" is the browser itself) that are among `methods` to
        `listener`; the others, half of a page's, are not even decoded. Those among `whole` come with all parameters.
        """
        self._listeners[target] = (listener, methods, whole)
        self._wanted.update(method.encode() for method in methods)

    def unlisten(self, target: str) -> None:
        """Drop the listener of `target`; its later events are ignored."""
        self._listeners.pop(target, None)

    def send(
        self, method: str, params: dict[str, Any] | None = None, *, target: str = "", then: OnAnswer | None = None
    ) -> Answer:
        """Have a command sent, at the latest when this thread waits for something. `then` is called with the answer
        when it is read, in the reading thread.
        """
        self._last_id += 1
        message: dict[str, Any] = {"id": self._last_id, "method": method, "params": params or {}}
        if target:
            message["sessionId"] = target
        answer = Answer(method)
        self._pending[self._last_id] = (answer, then)
        self._outgoing.extend(make_text_frame(_ENCODER.encode(message)))
        return answer

    def flush(self) -> None:
        """Send what was not sent yet, in one piece. Raises SessionLost when the socket is gone."""
        if not self._outgoing:
            return
        frames, self._outgoing = b"".join(self._outgoing), []
        raw = self._socket.sock
        if raw is None:
            raise SessionLost(f"{self._label}: the session's socket was closed")
        try:
            raw.sendall(frames)
        except OSError as error:
            raise self._broken(error) from error

    def call(
        self, method: str, params: dict[str, Any] | None = None, *, target: str = "", deadline: float
    ) -> dict[str, Any]:
        """Send a command and wait for its result until `deadline` (seconds of `time.monotonic`).

        Raises CommandFailed, DeadlinePassed or SessionLost.
        """
        answer = self.send(method, params, target=target)
        self.read_until(lambda: answer.is_done, deadline=deadline)
        return answer.value()

    def wait(self, answers: list[Answer], *, deadline: float) -> None:
        """Read until every one of `answers` is there. Raises DeadlinePassed or SessionLost."""
        self.read_until(lambda: all(answer.is_done for answer in answers), deadline=deadline)

    def read_until(self, is_done: Callable[[], bool], *, deadline: float) -> None:
        """Read and hand on messages until `is_done()`. Raises DeadlinePassed or SessionLost."""
        self.flush()
        self._late_until_s = None
        while not is_done():
            while not self._take_one():
                self._fill(deadline)

    def _take_one(self) -> bool:
        """Hand on the next message that is there and that a listener wants; False where there is none."""
        while (data := self._read_message()) is not None:
            if not data:
                raise SessionLost(f"{self._label}: the session's socket was closed")
            try:
                is_news = self._take(data)
            except _BAD_SHAPES as error:
                what = make_line(f"{type(error).__name__}: {error}")
                raise SessionLost(
                    f"{self._label}: what came on the session's socket is not DevTools: {what}"
                ) from error
            if is_news:
                return True
        return False

    def _read_message(self) -> bytes | None:
        try:
            return self._reader.take()
        except (OSError, websocket.WebSocketException) as error:
            raise self._broken(error) from error

    def _fill(self, deadline: float) -> None:
        self.flush()  # what was sent while messages were handed on
        now_s = time.monotonic()
        left_s = deadline - now_s
        if left_s <= 0:
            if self._late_until_s is None:
                self._late_until_s = now_s + LATE_S
            elif now_s > self._late_until_s:
                raise DeadlinePassed
        try:
            is_open = self._reader.fill(max(LEAST_TIMEOUT_S, min(left_s, PING_S)))
        except TimeoutError:
            if left_s <= 0:
                raise DeadlinePassed from None
            self._ping()
            return  # the time-out of the socket may be shorter than asked for
        except OSError as error:
            raise self._broken(error) from error
        if not is_open:
            raise SessionLost(f"{self._label}: the session's socket was closed")

    def _ping(self) -> None:
        raw, now_s = self._socket.sock, time.monotonic()
        if raw is None or now_s - self._pinged_s < PING_S / 2:
            return
        self._pinged_s = now_s
        try:
            raw.sendall(make_ping())
        except OSError as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> SessionLost:
        return SessionLost(f"{self._label}: the session's socket broke: {error}")

    def _take(self, data: bytes) -> bool:
        """Hand on one message; False when no listener wants it."""
        if data.startswith(_EVENT_HEAD):
            start = len(_EVENT_HEAD)
            if data[start : data.find(b'"', start)] not in self._wanted:
                return False
        message = _decode_message(data)
        if message.id is not None:
            self._take_answer(message)
            return True
        listener, methods, whole = self._listeners.get(message.session_id, _NOBODY)
        if message.method not in methods:
            return False
        listener(message.method, decode_params(message.method, message.params, is_whole=message.method in whole))
        return True

    def _take_answer(self, message: _Message) -> None:
        answer, then = self._pending.pop(message.id or 0, (None, None))
        if answer is None:
            return
        if message.error is not None:
            answer.error = make_line(str(message.error.get("message", message.error)), 1000)
        else:
            answer.result = decode_result(answer.method, message.result)
        answer.is_done = True
        if then is not None:
            then(answer)

    def abort(self) -> None:
        """Break the socket under the thread that reads it; safe from any thread, and twice."""
        raw = self._socket.sock
        if raw is not None:
            try:
                raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # already gone

    def close(self) -> None:
        """Close the socket without waiting for the other side."""
        self.abort()
        self._socket.shutdown()
