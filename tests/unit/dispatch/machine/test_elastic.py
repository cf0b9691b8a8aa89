"""Hubs that make slots by their queue: asked ahead of their slots, within a bound, and with patience."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gridrunner.dispatch.machine.balancer import Balancer, BalancerSettings
from gridrunner.dispatch.machine.events import CloseSession, HubCapacity, KillSession, OpenSession, SessionGone
from gridrunner.dispatch.machine.machine import Machine
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.model import Fault, FaultKind, Site
from tests.support.fake_sessions import make_plan_of
from tests.support.virtual_grid import Opening, VirtualGrid, Visiting, pass_all

CHECK = "login-found"
LOOK_S, START_S, QUEUE_S = 20.0, 10.0, 300.0
"""How often the scaler looks at the queue, how long a node takes, and how long the hub lets a request wait."""

TIMED_OUT = Fault(kind=FaultKind.SESSION_NOT_CREATED, message="New session request timed out")


def make_balancer(*, slots: int | None = 0, ahead: int = 3) -> Balancer:
    balancer = Balancer(
        ["a"], rng=random.Random(1), settings=BalancerSettings(elastic=frozenset({"a"}), queue_ahead=ahead)
    )
    if slots is not None:
        balancer.set_capacity("a", slots)
    return balancer


def ask(balancer: Balancer, serials: range, *, now_s: float = 0.0, may_queue: bool = True) -> list[int]:
    """Reserve for as many of these as the balancer allows."""
    asked = []
    for serial in serials:
        if balancer.choose(now_s, may_queue=may_queue).hub is None:
            break
        balancer.reserve("a", serial, now_s=now_s)
        asked.append(serial)
    return asked


# --------------------------------------------------------------------------------------------------------- the balancer


def test_an_empty_elastic_hub_is_asked_for_a_bounded_number_of_sessions() -> None:
    balancer = make_balancer(slots=0, ahead=3)
    assert ask(balancer, range(1, 10)) == [1, 2, 3]
    assert balancer.choose(0.0).reason == "a has 0 slots, and 3 sessions wait in its queue"
    balancer.set_capacity("a", 2)
    assert ask(balancer, range(4, 10)) == [4, 5]


def test_a_hub_that_was_not_heard_yet_is_asked_for_nothing() -> None:
    assert ask(make_balancer(slots=None), range(1, 3)) == []


def test_a_session_that_waited_for_its_node_makes_no_hub_slow_and_is_no_fault() -> None:
    balancer = make_balancer(slots=0, ahead=3)
    ask(balancer, range(1, 4))
    balancer.note_opened("a", 1, now_s=60.0)
    balancer.note_refused("a", 2, now_s=300.0)
    (share,) = balancer.shares()
    assert (share.sessions, share.faults) == (1, 0)
    assert balancer.choose(300.0).hub == "a"
    balancer.note_refused("a", 3, now_s=300.0)
    assert balancer.take_notes()[-1] == "a: a session waited 300 s in its queue, and got no slot"


def test_a_request_that_is_refused_at_once_is_a_fault_of_an_elastic_hub_as_well() -> None:
    balancer = make_balancer(slots=0, ahead=3)
    ask(balancer, range(1, 2))
    balancer.note_refused("a", 1, now_s=0.5)
    assert balancer.shares()[0].faults == 1
    assert balancer.choose(0.6).hub is None


def test_where_queueing_is_not_worth_it_free_slots_alone_are_taken() -> None:
    balancer = make_balancer(slots=1, ahead=3)
    assert ask(balancer, range(1, 5), may_queue=False) == [1]


# ----------------------------------------------------------------------------------------------------------- whole runs


@dataclass
class ScaledGrid(VirtualGrid):
    """A hub without nodes, and a scaler that starts one for each request in the queue, up to `most_nodes`."""

    most_nodes: int = 100
    idle: int = 0
    most_queued: int = 0
    asked_at_s: list[float] = field(default_factory=list)
    _nodes: int = 0
    _queued: int = 0

    def _carry_out(self, action: Any) -> None:
        super()._carry_out(action)
        if isinstance(action, CloseSession | KillSession):
            self.idle += 1

    def _open(self, order: OpenSession) -> None:
        self.asked_at_s.append(self.now_s)
        if self.idle:
            self.idle -= 1
            self.opens = lambda *_: Opening(took_s=0.5)
        elif self._nodes < self.most_nodes:
            self._nodes += 1
            ready_s = (math.floor(self.now_s / LOOK_S) + 1) * LOOK_S + START_S
            took_s = ready_s - self.now_s
            self.opens = lambda *_: Opening(took_s=took_s)
            self._schedule(HubCapacity(at_s=ready_s, hub="a", slots=self._nodes))
        else:
            self.opens = lambda *_: Opening(took_s=QUEUE_S, fault=TIMED_OUT)
        super()._open(order)


def scaled_run(sites: int, slots: int, *, most_nodes: int = 100, visit_s: float = 5.0, **more: Any) -> ScaledGrid:
    limits = DispatchSettings(
        slots=slots, elastic=frozenset({"a"}), session_timeout_s=600.0, outage_limit_s=600.0, hedge=False
    )
    balancer = Balancer(["a"], rng=random.Random(1), settings=BalancerSettings(elastic=limits.elastic))

    def visit(_site: Site, _attempt: int, _hub: str, _at_s: float) -> Visiting:
        return Visiting(took_s=visit_s)

    return ScaledGrid(
        machine=Machine(plan=make_plan_of([visit_s] * sites), settings=limits, balancer=balancer),
        capacities={"a": 0},
        visits=visit,
        judges=pass_all([CHECK]),
        most_nodes=most_nodes,
        most_events=50_000,
        **more,
    )


def test_a_run_on_a_hub_without_a_node_grows_to_its_slots_and_ends() -> None:
    grid = scaled_run(sites=400, slots=20)
    summary = grid.run()
    assert (summary.stopped_by, len(summary.finished)) == (StoppedBy.FINISHED, 400)
    assert grid.asked_at_s[:20] == [0.0] * 20  # before there is a slot
    assert summary.wall_s < LOOK_S + START_S + 400 * 5.0 / 20 * 1.3


def test_a_cluster_that_gives_fewer_nodes_than_were_asked_for_is_borne() -> None:
    grid = scaled_run(sites=400, slots=20, most_nodes=4)
    summary = grid.run()
    assert (summary.stopped_by, len(summary.finished)) == (StoppedBy.FINISHED, 400)
    assert summary.sessions_lost == 0
    assert summary.hubs[0].faults == 0


def test_a_hub_that_makes_no_slot_at_all_ends_the_run_after_its_patience() -> None:
    summary = scaled_run(sites=4, slots=4, most_nodes=0).run()
    assert summary.stopped_by is StoppedBy.GRID_LOST
    assert 600.0 <= summary.wall_s < 700.0
    assert "a has 0 slots" in summary.reason


def test_near_the_end_no_node_is_asked_for_that_would_come_too_late() -> None:
    """Sessions are replaced after 50 visits; the last replacements are worth a slot that is free, and no new node."""
    grid = scaled_run(sites=220, slots=4)
    summary = grid.run()
    assert summary.stopped_by is StoppedBy.FINISHED
    assert max(grid.asked_at_s) < summary.wall_s - 5.0
    assert grid._nodes == 4


def test_nodes_that_go_take_their_slots_and_the_run_asks_again() -> None:
    gone = [HubCapacity(at_s=60.0, hub="a", slots=0), HubCapacity(at_s=90.0, hub="a", slots=8)]
    closed = [SessionGone(at_s=61.0, serial=99)]
    summary = scaled_run(sites=200, slots=8, injected=[*gone, *closed]).run()
    assert (summary.stopped_by, len(summary.finished)) == (StoppedBy.FINISHED, 200)


@settings(max_examples=60, deadline=None)
@given(sites=st.integers(1, 120), slots=st.integers(1, 30), most_nodes=st.integers(1, 30), visit_s=st.floats(0.5, 40.0))
def test_any_elastic_run_ends_with_every_site_and_no_more_requests_than_slots(
    sites: int, slots: int, most_nodes: int, visit_s: float
) -> None:
    grid = scaled_run(sites=sites, slots=slots, most_nodes=most_nodes, visit_s=visit_s)
    summary = grid.run()
    assert (summary.stopped_by, len(summary.finished)) == (StoppedBy.FINISHED, sites)
    assert grid._nodes <= min(slots, most_nodes)
