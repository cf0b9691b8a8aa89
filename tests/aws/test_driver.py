"""`gridrunner grid --driver aws`: the real driver on auto scaling groups in moto; fake hubs follow the groups."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gridrunner.aws.clients import Aws
from gridrunner.errors import GridFault, GridrunnerError, UsageError
from gridrunner.grid.drivers.aws.driver import AwsDriver
from gridrunner.grid.drivers.aws.fleet import read_fleet
from gridrunner.grid.drivers.protocol import MeteredGrid, RunDemand
from gridrunner.grid.status import NodeState
from tests.support.command_line import CommandLine
from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.fleet import desired_of, make_groups, play_instances, write_fleet
from tests.support.moto_server import MotoServer


def make_driver(fleet: Path, *, timeout_s: float = 60.0) -> AwsDriver:
    described = read_fleet(fleet)
    return AwsDriver(described, Aws(described.region), timeout_s=timeout_s, poll_s=0.05)


@pytest.fixture
def hubs() -> Iterator[list[FakeGrid]]:
    with ExitStack() as stack:
        yield [stack.enter_context(open_hub(slots=0)) for _ in range(2)]


def test_scale_deals_nodes_out_waits_until_they_are_registered_and_lowers_again(
    aws_env: MotoServer, hubs: list[FakeGrid], tmp_path: Path
) -> None:
    groups = make_groups(aws_env, 2)
    driver = make_driver(write_fleet(tmp_path / "fleet.json", groups, [hub.url for hub in hubs]))
    said: list[str] = []
    with play_instances(aws_env, groups, hubs):
        status = driver.scale(5, said.append)
        assert desired_of(aws_env, groups) == [3, 2]
        assert [sum(node.state is NodeState.UP for node in hub.nodes) for hub in status.hubs] == [3, 2]
        assert "aws: 5 of 5 nodes registered, 5 instances" in said
        lowered = driver.scale(1, said.append)
    assert sum(desired_of(aws_env, groups)) == 1
    assert len([node for node in lowered.nodes if node.state is NodeState.UP]) == 1


def test_more_nodes_than_the_fleet_may_have_are_refused_and_nothing_is_asked_for(
    aws_env: MotoServer, tmp_path: Path
) -> None:
    groups = make_groups(aws_env, 1, most=4)
    driver = make_driver(write_fleet(tmp_path / "fleet.json", groups, ["http://127.0.0.1:9"]))
    with pytest.raises(UsageError, match="5 nodes are more than the fleet may have: 4"):
        driver.scale(5, lambda _: None)
    assert desired_of(aws_env, groups) == [0]


def test_capacity_that_is_not_to_be_had_ends_the_wait_with_the_words_of_aws(
    aws_env: MotoServer, hubs: list[FakeGrid], tmp_path: Path
) -> None:
    groups = make_groups(aws_env, 1, short_of=1)
    fleet = write_fleet(tmp_path / "fleet.json", groups, [hubs[0].url])
    with play_instances(aws_env, groups, hubs[:1]):
        make_driver(fleet).scale(1, lambda _: None)
        with pytest.raises(GridFault) as raised:
            make_driver(fleet, timeout_s=0.5).scale(3, lambda _: None)
    assert "1 of 3 nodes registered" in str(raised.value)
    assert "UnfulfillableCapacity" in str(raised.value)
    assert "instance_types" in (raised.value.hint or "")


def test_instances_that_never_register_are_said_to_be_that(
    aws_env: MotoServer, hubs: list[FakeGrid], tmp_path: Path
) -> None:
    groups = make_groups(aws_env, 1)
    driver = make_driver(write_fleet(tmp_path / "fleet.json", groups, [hubs[0].url]), timeout_s=0.3)
    with pytest.raises(GridFault, match="1 instances run and have not registered"):
        driver.scale(1, lambda _: None)
    states = [node.state for node in driver.status().nodes]
    assert states == [NodeState.STARTING]


def test_a_fleet_whose_groups_are_gone_is_a_mistake_of_the_file(aws_env: MotoServer, tmp_path: Path) -> None:
    driver = make_driver(write_fleet(tmp_path / "fleet.json", ["no-such-group"], ["http://127.0.0.1:9"]))
    with pytest.raises(GridrunnerError, match="no auto scaling group no-such-group in eu-central-1") as raised:
        driver.status()
    assert raised.value.exit_code == 2


def test_a_run_raises_the_fleet_and_lowers_it_whatever_happens(
    aws_env: MotoServer, hubs: list[FakeGrid], tmp_path: Path
) -> None:
    groups = make_groups(aws_env, 2, least=0)
    driver = make_driver(write_fleet(tmp_path / "fleet.json", groups, [hub.url for hub in hubs]))
    demand = RunDemand(run="20261126-1", sites=10, nodes=3)

    def run_into_ctrl_c() -> None:
        with driver.open_for_run(demand, lambda _: None) as grid:
            assert desired_of(aws_env, groups) == [2, 1]
            assert [hub.url for hub in grid.hubs] == [hub.url for hub in hubs]
            raise KeyboardInterrupt

    with play_instances(aws_env, groups, hubs):
        with pytest.raises(KeyboardInterrupt):
            run_into_ctrl_c()
        assert desired_of(aws_env, groups) == [0, 0]


def test_a_run_leaves_the_nodes_on_which_others_have_sessions(
    aws_env: MotoServer, hubs: list[FakeGrid], tmp_path: Path
) -> None:
    groups = make_groups(aws_env, 1)
    driver = make_driver(write_fleet(tmp_path / "fleet.json", groups, [hubs[0].url]))
    said: list[str] = []
    with play_instances(aws_env, groups, hubs[:1]):
        with driver.open_for_run(RunDemand(run="20261126-1", sites=10, nodes=3), said.append):
            hubs[0].take_slot()
        assert desired_of(aws_env, groups) == [1]
    assert "aws: other runs have sessions on nodes (1), which stay" in said


def test_a_run_without_scale_takes_the_nodes_that_are_up_and_leaves_them(
    aws_env: MotoServer, hubs: list[FakeGrid], tmp_path: Path
) -> None:
    groups = make_groups(aws_env, 1, least=0)
    driver = make_driver(write_fleet(tmp_path / "fleet.json", groups, [hubs[0].url]))
    with pytest.raises(UsageError, match="has no node"), driver.open_for_run(RunDemand(run="1", sites=1), print):
        pass
    with play_instances(aws_env, groups, hubs[:1]):
        driver.scale(2, lambda _: None)
        with driver.open_for_run(RunDemand(run="1", sites=1), print) as grid:
            assert isinstance(grid, MeteredGrid)
            (used,) = grid.measure()
        assert desired_of(aws_env, groups) == [2]
    assert (used.kind, used.count) == ("c6i.large", 2)
    assert used.minutes == 2  # a minute each is billed at least


def test_the_command_scales_shows_and_takes_down(
    project: CommandLine, aws: MotoServer, hubs: list[FakeGrid], tmp_path: Path
) -> None:
    groups = make_groups(aws, 2)
    write_fleet(tmp_path / "fleet.json", groups, [hub.url for hub in hubs])
    fleet = ("--driver", "aws", "--fleet", "fleet.json")
    with play_instances(aws, groups, hubs):
        scaled = project.run("grid", "scale", *fleet, "--nodes", "3")
        assert scaled.code == 0, scaled.stderr
        assert "3 of 3 nodes registered" in scaled.words
        shown = project.run("grid", "status", *fleet, "--json")
        assert (shown.code, len(json.loads(shown.stdout)["hubs"])) == (0, 2)
        assert project.run("grid", "scale", *fleet, "--nodes", "99").code == 2
        assert project.run("grid", "down", *fleet).code == 0
        assert desired_of(aws, groups) == [0, 0]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "is not JSON"),
        ("{}", "does not describe a fleet"),
        ('{"format": 99}', "has format 99"),
        ('{"name": "x", "region": "eu-central-1", "hubs": []}', "without hubs"),
    ],
)
def test_a_file_that_is_no_fleet_is_named(project: CommandLine, tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "fleet.json").write_text(text)
    ended = project.run("grid", "status", "--driver", "aws", "--fleet", "fleet.json")
    assert ended.code == 2
    assert named in ended.words
    assert "terraform output -json gridrunner" in ended.words or "format" in named


def test_without_a_fleet_the_command_says_which_option_names_one(project: CommandLine) -> None:
    ended = project.run("grid", "status", "--driver", "aws")
    assert (ended.code, "--fleet" in ended.words) == (2, True)
