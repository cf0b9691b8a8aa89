from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gridrunner.aws.clients import AwsFault, AwsRefused
from gridrunner.grid.drivers.aws.leases import Change, LeaseBook
from gridrunner.grid.drivers.aws.leasing import BORNE_S, LeaseKeeper, Patience, insist


def test_faults_are_borne_for_a_minute_said_once_and_a_success_forgives_them() -> None:
    times = iter([0.0, 59.0, 70.0, 129.0, 130.0])
    said: list[str] = []
    patience = Patience(said.append, clock=lambda: next(times))
    fault = AwsFault("throttled")
    patience.bear(fault)
    patience.bear(fault)
    patience.succeed()
    patience.bear(fault)
    patience.bear(fault)
    with pytest.raises(AwsFault, match="throttled"):
        patience.bear(fault)
    assert said == [f"aws: throttled; trying again for {BORNE_S:g} s"] * 2


def test_a_refusal_is_not_tried_again() -> None:
    tries: list[str] = []

    def refuse() -> None:
        tries.append("once")
        raise AwsRefused("denied")

    with pytest.raises(AwsRefused):
        insist(refuse, print, pause_s=0.0)
    assert tries == ["once"]


class FakeSize:
    """A fleet of no nodes whose book is in memory."""

    def __init__(self) -> None:
        self.leases = LeaseBook()
        self.settled = 0

    @property
    def book(self) -> FakeSize:
        return self

    def change(self, decide: Callable[[LeaseBook, float], LeaseBook]) -> LeaseBook:
        self.leases = decide(self.leases, 1000.0)
        return self.leases

    def standing(self) -> int:
        return 0

    def settle(self, say: Callable[[str], None], *, run: str = "") -> Change:
        del say, run
        self.settled += 1
        return Change(desired={})

    def close(self) -> None:
        self.leases = LeaseBook(leases=self.leases.leases)


def test_a_lease_that_was_given_back_is_not_taken_again_by_a_call_that_came_too_late() -> None:
    size: Any = FakeSize()
    keeper = LeaseKeeper(size, run="a", shard="1/2", nodes=3, say=print, pause_s=0.0)
    keeper.take()
    assert [(lease.owner, lease.nodes) for lease in size.leases.leases] == [("a/1/2", 3)]
    keeper.release()
    settled = size.settled
    keeper.keep(renews=True)
    assert (size.leases, size.settled) == (LeaseBook(), settled)
