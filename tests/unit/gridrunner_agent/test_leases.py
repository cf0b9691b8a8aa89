from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from gridrunner_agent.leases import BOOK_FORMAT, GroupSize, LeaseWatch, StoredBook, find_abandoned, plan_lowering

from gridrunner import codec
from gridrunner.grid.drivers.aws import leases as runs

DEAD = {"run": "dead", "nodes": 6, "expires_s": 100.0, "shard": ""}


@dataclass
class FakeFleet:
    """A book and two groups in memory; somebody else may change the book at the next write."""

    book: dict[str, Any] | None
    sizes: dict[str, int] = field(default_factory=lambda: {"nodes-1": 4, "nodes-2": 2})
    now_s: float = 200.0
    version: int = 1
    is_raced: bool = False

    def read_book(self) -> StoredBook | None:
        if self.book is None:
            return None
        return StoredBook(text=json.dumps(self.book).encode(), etag=str(self.version), now_s=self.now_s)

    def write_book(self, text: bytes, etag: str) -> str | None:
        if self.is_raced or etag != str(self.version):
            return None
        self.book, self.version = json.loads(text), self.version + 1
        return str(self.version)

    def groups(self) -> list[GroupSize]:
        return [GroupSize(name=name, desired=size, least=0) for name, size in self.sizes.items()]

    def set_desired(self, group: str, nodes: int) -> None:
        self.sizes[group] = nodes


def book(*leases: dict[str, Any], base: int | None = 0) -> dict[str, Any]:
    return {"leases": list(leases), "base": base, "format": 1}


def test_what_a_dead_run_leased_goes_at_the_second_look_and_the_book_is_closed() -> None:
    fleet = FakeFleet(book(DEAD, base=1))
    watch = LeaseWatch(fleet)
    assert [watch.look_once(), watch.look_once(), watch.look_once()] == [False, True, False]
    assert sum(fleet.sizes.values()) == 1
    assert fleet.book == book(base=None)


def test_a_run_that_ends_is_left_to_lower_the_fleet_itself() -> None:
    fleet = FakeFleet(book())
    watch = LeaseWatch(fleet)
    assert not watch.look_once()
    fleet.book, fleet.version = book(base=None), 2
    assert [watch.look_once(), watch.look_once()] == [False, False]
    assert fleet.sizes == {"nodes-1": 4, "nodes-2": 2}


@pytest.mark.parametrize(
    "left_alone",
    [None, book(DEAD, {**DEAD, "run": "live", "expires_s": 201.0}), book(base=None), {**book(DEAD), "format": 2}, {}],
)
def test_a_live_lease_a_closed_book_and_a_newer_one_are_left_alone(left_alone: dict[str, Any] | None) -> None:
    fleet = FakeFleet(left_alone)
    watch = LeaseWatch(fleet)
    assert [watch.look_once(), watch.look_once()] == [False, False]
    assert (fleet.sizes, fleet.book) == ({"nodes-1": 4, "nodes-2": 2}, left_alone)


def test_a_run_that_takes_a_lease_meanwhile_keeps_the_fleet() -> None:
    fleet = FakeFleet(book(DEAD))
    watch = LeaseWatch(fleet)
    watch.look_once()
    fleet.is_raced = True
    assert not watch.look_once()
    assert fleet.sizes == {"nodes-1": 4, "nodes-2": 2}


def test_an_agent_that_ended_half_way_goes_on() -> None:
    """The leases are gone from the book, the base is still there, and the groups were not lowered."""
    fleet = FakeFleet(book())
    watch = LeaseWatch(fleet)
    assert [watch.look_once(), watch.look_once()] == [False, True]
    assert fleet.sizes == {"nodes-1": 0, "nodes-2": 0}


def test_a_broken_book_lowers_nothing() -> None:
    assert find_abandoned(b"{", 0.0) is None
    assert find_abandoned(b'{"base": 0, "leases": [{"run": "a"}]}', 0.0) is None


def test_groups_are_lowered_from_the_largest_and_keep_their_minimum() -> None:
    groups = [GroupSize(name="a", desired=5, least=2), GroupSize(name="b", desired=3, least=0)]
    assert plan_lowering(3, groups) == {"a": 2, "b": 1}
    assert plan_lowering(0, groups) == {"a": 2, "b": 0}
    assert plan_lowering(9, groups) == {}


def test_the_agent_reads_and_writes_the_book_that_runs_do() -> None:
    """Two programs, one format: the agent has no msgspec and no gridrunner."""
    lease = runs.Lease(run="dead", shard="1/4", nodes=3, expires_s=100.0)
    text = codec.encode(runs.LeaseBook(leases=(lease,), base=2))
    abandoned = find_abandoned(text, 100.0)
    assert abandoned is not None
    assert (abandoned.base, abandoned.runs) == (2, ("dead",))
    assert find_abandoned(text, 99.0) is None
    fleet = FakeFleet(json.loads(text))
    watch = LeaseWatch(fleet)
    watch.look_once()
    watch.look_once()
    assert codec.decode(json.dumps(fleet.book).encode(), runs.LeaseBook) == runs.LeaseBook()
    assert BOOK_FORMAT == runs.BOOK_FORMAT
