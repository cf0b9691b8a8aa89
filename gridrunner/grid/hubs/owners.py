"""Who owns a process, a session or a container: a token that tells whether the process behind it still lives.

A token is `<machine>:<pid>:<start time>`; `<machine>` is one boot of one machine, seen from one namespace of process
numbers (two containers of one machine number their processes apart), and the start time tells a reused pid apart.
Invariant: only the machine that a token is of may call its process over; of all others it cannot be known.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""proc(5): another one after each boot, the same in all containers of a machine."""

PID_NAMESPACE = Path("/proc/self/ns/pid")
"""namespaces(7): the link's text names the namespace."""


def owner_token() -> str:
    """This process."""
    return f"{_machine()}:{os.getpid()}:{_start_time(os.getpid())}"


def is_over(token: str) -> bool:
    """Whether the process of `token` is known to be gone; False where that cannot be known."""
    machine, _, process = token.partition(":")
    return bool(machine) and machine == _machine() and not _is_alive(process)


def _is_alive(process: str) -> bool:
    pid, _, started = process.partition(":")
    return pid.isdigit() and started != "" and _start_time(int(pid)) == started


def _start_time(pid: int) -> str:
    """Field 22 of /proc/<pid>/stat (proc(5)): clock ticks after boot; "" where that cannot be read, and for a process
    that has ended and only waits for its parent to notice (field 3 is Z or X).
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] in {"Z", "X"} else fields[19]
    except (OSError, IndexError):
        return ""


def _machine() -> str:
    try:
        text = BOOT_ID.read_text().strip() + str(PID_NAMESPACE.readlink())
    except OSError:
        return ""  # no Linux: then no process is called over
    return hashlib.sha256(text.encode()).hexdigest()[:12]
