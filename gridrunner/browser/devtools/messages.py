"""The frames of a websocket whose handshake is over: messages cut from what came, commands made into frames.

websocket-client reads each frame by two or three calls of `recv`, each after setting the time-out, and sends each by a
call of its own: that was half of what a visit cost this machine (150 messages per visit, 500 sessions;
`tests.benchmarks.dispatch.sessions`, 2026-11-24). Here (RFC 6455, section 5.2) a read takes all that is there, in one
call of the system, and time-outs are set when they change; handshake and TLS stay with websocket-client.

Invariant: what came is handed out in order; the socket is read only when no whole message is left in the buffer.
"""

from __future__ import annotations

import os
import socket
import ssl
import struct
from collections.abc import Callable

BUFFER_BYTES = 16384
"""Kept per connection, and read at once at most; larger only while a larger message is in it. Reads into memory of
their own left the C library's heaps in pieces, 20 to 30 KiB more per visit (500 sessions, 2026-11-26).
"""

MASKED_AT_ONCE = 4096
"""A multiple of 4. Masking 37 kB of a probe in one piece takes several copies of it, which left heaps in pieces too."""

MOST_MESSAGE_BYTES = 64 << 20
"""Of a message, in one frame or in many. The facts of a page of 100,000 inputs have 30 MB, a screenshot of 1366 x 900
at most 5 MB in base64; Chromium itself ends a connection at 100 MB (net/server, `kDefaultMaxBufferSize`)."""

FRAGMENT_BYTES = 64
"""What a fragment counts at least: an empty one takes memory too."""

SEND_TIMEOUT_S = 15.0
"""A browser that takes no command for this long is gone: it reads within milliseconds (Chromium 156, 2026-11-26)."""

LEAST_TIMEOUT_S = 0.001

_CLOSE, _PING = 0x8, 0x9
_FINAL_TEXT, _FINAL_PING = 0x81, 0x89


class BadMessage(OSError):
    """What came is not a message of a browser: the connection can no longer be used."""


class MessageReader:
    """The reading half of a connection; `pong` answers a ping with its payload."""

    def __init__(self, connection: socket.socket, *, pong: Callable[[bytes], object]) -> None:
        self._socket, self._pong = connection, pong
        self._buffer = bytearray(BUFFER_BYTES)
        self._start = self._end = 0
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._timeout_s = 0.0
        self._is_plain = not isinstance(connection, ssl.SSLSocket)
        if self._is_plain:  # the kernel keeps the time: one system call per read instead of two or three
            connection.settimeout(None)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _time_value(SEND_TIMEOUT_S))

    def take(self) -> bytes | None:
        """The next message that has come in whole; None when the socket has to be read first, empty when it is over.
        Raises BadMessage for one that is larger than any.
        """
        while (frame := self._cut_frame()) is not None:
            is_final, opcode, payload = frame
            if opcode == _CLOSE:
                return b""
            if opcode == _PING:
                self._pong(payload)
            elif opcode < _CLOSE:
                if is_final and not self._parts:
                    return payload
                self._parts.append(payload)
                self._parts_bytes += max(len(payload), FRAGMENT_BYTES)
                if self._parts_bytes > MOST_MESSAGE_BYTES:
                    raise BadMessage(f"a message has more than {MOST_MESSAGE_BYTES >> 20} MiB")
                if is_final:
                    message, self._parts, self._parts_bytes = b"".join(self._parts), [], 0
                    return message
        return None

    def fill(self, timeout_s: float) -> bool:
        """Add to the buffer what is there, or comes within `timeout_s`; False when nothing will come any more.

        Raises TimeoutError, which may come after half of `timeout_s` (the time-out set last is kept while it is not too
        long), or OSError when the socket broke or a message is larger than any.
        """
        if not timeout_s / 4 <= self._timeout_s <= timeout_s:
            self._set_timeout(max(LEAST_TIMEOUT_S, timeout_s / 2))
        self._make_room()
        try:
            with memoryview(self._buffer) as whole, whole[self._end :] as room:
                count = self._socket.recv_into(room)
        except BlockingIOError as error:
            raise TimeoutError from error
        self._end += count
        return count > 0

    def _make_room(self) -> None:
        """Put what is left of the last read to the front, and room behind it: for the rest of a message, if known."""
        buffer, start, end = self._buffer, self._start, self._end
        if end == 0 and len(buffer) == BUFFER_BYTES:
            return
        left, head = end - start, self._read_head()
        size = max(BUFFER_BYTES, 2 * left if head is None else head[1] - start)
        if size != len(buffer):
            self._buffer = bytearray(size)
            self._buffer[:left] = buffer[start:end]
        elif start:
            buffer[:left] = buffer[start:end]
        self._start, self._end = 0, left

    def _set_timeout(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        if self._is_plain:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _time_value(timeout_s))
        else:
            self._socket.settimeout(timeout_s)

    def _read_head(self) -> tuple[int, int] | None:
        """Where the payload of the next frame begins and where it ends, or will; None before its head is there."""
        buffer, start, there = self._buffer, self._start, self._end
        if there < start + 2:
            return None
        size, begin = buffer[start + 1] & 0x7F, start + 2
        if size >= 126:
            begin += 2 if size == 126 else 8
            if there < begin:
                return None
            size = int.from_bytes(buffer[start + 2 : begin])
            if size > MOST_MESSAGE_BYTES:
                raise BadMessage(f"a message has more than {MOST_MESSAGE_BYTES >> 20} MiB")
        return begin, begin + size

    def _cut_frame(self) -> tuple[bool, int, bytes] | None:
        head = self._read_head()
        if head is None or self._end < head[1]:
            return None
        begin, end = head
        first = self._buffer[self._start]
        payload = bytes(memoryview(self._buffer)[begin:end])
        self._start = end
        if end == self._end:
            self._start = self._end = 0
        return bool(first & 0x80), first & 0x0F, payload


def _time_value(seconds: float) -> bytes:
    """`struct timeval` (socket(7), SO_RCVTIMEO)."""
    whole = int(seconds)
    return struct.pack("ll", whole, int((seconds - whole) * 1e6))


def make_ping() -> bytes:
    """A ping without a payload (RFC 6455, section 5.5.2)."""
    return bytes((_FINAL_PING, 0x80)) + os.urandom(4)


def make_text_frame(payload: bytes) -> list[bytes]:
    """One masked frame, as clients send them (RFC 6455, section 5.3), in pieces."""
    size, mask = len(payload), os.urandom(4)
    if size < 126:
        head = bytes((_FINAL_TEXT, 0x80 | size))
    elif size < 1 << 16:
        head = struct.pack("!BBH", _FINAL_TEXT, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", _FINAL_TEXT, 0x80 | 127, size)
    if size <= MASKED_AT_ONCE:
        return [head + mask + _mask(payload, mask)]
    parts = (payload[start : start + MASKED_AT_ONCE] for start in range(0, size, MASKED_AT_ONCE))
    return [head + mask, *(_mask(part, mask) for part in parts)]


def _mask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    pattern = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")).to_bytes(size, "little")
