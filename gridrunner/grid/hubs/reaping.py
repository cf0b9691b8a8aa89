"""Sessions that no process will ever end: found by their tags, and ended through their hub.

A hub that restarts forgets its sessions and a runner that is killed leaves its own; both keep their slots until the
node's session timeout. Invariant: a session is ended only when its run's process is known to be gone, or its run is
named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor

from gridrunner.errors import GridFault
from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.hubs.owners import is_over
from gridrunner.grid.status import NodeStatus, SessionStatus

AT_ONCE = 8
"""Ending a session took 0.1 to 1 s (Grid 4.48, 2026-11-24)."""


REAP_TIMEOUT_S = 3.0
"""For a hub's list of sessions: reaping is a favour to others, so a hub that is silent is not waited for."""


def find_orphans(nodes: Iterable[NodeStatus], runs: Collection[str] = ()) -> list[SessionStatus]:
    """The sessions among `nodes` whose run is over, and those of `runs`."""
    sessions = (slot.session for node in nodes for slot in node.slots)
    return [
        session
        for session in sessions
        if session is not None and ((session.owner and is_over(session.owner)) or session.run in runs)
    ]


def reap_sessions(hubs: Collection[HubClient], runs: Collection[str] = ()) -> int:
    """End what `find_orphans` finds on `hubs`; returns how many ended. A hub that does not answer is left out."""
    orphans: list[tuple[HubClient, str]] = []
    for hub in hubs:
        try:
            orphans += [(hub, session.id) for session in find_orphans(hub.nodes(timeout_s=REAP_TIMEOUT_S), runs)]
        except GridFault:
            continue
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(lambda orphan: orphan[0].end_session(orphan[1]), orphans))
