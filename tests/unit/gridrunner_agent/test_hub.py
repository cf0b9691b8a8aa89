from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest
from gridrunner_agent.aws import AwsUnavailableError
from gridrunner_agent.grid import GridUnavailableError, HubFigures, read_hub, with_login
from gridrunner_agent.hub import HubAgent, IdleWatch, SleepWatch, metrics_of

from tests.support.fake_grid_node import open_grid_node
from tests.support.fake_imds import open_imds


class Sink:
    def __init__(self) -> None:
        self.put_figures: list[Mapping[str, float]] = []
        self.answers: list[bool] = []
        self.is_broken = False

    def put_answers(self, at: datetime, *, answers: bool) -> None:
        self.answers.append(answers)

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
    assert sink.answers == [False, True]


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


def test_a_hub_that_nobody_needs_goes_to_sleep() -> None:
    quiet, busy = HubFigures(queue=0, sessions=0, slots=0, nodes=0), HubFigures(queue=1, sessions=0, slots=0, nodes=0)
    leases, stops = [False], list[float]()
    watch = SleepWatch(limit_s=600, has_lease=lambda: leases[0], stop=lambda: stops.append(1.0))
    assert [watch.note(quiet, at_s) for at_s in (0, 599)] == [False, False]
    assert not watch.note(busy, 600)
    leases[0] = True
    assert not watch.note(quiet, 1300)
    leases[0] = False
    assert [watch.note(quiet, at_s) for at_s in (1400, 1999, 2000)] == [False, False, True]
    assert stops == [1.0]


def test_the_hubs_log_in_comes_from_the_environment() -> None:
    env = {"SE_ROUTER_USERNAME": "ci", "SE_ROUTER_PASSWORD": "a/b@c"}
    assert with_login("http://127.0.0.1:4444", env) == "http://ci:a%2Fb%40c@127.0.0.1:4444"
    assert with_login("http://127.0.0.1:4444", {}) == "http://127.0.0.1:4444"
