"""What a grid looks like, and how its hubs are talked to: plain frozen data, the same for every kind of grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from msgspec import Struct


class NodeState(StrEnum):
    """What a node is good for. UP, DRAINING and DOWN are its hub's words; STARTING: its machine or container runs and
    no hub knows it yet; STOPPED: it has ended and was not removed.
    """

    UP = "up"
    DRAINING = "draining"
    DOWN = "down"
    STARTING = "starting"
    STOPPED = "stopped"


class SessionStatus(Struct, frozen=True, kw_only=True):
    """One browser session. `run` is the run that it belongs to, "" for another program's; `owner` tells whether that
    run's process still lives (`owners.is_over`); `started` is ISO 8601 in UTC, "" where the hub does not say.
    """

    id: str
    name: str = ""
    run: str = ""
    owner: str = ""
    started: str = ""


class SlotStatus(Struct, frozen=True, kw_only=True):
    """Room for one session; `session` None: it is free."""

    id: str = ""
    session: SessionStatus | None = None


class NodeStatus(Struct, frozen=True, kw_only=True):
    """A node as its hub and its driver see it. `id` is the hub's ("" while it knows none), `url` how the hub reaches
    it, `version` Selenium's, `browser_version` and `platform` what its slots say, or "", `detail` one sentence on what
    is wrong, or "".
    """

    name: str
    state: NodeState
    id: str = ""
    url: str = ""
    version: str = ""
    browser_version: str = ""
    platform: str = ""
    slots: tuple[SlotStatus, ...] = ()
    detail: str = ""


class HubStatus(Struct, frozen=True, kw_only=True):
    """A hub with its nodes. `is_up`: it answers, busy or not; `queue` are the requests for sessions that wait there."""

    name: str
    url: str
    is_up: bool
    version: str = ""
    queue: int = 0
    nodes: tuple[NodeStatus, ...] = ()
    detail: str = ""


class GridStatus(Struct, frozen=True, kw_only=True):
    """A grid at one moment. `hubs` empty: it is not up. `detail`: one sentence on what cannot be seen in the hubs."""

    name: str
    driver: str
    hubs: tuple[HubStatus, ...] = ()
    detail: str = ""

    @property
    def nodes(self) -> tuple[NodeStatus, ...]:
        """The nodes of all hubs."""
        return tuple(node for hub in self.hubs for node in hub.nodes)

    @property
    def sessions(self) -> tuple[SessionStatus, ...]:
        """The sessions of all nodes."""
        return tuple(slot.session for node in self.nodes for slot in node.slots if slot.session is not None)

    @property
    def slots_up(self) -> int:
        """Slots of the nodes that are UP, busy or free."""
        return sum(len(node.slots) for node in self.nodes if node.state is NodeState.UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAddress:
    """A hub and what it takes to talk to it. `url` may carry user and password and is never shown; `name` is what
    reports call it, "" for the URL without them. `secret` is the registration secret, or `secret_file` holds it
    (neither: nothing can be drained). `end_at_node` ends a session that the hub has forgotten, given its node's URL and
    its id.
    """

    url: str = field(repr=False)
    name: str = ""
    secret: str | None = field(default=None, repr=False)
    secret_file: Path | None = None
    end_at_node: Callable[[str, str], bool] | None = field(default=None, repr=False)
