"""A world of its own for harmed runs: a network with a resolver and public addresses, disks that can be filled.

Linux namespaces, so that nothing of it is seen outside and all of it ends with the process (unshare(1)). Where they are
not to be had, the harms that need them are counted as missing, never as passed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Final

INSIDE: Final = "GRIDRUNNER_CHAOS_WORLD"
"""Set for the process inside; what it says is whether the disks are ours (`mounts`) or the network as well."""

NETWORK: Final = "93.184.215.0/24"
"""Public addresses, so that neither Chromium nor gridrunner takes them for ours; they lead nowhere but here."""

PAGES_ADDRESS: Final = "93.184.215.14"
ROUTER_ADDRESS: Final = "93.184.215.1"
DNS_PORT: Final = 53
IP_TIMEOUT_S: Final = 10.0


def enter(arguments: Sequence[str]) -> None:
    """Go on inside, if there is a way in; else return, and stay where we are."""
    if INSIDE in os.environ:
        return
    ways = [["--mount", "--net"]]
    if os.geteuid() != 0:
        ways = [["--user", "--map-root-user", "--mount", "--net"]]
    for way in ways:
        trial = ["unshare", *way, "true"]
        if shutil.which("unshare") and shutil.which("ip") and _succeeds(trial):
            os.environ[INSIDE] = "1"
            os.execvp("unshare", ["unshare", *way, sys.executable, "-m", "tests.chaos", *arguments])


class Mode(Enum):
    """What the resolver does."""

    ANSWERS = auto()
    SILENT = auto()
    FAILS = auto()  # SERVFAIL, as a resolver does that reaches no other


class World:
    """The network and the disks of this process. Make it with `open_world`."""

    def __init__(self, *, has_network: bool, has_mounts: bool) -> None:
        self.has_network, self.has_mounts = has_network, has_mounts
        self.resolver = Mode.ANSWERS

    def set_route(self, *, is_up: bool) -> None:
        """Take the public addresses away, or give them back."""
        _ip("addr", "add" if is_up else "del", NETWORK.replace(".0/", ".1/"), "dev", "lo")

    @contextlib.contextmanager
    def mount(self, folder: Path, size_kib: int) -> Iterator[Path | None]:
        """A small disk at `folder`; None: there is none to be had."""
        if not self.has_mounts or not _succeeds(
            ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=0755", "none", str(folder)]
        ):
            yield None
            return
        try:
            yield folder
        finally:
            _succeeds(["umount", "--lazy", str(folder)])

    def serve_names(self, server: socket.socket) -> None:
        """Every name leads to the pages, while the resolver answers."""
        while True:
            try:
                question, client = server.recvfrom(4096)
            except OSError:
                return
            if self.resolver is not Mode.SILENT and len(question) > 12:
                with contextlib.suppress(OSError):
                    server.sendto(_answer(question, fails=self.resolver is Mode.FAILS), client)


@contextlib.contextmanager
def open_world() -> Iterator[World]:
    """What there is to be had here, until the block ends."""
    if INSIDE not in os.environ:
        yield World(has_network=False, has_mounts=False)
        return
    _ip("link", "set", "lo", "up")
    # Another link than loopback, or Chromium says that there is no network at all
    is_linked = _ip("link", "add", "chaos0", "type", "veth", "peer", "name", "chaos1")
    if is_linked:
        for link in ("chaos0", "chaos1"):
            _ip("link", "set", link, "up")
        _ip("addr", "add", "10.77.0.1/24", "dev", "chaos0")
        _ip("route", "add", "default", "via", "10.77.0.2")
    with tempfile.NamedTemporaryFile("w", prefix="resolv-", suffix=".conf") as resolv:
        resolv.write("nameserver 127.0.0.1\noptions timeout:2 attempts:1\n")
        resolv.flush()
        Path(resolv.name).chmod(0o644)
        has_names = _succeeds(["mount", "--bind", resolv.name, "/etc/resolv.conf"])
        world = World(has_network=is_linked and has_names, has_mounts=True)
        world.set_route(is_up=True)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            try:
                server.bind(("127.0.0.1", DNS_PORT))
            except OSError:
                world.has_network = False
            threading.Thread(target=world.serve_names, args=(server,), daemon=True).start()
            yield world
            server.close()


def _answer(question: bytes, *, fails: bool) -> bytes:
    """An answer of RFC 1035: the pages' address to a question for A, nothing to any other."""
    end = question.index(b"\0", 12) + 5
    kind = struct.unpack("!H", question[end - 4 : end - 2])[0]
    has_address = kind == 1 and not fails
    head = question[:2] + struct.pack("!HHHHH", 0x8182 if fails else 0x8180, 1, int(has_address), 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 1, 4) + socket.inet_aton(PAGES_ADDRESS) if has_address else b""
    return head + question[12:end] + record


def _ip(*arguments: str) -> bool:
    return _succeeds(["ip", *arguments])


def _succeeds(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=IP_TIMEOUT_S, check=False).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False
