"""Who has claimed how many nodes of a fleet, until when, and what that comes to: decisions without I/O.

A lease is a run's claim on nodes. All leases of a fleet stand in one book, so that a run that changes it by
compare-and-swap knows all the others. The invariants: the fleet is to have what the live leases add up to, or what
stood there before the first of them where that is more, within its limits; a node that serves a session is never
chosen to go; and without a live lease the fleet goes back to what stood there before.

Times are seconds since 1970 by the clock of S3, which everybody reads with the book: clocks of machines do not matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.grid.drivers.aws.scaling import GroupLimits

BOOK_FORMAT = 1
"""The newest format that this version reads."""

RENEW_S = 60.0
"""A lease is renewed each minute."""

LEASE_S = 300.0
"""It holds for five: four renewals may fail in a row (a throttled API, a network that comes back), and the nodes of a
run that was killed are paid for no longer than that."""


class Lease(Struct, frozen=True, kw_only=True):
    """A run's claim on `nodes` nodes until `expires_s`. `shard` is "" for a whole run."""

    run: str
    nodes: int
    expires_s: float
    shard: str = ""

    @property
    def owner(self) -> str:
        """Whose lease it is: no two live runs have the same."""
        return f"{self.run}/{self.shard}"


class LeaseBook(Struct, frozen=True, kw_only=True):
    """The leases of a fleet. `base`: what all groups were to have before the first of these leases, and go back to;
    None while there is none: what stands is the base.
    """

    leases: tuple[Lease, ...] = ()
    base: int | None = None
    format: int = BOOK_FORMAT

    def find(self, owner: str) -> Lease | None:
        """The lease of `owner`, live or not."""
        return next((lease for lease in self.leases if lease.owner == owner), None)

    @property
    def nodes(self) -> int:
        """What the leases add up to."""
        return sum(lease.nodes for lease in self.leases)


def drop_expired(book: LeaseBook, now_s: float) -> LeaseBook:
    """The book without the leases of runs that stopped renewing them. What stood before them is remembered until
    `close` says that the fleet is back there.
    """
    return replace(book, leases=tuple(lease for lease in book.leases if lease.expires_s > now_s))


def take(book: LeaseBook, lease: Lease, now_s: float, *, standing: int) -> LeaseBook:
    """The book with this lease, in place of an earlier one of the same owner. `standing`: what all groups are to have
    now, which is the base when this is the first lease.
    """
    live = drop_expired(book, now_s)
    others = tuple(other for other in live.leases if other.owner != lease.owner)
    return replace(live, leases=(*others, lease), base=standing if live.base is None else live.base)


def renew(book: LeaseBook, lease: Lease, now_s: float, *, standing: int) -> LeaseBook:
    """The book with the lease's new end. It keeps the nodes that the book has for it, which are none after `grid down`;
    a lease that expired, because its machine slept, is taken again.
    """
    known = drop_expired(book, now_s).find(lease.owner)
    nodes = lease.nodes if known is None else min(lease.nodes, known.nodes)
    return take(book, replace(lease, nodes=nodes), now_s, standing=standing)


def give_back(book: LeaseBook, owner: str, now_s: float) -> LeaseBook:
    """The book without the lease of `owner`."""
    live = drop_expired(book, now_s)
    return replace(live, leases=tuple(lease for lease in live.leases if lease.owner != owner))


def close(book: LeaseBook) -> LeaseBook:
    """The book once the fleet has what the book says: without a lease there is nothing to go back to any more."""
    return book if book.leases else replace(book, base=None)


def set_base(book: LeaseBook, nodes: int, now_s: float) -> LeaseBook:
    """The book after the number of nodes was set by hand: what the fleet goes back to after the live leases."""
    return replace(drop_expired(book, now_s), base=nodes)


def end_all(book: LeaseBook, nodes: int, now_s: float) -> LeaseBook:
    """The book after `grid down`: no run has a claim on a node, and runs that go on do not take one again."""
    live = drop_expired(book, now_s)
    return replace(live, leases=tuple(replace(lease, nodes=0) for lease in live.leases), base=nodes)


def add_up(book: LeaseBook, now_s: float, groups: Sequence[GroupLimits]) -> int:
    """How many nodes the fleet is to have."""
    live = drop_expired(book, now_s)
    standing = sum(group.desired for group in groups)
    wanted = standing if live.base is None else max(live.base, live.nodes)
    return max(sum(group.least for group in groups), min(wanted, sum(group.most for group in groups)))


class GroupNodes(Struct, frozen=True, kw_only=True):
    """A group with the instances that are not leaving: `idle` ones by id, those that are no nodes yet first; of which
    `spare` may go, the others having sessions.
    """

    limits: GroupLimits
    instances: int = 0
    idle: tuple[str, ...] = ()
    spare: int = 0


class Change(Struct, frozen=True, kw_only=True):
    """What is to be done: what groups are to have that change by number, and instances that go by name, each of which
    makes its group one smaller. `kept`: nodes above the total that stay because of their sessions.
    """

    desired: Mapping[str, int]
    leaving: tuple[str, ...] = ()
    kept: int = 0

    @property
    def is_nothing(self) -> bool:
        """Whether all is as it is to be, as far as it can be."""
        return not self.desired and not self.leaving


def plan_change(total: int, groups: Sequence[GroupNodes]) -> Change:
    """How the fleet comes to `total` nodes: groups grow evenly; where there are too many, those that were not launched
    yet are not launched, then idle instances go by name, from the largest group first.
    """
    sizes = {group.limits.name: group.limits.desired for group in groups}
    by_name = {group.limits.name: group for group in groups}

    def first_by_size(names: Sequence[str], *, largest: bool) -> str:
        return min(names, key=lambda name: -sizes[name] if largest else sizes[name])

    while sum(sizes.values()) < total:
        open_names = [name for name, size in sizes.items() if size < by_name[name].limits.most]
        if not open_names:
            break
        sizes[first_by_size(open_names, largest=False)] += 1
    while sum(sizes.values()) > total:
        unlaunched = [
            name
            for name, size in sizes.items()
            if size > max(by_name[name].limits.least, by_name[name].instances) or size > by_name[name].limits.most
        ]
        if not unlaunched:
            break
        sizes[first_by_size(unlaunched, largest=True)] -= 1
    by_number = {name: size for name, size in sizes.items() if size != by_name[name].limits.desired}
    idle = {name: list(group.idle[: group.spare]) for name, group in by_name.items()}
    leaving: list[str] = []
    while sum(sizes.values()) > total:
        names = [name for name, ids in idle.items() if ids and sizes[name] > by_name[name].limits.least]
        if not names:
            break
        name = first_by_size(names, largest=True)
        leaving.append(idle[name].pop(0))
        sizes[name] -= 1
    return Change(desired=by_number, leaving=tuple(leaving), kept=max(0, sum(sizes.values()) - total))
