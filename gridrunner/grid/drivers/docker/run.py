"""A Docker grid in the hands of one run: the one that is up, or one made for it; and what is kept of failed containers."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from gridrunner.errors import GridFault, UsageError
from gridrunner.grid.drivers.docker.engine import translated_engine
from gridrunner.grid.drivers.protocol import GridSize, RunDemand, Say
from gridrunner.grid.hubs.owners import owner_token
from gridrunner.grid.status import HubAddress, NodeState
from gridrunner.planning.limits import NODES_PER_HUB

if TYPE_CHECKING:
    from gridrunner.grid.drivers.docker.driver import DockerDriver

LOG_LINES = 2000
"""Kept of a failed container: a crash with its stack traces, and the minutes before it."""


@contextmanager
def open_docker_grid(driver: DockerDriver, demand: RunDemand, say: Say) -> Iterator[DockerOpenGrid]:
    """See `GridDriver.open_for_run`. Raises UsageError when the grid that is up has no way to the sites."""
    if driver.is_up():
        if demand.needs_internet and not driver.reaches_internet():
            raise UsageError(
                f"grid {driver.name} reaches only replica sites, and this list has others",
                hint="bring it up with a way out: gridrunner grid down && gridrunner grid up --internet",
            )
        say(f"using grid {driver.name}, which is up")
        yield _open(driver)
        return
    own = driver.for_run(demand.run, owner_token(), has_internet=demand.needs_internet)
    size = choose_size(demand)
    say(f"grid {driver.name} is not up: bringing up {size.nodes} nodes for this run")
    own.up(size, say, enough_nodes=1)
    try:
        yield _open(own)
    finally:
        own.down(say)


def choose_size(demand: RunDemand) -> GridSize:
    """A node a slot, as many as the user asked for or this machine has cores, and no more than sites."""
    nodes = max(1, min(demand.slots or os.cpu_count() or 1, demand.sites))
    return GridSize(hubs=-(-nodes // NODES_PER_HUB), nodes=nodes, slots_per_node=1)


class DockerOpenGrid(Struct, frozen=True, kw_only=True):
    """See `drivers.OpenGrid`. `restarts` are those of each container when the run took the grid over."""

    hubs: Sequence[HubAddress]
    host_address: str | None
    driver: DockerDriver
    restarts: dict[str, int]

    def keep_evidence(self, folder: Path) -> Sequence[Path]:
        """The logs of containers that ended badly, crashed, hang, or that their hub does not call up."""
        try:
            status = self.driver.status()
            lost = {hub.name for hub in status.hubs if not hub.is_up}
            lost |= {node.name for node in status.nodes if node.state in {NodeState.DOWN, NodeState.STOPPED}}
            failed = [found for found in self.driver.containers() if found.name in lost or self._has_failed(found)]
            return [_keep_log(container, folder) for container in failed]
        except (GridFault, OSError):
            return []

    def _has_failed(self, container: Any) -> bool:
        state = container.attrs.get("State") or {}
        ended_badly = container.status in {"exited", "dead"} and state.get("ExitCode") != 0
        has_crashed = int(container.attrs.get("RestartCount", 0)) > self.restarts.get(container.name, 0)
        return ended_badly or has_crashed or container.status == "paused"


def _open(driver: DockerDriver) -> DockerOpenGrid:
    restarts = {str(found.name): int(found.attrs.get("RestartCount", 0)) for found in driver.containers()}
    return DockerOpenGrid(hubs=driver.hub_addresses(), host_address=driver.gateway(), driver=driver, restarts=restarts)


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
