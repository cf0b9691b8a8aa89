"""The fleet on AWS as a grid: hubs that terraform made, and nodes in auto scaling groups that are raised and lowered.

What it starts are instances of those groups, by their desired capacity; what it ends are idle ones, by name. How many
there are to be follows from the leases of all runs (`leases`). Limits, images and networks stay terraform's. An
instance that goes is drained by its agent first (lifecycle hook), so lowering loses no session.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlsplit

from msgspec.structs import replace

from gridrunner.aws.clients import Aws, AwsFault, translated
from gridrunner.errors import GridFault, GridrunnerError, UsageError
from gridrunner.grid.drivers.aws.fleet import FleetFile, FleetHub, read_fleet
from gridrunner.grid.drivers.aws.groups import NodeGroup, NodeGroups
from gridrunner.grid.drivers.aws.leases import end_all, set_base
from gridrunner.grid.drivers.aws.leasing import LeaseKeeper, Patience, insist
from gridrunner.grid.drivers.aws.metering import Meter
from gridrunner.grid.drivers.aws.power import HubPower
from gridrunner.grid.drivers.aws.scaling import GroupView, explain_shortage, require_possible, weigh_progress
from gridrunner.grid.drivers.aws.sizing import FleetBook, FleetSize
from gridrunner.grid.drivers.aws.watching import OpenFleet, Watch
from gridrunner.grid.drivers.choosing import DriverSettings
from gridrunner.grid.drivers.protocol import GridSize, OpenGrid, RunDemand, Say
from gridrunner.grid.drivers.table import AWS
from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.hubs.reaping import reap_sessions
from gridrunner.grid.status import GridStatus, HubAddress, HubStatus, NodeState, NodeStatus
from gridrunner.text import count_of

_LOGGER = logging.getLogger(__name__)

POLL_S = 5.0
"""How often groups and hubs are looked at while nodes come or go: a node takes a minute or two."""

CLOCK_SKEW = timedelta(seconds=30)
"""This machine's clock may be ahead of AWS': activities so long before the request still count as its own."""


def make_driver(settings: DriverSettings) -> AwsDriver:
    """The driver of the fleet that --fleet names. Raises UsageError without one."""
    fleet = read_fleet(settings.fleet)
    return AwsDriver(
        fleet,
        Aws(fleet.region),
        timeout_s=settings.scale_timeout_s,
        host_address=settings.host_address,
        hub_ca=settings.hub_ca,
    )


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
        hub_ca: Path | None = None,
    ) -> None:
        """`hub_ca`: the certificates (PEM) that https hubs are checked with."""
        self._fleet, self._aws, self._timeout_s, self._poll_s = fleet, aws, timeout_s, poll_s
        self._host_address = host_address
        self._hub_ca = hub_ca
        self._groups, self._power = NodeGroups(aws, fleet), HubPower(aws, fleet)
        self._clients: dict[str, HubClient] = {}
        self._login: str | None = None

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
        asleep = self._power.asleep()
        hubs = tuple(
            replace(hub, detail="asleep: --scale and `grid up` wake it") if known.instance_id in asleep else hub
            for hub, known in zip(hubs, self._fleet.hubs, strict=True)
        )
        capacity = ", ".join(f"{group.name} {group.desired} ({group.least} to {group.most})" for group in groups)
        return GridStatus(name=self._fleet.name, driver=AWS, hubs=hubs, detail=f"capacity: {capacity}")

    def scale(self, nodes: int, say: Say) -> GridStatus:
        """Have `nodes` nodes in all, and wait until they are registered in their hubs, or have gone.

        Raises UsageError beyond the fleet's limits; GridFault, with AWS' reason, when they do not come in time.
        """
        groups = self._groups.read()
        require_possible(nodes, [group.limits for group in groups])
        since = datetime.now(UTC) - CLOCK_SKEW
        size = self._size()
        book = size.book.change(lambda book, now_s: set_base(book, nodes, now_s))
        if nodes:
            self._power.wake(say)
        if book.nodes > nodes:
            runs = ", ".join(lease.run for lease in book.leases)
            say(f"aws: {count_of(book.nodes, 'node')} until these runs end: {runs}; then {nodes}")
        kept = size.settle(say).kept
        size.close()
        if kept:
            say(f"aws: {count_of(kept, 'node')} more than that stay, which have sessions; `grid down` drains them")
        self._wait(since, say, nodes=nodes)
        return self.status()

    def drain(self, node: str | None, say: Say) -> GridStatus:
        """Have a node's instance go (by the name or instance id that the status shows), or every node of the fleet."""
        if node is None:
            since = datetime.now(UTC) - CLOCK_SKEW
            self.down(say)
            self._wait(since, say)
            return self.status()
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
        size = self._size()
        book = size.book.change(lambda book, now_s: end_all(book, sum(group.least for group in groups), now_s))
        if book.leases:
            say(f"aws: these runs lose their nodes: {', '.join(lease.run for lease in book.leases)}")
        for group in groups:
            if group.desired != group.least:
                say(f"aws: {group.name}: nodes {group.desired} -> {group.least}")
                self._groups.set_desired(group.name, group.least)
        size.close()

    def open_for_run(self, demand: RunDemand, say: Say) -> AbstractContextManager[OpenGrid]:
        """The fleet for one run, which leases `demand.nodes` of it and gives them back at the end. Returns when
        the first node is registered; the others join while the run goes on.
        """
        return self._open(demand, say)

    # ------------------------------------------------------------------------------------------------------ for a run

    @contextmanager
    def _open(self, demand: RunDemand, say: Say) -> Iterator[OpenGrid]:
        since = datetime.now(UTC) - CLOCK_SKEW
        meter = Meter(started_s=time.monotonic(), is_mostly_spot=self._fleet.spot.percent_on_demand < 50)
        keeper = None
        if demand.nodes is not None:
            keeper = LeaseKeeper(
                self._size(), run=demand.run, shard=demand.shard, nodes=demand.nodes, say=say, pause_s=self._poll_s
            )
        try:
            if keeper is not None:
                keeper.take()
                self._power.wake(say)  # after the lease is written: a hub with a lease does not fall asleep
            elif not any(group.desired for group in insist(self._groups.read, say, pause_s=self._poll_s)):
                raise UsageError(
                    f"fleet {self._fleet.name} has no node",
                    hint="raise it for the run: --scale auto; or by hand: gridrunner grid scale --driver aws --nodes N",
                )
            self._wait_for_first(since, say, keeper)
            with Watch(self._groups, meter, partial_say=say, views=lambda: self._look(since)) as watch:
                secret = self._find_secret()
                yield OpenFleet(
                    hubs=tuple(self._address(hub, secret) for hub in self._fleet.hubs),
                    host_address=self._host_address,
                    watch=watch,
                )
        finally:
            if keeper is not None:
                keeper.release()

    def _wait_for_first(self, since: datetime, say: Say, keeper: LeaseKeeper | None) -> None:
        def is_enough(views: Sequence[GroupView]) -> bool:
            return any(view.registered for view in views)

        self._wait(since, say, keeper=keeper, is_enough=is_enough)

    def _size(self) -> FleetSize:
        book = FleetBook(self._aws, self._fleet)
        return FleetSize(self._fleet, self._groups, book, lambda hub: self._client(hub).status())

    # -------------------------------------------------------------------------------------------------------- waiting

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
            most=group.most,
            instances=instances,
            leaving=len(group.instances) - instances,
            registered=sum(node.state is NodeState.UP for node in status.nodes),
            failures=self._groups.failures(group.name, since) if is_short else (),
            hub_problem="" if status.is_up else status.detail,
        )

    def _wait(
        self,
        since: datetime,
        say: Say,
        *,
        nodes: int = 0,
        keeper: LeaseKeeper | None = None,
        is_enough: Callable[[Sequence[GroupView]], bool] | None = None,
    ) -> None:
        """Until all is as it is to be, or `is_enough`. `nodes` are waited for, or those that `keeper` has leased.
        Faults of AWS are borne for a minute. Raises GridFault with the reason when it does not get there.
        """
        end_s, said = time.monotonic() + self._timeout_s, ""
        pause, patience = threading.Event(), Patience(say)
        while True:
            try:
                views = self._look(since)
                if any(view.hub_problem for view in views):
                    self._power.wake(say)  # it was falling asleep when it was first asked for
                is_short = self._is_taken_away(views, nodes, keeper, say)
            except AwsFault as error:
                patience.bear(error)
                pause.wait(self._poll_s)
                continue
            patience.succeed()
            progress = weigh_progress(views)
            if progress.line != said:
                said = progress.line
                say(f"aws: {said}")
            if not is_short and (progress.is_done or (is_enough is not None and is_enough(views))):
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

    def _is_taken_away(self, views: Sequence[GroupView], nodes: int, keeper: LeaseKeeper | None, say: Say) -> bool:
        """Whether the fleet is to have fewer nodes than are waited for: a lease asks for them again (True); somebody
        who set a number by hand is told. Raises GridFault.
        """
        wanted = nodes if keeper is None else keeper.nodes
        desired = sum(view.desired for view in views)
        if keeper is not None and not wanted:
            raise GridFault("aws: `gridrunner grid down` took this run's nodes away while it waited for them")
        if desired >= min(wanted, sum(view.most for view in views)):
            return False
        cause = self._groups.last_cause([view.name for view in views])
        words = f"aws: {count_of(wanted, 'node')} are waited for, and the fleet was set to {desired} meanwhile{cause}"
        if keeper is None:
            raise GridFault(words, hint="another run's end, `grid down` or the fleet's idle alarm: scale it again")
        say(f"{words}; they are asked for again")
        keeper.keep(renews=True)
        return True

    def _drain_node(self, hub: HubStatus, node: NodeStatus, say: Say) -> None:
        if node.name.startswith("i-"):
            say(f"aws: {node.name} ends its sessions and goes; its group is one smaller")
            self._groups.remove(node.name)
            return
        say(f"{hub.name}: draining node {node.name}; no instance of the fleet has its address")
        fleet_hub = next(candidate for candidate in self._fleet.hubs if candidate.name == hub.name)
        HubClient(self._address(fleet_hub, self._read_secret()), ca_file=self._hub_ca).drain_node(node.id)

    def _address(self, hub: FleetHub, secret: str | None = None) -> HubAddress:
        return HubAddress(url=self._with_login(hub.url), name=hub.name, secret=secret)

    def _with_login(self, url: str) -> str:
        """The hub's URL with the grid's log-in, which is read once. Raises AwsRefused, AwsFault."""
        if not self._fleet.login_parameter:
            return url
        if self._login is None:
            user, _, password = self._read_parameter(self._fleet.login_parameter).partition(":")
            self._login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
        parts = urlsplit(url)
        return parts._replace(netloc=self._login + parts.netloc).geturl()

    def _client(self, hub: FleetHub) -> HubClient:
        if hub.name not in self._clients:
            self._clients[hub.name] = HubClient(self._address(hub), ca_file=self._hub_ca)
        return self._clients[hub.name]

    def _find_secret(self) -> str | None:
        """The registration secret for a run, which lets it evict dead nodes; None where it may not be read."""
        try:
            return self._read_secret() if self._fleet.secret_parameter else None
        except GridrunnerError as error:
            _LOGGER.info("dead nodes are not evicted: %s", error)
            return None

    def _read_secret(self) -> str:
        return self._read_parameter(self._fleet.secret_parameter)

    def _read_parameter(self, name: str) -> str:
        with translated("ssm:GetParameter", name):
            answer = self._aws.client("ssm").get_parameter(Name=name, WithDecryption=True)
        return str(answer["Parameter"]["Value"])


_SHORTAGE_HINT = (
    "other instance types or zones (terraform variables instance_types, zones), an on-demand base, or a "
    "higher quota; `gridrunner grid down --driver aws` takes back what was asked for"
)


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
