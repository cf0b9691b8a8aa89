from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest
from gridrunner_agent.aws import AwsUnavailableError
from gridrunner_agent.grid import GridUnavailableError, HubFigures, read_hub
from gridrunner_agent.hub import HubAgent, IdleWatch, metrics_of

from tests.support.fake_grid_node import open_grid_node
from tests.support.fake_imds import open_imds


class Sink:
    def __init__(self) -> None:
        self.put_figures: list[Mapping[str, float]] = []
        self.is_broken = False

    def put(self, figures: Mapping[str, float], at: datetime) -> None:
        if self.is_broken:
            raise AwsUnavailableError("cloudwatch:PutMetricData: denied")
        self.put_figures.append(figures)


def test_what_a_hub_counts_is_published_by_the_names_of_the_contract() -> None:
    sink = Sink()
    with open_grid_node() as node:
        node.sessions, node.queue = ["a"], 3
        agent = HubAgent(hub_url=node.url, sink=sink, idle=IdleWatch(limit_s=None), clock=lambda: 0.0)
        assert agent.publish_once()
    assert sink.put_figures == [{"QueueLength": 3, "Slots": 2, "SlotsBusy": 1, "Sessions": 1, "Nodes": 1}]


def test_a_hub_that_does_not_answer_publishes_nothing_and_the_agent_goes_on() -> None:
    sink = Sink()
    with open_grid_node() as node:
        agent = HubAgent(hub_url=node.url, sink=sink, idle=IdleWatch(limit_s=None), clock=lambda: 0.0)
        node.is_hub_down = True
        assert not agent.publish_once()
        node.is_hub_down, sink.is_broken = False, True
        assert not agent.publish_once()
        sink.is_broken = False
        assert agent.publish_once()
    assert len(sink.put_figures) == 1


def test_something_else_than_a_hub_is_named_without_its_credentials() -> None:
    with open_imds() as imds, pytest.raises(GridUnavailableError) as raised:
        read_hub(imds.url.replace("http://", "http://user:pass@"))
    assert "pass@" not in str(raised.value)


def test_more_sessions_than_slots_are_not_more_than_busy() -> None:
    assert metrics_of(HubFigures(queue=0, sessions=5, slots=4, nodes=2))["SlotsBusy"] == 4


def test_an_idle_fleet_is_said_once_and_again_after_work() -> None:
    idle, busy = HubFigures(queue=0, sessions=0, slots=4, nodes=2), HubFigures(queue=0, sessions=1, slots=4, nodes=2)
    watch = IdleWatch(limit_s=600)
    said = [watch.note(idle, at_s) for at_s in (0, 300, 599, 600, 900)]
    assert said == [None, None, None, 600, None]
    assert watch.note(busy, 1000) is None
    assert [watch.note(idle, at_s) for at_s in (1100, 1700)] == [None, 600]


def test_a_fleet_without_nodes_is_not_idle() -> None:
    watch = IdleWatch(limit_s=60)
    assert [watch.note(HubFigures(queue=0, sessions=0, slots=0, nodes=0), at_s) for at_s in (0, 120)] == [None, None]
