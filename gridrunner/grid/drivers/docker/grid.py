"""One grid as its Docker engine has it: its containers, what their hubs say, and how hubs are talked to.

Invariant: only what carries the grid's label is looked at or removed. Nothing is made here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import docker
from docker.errors import NotFound
from msgspec.structs import replace

from gridrunner.errors import GridFault, UsageError
from gridrunner.grid.drivers.docker.engine import ENGINE_TIMEOUT_S, translated_engine
from gridrunner.grid.drivers.docker.parts import (
    HUB_PORT,
    LABEL_GRID,
    LABEL_HUB,
    LABEL_INTERNET,
    LABEL_ROLE,
    LABEL_SLOTS,
    GridParts,
)
from gridrunner.grid.drivers.table import DOCKER
from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.secret import forget_secret
from gridrunner.grid.status import GridStatus, HubAddress, HubStatus, NodeState, NodeStatus
from gridrunner.text import count_of

AT_ONCE = 4
"""Containers made or removed at the same time; the engine puts more in a row anyway (20.10, 2026-11-26)."""


class DockerGrid:
    """The grid whose parts have the names of `parts`, on one engine; `secret_file` holds its registration secret."""

    def __init__(self, client: docker.DockerClient, parts: GridParts, secret_file: Path) -> None:
        self.client, self.parts, self.secret_file = client, parts, secret_file

    @property
    def name(self) -> str:
        """The grid's name."""
        return self.parts.grid

    # ------------------------------------------------------------------------------------------------------- containers

    def containers(self, role: str | None = None) -> list[Any]:
        """The SDK's objects of the grid's containers, or of those with a `role` (hub, node), by their numbers."""
        with translated_engine(self.name):
            containers = self.client.containers.list(all=True, filters=self._filter(role), ignore_removed=True)
        return sorted(containers, key=lambda container: number_of(container.name))

    def running(self, role: str) -> list[Any]:
        """Those that run, or are being restarted."""
        return [container for container in self.containers(role) if container.status in {"running", "restarting"}]

    def remove(self, containers: Sequence[Any]) -> None:
        """Remove containers at once, running or not."""

        def remove(container: Any) -> None:
            with translated_engine(container.name), contextlib.suppress(NotFound):
                container.remove(force=True, v=True)

        run_all([lambda container=container: remove(container) for container in containers])  # type: ignore[misc]

    def remove_everything(self) -> int:
        """Remove all that carries the grid's label, and its secret; returns how many containers there were."""
        with translated_engine(self.name):
            containers = self.containers()
            self.remove(containers)
            for network in self.client.networks.list(filters=self._filter()):
                network.remove()
            for volume in self.client.volumes.list(filters=self._filter()):
                volume.remove(force=True)
        forget_secret(self.secret_file)
        return len(containers)

    def _filter(self, role: str | None = None) -> dict[str, str | list[str] | bool]:
        labels = [f"{LABEL_GRID}={self.name}"]
        return {"label": labels + ([f"{LABEL_ROLE}={role}"] if role else [])}

    # ---------------------------------------------------------------------------------------------------------- looking

    def is_up(self) -> bool:
        """Whether a hub of the grid runs."""
        return bool(self.running("hub"))

    def require_up(self) -> list[Any]:
        """Its hubs. Raises UsageError when none runs."""
        hubs = self.running("hub")
        if not hubs:
            raise UsageError(f"grid {self.name} is not up", hint="bring it up: gridrunner grid up --driver docker")
        return hubs

    def reaches_internet(self) -> bool:
        """Whether the nodes of the grid that is up do."""
        return any(LABEL_INTERNET in hub.labels for hub in self.containers("hub"))

    def status(self) -> GridStatus:
        """The containers that carry the grid's label, and what their hubs say."""
        hubs, nodes = self.containers("hub"), self.containers("node")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            statuses = tuple(pool.map(lambda hub: self._hub_status(hub, nodes), hubs))
        stray = (
            ""
            if hubs or not nodes
            else f"left of it: {count_of(len(nodes), 'node')}; take it down: gridrunner grid down"
        )
        return GridStatus(name=self.name, driver=DOCKER, hubs=statuses, detail=stray)

    def _hub_status(self, hub: Any, nodes: Sequence[Any]) -> HubStatus:
        own = [node for node in nodes if node.labels.get(LABEL_HUB) == hub.name]
        if hub.status == "running":
            status = HubClient(HubAddress(url=_url_of(hub), name=str(hub.name))).status()
        else:
            status = HubStatus(name=str(hub.name), url="", is_up=False, detail=explain_end(hub))
        registered = {node.url: node for node in status.nodes}
        statuses: list[NodeStatus] = []
        for node in own:
            known = registered.pop(url_of_node(node), None)
            statuses.append(replace(known, name=str(node.name)) if known is not None else _unregistered(node))
        return replace(status, nodes=(*statuses, *registered.values()))

    # -------------------------------------------------------------------------------------------------- talking to hubs

    def hub_addresses(self) -> list[HubAddress]:
        """How the hubs that run are talked to."""
        return [
            HubAddress(
                url=_url_of(hub), name=str(hub.name), secret_file=self.secret_file, end_at_node=self._end_at_node
            )
            for hub in self.running("hub")
        ]

    def hub_clients(self) -> list[HubClient]:
        """A client of each hub that runs."""
        return [HubClient(address) for address in self.hub_addresses()]

    def _end_at_node(self, node_url: str, session: str) -> bool:
        """End a session that its hub has forgotten, inside the node's own container; False when it is not there."""
        for node in self.running("node"):
            if _address_of(node) and f"//{_address_of(node)}:" in node_url:
                own = f"{node_url}/session/{session}"
                with contextlib.suppress(GridFault), translated_engine(str(node.name)):
                    command = ["curl", "--silent", "--fail", "--max-time", "20", "--request", "DELETE", own]
                    return bool(node.exec_run(command).exit_code == 0)
        return False

    def gateway(self) -> str | None:
        """This machine's address on the nodes' network; None where the engine does not say."""
        with translated_engine(self.parts.node_network):
            try:
                network = self.client.networks.get(self.parts.node_network)
            except NotFound:
                return None
        ranges = (network.attrs.get("IPAM") or {}).get("Config") or [{}]
        address = ranges[0].get("Gateway")
        return str(address) if address else None


# --------------------------------------------------------------------------------------------------- reading containers


def number_of(name: str | None) -> int:
    """The number at the end of a part's name; 0 without one."""
    tail = (name or "").rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0


def slots_of(hub: Any) -> int:
    """Sessions at once of each of a hub's nodes."""
    return int(hub.labels.get(LABEL_SLOTS, "1"))


def restarts_of(container: Any) -> int:
    """How often the engine has restarted a container that crashed."""
    return int(container.attrs.get("RestartCount", 0))


def url_of_node(node: Any) -> str:
    """How hubs reach a node."""
    return f"http://{_address_of(node)}:5555"


def _url_of(hub: Any) -> str:
    published = (hub.attrs["NetworkSettings"].get("Ports") or {}).get(f"{HUB_PORT}/tcp") or [{}]
    return f"http://127.0.0.1:{published[0].get('HostPort', 0)}"


def _address_of(node: Any) -> str:
    networks = node.attrs["NetworkSettings"].get("Networks") or {}
    return next((str(network["IPAddress"]) for network in networks.values() if network.get("IPAddress")), "")


def _unregistered(node: Any) -> NodeStatus:
    is_running = node.status in {"running", "created", "restarting"}
    state = NodeState.STARTING if is_running else NodeState.STOPPED
    return NodeStatus(name=str(node.name), state=state, detail="" if is_running else explain_end(node))


def explain_end(container: Any) -> str:
    """Why a container that should run does not."""
    state = container.attrs.get("State") or {}
    if container.status == "paused":
        return "is paused"
    if container.status in {"created", "restarting"}:
        return f"is {container.status}"
    memory = ", out of memory" if state.get("OOMKilled") else ""
    return f"its container ended with {state.get('ExitCode', '?')}{memory}"


def last_words(container: Any) -> str:
    """What a container logged last, on one line."""
    with contextlib.suppress(GridFault), translated_engine(str(container.name)):
        lines = container.logs(tail=5).decode(errors="replace").split("\n")
        return " / ".join(line.strip()[:200] for line in lines if line.strip())[-500:] or "it said nothing"
    return "it said nothing"


# ---------------------------------------------------------------------------------------------------- at the same time


def run_all(jobs: Sequence[Callable[[], None]]) -> None:
    """All of them, AT_ONCE at a time; raises what the first that failed raised, after all have ended.

    Ctrl-C waits for those that have begun: what the engine was told to make it makes, and only then can it be taken
    away.
    """
    pool = ThreadPoolExecutor(AT_ONCE)
    futures = [pool.submit(job) for job in jobs]
    try:
        wait(futures)
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        wait([future for future in futures if not future.cancelled()], timeout=ENGINE_TIMEOUT_S)
        raise
    finally:
        pool.shutdown(wait=False)
    for future in futures:
        future.result()
