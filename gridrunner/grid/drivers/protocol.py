"""What brings a grid up and takes it down, as a protocol; what a grid looks like is `grid.status`.

A driver owns one kind of place (`local`, `docker`, `aws`). The invariant that implementers hold: they touch only what
they made and marked as theirs, every call can be repeated, every wait is bounded and says what it waits for, and remote
failure is a `GridFault` or a field of the status, never a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from gridrunner.grid.status import GridStatus, HubAddress

Say = Callable[[str], None]
"""Takes one line for people about what is being done or waited for; called as often as there is news."""


class GridSize(Struct, frozen=True, kw_only=True):
    """How large a grid is to be. `nodes` is the sum over all hubs, dealt out evenly."""

    hubs: int = 1
    nodes: int = 2
    slots_per_node: int = 1


class RunDemand(Struct, frozen=True, kw_only=True):
    """What a run wants of a grid. `slots` None: the user did not say; `sites` is how many it visits;
    `needs_internet` False: every site is a replica on this machine. `nodes`: what --scale comes to, None: take what is
    there. `shard`: "2/8", "" for a whole run.
    """

    run: str
    sites: int
    shard: str = ""
    slots: int | None = None
    needs_internet: bool = True
    nodes: int | None = None


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


class InstanceUse(Struct, frozen=True, kw_only=True):
    """`count` instances of one kind and market, and the `minutes` that they ran for the run, all together."""

    kind: str
    is_spot: bool
    count: int
    minutes: float


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
