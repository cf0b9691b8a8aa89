"""`gridrunner grid --driver docker`: hubs and Chrome nodes in containers of one Docker engine.

Owns the order in which parts are made and taken away; what a part is, is `docker_parts`. Invariants: only what carries
the grid's label is touched; whatever a call made is taken away again when that call fails; every wait is bounded.
"""

from __future__ import annotations

import contextlib
import io
import socket
import tarfile
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from typing import Any

import docker
from docker.errors import NotFound
from msgspec.structs import replace

from gridrunner.errors import GridFault, UsageError
from gridrunner.grid.drivers.choosing import DriverSettings
from gridrunner.grid.drivers.docker.engine import ENGINE_TIMEOUT_S, PortTaken, connect, find_image, translated_engine
from gridrunner.grid.drivers.docker.parts import (
    HUB_IMAGE,
    HUB_PORT,
    LABEL_GRID,
    LABEL_HUB,
    LABEL_INTERNET,
    LABEL_OWNER,
    LABEL_ROLE,
    LABEL_SLOTS,
    NODE_IMAGE,
    SECRET_FOLDER,
    SECRET_GID,
    SECRET_UID,
    GridParts,
    ImageFacts,
    hub_options,
    node_options,
    read_image,
)
from gridrunner.grid.drivers.docker.run import open_docker_grid
from gridrunner.grid.drivers.protocol import GridSize, OpenGrid, RunDemand, Say
from gridrunner.grid.drivers.table import DOCKER
from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.hubs.owners import is_over
from gridrunner.grid.hubs.reaping import reap_sessions
from gridrunner.grid.secret import FILE_NAME, forget_secret, make_secret, secret_path
from gridrunner.grid.status import GridStatus, HubAddress, HubStatus, NodeState, NodeStatus
from gridrunner.planning.limits import NODES_PER_HUB

BUILD_HINT = "build it with docker/build.sh, or name another with --hub-image and --node-image"

AT_ONCE = 4
"""Containers made or removed at the same time; the engine puts more in a row anyway (20.10, 2026-11-26)."""

LOOK_EVERY_S = 0.5
SAY_EVERY_S = 5.0
PORT_TRIES = 5
"""A free port may be taken by somebody else before the container has it."""

DRAIN_TIMEOUT_S = 150.0
"""A node ends its sessions first: a visit and its chunk, and the images' own bound of 120 s (SE_NODE_DRAIN_TIMEOUT)."""


def make_driver(settings: DriverSettings) -> DockerDriver:
    """The driver of the engine that the environment names. Raises UsageError without one."""
    return DockerDriver(settings, connect(settings.env))


class DockerDriver:
    """The grid of one name on one engine."""

    def __init__(self, settings: DriverSettings, client: docker.DockerClient, *, owner: str = "") -> None:
        self._settings, self._client = settings, client
        self._parts = GridParts(grid=settings.name, has_internet=settings.has_internet, owner=owner)
        self._secret_path = secret_path(settings.name, settings.env)

    # ---------------------------------------------------------------------------------------------------------- commands

    def up(self, size: GridSize, say: Say, *, enough_nodes: int | None = None) -> GridStatus:
        """Bring the grid up, or to `size`; returns when `enough_nodes` (None: all) are ready. A grid that is up keeps
        its hubs. Raises UsageError for images or sizes that cannot be, GridFault when it does not come up.
        """
        self._require_possible(size)
        hub_image, node_image = self._find_images()
        self._take_down_crashed(say)
        self._require_same_hubs(size)
        is_new = not self._containers("hub")
        made: list[Any] = []
        try:
            _run_all([self._make_networks])
            if is_new:
                _run_all([lambda: self._make_secret(hub_image)])
            _run_all([lambda: self._make_hubs(hub_image, size.hubs, made, say)])
            self._make_nodes(node_image, size, made, say)
            status = self._wait_until_ready(size, say, enough_nodes)
        except BaseException:
            if is_new:
                say(f"grid {self._parts.grid}: taking away what was made so far")
                self.down(lambda _text: None)
            else:
                self._remove(made)
            raise
        say(f"grid {self._parts.grid} is up: {len(status.hubs)} hubs, {status.slots_up} slots")
        return status

    def status(self) -> GridStatus:
        """The containers that carry the grid's label, and what their hubs say."""
        hubs, nodes = self._containers("hub"), self._containers("node")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            seen = list(pool.map(lambda hub: self._hub_status(hub, nodes), hubs))
        stray = "" if hubs or not nodes else f"{len(nodes)} nodes are left of it: gridrunner grid down"
        return GridStatus(name=self._parts.grid, driver=DOCKER, hubs=tuple(seen), detail=stray)

    def scale(self, nodes: int, say: Say) -> GridStatus:
        """Have `nodes` nodes; those with the fewest sessions go first, and end their sessions before."""
        hubs = self._require_up()
        slots = int(hubs[0].labels.get(LABEL_SLOTS, "1"))
        size = GridSize(hubs=len(hubs), nodes=nodes, slots_per_node=slots)
        surplus = len(self._running("node")) - nodes
        if surplus <= 0:
            return self.up(size, say)
        status = self.status()
        fewest = sorted(
            (node for node in status.nodes if node.state is not NodeState.STOPPED),
            key=lambda node: (sum(slot.session is not None for slot in node.slots), -_number_of(node.name)),
        )
        self._drain([node.name for node in fewest[:surplus]], say)
        return self.status()

    def drain(self, node: str | None, say: Say) -> GridStatus:
        """Drain one node or all and remove their containers when they have left."""
        self._require_up()
        names = [found.name for found in self.status().nodes if found.state is not NodeState.STOPPED]
        if node is not None and node not in names:
            known = ", ".join(names) or "none"
            raise UsageError(f"{node}: grid {self._parts.grid} has no such node", hint=f"it has {known}"[:300])
        self._drain(names if node is None else [node], say)
        return self.status()

    def reap(self, runs: Collection[str], say: Say) -> int:
        """End sessions of runs that are over, and take down grids that a run made for itself and did not outlive."""
        self._take_down_crashed(say)
        ended = reap_sessions(self.hub_clients(), runs)
        say(f"ended {ended} sessions of runs that are over")
        return ended

    def down(self, say: Say) -> None:
        """Remove everything that carries the grid's label, at once."""
        with translated_engine(self._parts.grid):
            containers = self._containers()
            self._remove(containers)
            for network in self._client.networks.list(filters=self._filter()):
                network.remove()
            for volume in self._client.volumes.list(filters=self._filter()):
                volume.remove(force=True)
        forget_secret(self._secret_path)
        say(f"grid {self._parts.grid}: {len(containers)} containers removed" if containers else
            f"grid {self._parts.grid}: there is nothing of it")  # fmt: skip

    def open_for_run(self, demand: RunDemand, say: Say) -> AbstractContextManager[OpenGrid]:
        """The grid that is up, or one for this run alone."""
        return open_docker_grid(self, demand, say)

    # --------------------------------------------------------------------------------------------------- for runs and tests

    def for_run(self, run: str, owner: str, *, has_internet: bool) -> DockerDriver:
        """A driver of a grid of its own, which is `owner`'s and dies with it."""
        name = f"{self._parts.grid}-{run}"
        settings = replace(self._settings, name=name, has_internet=has_internet)
        return DockerDriver(settings, self._client, owner=owner)

    @property
    def name(self) -> str:
        """The grid's name."""
        return self._parts.grid

    def is_up(self) -> bool:
        """Whether a hub of the grid runs."""
        return bool(self._running("hub"))

    def reaches_internet(self) -> bool:
        """Whether the nodes of the grid that is up do."""
        return any(LABEL_INTERNET in hub.labels for hub in self._containers("hub"))

    def hub_addresses(self) -> list[HubAddress]:
        """How the hubs that run are talked to."""
        return [
            HubAddress(
                url=_url_of(hub),
                name=str(hub.name),
                secret_file=self._secret_path,
                end_at_node=self.end_at_node,
            )
            for hub in self._running("hub")
        ]

    def hub_clients(self) -> list[HubClient]:
        """A client of each hub that runs."""
        return [HubClient(access) for access in self.hub_addresses()]

    def gateway(self) -> str | None:
        """This machine's address on the nodes' network; None where the engine does not say."""
        with translated_engine(self._parts.node_network):
            try:
                network = self._client.networks.get(self._parts.node_network)
            except NotFound:
                return None
        ranges = (network.attrs.get("IPAM") or {}).get("Config") or [{}]
        found = ranges[0].get("Gateway")
        return str(found) if found else None

    def containers(self) -> list[Any]:
        """The SDK's objects of all containers of the grid."""
        return self._containers()

    def end_at_node(self, node_url: str, session: str) -> bool:
        """End a session that its hub has forgotten, inside the node's own container; False when it is not there."""
        for node in self._running("node"):
            if _address_of(node) and f"//{_address_of(node)}:" in node_url:
                own = f"{node_url}/session/{session}"
                with contextlib.suppress(GridFault), translated_engine(str(node.name)):
                    command = ["curl", "--silent", "--fail", "--max-time", "20", "--request", "DELETE", own]
                    return bool(node.exec_run(command).exit_code == 0)
        return False

    # ------------------------------------------------------------------------------------------------------------ looking

    def _filter(self, role: str | None = None) -> dict[str, str | list[str] | bool]:
        labels = [f"{LABEL_GRID}={self._parts.grid}"]
        return {"label": labels + ([f"{LABEL_ROLE}={role}"] if role else [])}

    def _containers(self, role: str | None = None) -> list[Any]:
        with translated_engine(self._parts.grid):
            found = self._client.containers.list(all=True, filters=self._filter(role), ignore_removed=True)
        return sorted(found, key=lambda container: _number_of(container.name))

    def _running(self, role: str) -> list[Any]:
        return [container for container in self._containers(role) if container.status in {"running", "restarting"}]

    def _hub_status(self, hub: Any, nodes: Sequence[Any]) -> HubStatus:
        mine = [node for node in nodes if node.labels.get(LABEL_HUB) == hub.name]
        if hub.status != "running":
            seen = HubStatus(name=str(hub.name), url="", is_up=False, detail=_explain_end(hub))
        else:
            seen = HubClient(HubAddress(url=_url_of(hub), name=str(hub.name))).status()
        registered = {node.url: node for node in seen.nodes}
        found: list[NodeStatus] = []
        for node in mine:
            url = f"http://{_address_of(node)}:5555"
            known = registered.pop(url, None)
            found.append(replace(known, name=str(node.name)) if known is not None else _unregistered(node))
        return replace(seen, nodes=(*found, *registered.values()))

    def _require_up(self) -> list[Any]:
        hubs = self._running("hub")
        if not hubs:
            raise UsageError(
                f"grid {self._parts.grid} is not up", hint="bring it up: gridrunner grid up --driver docker"
            )
        return hubs

    # ----------------------------------------------------------------------------------------------------------- checking

    def _require_possible(self, size: GridSize) -> None:
        if size.nodes > size.hubs * NODES_PER_HUB:
            least = -(-size.nodes // NODES_PER_HUB)
            raise UsageError(
                f"{size.nodes} nodes are too many for {size.hubs} hubs: {NODES_PER_HUB} per hub at most",
                hint=f"use --hubs {least} or more",
            )
        if size.nodes < size.hubs:
            raise UsageError(f"{size.nodes} nodes leave a hub of {size.hubs} without any", hint="use more --nodes")

    def _find_images(self) -> tuple[ImageFacts, ImageFacts]:
        names = (self._settings.hub_image or HUB_IMAGE, self._settings.node_image or NODE_IMAGE)
        hub, node = (read_image(name, find_image(self._client, name, BUILD_HINT).attrs) for name in names)
        if hub.selenium and node.selenium and hub.selenium != node.selenium:
            raise UsageError(
                f"hub and node do not fit: {hub.name} has Selenium {hub.selenium}, {node.name} has {node.selenium}",
                hint="build both with docker/build.sh, or give both images the same tag",
            )
        return hub, node

    def _require_same_hubs(self, size: GridSize) -> None:
        hubs = self._running("hub")
        if not hubs:
            return
        is_online = self.reaches_internet()
        now = (len(hubs), int(hubs[0].labels.get(LABEL_SLOTS, "1")), is_online)
        wanted = (size.hubs, size.slots_per_node, is_online or self._parts.has_internet)
        if now != wanted:
            raise UsageError(
                f"grid {self._parts.grid} is up with {now[0]} hubs and {now[1]} slots a node"
                f"{'' if is_online else ', without internet'}; only its nodes can be changed",
                hint="take it down first (gridrunner grid down), or give another --grid-name",
            )

    def _take_down_crashed(self, say: Say) -> None:
        """Grids of any name that runs made for themselves, where the run is gone."""
        with translated_engine("containers"):
            marked = self._client.containers.list(all=True, filters={"label": [LABEL_OWNER]}, ignore_removed=True)
            networks = self._client.networks.list(filters={"label": [LABEL_OWNER]})
        labels = [container.labels for container in marked]
        labels += [network.attrs.get("Labels") or {} for network in networks]
        crashed = {found[LABEL_GRID] for found in labels if LABEL_GRID in found and is_over(found[LABEL_OWNER])}
        for grid in sorted(crashed):
            say(f"grid {grid} was made for a run that is over: taking it down")
            DockerDriver(replace(self._settings, name=grid), self._client).down(lambda _text: None)

    # ------------------------------------------------------------------------------------------------------------- making

    def _make_networks(self) -> None:
        wanted = {self._parts.node_network: not self._parts.has_internet, self._parts.front_network: False}
        for name, is_internal in wanted.items():
            with translated_engine(name):
                if not self._client.networks.list(names=[f"^{name}$"]):
                    self._client.networks.create(
                        name, driver="bridge", internal=is_internal, labels=self._parts.labels("network")
                    )

    def _make_secret(self, image: ImageFacts) -> None:
        """A new secret, in a file of this user's and in a volume that only the grid's containers mount."""
        secret = make_secret(self._secret_path)
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

    def _make_hubs(self, image: ImageFacts, count: int, made: list[Any], say: Say) -> None:
        there = {container.name for container in self._running("hub")}
        self._remove([hub for hub in self._containers("hub") if hub.name not in there])
        for number in range(1, count + 1):
            if self._parts.hub(number) in there:
                continue
            say(f"starting hub {self._parts.hub(number)}")
            self._make_hub(image, number, made)

    def _make_hub(self, image: ImageFacts, number: int, made: list[Any]) -> None:
        wanted = None if self._settings.first_port is None else self._settings.first_port + number - 1
        for attempt in range(1, PORT_TRIES + 1):
            name = self._parts.hub(number)
            with translated_engine(name):
                hub = self._client.containers.create(**hub_options(self._parts, image, number, wanted or _free_port()))
                made.append(hub)
                self._client.networks.get(self._parts.node_network).connect(hub, aliases=[name])
            try:
                with translated_engine(name):
                    hub.start()
            except PortTaken:
                self._remove([made.pop()])
                if wanted is not None or attempt == PORT_TRIES:
                    raise
            else:
                return

    def _make_nodes(self, image: ImageFacts, size: GridSize, made: list[Any], say: Say) -> None:
        running = self._running("node")
        self._remove([node for node in self._containers("node") if node.name not in {each.name for each in running}])
        self._forget_gone_nodes(running)
        there = {_number_of(node.name) for node in running}
        free = (number for number in range(1, size.nodes + len(there) + 1) if number not in there)
        numbers = [next(free) for _ in range(size.nodes - len(there))]
        if not numbers:
            return
        say(f"starting {len(numbers)} nodes with {size.slots_per_node} slots each")
        load = {self._parts.hub(number): 0 for number in range(1, size.hubs + 1)}
        for node in running:
            load[node.labels[LABEL_HUB]] = load.get(node.labels[LABEL_HUB], 0) + 1

        def make(number: int, hub: str) -> None:
            options = node_options(self._parts, image, number, hub, size.slots_per_node)
            with translated_engine(options["name"]):
                node = self._client.containers.create(**options)
                made.append(node)
                node.start()

        jobs: list[Callable[[], None]] = []
        for number in numbers:
            hub = min(load, key=lambda name: load[name])
            load[hub] += 1
            jobs.append(lambda number=number, hub=hub: make(number, hub))  # type: ignore[misc]
        _run_all(jobs)

    def _forget_gone_nodes(self, running: Sequence[Any]) -> None:
        """Have the hubs forget nodes of ours whose containers are gone, instead of when their heartbeats are missed."""
        there = {f"http://{_address_of(node)}:5555" for node in running}
        for client in self.hub_clients():
            with contextlib.suppress(GridFault, UsageError):
                for node in client.nodes(timeout_s=3.0):
                    if node.name.startswith(self._parts.node(0)[:-1]) and node.url not in there:
                        client.remove_node(node.id)

    def _wait_until_ready(self, size: GridSize, say: Say, enough_nodes: int | None) -> GridStatus:
        wanted = size.nodes if enough_nodes is None else min(enough_nodes, size.nodes)
        started_s = said_s = time.monotonic()
        while True:
            status = self.status()
            missing = [hub.name for hub in status.hubs if not hub.is_up]
            ready = sum(node.state is NodeState.UP for node in status.nodes)
            if not missing and ready >= wanted:
                _require_same_versions(status)
                return status
            waited_s = time.monotonic() - started_s
            what = f"hub {', '.join(missing)}" if missing else f"nodes: {ready} of {wanted} have joined"
            self._require_alive(status)
            if waited_s > self._settings.timeout_s:
                raise GridFault(
                    f"grid {self._parts.grid} was not ready within {self._settings.timeout_s:.0f} s; waiting for {what}",
                    hint="give it longer with --timeout, or see `docker logs` of what is missing",
                )
            if time.monotonic() - said_s >= SAY_EVERY_S:
                said_s = time.monotonic()
                say(f"waiting for {what} ({waited_s:.0f} s of {self._settings.timeout_s:.0f} s)")
            time.sleep(LOOK_EVERY_S)

    def _require_alive(self, status: GridStatus) -> None:
        """A container that ends while it is waited for will not come: its last words say why."""
        names = {hub.name for hub in status.hubs if not hub.is_up}
        names |= {node.name for node in status.nodes if node.state is NodeState.STOPPED}
        for container in self._containers():
            crashes = int(container.attrs.get("RestartCount", 0))
            if container.name in names and (container.status in {"exited", "dead"} or crashes >= 2):
                raise GridFault(f"{container.name}: {_explain_end(container)}: {_last_words(container)}")

    # -------------------------------------------------------------------------------------------------------- taking away

    def _drain(self, names: Sequence[str], say: Say) -> None:
        """Have nodes leave and remove their containers, in parallel; one that does not leave in time is removed too."""
        clients = {client.name: client for client in self.hub_clients()}
        status = self.status()
        leaving = {node.name: (hub, node) for hub in status.hubs for node in hub.nodes if node.name in names}
        for hub, node in leaving.values():
            if node.id and node.state is not NodeState.DRAINING:
                say(f"draining {node.name}: {sum(slot.session is not None for slot in node.slots)} sessions go on")
                clients[hub.name].drain_node(node.id)
        deadline_s = said_s = time.monotonic()
        deadline_s += DRAIN_TIMEOUT_S
        while left := [node for node in self._running("node") if node.name in leaving and leaving[node.name][1].id]:
            now_s = time.monotonic()
            if now_s >= deadline_s:
                say(f"{', '.join(node.name for node in left)}: still busy after {DRAIN_TIMEOUT_S:.0f} s, removed now")
                break
            if now_s - said_s >= SAY_EVERY_S:
                said_s = now_s
                say(f"waiting for {', '.join(node.name for node in left)} to end their sessions")
            time.sleep(LOOK_EVERY_S)
        self._remove([node for node in self._containers("node") if node.name in leaving])

    def _remove(self, containers: Sequence[Any]) -> None:
        def remove(container: Any) -> None:
            with translated_engine(container.name), contextlib.suppress(NotFound):
                container.remove(force=True, v=True)

        _run_all([lambda container=container: remove(container) for container in containers])  # type: ignore[misc]


# ------------------------------------------------------------------------------------------------------------- helpers


def _run_all(jobs: Sequence[Callable[[], None]]) -> None:
    """All of them, AT_ONCE at a time; raises what the first that failed raised, after all have ended.

    Ctrl-C waits for those that have begun: what the engine was told to make it makes, and only then can it be taken away.
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


def _number_of(name: str | None) -> int:
    tail = (name or "").rpartition("-")[2]
    return int(tail) if tail.isdigit() else 0


def _url_of(hub: Any) -> str:
    published = (hub.attrs["NetworkSettings"].get("Ports") or {}).get(f"{HUB_PORT}/tcp") or [{}]
    return f"http://127.0.0.1:{published[0].get('HostPort', 0)}"


def _address_of(node: Any) -> str:
    networks = node.attrs["NetworkSettings"].get("Networks") or {}
    return next((str(network["IPAddress"]) for network in networks.values() if network.get("IPAddress")), "")


def _unregistered(node: Any) -> NodeStatus:
    is_running = node.status in {"running", "created", "restarting"}
    state = NodeState.STARTING if is_running else NodeState.STOPPED
    return NodeStatus(name=str(node.name), state=state, detail="" if is_running else _explain_end(node))


def _explain_end(container: Any) -> str:
    state = container.attrs.get("State") or {}
    if container.status == "paused":
        return "is paused"
    if container.status in {"created", "restarting"}:
        return f"is {container.status}"
    memory = ", out of memory" if state.get("OOMKilled") else ""
    return f"its container ended with {state.get('ExitCode', '?')}{memory}"


def _last_words(container: Any) -> str:
    with contextlib.suppress(GridFault), translated_engine(str(container.name)):
        lines = container.logs(tail=5).decode(errors="replace").split("\n")
        return " / ".join(line.strip()[:200] for line in lines if line.strip())[-500:] or "it said nothing"
    return "it said nothing"


def _require_same_versions(status: GridStatus) -> None:
    for hub in status.hubs:
        for node in hub.nodes:
            theirs, ours = node.version.partition(" ")[0], hub.version.partition(" ")[0]
            if theirs and ours and theirs != ours:
                raise GridFault(
                    f"{node.name} runs Selenium {theirs} and its hub {hub.name} {ours}",
                    hint="give hub and node images of the same version",
                )


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
