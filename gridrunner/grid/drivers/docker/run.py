"""A Docker grid in the hands of one run, the one that is up or one made for it; what is kept of failed containers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from gridrunner.errors import GridFault
from gridrunner.grid.drivers.docker.engine import translated_engine
from gridrunner.grid.drivers.docker.grid import DockerGrid, restarts_of
from gridrunner.grid.drivers.protocol import GridSize, RunDemand
from gridrunner.grid.status import HubAddress, NodeState
from gridrunner.planning.constants import NODES_PER_HUB

LOG_LINES = 2000
"""Kept of a failed container: a crash with its stack traces, and the minutes before it."""


def choose_size(demand: RunDemand) -> GridSize:
    """A node per slot, as many as the user asked for or this machine has cores, and no more than sites."""
    nodes = max(1, min(demand.slots or os.cpu_count() or 1, demand.sites))
    return GridSize(hubs=-(-nodes // NODES_PER_HUB), nodes=nodes, slots_per_node=1)


def take_over(grid: DockerGrid) -> DockerOpenGrid:
    """A grid that is up, in the hands of a run from now on."""
    restarts = {str(container.name): restarts_of(container) for container in grid.containers()}
    return DockerOpenGrid(hubs=grid.hub_addresses(), host_address=grid.gateway(), grid=grid, restarts=restarts)


class DockerOpenGrid(Struct, frozen=True, kw_only=True):
    """See `drivers.protocol.OpenGrid`. `restarts` are those of each container when the run took the grid over."""

    hubs: Sequence[HubAddress]
    host_address: str | None
    grid: DockerGrid
    restarts: dict[str, int]

    def keep_evidence(self, folder: Path) -> Sequence[Path]:
        """The logs of containers that ended badly, crashed, hang, or that their hub does not call up."""
        try:
            status = self.grid.status()
            lost = {hub.name for hub in status.hubs if not hub.is_up}
            lost |= {node.name for node in status.nodes if node.state in {NodeState.DOWN, NodeState.STOPPED}}
            return [
                _keep_log(container, folder)
                for container in self.grid.containers()
                if container.name in lost or self._has_failed(container)
            ]
        except (GridFault, OSError):
            return []

    def _has_failed(self, container: Any) -> bool:
        state = container.attrs.get("State") or {}
        ended_badly = container.status in {"exited", "dead"} and state.get("ExitCode") != 0
        has_crashed = restarts_of(container) > self.restarts.get(container.name, 0)
        return ended_badly or has_crashed or container.status == "paused"


def _keep_log(container: Any, folder: Path) -> Path:
    with translated_engine(str(container.name)):
        text = container.logs(tail=LOG_LINES, timestamps=True)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{container.name}.log"
    state = container.attrs.get("State") or {}
    head = f"# {container.name}: {container.status}, exit code {state.get('ExitCode')}, out of memory: "
    path.write_bytes(
        f"{head}{state.get('OOMKilled')}, restarts {container.attrs.get('RestartCount')}\n".encode() + text
    )
    return path
