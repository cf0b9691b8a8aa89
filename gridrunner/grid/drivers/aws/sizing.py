"""The size of a fleet as its leases have it: the book of leases in the fleet's bucket, and groups that follow it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from gridrunner import codec
from gridrunner.aws.clients import Aws, AwsRefused
from gridrunner.aws.objects import Found, SharedObject
from gridrunner.errors import UsageError, refuse_newer
from gridrunner.grid.drivers.aws.fleet import HOW_TO, FleetFile, FleetHub
from gridrunner.grid.drivers.aws.groups import NodeGroup, NodeGroups
from gridrunner.grid.drivers.aws.leases import (
    BOOK_FORMAT,
    Change,
    GroupNodes,
    LeaseBook,
    add_up,
    close,
    drop_expired,
    plan_change,
)
from gridrunner.grid.drivers.protocol import Say
from gridrunner.grid.status import HubStatus, NodeStatus
from gridrunner.text import count_of

_LOGGER = logging.getLogger(__name__)

SETTLE_ROUNDS = 5
"""How often groups are looked at again after they were changed. Another run may have set a number at the same time,
and the last one holds; shards that end together may each let the same instance go, and each makes its group one
smaller. A run that keeps a lease looks again later anyway."""


class FleetBook:
    """The book of leases: `fleet/leases.json` in the fleet's bucket, which is one fleet's alone."""

    def __init__(self, aws: Aws, fleet: FleetFile) -> None:
        """Raises UsageError for a fleet without a bucket."""
        if not fleet.bucket:
            raise UsageError(f"fleet {fleet.name} has no bucket, where runs agree on its size", hint=HOW_TO)
        self._object = SharedObject(aws, fleet.bucket, f"fleet/{fleet.name}/leases.json")

    def read(self) -> tuple[LeaseBook, float]:
        """The book, and the time by the clock that holds for it."""
        found = self._object.read()
        return self._decode(found), found.now_s

    def change(self, decide: Callable[[LeaseBook, float], LeaseBook]) -> LeaseBook:
        """Change the book by compare-and-swap; returns it as it is then."""
        books: list[LeaseBook] = []

        def encode(found: Found) -> bytes:
            books.append(decide(self._decode(found), found.now_s))
            return codec.encode(books[-1])

        self._object.change(encode)
        return books[-1]

    def _decode(self, found: Found) -> LeaseBook:
        if found.data is None:
            return LeaseBook()
        try:
            book = codec.decode(found.data, LeaseBook)
        except (codec.BrokenJsonError, UnicodeDecodeError) as error:
            raise AwsRefused(
                f"{self._object.name}: is no book of leases: {error}",
                hint="delete the object while no run uses the fleet, then `gridrunner grid down --driver aws`",
            ) from error
        refuse_newer(AwsRefused, f"{self._object.name}: has format", book.format, BOOK_FORMAT, hint="update gridrunner")
        return book


class FleetSize:
    """The groups of a fleet, made to have what the book says. Every method raises AwsRefused and AwsFault."""

    def __init__(
        self, fleet: FleetFile, groups: NodeGroups, book: FleetBook, status_of: Callable[[FleetHub], HubStatus]
    ) -> None:
        self.book = book
        self._fleet, self._groups, self._status_of = fleet, groups, status_of

    def standing(self) -> int:
        """What all groups are to have now."""
        return sum(group.desired for group in self._groups.read())

    def settle(self, say: Say, *, run: str = "") -> Change:
        """Raise and lower groups to what the live leases add up to; returns the last change. `run` is over: its
        sessions keep no node.
        """
        change = Change(desired={})
        for _ in range(SETTLE_ROUNDS):
            # First the groups, then the book: a run that raised what is read here wrote its lease before.
            groups = self._groups.read()
            book, now_s = self.book.read()
            live = drop_expired(book, now_s)
            total = add_up(book, now_s, [group.limits for group in groups])
            is_lowered = total < sum(group.desired for group in groups)
            views = self._look(groups, live, run) if is_lowered else [_only_numbers(group) for group in groups]
            change = plan_change(total, views)
            self._apply(change, groups, say)
            if change.is_nothing:
                break
        return change

    def close(self) -> None:
        """Nothing stands above what the book says: without a lease it has nothing more to remember."""
        self.book.change(lambda book, now_s: close(drop_expired(book, now_s)))

    def _apply(self, change: Change, groups: Sequence[NodeGroup], say: Say) -> None:
        before = {group.name: group.desired for group in groups}
        for name, nodes in change.desired.items():
            say(f"aws: {name}: nodes {before[name]} -> {nodes}")
            self._groups.set_desired(name, nodes)
        if change.leaving:
            say(f"aws: {count_of(len(change.leaving), 'idle instance')} go: {', '.join(change.leaving)}")
        for instance in change.leaving:
            self._groups.remove(instance)

    def _look(self, groups: Sequence[NodeGroup], live: LeaseBook, run: str) -> list[GroupNodes]:
        addresses = self._groups.addresses(groups)
        return [
            weigh_nodes(group, self._status_of(hub), addresses, run, has_leases=bool(live.nodes))
            for hub, group in zip(self._fleet.hubs, groups, strict=True)
        ]


def _only_numbers(group: NodeGroup) -> GroupNodes:
    return GroupNodes(limits=group.limits, instances=sum(not instance.is_leaving for instance in group.instances))


def weigh_nodes(
    group: NodeGroup, hub: HubStatus, addresses: Mapping[str, str], run: str, *, has_leases: bool
) -> GroupNodes:
    """Which instances of a group have nothing to do. Where the hub does not say, all are at work as long as somebody
    has a lease; where EC2 does not say which instance a node is, as many are spared as have sessions.
    """
    staying = [instance.id for instance in group.instances if not instance.is_leaving]
    instance_of = {node.id: addresses.get(urlsplit(node.url).hostname or "") for node in hub.nodes}
    busy_nodes = [node for node in hub.nodes if _is_busy(node, run)]
    busy = {instance_of[node.id] for node in busy_nodes} - {None}
    nameless = sum(instance_of[node.id] is None for node in busy_nodes)
    known = set(instance_of.values())
    idle = [instance for instance in staying if instance not in busy]
    idle.sort(key=lambda instance: instance in known)  # those that are no nodes yet go first
    spare = max(0, len(idle) - nameless)
    if not hub.is_up and has_leases:
        _LOGGER.warning("%s does not say which of its nodes are idle: none of them goes", hub.name)
        spare = 0
    return GroupNodes(limits=group.limits, instances=len(staying), idle=tuple(idle), spare=spare)


def _is_busy(node: NodeStatus, run: str) -> bool:
    return any(slot.session is not None and slot.session.run != run for slot in node.slots)
