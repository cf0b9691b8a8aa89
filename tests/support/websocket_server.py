"""The server's side of RFC 6455 for tests: the handshake's answer, frames in, frames out. Owns no socket.

The standard library alone, because the fake hub has to speak HTTP with bodies and websockets on one port, as a Selenium
Grid does; the servers of PyPI's websocket packages take no POST.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


def accept_of(key: str) -> str:
    """`Sec-WebSocket-Accept` for a client's `Sec-WebSocket-Key`."""
    return base64.b64encode(hashlib.sha1(f"{key}{_GUID}".encode()).digest()).decode()


def make_frame(opcode: int, payload: bytes) -> bytes:
    """One unmasked frame, as servers send them."""
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, size))
    elif size < 1 << 16:
        head = bytes((0x80 | opcode, 126)) + size.to_bytes(2)
    else:
        head = bytes((0x80 | opcode, 127)) + size.to_bytes(8)
    return head + payload


class FrameReader:
    """Cuts the bytes of a client into messages; those that came in several frames are put together."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._opcode = TEXT

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Take bytes; every message that is complete by now as (opcode, payload)."""
        self._buffer += data
        while (frame := self._cut_frame()) is not None:
            is_final, opcode, payload = frame
            if opcode >= CLOSE:
                yield opcode, payload  # control frames may come between the parts of a message
                continue
            if opcode:
                self._opcode = opcode
            self._parts.append(payload)
            if is_final:
                yield self._opcode, b"".join(self._parts)
                self._parts = []

    def _cut_frame(self) -> tuple[bool, int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1] & 0x7F, 2
        if size >= 126:
            start = 4 if size == 126 else 10
            if len(buffer) < start:
                return None
            size = int.from_bytes(buffer[2:start])
        is_masked = bool(buffer[1] & 0x80)
        end = start + 4 * is_masked + size
        if len(buffer) < end:
            return None
        payload = bytes(buffer[end - size : end])
        if is_masked:
            payload = _unmask(payload, bytes(buffer[start : start + 4]))
        is_final, opcode = bool(buffer[0] & 0x80), buffer[0] & 0x0F
        del buffer[:end]
        return is_final, opcode, payload


def _unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    pattern = int.from_bytes((mask * (size // 4 + 1))[:size])
    return (int.from_bytes(payload) ^ pattern).to_bytes(size)
