"""Checks and probes of the user's own: in a run, with a real browser, by hand, and judged again without one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, open_project
from tests.support.own_sites import GARDEN, OwnSites
from tests.support.run_folders import failure_messages, owed_cases, read_cases, read_journal

pytestmark = pytest.mark.browser

CHECKS = """\
def test_address(site, observation):
    assert observation.url == site.url, f"{site.id} led to {observation.url}"

def test_probe_saw_the_title(observation):
    assert observation.probes["title.js"] == {"value": observation.title}
"""

LIVE = """\
import pytest
from selenium.webdriver.common.by import By

def test_recorded(observation):
    assert observation.title == "Log in"

@pytest.mark.live
def test_typing(site, driver):
    assert driver.current_url == site.url
    driver.find_element(By.ID, "user").send_keys("ada@postbox.example")
    assert driver.find_element(By.ID, "user").get_property("value") == "ada@postbox.example"

@pytest.mark.live
def test_wish(driver, site):
    assert site.id != "b", "b is not wanted"
"""

STRICTER = """\
def test_title_is_short(observation):
    assert len(observation.title) < 3, f"the title is {observation.title!r}"
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CommandLine, Path]]:
    """A project with one finished run: two sites that pass and one that fails."""
    folder = tmp_path_factory.mktemp("recorded")
    with open_project(folder) as project, OwnSites(folder / "sites.yaml") as sites:
        sites.add_logins("a", "b")
        sites.add("garden", GARDEN)
        ended = project.run("run", "--sites", sites.write_list(), "--slots", "1", "--retries", "0")
        assert ended.code == 1, ended.stderr
        yield project, project.run_folder


@pytest.fixture
def run_copy(recorded: tuple[CommandLine, Path], tmp_path: Path) -> Path:
    """A copy of the run, for a test that writes into it."""
    return Path(shutil.copytree(recorded[1], tmp_path / "run"))


def test_own_checks_and_probes(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    (project.folder / "checks.py").write_text(CHECKS)
    (project.folder / "title.js").write_text("() => document.title;\n")
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "1"), *("--checks", "checks.py", "--probe", "title.js")
    )
    assert ended.code == 0, ended.stderr
    expected = {(check, site) for check in ("test_address", "test_probe_saw_the_title") for site in "ab"}
    found = read_cases(project.run_folder / "junit.xml")
    assert set(found) == owed_cases(project.run_folder)
    assert {case for case, verdict in found.items() if verdict == "passed"} == expected
    assert set(found.values()) <= {"passed", "skipped"}


def test_check_that_breaks_is_not_charged_to_the_site(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    (project.folder / "checks.py").write_text(
        "import pytest\n\n@pytest.fixture\ndef breaks():\n    {}['nothing']\n\n"
        "def test_broken(observation):\n    {}['nothing']\n\ndef test_unprepared(breaks, site):\n    pass\n"
    )
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "1", "--checks", "checks.py")
    assert ended.code == 3, ended.stderr
    assert set(read_cases(project.run_folder / "junit.xml").values()) == {"error"}
    messages = failure_messages(project.run_folder / "junit.xml")
    assert "KeyError" in messages["test_broken", "a"]
    assert "KeyError" in messages["test_unprepared", "a"]


def test_a_run_whose_checks_are_all_live_ends(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    (project.folder / "live.py").write_text("def test_title(driver, site):\n    assert driver.title\n")
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "2", "--retries", "0", "--checks", "live.py")
    )
    assert ended.code == 0, ended.stderr
    assert read_cases(project.run_folder / "junit.xml") == dict.fromkeys(
        [("test_title", "a"), ("test_title", "b")], "passed"
    )


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        ("() => ({logn: true})", 1, "answered on 0 of 2 sites; keys seen: logn; known: login, username, password"),
        ("() => 7", 4, "answered on 0 of 2 sites; seen: a number"),
        ("async () => { await new Promise(() => {}) }", 1, "mine.js gave no answer: no answer within"),
    ],
)
def test_a_detector_that_answers_nowhere_is_never_green(
    project: CommandLine, sites: OwnSites, source: str, code: int, said: str
) -> None:
    sites.add_logins("a", "b")
    (project.folder / "mine.js").write_text(source)
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "2", "--retries", "0", "--visit-timeout", "5s"),
        *("--probe", "mine.js"),
    )
    assert ended.code == code, ended.stderr
    assert said in " ".join(ended.stderr.split())
    visits = [event["observation"] for event in read_journal(project.run_folder) if event["event"] == "observation"]
    assert {visit["outcome"] for visit in visits} == {"observed"}  # a detector's silence is not charged to the site


def test_the_shipped_checks_and_own_ones_together(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    (project.folder / "mine.py").write_text("def test_id(site):\n    assert site.id == 'a'\n")
    run = ("run", "--sites", sites.write_list(), "--slots", "1", "--retries", "0")
    ended = project.run(*run, "--checks", "default", "--checks", "mine.py")
    assert ended.code == 0, ended.stderr
    checks = {check for check, _ in read_cases(project.run_folder / "junit.xml")}
    assert {"test_id", "test_visit_ended_as_expected", "test_expected_fields_are_found"} <= checks
    again = project.run("judge", project.run_folder)
    assert (again.code, "not here" in again.stderr) == (0, False)


def test_failures_of_own_and_live_checks_have_a_picture_without_retries(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    (project.folder / "mine.py").write_text(
        "def test_id(site):\n    assert site.id == 'a'\n\n"
        "def test_live(site, driver, record_property):\n"
        "    record_property('title', driver.title)\n    assert site.id == 'a'\n"
    )
    (project.folder / "mine.js").write_text("() => ({login: location.pathname !== '/b'})\n")
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "2", "--retries", "0", "--checks", "mine.py"),
        *("--probe", "mine.js"),
    )
    assert ended.code == 1, ended.stderr
    folder = project.run_folder
    assert (folder / "evidence" / "b" / "screenshot-1.webp").is_file()
    assert (folder / "evidence" / "b" / "test_live.png").read_bytes().startswith(b"\x89PNG")
    assert not (folder / "evidence" / "a" / "test_live.png").exists()
    junit = (folder / "junit.xml").read_text()
    assert '<property name="title" value="Log in" />' in junit
    assert "[[ATTACHMENT|evidence/b/test_live.png]]" in junit
    assert "detector mine.js: right on" in ended.stderr


def test_a_detector_that_is_wrong_has_a_picture_at_the_first_visit(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    (project.folder / "mine.js").write_text("() => ({login: false})\n")
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "1", "--retries", "0", "--probe", "mine.js"),
    )
    assert ended.code == 1, ended.stderr
    assert (project.run_folder / "evidence" / "a" / "screenshot-1.webp").is_file()


def test_a_broken_extension_is_refused_before_anything_is_visited(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    extension = project.folder / "ext2"
    extension.mkdir()
    (extension / "manifest.json").write_text("{bad")
    ended = project.run("run", "--sites", sites.write_list(), "--extension", extension)
    assert ended.code == 2
    assert "manifest.json:1:2: not JSON" in ended.stderr
    assert project.run_folders() == []


def test_the_limit_of_failures_stops_the_run_and_is_exit_code_1(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins(*(f"s{number:02}" for number in range(40)))
    (project.folder / "mine.py").write_text("def test_even(site):\n    assert int(site.id[1:]) % 4 != 1\n")
    ended = project.run(
        *("run", "--sites", sites.write_list(), "--slots", "1", "--retries", "0", "-x", "--checks", "mine.py")
    )
    assert ended.code == 1, ended.stderr
    events = read_journal(project.run_folder)
    visited = [event["observation"]["site"] for event in events if event["event"] == "observation"]
    first = next(place for place, site in enumerate(visited) if int(site[1:]) % 4 == 1)
    assert len(visited) <= first + 1 + 10
    for checks in ((), ("--checks", "other.py")):  # judged again, it is still a run that a limit ended
        (project.folder / "other.py").write_text("def test_other(site):\n    pass\n")
        assert project.run("judge", project.run_folder, *checks).code == 1


def test_live_checks_drive_a_real_browser(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    (project.folder / "checks.py").write_text(LIVE)
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "2", "--checks", "checks.py")
    assert ended.code == 1, ended.stderr
    junit = project.run_folder / "junit.xml"
    found = read_cases(junit)
    assert set(found) == owed_cases(project.run_folder)
    assert found.pop(("test_wish", "b")) == "failure"
    assert found == dict.fromkeys(found, "passed")
    assert "b is not wanted" in failure_messages(junit)["test_wish", "b"]
    assert project.left_behind() == []
    assert not (project.run_folder / "live.json").exists()


def test_run_is_judged_again_without_a_browser(recorded: tuple[CommandLine, Path], run_copy: Path) -> None:
    project, folder = recorded
    before = read_cases(folder / "junit.xml")
    (run_copy / "junit.xml").unlink()
    ended = project.run("judge", run_copy, env={"PATH": ""})
    assert ended.code == 1, ended.stderr
    assert read_cases(run_copy / "junit.xml") == before
    results = [event for event in read_journal(run_copy) if event["event"] == "result"]
    assert len(results) == 2 * len(before)


def test_judging_again_takes_the_same_selections(recorded: tuple[CommandLine, Path], run_copy: Path) -> None:
    project, folder = recorded
    ended = project.run("judge", run_copy, "-k", "fields", "--junit", "again.xml")
    assert ended.code == 1, ended.stderr
    assert read_cases(project.folder / "again.xml") == read_cases(folder / "junit.xml")


def test_new_checks_on_a_recorded_run_count(recorded: tuple[CommandLine, Path], run_copy: Path) -> None:
    project, folder = recorded
    (project.folder / "test_stricter.py").write_text(STRICTER)
    before = read_cases(folder / "junit.xml")
    for _ in range(2):  # again: by then they are the run's
        ended = project.run("judge", run_copy, "--checks", "test_stricter.py")
        assert ended.code == 1, ended.stderr
        assert "not in the plan" not in ended.stderr
        added = {case: verdict for case, verdict in read_cases(run_copy / "junit.xml").items() if case not in before}
        assert added == {("test_title_is_short", site): "failure" for site in ("a", "b", "garden")}
    assert "the title is 'Garden'" in failure_messages(run_copy / "junit.xml")["test_title_is_short", "garden"]


def test_judging_again_takes_the_runs_own_checks(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    (project.folder / "mine.py").write_text("def test_id(site):\n    assert site.id == 'a'\n")
    project.run("run", "--sites", sites.write_list(), "--slots", "2", "--retries", "0", "--checks", "mine.py")
    before = read_cases(project.run_folder / "junit.xml")
    ended = project.run("judge", project.run_folder)
    assert (ended.code, read_cases(project.run_folder / "junit.xml")) == (1, before), ended.stderr
    (project.folder / "mine.py").unlink()
    lost = project.run("judge", project.run_folder)
    assert lost.code == 2
    assert "checks that are not here: mine.py" in lost.stderr


def test_a_broken_check_is_told_beside_a_failure_and_explains_the_exit_code(
    project: CommandLine, sites: OwnSites
) -> None:
    sites.add_logins("a", "b")
    (project.folder / "err2.py").write_text(
        "def test_a_fails(site):\n    assert site.id != 'a'\n\n"
        "def test_boom(site):\n    if site.id == 'a':\n        raise KeyError('kaboom')\n"
    )
    ended = project.run("run", "--sites", sites.write_list(), "--slots", "2", "--retries", "0", "--checks", "err2.py")
    assert ended.code == 3
    summary = (project.run_folder / "summary.md").read_text()
    for text in (" ".join(ended.stderr.split()), summary):
        assert "1 result from a broken check, the first" in text
        assert "kaboom" in text
    assert "### Check broken\\: boom (1)" in summary
    assert "### Check failed\\: a fails (1)" in summary


def test_pytest_by_hand_on_a_recorded_run(recorded: tuple[CommandLine, Path], run_copy: Path) -> None:
    project, _ = recorded
    (project.folder / "test_stricter.py").write_text(STRICTER)
    ended = project.start_program("-m", "pytest", "--gridrunner-run", run_copy, "test_stricter.py", "-v").wait()
    assert ended.code == 1
    assert "test_title_is_short[a] FAILED" in ended.stdout
    assert "test_title_is_short[garden] FAILED" in ended.stdout
    assert "the title is 'Garden'" in ended.stdout
    assert "3 failed" in ended.stdout

    chosen = project.start_program(
        "-m", "pytest", "--gridrunner-run", run_copy, "test_stricter.py", "-k", "garden", "-q"
    ).wait()
    assert "1 failed, 2 deselected" in chosen.stdout


def test_shipped_suite_by_hand_says_what_the_run_said(recorded: tuple[CommandLine, Path]) -> None:
    project, folder = recorded
    ended = project.start_program(
        *(
            "-m",
            "pytest",
            "--gridrunner-run",
            folder,
            "--pyargs",
            "dom_probes.suite.test_login_form",
            "--junit-xml",
            "hand.xml",
        )
    ).wait()
    assert ended.code == 1, ended.stdout
    assert read_cases(project.folder / "hand.xml") == read_cases(folder / "junit.xml")


def test_probe_shows_one_page(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    sites.write_list()
    ended = project.run("probe", sites.url("a"), "--screenshot", "seen.png")
    assert ended.code == 0, ended.stderr
    for said in ("login form", "username", "#user", "password", "#pass", "submit", "#go", "insertion point"):
        assert said in ended.stdout
    assert (project.folder / "seen.png").read_bytes().startswith(b"\x89PNG")
    assert project.left_behind() == []


def test_probe_shows_what_a_detector_says_of_one_page(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    sites.write_list()
    (project.folder / "mine.js").write_text("() => ({login: true, username: '#pass', reason: 'a guess'})\n")
    (project.folder / "title.js").write_text("() => document.title\n")
    ended = project.run("probe", sites.url("a"), "--probe", "mine.js", "--probe", "title.js")
    assert ended.code == 0, ended.stderr
    said = " ".join(ended.stdout.split())
    assert "mine.js: wrong username: #pass; missed password" in said
    assert "= login a login form" in said
    assert "≠ username #pass gridrunner: #user" in said
    assert "reason a guess" in said
    assert 'title.js "Log in"' in said


def test_probe_as_json(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    sites.write_list()
    ended = project.run("probe", sites.url("a"), "--json")
    assert ended.code == 0, ended.stderr
    assert "login_present" in json.dumps(json.loads(ended.stdout))
