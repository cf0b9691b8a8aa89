"""What the grid does wrong is never charged to a site: killed browsers and drivers, hubs that are not there."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.command_line import CommandLine, Running, wait_until
from tests.support.own_sites import GARDEN, Gate, OwnSites
from tests.support.run_folders import (
    events_of,
    failure_messages,
    faults_of,
    owed_cases,
    read_cases,
    sites_with,
)

pytestmark = pytest.mark.browser


def start_and_hold_two(project: CommandLine, sites: OwnSites) -> tuple[Running, list[Gate]]:
    """A run whose two slots are both in the middle of a visit."""
    sites.add_logins("a", "b", "c")
    gates = [sites.add_held("held-1"), sites.add_held("held-2")]
    sites.add("garden", GARDEN, expect={"login": False})
    running = project.start("run", "--sites", sites.write_list(), "--slots", "2", "--contexts-per-session", "1")
    wait_until(lambda: all(gate.reached.is_set() for gate in gates) or running.is_over(), "both slots are held")
    return running, gates


def test_killed_browser_costs_one_visit_and_no_verdict(project: CommandLine, sites: OwnSites) -> None:
    running, gates = start_and_hold_two(project, sites)
    victims = project.browsers()
    assert len(victims) == 2
    os.kill(victims[0], signal.SIGKILL)
    wait_until(lambda: faults_of(project.run_folder) or running.is_over(), "the loss is in the journal")
    for gate in gates:
        gate.open()
    ended = running.wait()
    assert ended.code == 0, ended.stderr
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    assert set(found.values()) <= {"passed", "skipped"}
    ((lost, times),) = faults_of(project.run_folder).items()
    assert (lost in {"held-1", "held-2"}, times) == (True, 1)
    assert sites.visits == dict.fromkeys(["a", "b", "c", "garden", "held-1", "held-2"], 1) | {lost: 2}
    assert project.left_behind() == []


def test_killed_chromedriver_costs_no_verdict_and_leaves_no_browser(project: CommandLine, sites: OwnSites) -> None:
    running, gates = start_and_hold_two(project, sites)
    victims = project.drivers()
    assert len(victims) == 2
    os.kill(victims[0], signal.SIGKILL)
    for gate in gates:
        gate.open()
    ended = running.wait()
    assert ended.code == 0, ended.stderr
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    assert set(found.values()) <= {"passed", "skipped"}
    assert project.left_behind() == []


def test_site_that_always_loses_its_browser_is_an_error_of_ours(project: CommandLine, sites: OwnSites) -> None:
    def kill_browsers() -> None:
        for pid in project.browsers():
            os.kill(pid, signal.SIGKILL)

    sites.add_logins("a", "b")
    sites.add("deadly", before=kill_browsers)
    sites.add("garden", GARDEN)
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--retries", "0"),
        *("--slots", "1", "--contexts-per-session", "1"),
    )
    assert ended.code == 3, ended.stderr
    junit = project.run_folder / "junit.xml"
    assert set(read_cases(junit)) == owed_cases(project.run_folder)
    assert sites_with(junit, "error") == {"deadly"}
    assert sites_with(junit, "failure") == {"garden"}
    assert sites.visits["deadly"] > 1
    assert "deadly" in ended.words
    assert project.left_behind() == []


def test_hub_that_is_not_there(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--grid", "http://user:secret@127.0.0.1:9", "--deadline", "5s"),
        timeout_s=60,
    )
    assert ended.code == 3, ended.stderr
    assert "http://127.0.0.1:9" in ended.words
    assert set(read_cases(project.run_folder / "junit.xml").values()) == {"error"}
    assert sites.visits == {}
    told = [path for path in project.run_folder.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]
    assert told == []
    assert "secret" not in ended.stderr
    assert project.left_behind() == []


def test_one_hub_of_two_is_not_there(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b", "c")
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "1"), *("--grid", "http://127.0.0.1:9", "--grid", "local")
    )
    assert ended.code == 0, ended.stderr
    assert set(failure_messages(project.run_folder / "junit.xml")) == set()
    assert {event["hub"] for event in events_of(project.run_folder, "visit-started")} == {"local"}
