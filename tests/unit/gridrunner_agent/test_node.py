from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from gridrunner_agent.__main__ import SettingError, main, make_node_agent
from gridrunner_agent.aws import AwsUnavailableError
from gridrunner_agent.imds import Metadata, MetadataUnavailableError
from gridrunner_agent.node import NodeAgent, NodeParts
from gridrunner_agent.node_core import Limits, NodeMachine

from tests.support.fake_grid_node import SECRET, FakeGridNode, open_grid_node
from tests.support.fake_imds import FakeImds, open_imds


@dataclass
class FakeHook:
    calls: list[str] = field(default_factory=list)
    failures: int = 0

    def heartbeat(self) -> None:
        self.calls.append("heartbeat")

    def complete(self) -> None:
        if self.failures:
            self.failures -= 1
            raise AwsUnavailableError("autoscaling:CompleteLifecycleAction: throttled")
        self.calls.append("complete")

    def give_up(self) -> None:
        self.calls.append("give up")


@pytest.fixture
def imds() -> Iterator[FakeImds]:
    with open_imds() as imds:
        yield imds


@pytest.fixture
def node() -> Iterator[FakeGridNode]:
    with open_grid_node() as node:
        yield node


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def make_agent(imds: FakeImds, node: FakeGridNode, hook: FakeHook, clock: Clock, secret: str = SECRET) -> NodeAgent:
    parts = NodeParts(
        metadata=Metadata(imds.url), hub_url=node.url, node_url=node.url, secret=secret, hook=hook, clock=clock
    )
    return NodeAgent(parts, NodeMachine(Limits()))


def test_scale_in_drains_the_node_and_completes_when_its_last_session_ended(imds: FakeImds, node: FakeGridNode) -> None:
    hook, clock = FakeHook(), Clock()
    agent = make_agent(imds, node, hook, clock)
    node.sessions = ["a"]
    agent.look_once()
    assert (node.drains, hook.calls) == (0, [])
    imds.target_state = "Terminated"
    agent.look_once()
    assert (node.drains, hook.calls) == (1, ["heartbeat"])
    clock.now_s = 70
    agent.look_once()
    assert hook.calls == ["heartbeat", "heartbeat"]
    node.sessions = []
    agent.look_once()
    assert hook.calls == ["heartbeat", "heartbeat", "complete"]


def test_a_spot_notice_drains_and_what_is_left_is_ended_before_it_runs_out(imds: FakeImds, node: FakeGridNode) -> None:
    hook = FakeHook()
    agent = make_agent(imds, node, hook, Clock())
    node.sessions = ["a", "b"]
    imds.interrupt(in_s=120)
    agent.look_once()
    assert (node.drains, node.ended) == (1, [])
    imds.interrupt(in_s=5)
    agent.look_once()
    assert node.ended == ["a", "b"]


def test_a_wrong_secret_is_tried_again_and_costs_nothing_else(imds: FakeImds, node: FakeGridNode) -> None:
    clock = Clock()
    agent = make_agent(imds, node, FakeHook(), clock, secret="wrong")
    imds.interrupt()
    agent.look_once()
    assert (node.drains, node.is_draining) == (0, False)


def test_a_hub_that_is_down_is_asked_again(imds: FakeImds, node: FakeGridNode) -> None:
    clock = Clock()
    agent = make_agent(imds, node, FakeHook(), clock)
    imds.interrupt()
    node.is_hub_down = True
    agent.look_once()
    node.is_hub_down, clock.now_s = False, 6.0
    agent.look_once()
    assert node.drains == 1


def test_a_completion_that_aws_refused_is_asked_again(imds: FakeImds, node: FakeGridNode) -> None:
    hook, clock = FakeHook(failures=1), Clock()
    agent = make_agent(imds, node, hook, clock)
    imds.target_state = "Terminated"
    agent.look_once()
    agent.look_once()
    assert "complete" not in hook.calls
    clock.now_s = 6
    agent.look_once()
    assert hook.calls[-1] == "complete"


def test_a_metadata_service_that_fails_for_a_while_stops_nothing(imds: FakeImds, node: FakeGridNode) -> None:
    agent = make_agent(imds, node, FakeHook(), Clock())
    imds.is_broken = True
    agent.look_once()
    imds.is_broken = False
    imds.interrupt()
    agent.look_once()
    assert node.drains == 1


def test_a_node_that_died_has_its_instance_replaced(imds: FakeImds, node: FakeGridNode) -> None:
    hook, clock = FakeHook(), Clock()
    agent = NodeAgent(
        NodeParts(
            metadata=Metadata(imds.url),
            hub_url=node.url,
            node_url="http://127.0.0.1:9",
            secret=SECRET,
            hook=hook,
            clock=clock,
        ),
        NodeMachine(Limits()),
    )
    agent.look_once()
    clock.now_s = 300.0
    agent.look_once()
    assert hook.calls == ["give up"]


def test_a_token_that_ran_out_is_replaced(imds: FakeImds) -> None:
    metadata = Metadata(imds.url)
    assert metadata.instance_id() == imds.instance_id
    imds.tokens.clear()
    assert metadata.instance_id() == imds.instance_id
    assert imds.refused == 1


def test_a_service_that_is_not_there_is_an_error_of_ours() -> None:
    with pytest.raises(MetadataUnavailableError):
        Metadata("http://127.0.0.1:9").notices()


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "GRIDRUNNER_AGENT_HUB_URL"),
        ({"GRIDRUNNER_AGENT_HUB_URL": "http://h"}, "SE_REGISTRATION_SECRET"),
        ({"GRIDRUNNER_AGENT_DRAIN_S": "soon"}, "GRIDRUNNER_AGENT_DRAIN_S"),
    ],
)
def test_settings_that_mean_nothing_are_named(env: dict[str, str], named: str) -> None:
    with pytest.raises(SettingError, match=named):
        make_node_agent(env, threading.Event())


def test_a_wrong_setting_ends_with_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("GRIDRUNNER_AGENT_HUB_NAME", raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert main(["hub"]) == 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert "GRIDRUNNER_AGENT_HUB_NAME" in capsys.readouterr().err
