"""Runs that are cut short: Ctrl-C, SIGTERM, `kill -9`; what they leave, and how they go on."""

from __future__ import annotations

import time

import pytest

from tests.support.command_line import CommandLine, Running, wait_until
from tests.support.own_sites import Gate, OwnSites
from tests.support.run_folders import (
    journalled_exit_code,
    observed_sites,
    owed_cases,
    read_cases,
    sites_with,
    visits_of,
)

pytestmark = pytest.mark.browser

INTERRUPT_LIMIT_S = 20.0
"""A run ends within 5 s of Ctrl-C on a machine that has time for it; one that waited for the held visit would take 30
s. This lies between them, as a test may run beside others."""
ONE_AT_A_TIME = ("--slots", "1", "--contexts-per-session", "1")
NAMES = ["a", "b", "c", "d", "e", "f"]


def start_and_hold(project: CommandLine, sites: OwnSites) -> tuple[Running, Gate]:
    """A run on one slot that is in the middle: some sites are done, one is being visited, some were not begun."""
    sites.add_logins(*NAMES[:3])
    gate = sites.add_held("held")
    sites.add_logins(*NAMES[3:])
    running = project.start("run", "--sites", sites.write_list(), *ONE_AT_A_TIME)
    done = set(NAMES[:3])
    wait_until(
        lambda: running.is_over() or (gate.reached.is_set() and observed_sites(project.run_folder) == done),
        "the held site is being visited, and the journal knows what was before it",
    )
    assert not running.is_over(), running.wait().stderr
    return running, gate


def resume_and_check(project: CommandLine, sites: OwnSites) -> None:
    """Resume the only run; together both parts visited everything, and what was done only once."""
    folder = project.run_folder
    ended = project.run("run", "--resume", folder, "--slots", "1")
    assert ended.code == 0, ended.stderr
    assert project.run_folders() == [folder]
    found = read_cases(folder / "junit.xml")
    assert set(found) == owed_cases(folder)
    assert set(found.values()) <= {"passed", "skipped"}
    assert sites.visits == dict.fromkeys(NAMES, 1) | {"held": 2}
    assert observed_sites(folder) == {*NAMES, "held"}
    assert project.left_behind() == []


def test_ctrl_c_ends_soon_and_the_run_goes_on_later(project: CommandLine, sites: OwnSites) -> None:
    running, gate = start_and_hold(project, sites)
    at_s = time.monotonic()
    running.interrupt()
    ended = running.wait(timeout_s=30)
    assert time.monotonic() - at_s < INTERRUPT_LIMIT_S
    assert ended.code == 130, ended.stderr
    assert journalled_exit_code(project.run_folder) == 130
    assert f"gridrunner run --resume runs/{project.run_folder.name}" in ended.words
    assert project.left_behind() == []
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    assert "failure" not in found.values()
    assert "held" in sites_with(project.run_folder / "junit.xml", "error")
    assert (project.run_folder / "report.html").is_file()
    gate.open()
    resume_and_check(project, sites)


def test_sigterm_ends_like_ctrl_c(project: CommandLine, sites: OwnSites) -> None:
    running, _gate = start_and_hold(project, sites)
    at_s = time.monotonic()
    running.terminate()
    ended = running.wait(timeout_s=30)
    assert time.monotonic() - at_s < INTERRUPT_LIMIT_S
    assert ended.code == 130, ended.stderr
    assert project.left_behind() == []


def test_ctrl_c_before_the_first_visit(project: CommandLine, sites: OwnSites) -> None:
    sites.add_held("a")  # however late the interrupt comes, the visit is not over
    running = project.start("run", "--sites", sites.write_list(), "--slots", "1")
    wait_until(lambda: len(project.processes()) > 1 or running.is_over(), "something started")
    running.interrupt()
    ended = running.wait(timeout_s=30)
    assert ended.code == 130, ended.stderr
    wait_until(lambda: project.left_behind() == [], "everything is gone", timeout_s=60)


def test_two_interrupts_end_at_once(project: CommandLine, sites: OwnSites) -> None:
    running, _gate = start_and_hold(project, sites)
    running.interrupt()
    running.interrupt()
    ended = running.wait(timeout_s=30)
    assert ended.code == 130, ended.stderr
    wait_until(lambda: project.processes() == {}, "every process is gone", timeout_s=60)


def test_killed_run_goes_on_and_its_browsers_are_ended(project: CommandLine, sites: OwnSites) -> None:
    running, gate = start_and_hold(project, sites)
    orphans = set(project.drivers()) | set(project.browsers())
    running.kill()
    assert running.wait().code == -9
    assert orphans
    assert set(visits_of(project.run_folder)) == {*NAMES[:3], "held"}
    gate.open()
    resume_and_check(project, sites)
    assert orphans & set(project.processes()) == set()


def test_journal_cut_in_the_middle_of_a_line(project: CommandLine, sites: OwnSites) -> None:
    running, gate = start_and_hold(project, sites)
    running.kill()
    running.wait()
    journal = project.run_folder / "journal.jsonl"
    with journal.open("ab") as file:
        file.write(b'{"event":"result","result":{"check":"x')
    gate.open()
    ended = project.run("run", "--resume", project.run_folder, "--slots", "1")
    assert ended.code == 0, ended.stderr
    assert "warning" in ended.words
    assert set(read_cases(project.run_folder / "junit.xml")) == owed_cases(project.run_folder)


def test_resuming_a_complete_run_has_nothing_to_do(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    assert project.run("run", "--sites", sites.write_list(), "--slots", "1").code == 0
    before = read_cases(project.run_folder / "junit.xml")
    again = project.run("run", "--resume", project.run_folder)
    assert again.code in {0, 4}, again.stderr
    assert sites.visits == {"a": 1}
    assert read_cases(project.run_folder / "junit.xml") == before


def test_another_run_is_not_disturbed(project: CommandLine, sites: OwnSites) -> None:
    running, gate = start_and_hold(project, sites)
    other = project.run("run", "--sites", sites.write_list(), "--select", "id:a", "--slots", "1", "--out", "other")
    assert other.code == 0, other.stderr
    gate.open()
    ended = running.wait()
    assert ended.code == 0, ended.stderr
    assert visits_of(project.run_folder) == dict.fromkeys([*NAMES, "held"], 1)
