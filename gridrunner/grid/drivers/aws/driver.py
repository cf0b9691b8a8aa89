"""The fleet on AWS as a grid: hubs that terraform made, and nodes in auto scaling groups that are raised and lowered.

What it starts and ends are instances of those groups, by their desired capacity alone; limits, images and networks stay
terraform's. An instance that goes is drained by its agent first (lifecycle hook), so lowering loses no session.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.aws.clients import Aws, translated
from gridrunner.errors import GridFault, GridrunnerError, UsageError
from gridrunner.grid.drivers.aws.fleet import FleetFile, FleetHub, read_fleet
from gridrunner.grid.drivers.aws.groups import NodeGroup, NodeGroups
from gridrunner.grid.drivers.aws.metering import Meter
from gridrunner.grid.drivers.aws.scaling import (
    GroupView,
    deal_out,
    explain_shortage,
    lower_to,
    raise_to,
    weigh_progress,
)
from gridrunner.grid.drivers.choosing import DriverSettings
from gridrunner.grid.drivers.protocol import GridSize, InstanceUse, OpenGrid, RunDemand, Say
from gridrunner.grid.drivers.table import AWS
from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.hubs.reaping import reap_sessions
from gridrunner.grid.status import GridStatus, HubAddress, HubStatus, NodeState, NodeStatus
from gridrunner.text import count_of

_LOGGER = logging.getLogger(__name__)

POLL_S = 5.0
"""How often groups and hubs are looked at while nodes come or go: a node takes a minute or two."""

METER_S = 20.0
"""How often instances are counted during a run: one call per hub, far below AWS' limits, and exact to 20 s."""

CLOCK_SKEW = timedelta(seconds=30)
"""This machine's clock may be ahead of AWS': activities so long before the request still count as its own."""


def make_driver(settings: DriverSettings) -> AwsDriver:
    """The driver of the fleet that --fleet names. Raises UsageError without one."""
    fleet = read_fleet(settings.fleet)
    return AwsDriver(fleet, Aws(fleet.region), timeout_s=settings.scale_timeout_s, host_address=settings.host_address)


class AwsDriver:
    """One fleet. Everything raises AwsRefused and AwsFault for what AWS answers."""

    def __init__(
        self,
        fleet: FleetFile,
        aws: Aws,
        *,
        timeout_s: float,
        host_address: str | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        self._fleet, self._aws, self._timeout_s, self._poll_s = fleet, aws, timeout_s, poll_s
        self._host_address = host_address
        self._groups = NodeGroups(aws, fleet)
        self._clients: dict[str, HubClient] = {}

    # ----------------------------------------------------------------------------------------------- gridrunner grid …

    def up(self, size: GridSize, say: Say) -> GridStatus:
        """Have `size.nodes` nodes; hubs are terraform's."""
        return self.scale(size.nodes, say)

    def status(self) -> GridStatus:
        """Hubs and nodes, and instances that no hub knows yet."""
        groups = self._groups.read()
        addresses = self._groups.addresses(groups)
        hubs = tuple(
            _join_instances(self._client(hub).status(), group, addresses)
            for hub, group in zip(self._fleet.hubs, groups, strict=True)
        )
        capacity = ", ".join(f"{group.name} {group.desired} ({group.least} to {group.most})" for group in groups)
        return GridStatus(name=self._fleet.name, driver=AWS, hubs=hubs, detail=f"capacity: {capacity}")

    def scale(self, nodes: int, say: Say) -> GridStatus:
        """Have `nodes` nodes in all, and wait until they are registered in their hubs, or have gone.

        Raises UsageError beyond the fleet's limits; GridFault, with AWS' reason, when they do not come in time.
        """
        groups = self._groups.read()
        shares = deal_out(nodes, [group.limits for group in groups])
        since = datetime.now(UTC) - CLOCK_SKEW
        self._set_desired(groups, shares, say)
        self._wait(since, say)
        return self.status()

    def drain(self, node: str | None, say: Say) -> GridStatus:
        """Have a node's instance go (by the name or instance id that the status shows), or every node of the fleet."""
        if node is None:
            return self.scale(sum(group.least for group in self._groups.read()), say)
        status = self.status()
        for hub in status.hubs:
            for known in hub.nodes:
                if node in {known.name, known.id}:
                    self._drain_node(hub, known, say)
                    return self.status()
        raise UsageError(f"there is no node {node}", hint="gridrunner grid status --driver aws names them")

    def reap(self, runs: Collection[str], say: Say) -> int:
        """End the sessions of runs that are over, and of `runs`. Of runs on other machines it cannot be known."""
        ended = reap_sessions([self._client(hub) for hub in self._fleet.hubs], runs)
        say(f"ended {count_of(ended, 'session')}")
        return ended

    def down(self, say: Say) -> None:
        """Have as few nodes as the fleet may have (none, by default); hubs stay, terraform destroy takes them. Returns
        at once: instances go when their sessions end.
        """
        groups = self._groups.read()
        self._set_desired(groups, {group.name: group.least for group in groups}, say)

    def open_for_run(self, demand: RunDemand, say: Say) -> AbstractContextManager[OpenGrid]:
        """The fleet for one run: raised to `demand.nodes` where it has fewer, lowered again at the end. Returns when
        the first node is registered; the others join while the run goes on.
        """
        return self._open(demand, say)

    # ------------------------------------------------------------------------------------------------------ for a run

    @contextmanager
    def _open(self, demand: RunDemand, say: Say) -> Iterator[OpenGrid]:
        groups = self._groups.read()
        before: dict[str, int] = {}
        since = datetime.now(UTC) - CLOCK_SKEW
        meter = Meter(started_s=time.monotonic(), is_mostly_spot=self._fleet.spot.percent_on_demand < 50)
        try:
            if demand.nodes is not None:
                raised = raise_to(demand.nodes, [group.limits for group in groups])
                # Noted before it is asked for: an answer that got lost must not leave instances running.
                before = {group.name: group.desired for group in groups if raised[group.name] > group.desired}
                self._set_desired(groups, raised, say)
            if demand.nodes is None and not any(group.desired for group in groups):
                raise UsageError(
                    f"fleet {self._fleet.name} has no node",
                    hint="raise it for the run: --scale auto; or by hand: gridrunner grid scale --driver aws --nodes N",
                )
            self._wait_for_first(since, say)
            with _Watch(self._groups, meter, partial_say=say, views=lambda: self._look(since)) as watch:
                secret = self._find_secret()
                yield _OpenFleet(
                    hubs=tuple(self._address(hub, secret) for hub in self._fleet.hubs),
                    host_address=self._host_address,
                    watch=watch,
                )
        finally:
            self._lower(before, demand.run, say)

    def _wait_for_first(self, since: datetime, say: Say) -> None:
        def is_enough(views: Sequence[GroupView]) -> bool:
            return any(view.registered for view in views)

        self._wait(since, say, is_enough=is_enough)

    def _lower(self, before: Mapping[str, int], run: str, say: Say) -> None:
        """Take back what was raised. Never raises: whatever went wrong is said, with what ends the instances then."""
        if not before:
            return
        try:
            groups = self._groups.read()
            busy = {hub.nodes_asg: _count_foreign(self._client(hub).status(), run) for hub in self._fleet.hubs}
            back = lower_to(before, busy, [group.limits for group in groups])
            self._set_desired(groups, back, say)
            held = {name: count for name, count in busy.items() if count > before.get(name, 0) and back.get(name)}
            if held:
                say(f"aws: other runs have sessions on nodes ({sum(held.values())}), which stay")
        except GridrunnerError as error:
            say(
                f"warning: aws: the fleet could not be lowered: {error}. "
                "Do it with `gridrunner grid down --driver aws`; otherwise its idle alarm does"
            )

    # -------------------------------------------------------------------------------------------------------- waiting

    def _set_desired(self, groups: Sequence[NodeGroup], shares: Mapping[str, int], say: Say) -> None:
        for group in groups:
            nodes = shares.get(group.name, group.desired)
            if nodes != group.desired:
                say(f"aws: {group.name}: nodes {group.desired} -> {nodes}")
                self._groups.set_desired(group.name, nodes)

    def _look(self, since: datetime) -> tuple[GroupView, ...]:
        groups = self._groups.read()
        return tuple(self._view(hub, group, since) for hub, group in zip(self._fleet.hubs, groups, strict=True))

    def _view(self, hub: FleetHub, group: NodeGroup, since: datetime) -> GroupView:
        status = self._client(hub).status()
        instances = sum(not instance.is_leaving for instance in group.instances)
        is_short = instances < group.desired
        return GroupView(
            name=group.name,
            desired=group.desired,
            instances=instances,
            leaving=len(group.instances) - instances,
            registered=sum(node.state is NodeState.UP for node in status.nodes),
            failures=self._groups.failures(group.name, since) if is_short else (),
            hub_problem="" if status.is_up else status.detail,
        )

    def _wait(
        self, since: datetime, say: Say, *, is_enough: Callable[[Sequence[GroupView]], bool] | None = None
    ) -> None:
        """Until all is as it is to be, or `is_enough`. Raises GridFault with the reason when it does not get there."""
        end_s, said = time.monotonic() + self._timeout_s, ""
        pause = threading.Event()
        while True:
            views = self._look(since)
            progress = weigh_progress(views)
            if progress.line != said:
                said = progress.line
                say(f"aws: {said}")
            if progress.is_done or (is_enough is not None and is_enough(views)):
                return
            if progress.problem:
                raise GridFault(f"aws: no more nodes can be had: {progress.problem}", hint=_SHORTAGE_HINT)
            if time.monotonic() >= end_s:
                if all(view.registered >= view.desired and view.instances <= view.desired for view in views):
                    say("aws: instances that go are still draining; they end with their last session")
                    return
                raise GridFault(
                    f"aws: after {self._timeout_s:g} s {progress.line.partition(',')[0]}: {explain_shortage(views)}",
                    hint=_SHORTAGE_HINT,
                )
            pause.wait(self._poll_s)

    def _drain_node(self, hub: HubStatus, node: NodeStatus, say: Say) -> None:
        if node.name.startswith("i-"):
            say(f"aws: {node.name} ends its sessions and goes; its group is one smaller")
            self._groups.remove(node.name)
            return
        say(f"{hub.name}: draining node {node.name}; no instance of the fleet has its address")
        fleet_hub = next(candidate for candidate in self._fleet.hubs if candidate.name == hub.name)
        HubClient(self._address(fleet_hub, self._read_secret())).drain_node(node.id)

    def _address(self, hub: FleetHub, secret: str | None = None) -> HubAddress:
        return HubAddress(url=hub.url, name=hub.name, secret=secret)

    def _client(self, hub: FleetHub) -> HubClient:
        if hub.name not in self._clients:
            self._clients[hub.name] = HubClient(self._address(hub))
        return self._clients[hub.name]

    def _find_secret(self) -> str | None:
        """The registration secret for a run, which lets it evict dead nodes; None where it may not be read."""
        try:
            return self._read_secret() if self._fleet.secret_parameter else None
        except GridrunnerError as error:
            _LOGGER.info("dead nodes are not evicted: %s", error)
            return None

    def _read_secret(self) -> str:
        name = self._fleet.secret_parameter
        with translated("ssm:GetParameter", name):
            answer = self._aws.client("ssm").get_parameter(Name=name, WithDecryption=True)
        return str(answer["Parameter"]["Value"])


_SHORTAGE_HINT = (
    "other instance types or zones (terraform variables instance_types, availability_zones), an on-demand base, or a "
    "higher quota; `gridrunner grid down --driver aws` takes back what was asked for"
)


class _OpenFleet(Struct, frozen=True, kw_only=True):
    """The fleet in the hands of one run."""

    hubs: Sequence[HubAddress]
    host_address: str | None
    watch: _Watch

    def keep_evidence(self, folder: Path) -> Sequence[Path]:
        """Nothing: logs of nodes and hubs go to the fleet's log group."""
        del folder
        return ()

    def measure(self) -> tuple[InstanceUse, ...]:
        """What the run has used until now."""
        return self.watch.measure()


class _Watch:
    """A thread that counts instances while a run goes on, and says when all nodes are there or cannot be had."""

    def __init__(
        self, groups: NodeGroups, meter: Meter, *, partial_say: Say, views: Callable[[], Sequence[GroupView]]
    ) -> None:
        self._groups, self._meter, self._say, self._views = groups, meter, partial_say, views
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="aws-meter", daemon=True)

    def __enter__(self) -> Self:
        self._note()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=1.0)  # it may be in a call; the process does not wait for it

    def measure(self) -> tuple[InstanceUse, ...]:
        """What was used until now."""
        self._note()
        with self._lock:
            return self._meter.total()

    def _run(self) -> None:
        while not self._stop.wait(METER_S):
            self._note()
            self._report()

    def _note(self) -> None:
        try:
            instances = self._groups.sight(self._groups.read(), datetime.now(UTC))
        except GridrunnerError as error:
            _LOGGER.warning("instances are not counted: %s", error)
            return
        with self._lock:
            self._meter.note(time.monotonic(), instances)

    def _report(self) -> None:
        try:
            views = self._views()
        except GridrunnerError:
            return
        progress = weigh_progress(views)
        failures = [view for view in views if view.failures]
        line = f"aws: {progress.line}" if progress.is_done or failures else ""
        if line and line != self._said and not (progress.is_done and not self._said):
            self._said = line
            self._say(line)


def _join_instances(hub: HubStatus, group: NodeGroup, addresses: Mapping[str, str]) -> HubStatus:
    """The hub's nodes under their instances' ids, and the instances that are not nodes yet. A node is matched by the
    address that it registered with; instances beyond the number of nodes are starting.
    """
    leaving = {instance.id for instance in group.instances if instance.is_leaving}
    nodes = []
    for node in hub.nodes:
        instance = addresses.get(urlsplit(node.url).hostname or "")
        nodes.append(replace(node, name=instance) if instance else node)
    known = {node.name for node in nodes}
    rest = [instance.id for instance in group.instances if instance.id not in known and instance.id not in leaving]
    unmatched = sum(node.name not in addresses.values() for node in nodes)
    starting = rest[unmatched:] if hub.is_up else rest
    nodes += [NodeStatus(name=name, state=NodeState.STARTING, detail="not registered yet") for name in starting]
    return replace(hub, nodes=tuple(nodes))


def _count_foreign(hub: HubStatus, run: str) -> int:
    """Nodes with sessions that are not of `run`."""
    return sum(any(slot.session is not None and slot.session.run != run for slot in node.slots) for node in hub.nodes)
