"""SIGINT, SIGTERM and SIGHUP in every phase of every command: exit 130, reports where there is something to report, and
no process or folder left behind.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Running, wait_until
from tests.support.own_sites import OwnSites
from tests.support.run_folders import journalled_exit_code

pytestmark = pytest.mark.browser

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IN_TIME_S = 10.0
"""GitHub's runner kills ten seconds after it asked (actions/runner#1309)."""

STUCK_BROWSER = "#!/bin/sh\necho started > '{mark}'\nexec sleep 600\n"

LIVE = (
    "import pathlib, threading, pytest\n\n@pytest.mark.live\ndef test_slow(driver):\n"
    "    pathlib.Path({mark!r}).touch()\n    threading.Event().wait(600)\n"
)


def make_stuck_browser(project: CommandLine) -> tuple[dict[str, str], Path]:
    """A browser that never answers, and the file that it writes when it was started."""
    mark = project.folder / "browser-started"
    browser = project.folder / "chromium"
    browser.write_text(STUCK_BROWSER.format(mark=mark))
    browser.chmod(0o755)
    return {"GRIDRUNNER_BROWSER_BINARY": str(browser)}, mark


def end_with(running: Running, number: signal.Signals, mark: Path) -> str:
    """Wait for `mark`, send the signal to the command alone, and see it end; returns what it said."""
    wait_until(lambda: mark.exists() or running.is_over(), "it is in the phase that the test wants", timeout_s=60)
    assert not running.is_over(), running.wait().stderr
    os.kill(running.pid, number)
    ended = running.wait(timeout_s=3 * IN_TIME_S)  # a busy machine has its time; what hangs would take minutes
    assert ended.code == 130, ended.stderr
    return ended.stderr


@pytest.mark.parametrize("number", SIGNALS)
def test_while_sessions_are_opening(project: CommandLine, sites: OwnSites, number: signal.Signals) -> None:
    env, mark = make_stuck_browser(project)
    sites.add_logins("a", "b")
    running = project.start("run", "--sites", sites.write_list(), "--slots", "2", env=env)
    end_with(running, number, mark)
    assert (project.run_folder / "report.html").is_file()
    assert journalled_exit_code(project.run_folder) == 130
    assert project.left_behind() == []


def test_a_deadline_while_sessions_are_opening_leaves_nothing(project: CommandLine, sites: OwnSites) -> None:
    env, _mark = make_stuck_browser(project)
    sites.add_logins("a")
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "1", "--deadline", "3s", env=env)
    assert ended.code == 3, ended.stderr
    assert project.left_behind() == []


@pytest.mark.parametrize("number", SIGNALS)
def test_during_live_checks(project: CommandLine, sites: OwnSites, number: signal.Signals) -> None:
    sites.add_logins("a")
    mark = project.folder / "live-began"
    (project.folder / "checks.py").write_text(LIVE.format(mark=str(mark)) + "\ndef test_seen(observation):\n    pass\n")
    running = project.start("run", "--sites", sites.write_list(), "--slots", "1", "--checks", "checks.py")
    end_with(running, number, mark)
    assert (project.run_folder / "junit.xml").is_file()
    assert journalled_exit_code(project.run_folder) == 130
    wait_until(lambda: project.left_behind() == [], "the check's own browser is gone", timeout_s=30)


def probe(project: CommandLine, sites: OwnSites) -> list[str]:
    sites.add_logins("a")
    return ["probe", sites.url("a")]


def capture(project: CommandLine, sites: OwnSites) -> list[str]:
    sites.add_logins("a")
    return ["sites", "capture", sites.url("a")]


def evaluate(project: CommandLine, _sites: OwnSites) -> list[str]:
    corpus = project.folder / "corpus"
    (corpus / "pages").mkdir(parents=True)
    (corpus / "pages" / "one.html").write_text("<form><input><input type=password></form>")
    (corpus / "manifest.json").write_text('[{"id": "one", "file": "pages/one.html", "login_present": true}]')
    return ["evaluate", "--corpus", str(corpus), "--jobs", "2"]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("command", [probe, capture, evaluate])
def test_in_commands_that_open_pages_by_hand(
    project: CommandLine,
    sites: OwnSites,
    command: Callable[[CommandLine, OwnSites], list[str]],
    number: signal.Signals,
) -> None:
    env, mark = make_stuck_browser(project)
    running = project.start(*command(project, sites), env=env)
    assert "interrupted" in end_with(running, number, mark)
    assert project.left_behind() == []


# ---------------------------------------------------------------------------------------------- namespaces of processes


def in_a_namespace(*arguments: str) -> list[str]:
    """The words that run gridrunner as the first process of a namespace of process numbers, as in a container."""
    unshare = shutil.which("unshare")
    if unshare is None or os.geteuid() != 0:
        pytest.skip("needs unshare and root")
    code = (
        "import os, sys\n"
        f"os.execv({unshare!r}, [{unshare!r}, '--pid', '--fork', '--mount-proc', '--kill-child', sys.executable, "
        f"'-m', 'gridrunner', *{list(arguments)!r}])"
    )
    return ["-c", code]


def test_as_the_first_process_no_zombie_stays_and_signals_are_heard(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins(*"abcdef")
    gate = sites.add_held("held")
    options = ("--slots", "1", "--isolation", "session", "--out", "runs")
    running = project.start_program(*in_a_namespace("run", "--sites", str(sites.write_list()), *options))
    wait_until(lambda: gate.reached.is_set() or running.is_over(), "six sites are done")
    assert not running.is_over(), running.wait().stderr
    (first,) = [
        pid for pid, words in project.processes().items() if "gridrunner run" in words and "unshare" not in words
    ]
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    states = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in children]
    assert "Z" not in states
    os.kill(first, signal.SIGTERM)
    assert running.wait(timeout_s=30).code == 130
    assert (project.run_folder / "report.html").is_file()
    wait_until(lambda: project.left_behind() == [], "everything is gone", timeout_s=30)


def test_browsers_of_another_container_are_left_alone(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("other")
    gate = sites.add_held("held")
    inside = ("run", "--sites", str(sites.write_list()), "--slots", "1", "--select", "id:held")
    running = project.start_program(*in_a_namespace(*inside))
    wait_until(lambda: gate.reached.is_set() or running.is_over(), "the visit goes on")
    browsers = set(project.browsers())
    outside = project.run("run", "--sites", sites.write_list(), "--slots", "1", "--select", "id:other", "--out", "o")
    assert outside.code == 0, outside.stderr
    assert browsers
    assert browsers <= set(project.browsers())
    gate.open()
    assert running.wait().code == 0


# -------------------------------------------------------------------------------------------------- one run, one writer


def test_a_run_that_goes_on_is_not_resumed_or_judged_by_another(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    gate = sites.add_held("held")
    running = project.start("run", "--sites", sites.write_list(), "--slots", "1")
    wait_until(lambda: gate.reached.is_set() or running.is_over(), "it goes on")
    folder = project.run_folder
    before = (folder / "journal.jsonl").read_bytes()
    for command in (("run", "--resume", folder), ("judge", folder)):
        refused = project.run(*command)
        assert refused.code == 2, refused.stderr
        assert "another gridrunner is writing this run" in refused.words
    assert (folder / "journal.jsonl").read_bytes()[: len(before)] == before
    gate.open()
    assert running.wait().code == 0
    assert project.run("judge", folder).code == 0


def test_a_run_that_was_killed_leaves_no_lock(project: CommandLine, sites: OwnSites) -> None:
    gate = sites.add_held("held")
    running = project.start("run", "--sites", sites.write_list(), "--slots", "1")
    wait_until(lambda: gate.reached.is_set() or running.is_over(), "it goes on")
    running.kill()
    running.wait()
    gate.open()
    assert project.run("run", "--resume", project.run_folder).code == 0
