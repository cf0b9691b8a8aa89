"""Reads the messages of a websocket whose handshake is over: as many as came with one read of the socket.

websocket-client reads each frame by two or three calls of `recv`, each after setting the time-out: that was half of what
a visit cost this machine (150 messages a visit, 500 sessions; `tests.benchmarks.dispatch.sessions`, 2026-11-24). Frames
are cut from a buffer here (RFC 6455, section 5.2); handshake, TLS and sending stay with websocket-client.

Invariant: what came is handed out in order; the socket is read only when no whole message is left in the buffer.
"""

from __future__ import annotations

import socket
from collections.abc import Callable

READ_BYTES = 16384
"""Read at once at most. 64 KiB a read cost as much CPU and left the C library's heaps in pieces: 300 sessions took 195
MiB instead of 148 (2026-11-24).
"""

_CLOSE, _PING = 0x8, 0x9


class MessageReader:
    """The reading half of a connection; `pong` answers a ping with its payload."""

    def __init__(self, connection: socket.socket, *, pong: Callable[[bytes], object]) -> None:
        self._socket, self._pong = connection, pong
        self._buffer = bytearray()
        self._start = 0
        self._parts: list[bytes] = []

    def read(self, timeout_s: float) -> bytes:
        """The next message; empty when the other side closed. Raises TimeoutError, or OSError when the socket broke.

        `timeout_s` bounds each wait for bytes: a message that comes in drops may take longer.
        """
        while True:
            frame = self._cut_frame()
            if frame is None:
                if not self._fill(timeout_s):
                    return b""
                continue
            is_final, opcode, payload = frame
            if opcode == _CLOSE:
                return b""
            if opcode == _PING:
                self._pong(payload)
            elif opcode < _CLOSE:
                if is_final and not self._parts:
                    return payload
                self._parts.append(payload)
                if is_final:
                    message, self._parts = b"".join(self._parts), []
                    return message

    def _fill(self, timeout_s: float) -> bool:
        """Add to the buffer what is there, or comes in time; False when nothing will come any more."""
        self._socket.settimeout(timeout_s)
        data = self._socket.recv(READ_BYTES)
        if self._start:
            del self._buffer[: self._start]
            self._start = 0
        self._buffer += data
        return bool(data)

    def _cut_frame(self) -> tuple[bool, int, bytes] | None:
        buffer, start = self._buffer, self._start
        if len(buffer) < start + 2:
            return None
        size, begin = buffer[start + 1] & 0x7F, start + 2
        if size >= 126:
            begin += 2 if size == 126 else 8
            if len(buffer) < begin:
                return None
            size = int.from_bytes(buffer[start + 2 : begin])
        end = begin + size
        if len(buffer) < end:
            return None
        head = buffer[start]
        payload = bytes(memoryview(buffer)[begin:end])
        if end == len(buffer):
            buffer.clear()
            end = 0
        self._start = end
        return bool(head & 0x80), head & 0x0F, payload
