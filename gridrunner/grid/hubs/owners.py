"""Who owns a session or a container: a token that tells whether the process behind it still lives.

A token is `<machine>:<pid>:<start time>`; `<machine>` is one boot of one machine, seen from one namespace of process
numbers (two containers of one machine number their processes apart). Invariant: only the machine that a token is of may
call its process over; of all others it cannot be known.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from gridrunner.grid.hubs.processes import is_alive, own_token

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""proc(5): another one after each boot, the same in all containers of a machine."""

PID_NAMESPACE = Path("/proc/self/ns/pid")
"""namespaces(7): the link's text names the namespace."""


def owner_token() -> str:
    """This process."""
    return f"{_machine()}:{own_token()}"


def is_over(token: str) -> bool:
    """Whether the process of `token` is known to be gone; False where that cannot be known."""
    machine, _, process = token.partition(":")
    return bool(machine) and machine == _machine() and not is_alive(process)


def _machine() -> str:
    try:
        text = BOOT_ID.read_text().strip() + str(PID_NAMESPACE.readlink())
    except OSError:
        return ""  # no Linux: then no process is called over
    return hashlib.sha256(text.encode()).hexdigest()[:12]
