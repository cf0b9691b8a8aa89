"""Hosts that a run asks no more: their name or connection timed out under an earlier visit.

Each of them costs every page that names it 5 s and more, and what it would have answered is missing either way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from urllib.parse import urlsplit

DEAD_HOSTS_LIMIT = 200
"""Hosts that are remembered, per run; each is a pattern that every tab is sent."""


class DeadHosts:
    """The hosts of a run that timed out under earlier visits. A site's own host is always asked; second attempts ask
    them all.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hosts: dict[str, None] = {}

    def add(self, hosts: Iterable[str]) -> None:
        """Remember some, while there is room; visits of several threads do."""
        with self._lock:
            for host in hosts:
                if host and len(self._hosts) < DEAD_HOSTS_LIMIT:
                    self._hosts[host] = None

    def patterns(self, url: str) -> tuple[str, ...]:
        """For a visit of `url`, as BLOCKED_PATTERNS."""
        own = urlsplit(url).netloc.rpartition("@")[2]
        with self._lock:
            return tuple(f"*://{host}/*" for host in self._hosts if host != own)
