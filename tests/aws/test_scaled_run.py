"""`gridrunner run --grid aws --scale auto`: raised by plan, lowered again, paid for. Hubs are fakes; AWS is moto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, wait_until
from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.fleet import desired_of, make_groups, play_instances, write_fleet
from tests.support.moto_server import MotoServer
from tests.support.run_folders import observed_sites

SITES = 24


@pytest.fixture
def hubs() -> Iterator[list[FakeGrid]]:
    with ExitStack() as stack:
        yield [stack.enter_context(open_hub(slots=0, visit_s=0.05)) for _ in range(2)]


@pytest.fixture
def fleet(project: CommandLine, aws: MotoServer, hubs: list[FakeGrid]) -> list[str]:
    groups = make_groups(aws, 2)
    write_fleet(project.folder / "fleet.json", groups, [hub.url for hub in hubs])
    (project.folder / "sites.txt").write_text("".join(f"https://site-{n}.example/login\n" for n in range(SITES)))
    return groups


COMMAND = ("run", "--sites", "sites.txt", "--grid", "aws", "--fleet", "fleet.json", "--quiet")


def test_by_plan_the_fleet_is_raised_used_lowered_and_paid_for(
    project: CommandLine, aws: MotoServer, hubs: list[FakeGrid], fleet: list[str]
) -> None:
    with play_instances(aws, fleet, hubs):
        ended = project.run(*COMMAND, "--scale", "auto", "--budget", "110s", "--json", "run.json")
    assert ended.code == 0, ended.stderr
    assert "--scale auto: 2 nodes with 8 slots" in ended.words
    assert desired_of(aws, fleet) == [0, 0]
    assert len(observed_sites(project.run_folder)) == SITES
    cost = json.loads((project.folder / "run.json").read_text())["cost"]
    assert (cost["instances"], cost["kinds"], cost["region"]) == (2, ["c6i.large"], "eu-central-1")
    assert cost["minutes"] >= 2
    assert cost["spot"] < cost["on_demand"]
    assert cost["per_site"] == pytest.approx(cost["estimate"] / SITES, rel=1e-3)
    assert 0 < cost["idle_share"] < 1
    assert "table of " in cost["source"]
    for text in (ended.words, (project.run_folder / "summary.md").read_text()):
        assert "minutes, about" in text
        assert "per site" in text


def test_ctrl_c_lowers_the_fleet(project: CommandLine, aws: MotoServer, hubs: list[FakeGrid], fleet: list[str]) -> None:
    for hub in hubs:
        hub.change(visit_s=20.0)
    with play_instances(aws, fleet, hubs):
        running = project.start(*COMMAND, "--scale", "2")
        wait_until(lambda: any(hub.sessions for hub in hubs), "visits go on", timeout_s=60)
        running.interrupt()
        assert running.wait().code == 130
        assert desired_of(aws, fleet) == [0, 0]


def test_sigterm_while_nodes_are_waited_for_lowers_the_fleet(
    project: CommandLine, aws: MotoServer, fleet: list[str]
) -> None:
    running = project.start(*COMMAND, "--scale", "2")  # nobody plays the instances: they never register
    wait_until(lambda: desired_of(aws, fleet) == [1, 1], "the fleet is raised", timeout_s=60)
    running.terminate()
    assert running.wait().code == 130
    assert desired_of(aws, fleet) == [0, 0]


def test_nodes_that_do_not_come_end_the_run_with_3_and_the_reason(
    project: CommandLine, aws: MotoServer, hubs: list[FakeGrid]
) -> None:
    groups = make_groups(aws, 1, short_of=0)
    write_fleet(project.folder / "fleet.json", groups, [hubs[0].url])
    (project.folder / "sites.txt").write_text("https://site.example/login\n")
    ended = project.run(*COMMAND, "--scale", "1", "--scale-timeout", "1s")
    assert ended.code == 3
    assert "UnfulfillableCapacity" in ended.words
    assert desired_of(aws, groups) == [0]


def test_a_budget_beyond_the_fleet_is_warned_of_and_the_limit_kept(
    project: CommandLine, aws: MotoServer, hubs: list[FakeGrid], fleet: list[str]
) -> None:
    write_fleet(project.folder / "fleet.json", fleet, [hub.url for hub in hubs], nodes={"min": 0, "max_per_hub": 1})
    with play_instances(aws, fleet, hubs):
        ended = project.run(*COMMAND, "--scale", "auto", "--budget", "91s")
    assert ended.code == 0, ended.stderr
    assert "will not be kept: fleet" in ended.words
    assert desired_of(aws, fleet) == [0, 0]


def test_scale_without_a_fleet_is_a_mistake(project: CommandLine, fleet: list[str]) -> None:
    ended = project.run("run", "--sites", "sites.txt", "--grid", "http://127.0.0.1:9", "--scale", "auto")
    assert (ended.code, "--grid aws" in ended.words) == (2, True)


def test_plan_reckons_with_the_fleets_own_slots_and_prices(
    project: CommandLine, fleet: list[str], tmp_path: Path
) -> None:
    ended = project.run("plan", "--sites", "sites.txt", "--fleet", "fleet.json", "--budget", "2m")
    assert ended.code == 0, ended.stderr
    assert "c6i.large in eu-central-1" in ended.stdout
    assert "on-demand USD" in ended.stdout
