"""Every host that a page of the benchmark names and that it does not serve itself, played by one stub.

Run as a process of its own (`python -m tests.benchmarks.visits.foreign_hosts KIND`): prints its port and serves until
its standard input closes. The host is read from the first bytes of a connection (the name in a TLS handshake, or the
Host of a request), and what it does follows from its name: it is the same for every driver.
"""

from __future__ import annotations

import re
import socket
import struct
import sys
import threading
import zlib
from enum import StrEnum

SLOW_S = (0.05, 20.0)
"""The quickest and the slowest of the slow hosts."""

FIRST_BYTES = 4096
READ_TIMEOUT_S = 5.0
SILENT_S = 600.0
_HOST = re.compile(rb"^host:[ \t]*([^\r\n:]+)", re.IGNORECASE | re.MULTILINE)
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST


class Foreign(StrEnum):
    """What foreign hosts do. REFUSED is the resolver's: no name is known."""

    REFUSED = "refused"
    RESET = "reset"
    SLOW = "slow"
    SILENT = "silent"
    THIRD_SILENT = "third-silent"


def read_host(data: bytes) -> str:
    """The host that a connection is for; "" where its first bytes do not say."""
    match = _HOST.search(data)
    if match:
        return match.group(1).decode("latin-1").lower()
    return read_server_name(data)


def read_server_name(data: bytes) -> str:
    """The server name of a TLS ClientHello (RFC 8446, 4.1.2; RFC 6066, 3)."""
    try:
        at = 43 + 1 + data[43]  # record 5, handshake 4, version 2, random 32, then the session id
        at += 2 + int.from_bytes(data[at : at + 2])  # cipher suites
        at += 1 + data[at]  # compression methods
        end = at + 2 + int.from_bytes(data[at : at + 2])
        at += 2
        while at + 4 <= end:
            kind, size = struct.unpack("!HH", data[at : at + 4])
            if kind == 0:
                return data[at + 9 : at + 4 + size].decode("latin-1").lower()
            at += 4 + size
    except (IndexError, struct.error):
        pass
    return ""


def delay_of(host: str, kind: Foreign) -> float:
    """Seconds until `host` answers; slow hosts are spread evenly over the orders of magnitude."""
    share = zlib.crc32(host.encode()) / 2**32
    match kind:
        case Foreign.SLOW:
            quickest, slowest = SLOW_S
            return float(quickest * (slowest / quickest) ** share)
        case Foreign.SILENT:
            return SILENT_S
        case Foreign.THIRD_SILENT:
            return SILENT_S if share < 1 / 3 else 0.0
        case Foreign.RESET | Foreign.REFUSED:
            return 0.0


def serve(connection: socket.socket, kind: Foreign, over: threading.Event) -> None:
    """Nothing is ever answered but the end of the connection, which TLS and HTTP take for a failure alike."""
    with connection:
        connection.settimeout(READ_TIMEOUT_S)
        try:
            host = read_host(connection.recv(FIRST_BYTES))
        except OSError:
            host = ""
        over.wait(delay_of(host, kind))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)


def main() -> None:
    kind, over = Foreign(sys.argv[1]), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection, kind, over), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
