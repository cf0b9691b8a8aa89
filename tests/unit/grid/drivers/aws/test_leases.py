from __future__ import annotations

from dataclasses import dataclass, field

from gridrunner_agent.leases import GroupSize, find_abandoned, plan_lowering
from hypothesis import given, settings
from hypothesis import strategies as st

from gridrunner import codec
from gridrunner.grid.drivers.aws.leases import (
    LEASE_S,
    RENEW_S,
    GroupNodes,
    Lease,
    LeaseBook,
    add_up,
    close,
    drop_expired,
    end_all,
    give_back,
    plan_change,
    renew,
    set_base,
    take,
)
from gridrunner.grid.drivers.aws.scaling import GroupLimits


def lease(run: str, nodes: int, *, expires_s: float = 100.0, shard: str = "") -> Lease:
    return Lease(run=run, nodes=nodes, expires_s=expires_s, shard=shard)


def limits(*desired: int, least: int = 0, most: int = 10) -> list[GroupLimits]:
    return [
        GroupLimits(name=f"g{number}", least=least, most=most, desired=wanted)
        for number, wanted in enumerate(desired, start=1)
    ]


def idle_groups(*desired: int, spare: int | None = None) -> list[GroupNodes]:
    return [
        GroupNodes(
            limits=group,
            instances=group.desired,
            idle=tuple(f"{group.name}-{number}" for number in range(group.desired)),
            spare=group.desired if spare is None else spare,
        )
        for group in limits(*desired)
    ]


# ------------------------------------------------------------------------------------------------------------ the book


def test_two_runs_have_what_both_asked_for_and_the_first_that_ends_leaves_the_others_nodes() -> None:
    book = take(LeaseBook(), lease("a", 3), 0.0, standing=0)
    book = take(book, lease("b", 6), 1.0, standing=3)
    assert add_up(book, 2.0, limits(9)) == 9
    book = give_back(book, "a/", 3.0)
    assert add_up(book, 3.0, limits(9)) == 6
    book = give_back(book, "b/", 4.0)
    assert (book.base, add_up(book, 4.0, limits(6))) == (0, 0)
    assert close(book) == LeaseBook()


def test_shards_of_one_run_are_leases_of_their_own_and_a_resumed_one_has_one() -> None:
    book = LeaseBook()
    for number in (1, 2, 2):
        book = take(book, lease("a", 3, shard=f"{number}/2"), 0.0, standing=0)
    assert [entry.owner for entry in book.leases] == ["a/1/2", "a/2/2"]
    assert book.nodes == 6


def test_nodes_that_stood_there_before_are_used_and_stay() -> None:
    book = take(LeaseBook(), lease("a", 3), 0.0, standing=5)
    assert add_up(book, 0.0, limits(5)) == 5
    assert add_up(give_back(book, "a/", 1.0), 1.0, limits(5)) == 5


def test_a_lease_that_nobody_renews_is_dropped_by_whoever_comes_next_who_knows_what_stood_before_it() -> None:
    book = take(LeaseBook(), lease("dead", 6, expires_s=300.0), 0.0, standing=1)
    book = take(book, lease("b", 2, expires_s=700.0), 400.0, standing=6)
    assert [entry.run for entry in book.leases] == ["b"]
    assert book.base == 1


def test_leases_that_all_expired_come_to_what_stood_before() -> None:
    book = take(LeaseBook(), lease("dead", 6, expires_s=300.0), 0.0, standing=1)
    assert add_up(book, 300.0, limits(6)) == 1


def test_a_run_whose_machine_slept_takes_its_lease_again() -> None:
    book = take(LeaseBook(), lease("a", 3), 0.0, standing=0)
    book = renew(book, lease("a", 3, expires_s=900.0), 500.0, standing=3)
    assert (book.nodes, book.base) == (3, 0)


def test_after_grid_down_runs_that_go_on_renew_nothing() -> None:
    book = take(LeaseBook(), lease("a", 3), 0.0, standing=0)
    book = end_all(book, 0, 1.0)
    book = renew(book, lease("a", 3, expires_s=300.0), 2.0, standing=0)
    assert (book.nodes, add_up(book, 2.0, limits(3))) == (0, 0)


def test_what_somebody_sets_by_hand_holds_after_the_runs() -> None:
    book = set_base(take(LeaseBook(), lease("a", 3), 0.0, standing=0), 2, 1.0)
    assert add_up(book, 1.0, limits(3)) == 3
    assert add_up(give_back(book, "a/", 2.0), 2.0, limits(3)) == 2


def test_a_fleet_without_leases_or_a_base_is_left_as_it_is() -> None:
    assert add_up(LeaseBook(), 0.0, limits(4, 1)) == 5


# ----------------------------------------------------------------------------------------------------------- the change


def test_groups_grow_evenly_and_nobody_is_taken_from() -> None:
    assert plan_change(5, idle_groups(0, 0)).desired == {"g1": 3, "g2": 2}
    assert plan_change(6, idle_groups(4, 0)).desired == {"g2": 2}
    assert plan_change(25, idle_groups(9, 0)).desired == {"g1": 10, "g2": 10}


def test_idle_instances_go_by_name_from_the_largest_group_first() -> None:
    change = plan_change(3, idle_groups(4, 2))
    assert (change.desired, change.leaving, change.kept) == ({}, ("g1-0", "g1-1", "g1-2"), 0)


def test_what_was_not_launched_yet_is_not_launched() -> None:
    group = GroupNodes(limits=limits(5)[0], instances=2, idle=("i-1", "i-2"), spare=2)
    change = plan_change(1, [group])
    assert (change.desired, change.leaving) == ({"g1": 2}, ("i-1",))


def test_instances_with_sessions_stay_and_are_counted() -> None:
    change = plan_change(0, idle_groups(3, spare=1))
    assert (change.leaving, change.kept) == (("g1-0",), 2)


@given(
    st.integers(0, 80),
    st.lists(st.tuples(st.integers(0, 3), st.integers(3, 20), st.integers(0, 20), st.integers(0, 20)), min_size=1),
)
def test_a_change_keeps_every_limit_and_comes_as_near_as_sessions_allow(
    total: int, shapes: list[tuple[int, int, int, int]]
) -> None:
    groups = []
    for number, (least, most, desired, busy) in enumerate(shapes):
        held = max(least, min(desired, most))
        idle = tuple(f"i-{number}-{place}" for place in range(held - min(busy, held)))
        bounds = GroupLimits(name=f"g{number}", least=least, most=most, desired=held)
        groups.append(GroupNodes(limits=bounds, instances=held, idle=idle, spare=len(idle)))
    change = plan_change(total, groups)
    sizes = {}
    for group in groups:
        size = change.desired.get(group.limits.name, group.limits.desired)
        sizes[group.limits.name] = size - len(set(change.leaving) & set(group.idle))
        assert group.limits.least <= sizes[group.limits.name] <= group.limits.most
        assert sizes[group.limits.name] >= min(group.limits.desired, group.instances - group.spare)
    before = sum(group.limits.desired for group in groups)
    reached = sum(sizes.values())
    assert reached <= max(before, total)
    assert reached >= min(total, before, sum(group.limits.most for group in groups))
    assert change.kept == max(0, reached - total)


# ------------------------------------------------------------------------------------------------- any course of events

MOST = 20
SKEW_S = (LEASE_S - RENEW_S) / 2 - 1.0
"""Clocks that differ by less than what is left of a lease when it is renewed. By S3's own clock they do not differ."""


@dataclass
class Fleet:
    """A fleet, its book, and runs whose clocks are off by up to `SKEW_S`."""

    book: LeaseBook = field(default_factory=LeaseBook)
    desired: int = 0
    now_s: float = 10_000.0
    live: dict[str, tuple[int, float]] = field(default_factory=dict)
    started: int = 0

    def settle(self, now_s: float) -> None:
        total = add_up(self.book, now_s, limits(self.desired, most=MOST))
        change = plan_change(total, [self.group()])
        self.desired = change.desired.get("g1", self.desired) - len(change.leaving)

    def group(self) -> GroupNodes:
        idle = tuple(f"i-{number}" for number in range(self.desired))
        bounds = limits(self.desired, most=MOST)[0]
        return GroupNodes(limits=bounds, instances=self.desired, idle=idle, spare=len(idle))

    def start(self, nodes: int, skew_s: float) -> None:
        self.started += 1
        run, now_s = f"run-{self.started}", self.now_s + skew_s
        self.live[run] = (nodes, skew_s)
        self.book = take(self.book, lease(run, nodes, expires_s=now_s + LEASE_S), now_s, standing=self.desired)
        self.settle(now_s)

    def pass_a_minute(self) -> None:
        self.now_s += RENEW_S
        for run, (nodes, skew_s) in self.live.items():
            now_s = self.now_s + skew_s
            self.book = renew(self.book, lease(run, nodes, expires_s=now_s + LEASE_S), now_s, standing=self.desired)
            self.settle(now_s)

    def end(self, number: int) -> None:
        run = list(self.live)[number % len(self.live)]
        _, skew_s = self.live.pop(run)
        now_s = self.now_s + skew_s
        self.book = give_back(self.book, f"{run}/", now_s)
        self.settle(now_s)
        self.book = close(drop_expired(self.book, now_s))

    def die(self, number: int) -> None:
        del self.live[list(self.live)[number % len(self.live)]]

    def look_from_outside(self) -> None:
        """The hub's agent, which sees the book twice as it is."""
        abandoned = find_abandoned(codec.encode(self.book), self.now_s)
        if abandoned is not None:
            sizes = plan_lowering(abandoned.base, [GroupSize(name="g1", desired=self.desired, least=0)])
            self.desired = sizes.get("g1", self.desired)
            self.book = LeaseBook()


EVENTS = st.one_of(
    st.tuples(st.just("start"), st.integers(1, 8), st.floats(-SKEW_S, SKEW_S)),
    st.tuples(st.sampled_from(["end", "die"]), st.integers(0, 50), st.just(0.0)),
    st.tuples(st.sampled_from(["minute", "agent"]), st.just(0), st.just(0.0)),
    st.tuples(st.just("meddle"), st.integers(0, MOST), st.just(0.0)),
)


@settings(max_examples=400)
@given(st.lists(EVENTS, max_size=40))
def test_a_fleet_has_what_live_leases_add_up_to_never_more_than_its_maximum_and_nothing_at_the_end(
    events: list[tuple[str, int, float]],
) -> None:
    fleet = Fleet()
    for kind, number, skew_s in events:
        match kind:
            case "start":
                fleet.start(number, skew_s)
            case "end" if fleet.live:
                fleet.end(number)
            case "die" if fleet.live:
                fleet.die(number)
            case "meddle" if fleet.live:
                fleet.desired = number  # an idle alarm, a schedule, somebody in the console
                fleet.pass_a_minute()
            case "agent":
                fleet.look_from_outside()
            case _:
                fleet.pass_a_minute()
        wanted = sum(nodes for nodes, _ in fleet.live.values())
        assert min(wanted, MOST) <= fleet.desired <= MOST
    while fleet.live:
        fleet.end(0)
    fleet.now_s += LEASE_S + 2 * SKEW_S + 1.0
    fleet.look_from_outside()
    assert fleet.desired == 0
