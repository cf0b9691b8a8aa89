"""A grid at one moment, added up."""

from __future__ import annotations

from gridrunner.grid.status import GridStatus, HubStatus, NodeState, NodeStatus, SessionStatus, SlotStatus

BUSY = SessionStatus(id="s1", run="r1")


def make_node(name: str, state: NodeState, *sessions: SessionStatus | None) -> NodeStatus:
    return NodeStatus(name=name, state=state, slots=tuple(SlotStatus(session=session) for session in sessions))


def test_slots_are_those_of_nodes_that_take_work_and_sessions_those_of_all() -> None:
    up, draining = make_node("a", NodeState.UP, BUSY, None), make_node("b", NodeState.DRAINING, BUSY)
    hubs = (
        HubStatus(name="one", url="http://one", is_up=True, nodes=(up, draining)),
        HubStatus(name="two", url="http://two", is_up=True, nodes=(make_node("c", NodeState.UP, None),)),
    )
    status = GridStatus(name="g", driver="docker", hubs=hubs)
    assert [node.name for node in status.nodes] == ["a", "b", "c"]
    assert status.sessions == (BUSY, BUSY)
    assert status.slots_up == 3


def test_a_grid_that_is_not_up_has_nothing() -> None:
    status = GridStatus(name="g", driver="docker")
    assert (status.nodes, status.sessions, status.slots_up) == ((), (), 0)
