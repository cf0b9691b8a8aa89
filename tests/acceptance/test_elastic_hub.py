"""A real Selenium Grid that scales by its session queue from zero, driven by `run --elastic`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, wait_until
from tests.support.own_sites import OwnSites
from tests.support.run_folders import events_of, owed_cases, read_cases
from tests.support.scaled_hub import open_scaled_hub

pytestmark = pytest.mark.browser

NAMES = ("a", "b", "c", "d", "e")


def test_a_grid_without_a_node_grows_by_its_queue_shrinks_and_grows_again(
    project: CommandLine, sites: OwnSites, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Five sites in sessions of their own on nodes that go after two: three nodes or more, two at once."""
    sites.add_logins(*NAMES)
    folder: Path = tmp_path_factory.mktemp("hub")
    with open_scaled_hub(folder, most_nodes=2, sessions_per_node=2) as hub:
        where = ("--grid", hub.url, "--elastic", "--slots", "2", "--isolation", "session", "--retries", "0")
        ended = project.run("run", "--sites", sites.write_list(), *where)
        assert ended.code == 0, ended.stderr
        assert hub.most_waiting >= 1
        assert hub.most_at_once == 2
        assert 3 <= hub.nodes_started <= len(NAMES)
        wait_until(lambda: hub.figures().get("sessionQueueSize") == 0, "nobody waits in the queue", timeout_s=30)
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    assert set(found.values()) <= {"passed", "skipped"}
    assert events_of(project.run_folder, "fault") == []
    assert sites.visits == dict.fromkeys(NAMES, 1)


def test_elastic_without_a_number_or_a_hub_is_a_mistake(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    listed = sites.write_list()
    without_number = project.run("run", "--sites", listed, "--grid", "http://127.0.0.1:9", "--elastic")
    without_hub = project.run("run", "--sites", listed, "--elastic", "--slots", "2")
    assert (without_number.code, "say --slots N" in without_number.words) == (2, True)
    assert (without_hub.code, "hubs that are named by URL" in without_hub.words) == (2, True)
