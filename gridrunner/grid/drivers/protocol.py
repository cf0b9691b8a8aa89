"""What brings a grid up and takes it down, as a protocol, and what a grid looks like, as plain frozen data.

A driver owns one kind of place (`local`, `docker`, `aws`). The invariant that implementers hold: they touch only what
they made and marked as theirs, every call can be repeated, every wait is bounded and says what it waits for, and remote
failure is a `GridFault` or a field of the status, never a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from gridrunner.grid.drivers.aws.metering import InstanceUse

Say = Callable[[str], None]
"""Takes one line for people about what is being done or waited for; called as often as there is news."""

# ------------------------------------------------------------------------------------------------------ what there is


class NodeState(StrEnum):
    """What a node is good for. UP, DRAINING and DOWN are its hub's words; STARTING: its machine or container runs and no
    hub knows it yet; STOPPED: it has ended and was not removed.
    """

    UP = "up"
    DRAINING = "draining"
    DOWN = "down"
    STARTING = "starting"
    STOPPED = "stopped"


class SessionStatus(Struct, frozen=True, kw_only=True):
    """One browser session. `run` is the run that it belongs to, "" for somebody else's; `owner` tells whether that run's
    process still lives (`owners.is_over`); `started` is ISO 8601 in UTC, "" where the hub does not say.
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
    """A node as its hub and its driver see it. `id` is the hub's ("" while it knows none), `url` how the hub reaches it,
    `version` Selenium's, `detail` one sentence on what is wrong, or "".
    """

    name: str
    state: NodeState
    id: str = ""
    url: str = ""
    version: str = ""
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


# ------------------------------------------------------------------------------------------------------ what is wanted


class GridSize(Struct, frozen=True, kw_only=True):
    """How large a grid is to be. `nodes` is the sum over all hubs, dealt out evenly."""

    hubs: int = 1
    nodes: int = 2
    slots_per_node: int = 1


class RunDemand(Struct, frozen=True, kw_only=True):
    """What a run wants of a grid. `slots` None: the user did not say; `sites` is how many it visits, `expected_s` the
    seconds of work that they are expected to be; `needs_internet` False: every site is a replica on this machine.
    `nodes`: what --scale comes to, None: take what is there.
    """

    run: str
    sites: int
    expected_s: float = 0.0
    slots: int | None = None
    needs_internet: bool = True
    nodes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAddress:
    """A hub and what it takes to talk to it. `url` may carry user and password and is never shown; `name` is what reports
    call it, "" for the URL without them. `secret` is the registration secret, or `secret_file` holds it (neither: nothing
    can be drained). `end_at_node` ends a session that the hub has forgotten, given its node's URL and its id.
    """

    url: str = field(repr=False)
    name: str = ""
    secret: str | None = field(default=None, repr=False)
    secret_file: Path | None = None
    end_at_node: Callable[[str, str], bool] | None = field(default=None, repr=False)


class OpenGrid(Protocol):
    """A grid in the hands of one run. Hubs are fixed while it is open; nodes may join and leave at any time: the
    dispatcher asks each hub for its slots every few seconds and gives work to new ones.
    """

    @property
    def hubs(self) -> Sequence[HubAddress]:
        """The hubs, at least one."""
        ...

    @property
    def host_address(self) -> str | None:
        """The address of this machine as the nodes' browsers reach it and a server of the run may listen on; None: they
        cannot, so replica pages cannot be served to them.
        """
        ...

    def keep_evidence(self, folder: Path) -> Sequence[Path]:
        """Write what helps to understand lost nodes and hubs (logs of failed containers) into `folder`; returns the
        files, none when nothing failed. Never raises for what the grid does.
        """
        ...


@runtime_checkable
class MeteredGrid(Protocol):
    """An `OpenGrid` whose machines are paid for by the minute."""

    def measure(self) -> Sequence[InstanceUse]:
        """What the run has used until now."""
        ...


class GridDriver(Protocol):
    """One kind of grid. All but `open_for_run` back one command of `gridrunner grid` each."""

    def up(self, size: GridSize, say: Say) -> GridStatus:
        """Bring the grid up, or to this size; returns when it is ready. Idempotent. Raises GridFault, UsageError."""
        ...

    def status(self) -> GridStatus:
        """Look, and change nothing."""
        ...

    def scale(self, nodes: int, say: Say) -> GridStatus:
        """Have `nodes` nodes in all; those that go are drained first. Raises GridFault, UsageError."""
        ...

    def drain(self, node: str | None, say: Say) -> GridStatus:
        """Let a node (None: all) end its sessions and leave; no new sessions there. Raises GridFault, UsageError."""
        ...

    def reap(self, runs: Collection[str], say: Say) -> int:
        """End sessions of runs that are over, and of `runs` whatever becomes of them; returns how many."""
        ...

    def down(self, say: Say) -> None:
        """Take everything down that this driver made under its name, also what a crash left. Idempotent."""
        ...

    def open_for_run(self, demand: RunDemand, say: Say) -> AbstractContextManager[OpenGrid]:
        """A grid for one run: the one that is up, or one made for it (fewer or more nodes may join later). On exit,
        whatever was made or scaled up for the run is taken back, also after Ctrl-C and exceptions.
        """
        ...
