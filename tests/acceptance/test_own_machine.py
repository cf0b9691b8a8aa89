"""The trouble of the machine that gridrunner runs on is named, and charged to no site."""

from __future__ import annotations

import os
import signal
import time

import pytest

from tests.support.command_line import CommandLine, wait_until
from tests.support.own_sites import OwnSites
from tests.support.run_folders import faults_of, read_cases

pytestmark = pytest.mark.browser

DEAD_PROXY = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")

AWAY = "version: 1\nsites:\n  - {id: away, url: 'http://away.example/'}\n"


def test_a_proxy_that_does_not_answer_is_no_verdict_on_a_site(project: CommandLine) -> None:
    (project.folder / "away.yaml").write_text(AWAY)
    ended = project.run("run", "--sites", "away.yaml", "--slots", "1", env=DEAD_PROXY)
    assert ended.code == 3, ended.words
    assert "its proxy does not answer; look at HTTP_PROXY" in " ".join(ended.words.split())
    assert set(read_cases(project.run_folder / "junit.xml").values()) == {"error"}
    assert project.left_behind() == []


def test_drivers_and_pages_of_this_machine_are_never_asked_through_a_proxy(
    project: CommandLine, sites: OwnSites
) -> None:
    sites.add_logins("a")
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "1", env=DEAD_PROXY)
    assert ended.code == 0, ended.words


def test_a_machine_that_stands_still_costs_no_verdict(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    gate = sites.add_held("held")
    # One visit at a time: it is this one that stands still, and no other that was about to end.
    one_lane = ("--slots", "1", "--contexts-per-session", "1")
    running = project.start("run", "--sites", sites.write_list(), *one_lane, "--visit-timeout", "4s")
    wait_until(lambda: gate.reached.is_set() or running.is_over(), "the visit has begun")
    frozen = list(project.processes())
    end_s = time.monotonic() + 8.0  # beyond the visit's own limit, and no standstill ends sooner
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: time.monotonic() > end_s, "the limit of the visit has passed")
    gate.open()
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    ended = running.wait()
    assert ended.code == 0, ended.words
    assert "flaky" not in ended.words
    assert set(faults_of(project.run_folder)) <= {"held"}
    assert project.left_behind() == []


def test_colours_that_are_forced_bring_no_redraws_into_a_log(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "1", env={"FORCE_COLOR": "1"})
    assert ended.code == 0, ended.words
    assert "\x1b[2K" not in ended.stderr
    assert "\x1b[?25l" not in ended.stderr
