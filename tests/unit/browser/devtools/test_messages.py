"""Messages cut from what a websocket brings, however the bytes arrive; over a pair of real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from gridrunner.browser.devtools.messages import BUFFER_BYTES, MessageReader, make_text_frame
from tests.support.websocket_server import CLOSE, PING, TEXT, FrameReader, make_frame

CONTINUATION = 0x0
FINAL = 0x80


@pytest.fixture(params=["plain", "tls"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Our end and the other one, as hubs by ws and by wss give them."""
    ours, theirs = socket.socketpair()
    if request.param == "tls":
        ours, theirs = wrap(ours, theirs)
    with ours, theirs:
        yield ours, theirs


def wrap(client: socket.socket, server: socket.socket) -> tuple[socket.socket, socket.socket]:
    """The two ends after a handshake without certificates."""

    def anonymous(purpose: int) -> ssl.SSLContext:
        context = ssl.SSLContext(purpose)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
        return context

    wrapped: list[socket.socket] = []
    accept = threading.Thread(
        target=lambda: wrapped.append(anonymous(ssl.PROTOCOL_TLS_SERVER).wrap_socket(server, server_side=True)),
        daemon=True,
    )
    accept.start()
    ours = anonymous(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(client)
    accept.join(30.0)
    return ours, wrapped[0]


def part(opcode: int, payload: bytes) -> bytes:
    """A frame that more frames of the same message follow."""
    frame = make_frame(opcode, payload)
    return bytes((frame[0] & ~FINAL,)) + frame[1:]


def read_from(reader: MessageReader) -> bytes:
    """The next message; empty when the other side closed."""
    while (message := reader.take()) is None:
        if not reader.fill(30.0):
            return b""
    return message


class Reader:
    def __init__(self, connection: socket.socket) -> None:
        self.pings: list[bytes] = []
        self._reader = MessageReader(connection, pong=self.pings.append)

    def read(self) -> bytes:
        return read_from(self._reader)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, BUFFER_BYTES + 1, 100_000])
def test_messages_of_every_length(ends: tuple[socket.socket, socket.socket], size: int) -> None:
    ours, theirs = ends
    message = b"x" * size + b"{}"
    sending = threading.Thread(
        target=theirs.sendall, args=(make_frame(TEXT, message) + make_frame(TEXT, b"next"),), daemon=True
    )
    sending.start()
    reader = Reader(ours)
    assert reader.read() == message
    assert reader.read() == b"next"
    sending.join(30.0)
    theirs.sendall(make_frame(TEXT, b"small again"))
    assert reader.read() == b"small again"


def test_many_messages_in_one_read_and_in_order(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    sent = [str(number).encode() * 50 for number in range(200)]
    theirs.sendall(b"".join(make_frame(TEXT, message) for message in sent))
    reader = Reader(ours)
    assert [reader.read() for _ in sent] == sent


def test_a_message_that_comes_byte_by_byte(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    frame = make_frame(TEXT, b"a" * 200)
    reader = MessageReader(ours, pong=lambda _payload: None)
    for byte in frame[:-1]:
        theirs.sendall(bytes((byte,)))
        assert reader.fill(30.0)
        assert reader.take() is None
    theirs.sendall(frame[-1:])
    assert read_from(reader) == b"a" * 200


def test_a_message_in_parts_with_a_ping_between_them(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    frames = (part(TEXT, b"one "), make_frame(PING, b"there?"), part(CONTINUATION, b"two "))
    theirs.sendall(b"".join((*frames, make_frame(CONTINUATION, b"three"), make_frame(TEXT, b"next"))))
    reader = Reader(ours)
    assert reader.read() == b"one two three"
    assert reader.pings == [b"there?"]
    assert reader.read() == b"next"


def test_closed_by_a_frame_or_by_the_socket(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    theirs.sendall(make_frame(TEXT, b"last") + make_frame(CLOSE, b"\x03\xe8"))
    reader = Reader(ours)
    assert (reader.read(), reader.read()) == (b"last", b"")
    theirs.sendall(make_frame(TEXT, b"half of it")[:-3])
    theirs.close()
    assert Reader(ours).read() == b""


def test_silence_is_a_timeout_and_loses_nothing(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    reader = MessageReader(ours, pong=lambda _payload: None)
    with pytest.raises(TimeoutError):
        reader.fill(0.001)
    theirs.sendall(make_frame(TEXT, b"here"))
    assert read_from(reader) == b"here"


@pytest.mark.parametrize("size", [0, 1, 125, 126, 4096, 4097, 8193, 65535, 65536, 100_000])
def test_commands_arrive_as_they_were_sent(size: int) -> None:
    sent = [bytes(range(256)) * (size // 256) + b"x" * (size % 256), b"next"]
    received = FrameReader().feed(b"".join(piece for frame in sent for piece in make_text_frame(frame)))
    assert list(received) == [(TEXT, frame) for frame in sent]


def test_commands_are_masked_differently_each_time() -> None:
    assert len({tuple(make_text_frame(b"the same")) for _ in range(20)}) > 1
