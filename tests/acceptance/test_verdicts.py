"""What a run says of sites that are right, wrong, and sometimes wrong: exit code, JUnit, report."""

from __future__ import annotations

import base64
import re

import pytest

from tests.support.command_line import CommandLine
from tests.support.own_sites import GARDEN, LOGIN, OwnSites
from tests.support.run_folders import (
    failure_messages,
    observed_sites,
    owed_cases,
    read_cases,
    sites_with,
    visits_of,
)

pytestmark = pytest.mark.browser


def test_small_list_passes_and_leaves_nothing(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b", "c")
    sites.add("garden", GARDEN, expect={"login": False})
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "2")
    assert ended.code == 0, ended.stderr
    assert ended.stdout == ""
    assert "4 sites: 4 passed" in ended.words
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    assert set(found.values()) <= {"passed", "skipped"}
    assert sites.visits == {"a": 1, "b": 1, "c": 1, "garden": 1}
    assert project.left_behind() == []


def test_wrong_expectation_is_a_failure_with_a_picture(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("right")
    sites.add("wrong-field", expect={"login": True, "username": "#pass"})
    sites.add("no-login", GARDEN, expect={"login": True})
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "2")
    assert ended.code == 1, ended.stderr
    assert "3 sites: 1 passed 2 failed" in ended.words
    folder = project.run_folder
    assert sites_with(folder / "junit.xml", "failure") == {"wrong-field", "no-login"}
    messages = failure_messages(folder / "junit.xml")
    assert "#pass" in messages["test_expected_fields_are_found", "wrong-field"]
    assert "#user" in messages["test_expected_fields_are_found", "wrong-field"]
    assert "expected a login form" in messages["test_login_form_is_found_or_rightly_absent", "no-login"]
    assert "error" not in read_cases(folder / "junit.xml").values()

    report = (folder / "report.html").read_text(encoding="utf-8")
    embedded = [base64.b64decode(data) for data in re.findall(r"data:image/webp;base64,([A-Za-z0-9+/=]+)", report)]
    for site in ("wrong-field", "no-login"):
        (first, *_) = sorted((folder / "evidence" / site).glob("screenshot-*"))
        assert first.read_bytes() in embedded
        assert f"evidence/{site}/screenshot-" in (folder / "junit.xml").read_text(encoding="utf-8")
    assert list((folder / "evidence" / "right").glob("screenshot-*")) == []
    assert "wrong-field" in (folder / "summary.md").read_text(encoding="utf-8")


def test_site_that_fails_once_is_flaky_and_passes(project: CommandLine, sites: OwnSites) -> None:
    sites.add("shaky", GARDEN, LOGIN)
    sites.add_logins("calm")
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "1")
    assert ended.code == 0, ended.stderr
    assert "1 passed 1 flaky" in ended.words
    assert sites.visits == {"shaky": 2, "calm": 1}
    text = (project.run_folder / "junit.xml").read_text(encoding="utf-8")
    assert "<flakyFailure" in text
    assert "<failure" not in text


def test_retries_are_as_many_as_asked_for(project: CommandLine, sites: OwnSites) -> None:
    sites.add("broken", GARDEN)
    listed = sites.write_list()
    assert project.run("run", "--sites", listed, "--slots", "1", "--retries", "0").code == 1
    assert sites.visits == {"broken": 1}
    assert project.run("run", "--sites", listed, "--slots", "1", "--retries", "2").code == 1
    assert sites.visits == {"broken": 1 + 3}


def test_unreachable_site_is_the_sites_failure(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    listed = sites.write_list()
    listed.write_text(listed.read_text().replace(sites.url("a"), "http://127.0.0.1:9/"))
    ended = project.run("run", "--sites", listed, "--slots", "1", "--retries", "0")
    assert ended.code == 1, ended.stderr
    assert "unreachable" in failure_messages(project.run_folder / "junit.xml")["test_visit_ended_as_expected", "a"]


def test_enough_failures_end_the_run(project: CommandLine, sites: OwnSites) -> None:
    for number in range(8):
        sites.add(f"broken-{number}", GARDEN)
    ended = project.run(
        "run", "--sites", sites.write_list(), "--slots", "1", "--retries", "0", "--max-failures", "1", timeout_s=60
    )
    assert ended.code == 1, ended.stderr
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    reached = observed_sites(project.run_folder)
    assert len(reached) < 8
    assert sites_with(project.run_folder / "junit.xml", "error") == {f"broken-{n}" for n in range(8)} - reached
    assert sites_with(project.run_folder / "junit.xml", "failure") == reached


def test_deadline_ends_the_run_and_names_what_is_missing(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    sites.add_held("slow")
    sites.add_logins("b")
    ended = project.run(
        "run", "--sites", sites.write_list(), "--slots", "1", "--deadline", "6s", "--isolation", "session", timeout_s=60
    )
    assert ended.code == 3, ended.stderr
    assert ended.took_s < 25
    assert "deadline" in ended.words
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    assert "slow" in sites_with(project.run_folder / "junit.xml", "error")
    assert "slow" in ended.words
    assert project.left_behind() == []


@pytest.mark.parametrize("isolation", ["context", "session"])
def test_nothing_passes_from_one_site_to_the_next(project: CommandLine, sites: OwnSites, isolation: str) -> None:
    remembers = "<script>document.cookie='seen=1'; localStorage.seen = 1</script>"
    for number in range(4):
        sites.add(f"site-{number}", LOGIN + remembers)
    (project.folder / "memory.js").write_text("() => [document.cookie, localStorage.length]")
    (project.folder / "checks.py").write_text(
        "def test_alone(observation):\n"
        "    assert observation.probes['memory.js'] == {'value': ['seen=1', 1]}\n"
        "def test_session(observation, record_property):\n"
        "    assert observation.session\n"
    )
    (project.folder / "before.js").write_text("() => null")
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "1", "--isolation", isolation),
        *("--probe", "memory.js", "--probe", "before.js", "--checks", "checks.py"),
    )
    assert ended.code == 0, ended.stderr
    assert sum(visits_of(project.run_folder).values()) == 4
