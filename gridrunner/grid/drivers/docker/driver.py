"""`gridrunner grid --driver docker`: hubs and Chrome nodes in containers of one Docker engine.

Owns the order in which parts are made, waited for and taken away; what a part is, is `parts`, what there is of a grid
is `grid`. Invariants: whatever a call made is taken away again when that call fails; every wait is bounded.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import docker
from msgspec.structs import replace

from gridrunner.errors import GridFault, UsageError
from gridrunner.grid.drivers.choosing import DriverSettings
from gridrunner.grid.drivers.docker.engine import connect, find_image, translated_engine
from gridrunner.grid.drivers.docker.grid import DockerGrid, explain_end, last_words, number_of, restarts_of, slots_of
from gridrunner.grid.drivers.docker.making import GridMaker
from gridrunner.grid.drivers.docker.parts import (
    HUB_IMAGE,
    LABEL_GRID,
    LABEL_OWNER,
    NODE_IMAGE,
    GridParts,
    ImageFacts,
    read_image,
)
from gridrunner.grid.drivers.docker.run import DockerOpenGrid, choose_size, take_over
from gridrunner.grid.drivers.protocol import GridSize, RunDemand, Say
from gridrunner.grid.hubs.owners import is_over, owner_token
from gridrunner.grid.hubs.reaping import reap_sessions
from gridrunner.grid.secret import secret_path
from gridrunner.grid.status import GridStatus, NodeState
from gridrunner.planning.constants import NODES_PER_HUB
from gridrunner.text import count_of

BUILD_HINT = "build it with docker/build.sh, or name another with --hub-image and --node-image"

LOOK_EVERY_S = 0.5
SAY_EVERY_S = 5.0

DRAIN_TIMEOUT_S = 150.0
"""A node ends its sessions first: a visit and its chunk, and the images' own bound of 120 s (SE_NODE_DRAIN_TIMEOUT)."""


def make_driver(settings: DriverSettings) -> DockerDriver:
    """The driver of the engine that the environment names. Raises UsageError without one."""
    return DockerDriver(settings, connect(settings.env))


class DockerDriver:
    """The grid of one name on one engine: the order in which its parts are made, waited for and taken away."""

    def __init__(self, settings: DriverSettings, client: docker.DockerClient, *, owner: str = "") -> None:
        self._settings, self._client = settings, client
        parts = GridParts(grid=settings.name, has_internet=settings.has_internet, owner=owner)
        self.grid = DockerGrid(client, parts, secret_path(settings.name, settings.env))

    def up(self, size: GridSize, say: Say, *, enough_nodes: int | None = None) -> GridStatus:
        """Bring the grid up, or to `size`; returns when `enough_nodes` (None: all) are ready. A grid that is up keeps
        its hubs. Raises UsageError for images or sizes that cannot be, GridFault when it does not come up.
        """
        _require_possible(size)
        hub_image, node_image = self._find_images()
        self._take_down_crashed(say)
        self._require_same_hubs(size)
        is_new = not self.grid.containers("hub")
        maker = GridMaker(self.grid, say, first_port=self._settings.first_port)
        try:
            maker.make(size, hub_image, node_image, is_new=is_new)
            status = self._wait_until_ready(size, say, enough_nodes)
        except BaseException:
            if is_new:
                say(f"grid {self.grid.name}: taking away what was made so far")
                self.grid.remove_everything()
            else:
                self.grid.remove(maker.made)
            raise
        say(f"grid {self.grid.name} is up: {count_of(len(status.hubs), 'hub')}, {count_of(status.slots_up, 'slot')}")
        return status

    def status(self) -> GridStatus:
        """The containers that carry the grid's label, and what their hubs say."""
        return self.grid.status()

    def scale(self, nodes: int, say: Say) -> GridStatus:
        """Have `nodes` nodes; those with the fewest sessions go first, and end their sessions before."""
        hubs = self.grid.require_up()
        size = GridSize(hubs=len(hubs), nodes=nodes, slots_per_node=slots_of(hubs[0]))
        surplus = len(self.grid.running("node")) - nodes
        if surplus <= 0:
            return self.up(size, say)
        idlest_first = sorted(
            (node for node in self.status().nodes if node.state is not NodeState.STOPPED),
            key=lambda node: (sum(slot.session is not None for slot in node.slots), -number_of(node.name)),
        )
        self._drain([node.name for node in idlest_first[:surplus]], say)
        return self.status()

    def drain(self, node: str | None, say: Say) -> GridStatus:
        """Drain one node or all and remove their containers when they have left."""
        self.grid.require_up()
        names = [known.name for known in self.status().nodes if known.state is not NodeState.STOPPED]
        if node is not None and node not in names:
            known_names = ", ".join(names) or "none"
            raise UsageError(f"{node}: grid {self.grid.name} has no such node", hint=f"it has {known_names}"[:300])
        self._drain(names if node is None else [node], say)
        return self.status()

    def reap(self, runs: Collection[str], say: Say) -> int:
        """End sessions of runs that are over, and take down grids that a run made for itself and did not outlive."""
        self._take_down_crashed(say)
        ended = reap_sessions(self.grid.hub_clients(), runs)
        say(f"ended {count_of(ended, 'session')} of runs that are over")
        return ended

    def down(self, say: Say) -> None:
        """Remove everything that carries the grid's label, at once."""
        removed = self.grid.remove_everything()
        what = f"{count_of(removed, 'container')} removed" if removed else "there is nothing of it"
        say(f"grid {self.grid.name}: {what}")

    @contextmanager
    def open_for_run(self, demand: RunDemand, say: Say) -> Iterator[DockerOpenGrid]:
        """The grid that is up, or one for this run alone. Raises UsageError when the one that is up has no way to the
        sites.
        """
        if self.grid.is_up():
            if demand.needs_internet and not self.grid.reaches_internet():
                raise UsageError(
                    f"grid {self.grid.name} reaches only replica sites, and this list has others",
                    hint="bring it up with a way out: gridrunner grid down && gridrunner grid up --internet",
                )
            say(f"using grid {self.grid.name}, which is up")
            yield take_over(self.grid)
            return
        own = self._for_run(demand)
        size = choose_size(demand)
        say(f"grid {self.grid.name} is not up: bringing up {count_of(size.nodes, 'node')} for this run")
        own.up(size, say, enough_nodes=1)
        try:
            yield take_over(own.grid)
        finally:
            own.down(say)

    def _for_run(self, demand: RunDemand) -> DockerDriver:
        """A driver of a grid of the run's own, which dies with this process."""
        settings = replace(self._settings, name=f"{self.grid.name}-{demand.run}", has_internet=demand.needs_internet)
        return DockerDriver(settings, self._client, owner=owner_token())

    # --------------------------------------------------------------------------------------------------------- checking

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
        hubs = self.grid.running("hub")
        if not hubs:
            return
        is_online = self.grid.reaches_internet()
        now = (len(hubs), slots_of(hubs[0]), is_online)
        asked = (size.hubs, size.slots_per_node, is_online or self.grid.parts.has_internet)
        if now != asked:
            raise UsageError(
                f"grid {self.grid.name} is up with {count_of(now[0], 'hub')} and {count_of(now[1], 'slot')} per node"
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
        crashed = {marks[LABEL_GRID] for marks in labels if LABEL_GRID in marks and is_over(marks[LABEL_OWNER])}
        for grid in sorted(crashed):
            say(f"grid {grid} was made for a run that is over: taking it down")
            DockerDriver(replace(self._settings, name=grid), self._client).grid.remove_everything()

    # ---------------------------------------------------------------------------------------------------------- waiting

    def _wait_until_ready(self, size: GridSize, say: Say, enough_nodes: int | None) -> GridStatus:
        enough = size.nodes if enough_nodes is None else min(enough_nodes, size.nodes)
        started_s = said_s = time.monotonic()
        while True:
            status = self.status()
            missing = [hub.name for hub in status.hubs if not hub.is_up]
            ready = sum(node.state is NodeState.UP for node in status.nodes)
            if not missing and ready >= enough:
                _require_same_versions(status)
                return status
            waited_s = time.monotonic() - started_s
            what = f"hub {', '.join(missing)}" if missing else f"nodes: {ready} of {enough} have joined"
            self._require_alive(status)
            if waited_s > self._settings.timeout_s:
                raise GridFault(
                    f"grid {self.grid.name} was not ready within {self._settings.timeout_s:.0f} s; waiting for {what}",
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
        for container in self.grid.containers():
            crashes = restarts_of(container)
            if container.name in names and (container.status in {"exited", "dead"} or crashes >= 2):
                raise GridFault(f"{container.name}: {explain_end(container)}: {last_words(container)}")

    # ------------------------------------------------------------------------------------------------------ taking away

    def _drain(self, names: Sequence[str], say: Say) -> None:
        """Have nodes leave and remove their containers, in parallel; one that does not leave in time is removed too."""
        clients = {client.name: client for client in self.grid.hub_clients()}
        status = self.status()
        going = {node.name: (hub, node) for hub in status.hubs for node in hub.nodes if node.name in names}
        for hub, node in going.values():
            if node.id and node.state is not NodeState.DRAINING:
                busy = sum(slot.session is not None for slot in node.slots)
                say(f"draining {node.name}: it has {count_of(busy, 'session')}")
                clients[hub.name].drain_node(node.id)
        deadline_s = said_s = time.monotonic()
        deadline_s += DRAIN_TIMEOUT_S
        while left := [node for node in self.grid.running("node") if node.name in going and going[node.name][1].id]:
            now_s = time.monotonic()
            if now_s >= deadline_s:
                say(f"{', '.join(node.name for node in left)}: still busy after {DRAIN_TIMEOUT_S:.0f} s, removed now")
                break
            if now_s - said_s >= SAY_EVERY_S:
                said_s = now_s
                say(f"waiting for {', '.join(node.name for node in left)} to end their sessions")
            time.sleep(LOOK_EVERY_S)
        self.grid.remove([node for node in self.grid.containers("node") if node.name in going])


def _require_possible(size: GridSize) -> None:
    if size.nodes > size.hubs * NODES_PER_HUB:
        least = -(-size.nodes // NODES_PER_HUB)
        raise UsageError(
            f"{size.nodes} nodes are too many for {count_of(size.hubs, 'hub')}: {NODES_PER_HUB} per hub at most",
            hint=f"use --hubs {least} or more",
        )
    if size.nodes < size.hubs:
        raise UsageError(
            f"{count_of(size.nodes, 'node')} cannot serve {count_of(size.hubs, 'hub')}: each needs one",
            hint="use more --nodes",
        )


def _require_same_versions(status: GridStatus) -> None:
    for hub in status.hubs:
        for node in hub.nodes:
            theirs, ours = node.version.partition(" ")[0], hub.version.partition(" ")[0]
            if theirs and ours and theirs != ours:
                raise GridFault(
                    f"{node.name} runs Selenium {theirs} and its hub {hub.name} {ours}",
                    hint="give hub and node images of the same version",
                )
