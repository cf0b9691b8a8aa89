"""How the parts of a grid are made, each before what needs it: networks, the secret, hubs, nodes.

What a part is, is `parts`. Invariant: what was made stands in `made` from the moment at which the engine has it, so
that a call that fails can take it away again.
"""

from __future__ import annotations

import contextlib
import io
import socket
import tarfile
from collections.abc import Callable, Sequence
from typing import Any

from gridrunner.errors import GridFault, UsageError
from gridrunner.grid.drivers.docker.engine import PortTaken, translated_engine
from gridrunner.grid.drivers.docker.grid import DockerGrid, number_of, run_all, url_of_node
from gridrunner.grid.drivers.docker.parts import (
    LABEL_HUB,
    SECRET_FOLDER,
    SECRET_GID,
    SECRET_UID,
    ImageFacts,
    hub_options,
    node_options,
)
from gridrunner.grid.drivers.protocol import GridSize, Say
from gridrunner.grid.secret import FILE_NAME, make_secret
from gridrunner.text import count_of

PORT_TRIES = 5
"""A free port may be taken by another process before the container has it."""


class GridMaker:
    """Makes what is missing of one grid. `first_port`: of the first hub on 127.0.0.1; None takes free ones."""

    def __init__(self, grid: DockerGrid, say: Say, *, first_port: int | None) -> None:
        self._grid, self._parts, self._client = grid, grid.parts, grid.client
        self._say, self._first_port = say, first_port
        self.made: list[Any] = []

    def make(self, size: GridSize, hub_image: ImageFacts, node_image: ImageFacts, *, is_new: bool) -> None:
        """Bring the grid's containers to `size`; `is_new`: it has no secret yet. Raises GridFault, UsageError."""
        run_all([self._make_networks])
        if is_new:
            run_all([lambda: self._make_secret(hub_image)])
        run_all([lambda: self._make_hubs(hub_image, size.hubs)])
        self._make_nodes(node_image, size)

    def _make_networks(self) -> None:
        networks = {
            self._parts.node_network: not self._parts.has_internet,
            self._parts.front_network: False,
        }
        for name, is_internal in networks.items():
            with translated_engine(name):
                if not self._client.networks.list(names=[f"^{name}$"]):
                    self._client.networks.create(
                        name, driver="bridge", internal=is_internal, labels=self._parts.labels("network")
                    )

    def _make_secret(self, image: ImageFacts) -> None:
        """A new secret, in a file of this user's and in a volume that only the grid's containers mount."""
        secret = make_secret(self._grid.secret_file)
        name = self._parts.secret_volume
        with translated_engine(name):
            self._client.volumes.create(name, labels=self._parts.labels("secret"))
            carrier = self._client.containers.create(
                image.name,
                name=f"{name}-carrier",
                labels=self._parts.labels("secret"),
                volumes={name: {"bind": SECRET_FOLDER, "mode": "rw"}},
            )
            carrier.put_archive(SECRET_FOLDER, _pack_secret(secret))
            carrier.remove(force=True)

    def _make_hubs(self, image: ImageFacts, count: int) -> None:
        there = {container.name for container in self._grid.running("hub")}
        self._grid.remove([hub for hub in self._grid.containers("hub") if hub.name not in there])
        for number in range(1, count + 1):
            if self._parts.hub(number) in there:
                continue
            self._say(f"starting hub {self._parts.hub(number)}")
            self._make_hub(image, number)

    def _make_hub(self, image: ImageFacts, number: int) -> None:
        port = None if self._first_port is None else self._first_port + number - 1
        for attempt in range(1, PORT_TRIES + 1):
            name = self._parts.hub(number)
            with translated_engine(name):
                hub = self._client.containers.create(**hub_options(self._parts, image, number, port or _free_port()))
                self.made.append(hub)
                self._client.networks.get(self._parts.node_network).connect(hub, aliases=[name])
            try:
                with translated_engine(name):
                    hub.start()
            except PortTaken:
                self._grid.remove([self.made.pop()])
                if port is not None or attempt == PORT_TRIES:
                    raise
            else:
                return

    def _make_nodes(self, image: ImageFacts, size: GridSize) -> None:
        running = self._grid.running("node")
        kept = {node.name for node in running}
        self._grid.remove([node for node in self._grid.containers("node") if node.name not in kept])
        self._forget_gone_nodes(running)
        there = {number_of(node.name) for node in running}
        free = (number for number in range(1, size.nodes + len(there) + 1) if number not in there)
        numbers = [next(free) for _ in range(size.nodes - len(there))]
        if not numbers:
            return
        self._say(f"starting {count_of(len(numbers), 'node')} with {count_of(size.slots_per_node, 'slot')} each")
        load = {self._parts.hub(number): 0 for number in range(1, size.hubs + 1)}
        for node in running:
            load[node.labels[LABEL_HUB]] = load.get(node.labels[LABEL_HUB], 0) + 1

        def make(number: int, hub: str) -> None:
            options = node_options(self._parts, image, number, hub, size.slots_per_node)
            with translated_engine(options["name"]):
                node = self._client.containers.create(**options)
                self.made.append(node)
                node.start()

        jobs: list[Callable[[], None]] = []
        for number in numbers:
            hub = min(load, key=lambda name: load[name])
            load[hub] += 1
            jobs.append(lambda number=number, hub=hub: make(number, hub))  # type: ignore[misc]
        run_all(jobs)

    def _forget_gone_nodes(self, running: Sequence[Any]) -> None:
        """Have the hubs forget nodes of ours whose containers are gone, instead of when their heartbeats are missed."""
        there = {url_of_node(node) for node in running}
        for client in self._grid.hub_clients():
            with contextlib.suppress(GridFault, UsageError):
                for node in client.nodes(timeout_s=3.0):
                    if node.name.startswith(self._parts.node(0)[:-1]) and node.url not in there:
                        client.remove_node(node.id)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _pack_secret(secret: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as packed:
        entry = tarfile.TarInfo(FILE_NAME)
        entry.size, entry.mode, entry.uid, entry.gid = len(secret), 0o400, SECRET_UID, SECRET_GID
        packed.addfile(entry, io.BytesIO(secret.encode()))
    return buffer.getvalue()
