from __future__ import annotations

from typing import Any

import pytest
from gridrunner_agent.node_core import (
    Action,
    Answered,
    Complete,
    Drain,
    GiveUp,
    Heartbeat,
    Limits,
    Looked,
    NodeMachine,
    Reason,
    Release,
    Step,
)

LIMITS = Limits(drain_s=600, heartbeat_s=60, release_s=10, retry_s=5, unseen_looks=3)
STEPS = {
    Drain: Step.DRAIN,
    Release: Step.RELEASE,
    Heartbeat: Step.HEARTBEAT,
    Complete: Step.COMPLETE,
    GiveUp: Step.GIVE_UP,
}


def look(at_s: float, *sessions: str, gone: bool = False, **says: Any) -> Looked:
    return Looked(at_s=at_s, node_id="" if gone else "node", sessions=None if gone else sessions, **says)


def take(machine: NodeMachine, seen: Looked, *, is_done: bool = True) -> list[Action]:
    """Actions of a look, each answered at once."""
    actions = machine.handle(seen)
    for action in actions:
        machine.handle(Answered(at_s=seen.at_s, step=STEPS[type(action)], is_done=is_done))
    return actions


def kinds(actions: list[Action]) -> list[str]:
    return [type(action).__name__ for action in actions]


@pytest.fixture
def machine() -> NodeMachine:
    return NodeMachine(LIMITS)


def test_a_node_that_nobody_wants_gone_is_left_alone(machine: NodeMachine) -> None:
    assert take(machine, look(0, "a")) == []
    assert take(machine, look(5, gone=True)) == []
    assert machine.reason is None


def test_a_spot_notice_drains_at_once_and_only_once(machine: NodeMachine) -> None:
    drained = take(machine, look(0, "a", interruption_in_s=120))
    assert drained == [Drain(node_id="node", reason=Reason.SPOT_INTERRUPTION)]
    assert take(machine, look(5, "a", interruption_in_s=115, is_draining=True)) == []


def test_a_drain_that_failed_is_tried_again_after_a_pause(machine: NodeMachine) -> None:
    assert kinds(take(machine, look(0, "a", interruption_in_s=120), is_done=False)) == ["Drain"]
    assert take(machine, look(2, "a", interruption_in_s=118)) == []
    assert kinds(take(machine, look(5, "a", interruption_in_s=115))) == ["Drain"]


def test_scale_in_drains_keeps_the_action_alive_and_completes_it_after_the_last_session(machine: NodeMachine) -> None:
    assert kinds(take(machine, look(0, "a", is_leaving=True))) == ["Drain", "Heartbeat"]
    beats = [at_s for at_s in range(5, 300, 5) if take(machine, look(at_s, "a", is_leaving=True, is_draining=True))]
    assert beats == [60, 120, 180, 240]
    assert kinds(take(machine, look(300, gone=True, is_leaving=True))) == ["Complete"]
    assert take(machine, look(305, gone=True, is_leaving=True)) == []


def test_scale_in_ends_sessions_that_outlast_the_limit_and_lets_the_instance_go(machine: NodeMachine) -> None:
    take(machine, look(0, "a", is_leaving=True))
    assert kinds(take(machine, look(589, "a", is_leaving=True, is_draining=True))) == ["Heartbeat"]
    ended = take(machine, look(591, "a", is_leaving=True, is_draining=True))
    assert ended == [Release(sessions=("a",))]
    assert kinds(take(machine, look(601, "a", is_leaving=True, is_draining=True))) == ["Release", "Complete"]


def test_the_end_of_a_spot_notice_goes_before_the_limit_of_a_scale_in(machine: NodeMachine) -> None:
    take(machine, look(0, "a", is_leaving=True))
    assert machine.end_s == 600
    take(machine, look(5, "a", is_leaving=True, is_draining=True, interruption_in_s=120))
    assert machine.end_s == 125
    assert (
        kinds(take(machine, look(126, "a", is_leaving=True, is_draining=True, interruption_in_s=-1)))
        == [
            "Release",
            "Heartbeat",
        ]
        or machine.end_s == 125
    )
    assert machine.reason is Reason.SPOT_INTERRUPTION


def test_an_action_is_never_completed_while_a_session_lives_and_time_is_left(machine: NodeMachine) -> None:
    for at_s in range(0, 600, 5):
        assert Complete() not in take(machine, look(at_s, "a", is_leaving=True, is_draining=at_s > 0))


def test_completion_is_tried_until_it_is_taken(machine: NodeMachine) -> None:
    take(machine, look(0, is_leaving=True))
    assert kinds(take(machine, look(5, gone=True, is_leaving=True), is_done=False)) == ["Complete"]
    assert take(machine, look(7, gone=True, is_leaving=True)) == []
    assert kinds(take(machine, look(10, gone=True, is_leaving=True))) == ["Complete"]
    assert machine.is_completed


def test_a_node_that_is_dead_for_minutes_is_given_up_and_asked_again_if_nothing_comes_of_it(
    machine: NodeMachine,
) -> None:
    assert [kinds(take(machine, look(at_s, gone=True))) for at_s in (0, 150, 299, 300, 305, 600)] == [
        *([[]] * 3),
        ["GiveUp"],
        [],
        ["GiveUp"],
    ]


def test_a_node_that_comes_back_in_time_is_not_given_up(machine: NodeMachine) -> None:
    take(machine, look(0, gone=True))
    take(machine, look(200))
    assert take(machine, look(210, gone=True)) == []
    assert take(machine, look(400, gone=True)) == []


def test_a_node_that_was_given_up_and_is_taken_away_completes_its_action(machine: NodeMachine) -> None:
    take(machine, look(0, gone=True))
    take(machine, look(300, gone=True))
    seen = [kinds(take(machine, look(at_s, gone=True, is_leaving=True))) for at_s in (305, 310, 315)]
    assert seen == [["Heartbeat"], [], ["Complete"]]


def test_a_node_that_never_came_up_does_not_hold_its_instance(machine: NodeMachine) -> None:
    assert kinds(take(machine, look(0, gone=True, is_leaving=True))) == ["Heartbeat"]
    assert take(machine, look(5, gone=True, is_leaving=True)) == []
    assert kinds(take(machine, look(10, gone=True, is_leaving=True))) == ["Complete"]


def test_a_restarted_agent_finds_the_node_draining_and_completes_when_it_ends() -> None:
    machine = NodeMachine(LIMITS)
    assert kinds(take(machine, look(1000, "a", is_leaving=True, is_draining=True))) == ["Heartbeat"]
    assert kinds(take(machine, look(1005, gone=True, is_leaving=True))) == ["Complete"]


def test_a_node_that_somebody_started_again_is_drained_again(machine: NodeMachine) -> None:
    take(machine, look(0, interruption_in_s=120))
    take(machine, look(5, gone=True, interruption_in_s=120))
    assert kinds(take(machine, look(10, interruption_in_s=120))) == ["Drain"]


def test_limits_that_would_do_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="drain_s"):
        Limits(drain_s=0)
