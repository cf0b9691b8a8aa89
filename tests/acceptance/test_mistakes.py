"""What a user gets wrong: one clear message, exit code 2 (4 when nothing is left to run), and nothing is visited."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, Ended
from tests.support.own_sites import OwnSites

FIVE_MISTAKES = """\
version: 1
sites:
  - id: shop
    url: /login
    expect: {login: true}
  - id: shop
    url: https://bank.example/login
    colour: red
  - id: mail
    url: https://mail.example/
    expect: {login: perhaps}
  - id: news
    url: https://news.example/
    expect: {login: true, username: "#a["}
"""


def assert_refused(project: CommandLine, ended: Ended, code: int = 2) -> None:
    assert ended.code == code, ended.stderr
    assert ended.stdout == ""
    assert project.run_folders() == []
    assert project.left_behind() == []


def test_list_that_does_not_exist(project: CommandLine) -> None:
    ended = project.run("run", "--sites", "missing.yaml")
    assert_refused(project, ended)
    assert "missing.yaml" in ended.stderr
    assert len(ended.stderr.splitlines()) == 2


@pytest.mark.parametrize("command", [("run", "--sites"), ("plan", "--sites"), ("sites", "check")])
def test_five_mistakes_are_all_told_with_their_lines(project: CommandLine, command: tuple[str, ...]) -> None:
    (project.folder / "five.yaml").write_text(FIVE_MISTAKES)
    ended = project.run(*command, "five.yaml")
    assert_refused(project, ended)
    *mistakes, total = ended.stderr.splitlines()
    places = [line.split(": ")[0].split(":")[:2] for line in mistakes]
    assert places == [["five.yaml", number] for number in ("4", "6", "8", "11", "14")], ended.stderr
    assert total == "gridrunner: 5 mistakes in the site list; nothing was visited"


def test_no_browser_on_path(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    found = {"GRIDRUNNER_BROWSER_BINARY": "", "GRIDRUNNER_CHROMEDRIVER": ""}
    ended = project.run("run", "--sites", sites.write_list(), env={"PATH": "", **found})
    assert_refused(project, ended)
    assert "no browser and no chromedriver found on PATH" in ended.words
    assert "apt-get install chromium-headless-shell chromium chromium-driver" in ended.words
    assert sites.visits == {}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def test_x(site):\n    assert site.id ==\n", "SyntaxError"),
        ("import nowhere_at_all\n\ndef test_x(site):\n    pass\n", "nowhere_at_all"),
        ("def helper():\n    pass\n", "no checks"),
    ],
)
def test_broken_check_file(project: CommandLine, sites: OwnSites, text: str, said: str) -> None:
    sites.add_logins("a")
    (project.folder / "checks.py").write_text(text)
    ended = project.run("run", "--sites", sites.write_list(), "--checks", "checks.py")
    assert_refused(project, ended)
    assert said in ended.words
    assert "checks.py" in ended.words
    assert sites.visits == {}


@pytest.mark.browser
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--checks", "nowhere.py"], "nowhere.py"),
        (["--slots", "many"], "slots takes a whole number"),
        (["--shard", "3/2"], "shard takes I/N"),
        (["--browser", "lynx"], "browser takes one of headless-shell, chromium, chrome"),
        (["--select", "colour:red"], "colour"),
        (["--probe", "nowhere.js"], "nowhere.js"),
        (["--grid", "hub"], "neither local, docker, aws nor the URL of a hub"),
        (["--extension", "nowhere"], "not an unpacked extension"),
        (["--plan", "nowhere.json"], "nowhere.json"),
        (["--resume", "runs/none"], "there is no such run"),
        (["--last-failed"], "there is no run under runs"),
        (["--visit-timeout", "0"], "visit-timeout takes a duration"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_wrong_option(project: CommandLine, sites: OwnSites, arguments: list[str], said: str) -> None:
    sites.add_logins("a")
    ended = project.run("run", "--sites", sites.write_list(), *arguments)
    assert_refused(project, ended)
    assert said in ended.words
    assert len(ended.stderr.splitlines()) <= 2, ended.stderr
    assert sites.visits == {}


@pytest.mark.browser
def test_grid_in_docker_without_an_engine(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    nowhere = {"DOCKER_HOST": f"unix://{project.scratch}/docker.sock"}
    ended = project.run("run", "--sites", sites.write_list(), "--grid", "docker", env=nowhere)
    assert_refused(project, ended)
    assert "no Docker engine answers at unix://" in ended.words
    assert "DOCKER_HOST" in ended.words
    assert len(ended.stderr.splitlines()) <= 2, ended.stderr
    assert sites.visits == {}


def test_no_list_at_all(project: CommandLine) -> None:
    ended = project.run("run")
    assert_refused(project, ended)
    assert "no site list" in ended.words


@pytest.mark.browser
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--select", "tag:none"], "--select leaves none of the 1 sites"),
        (["-k", "nothing_is_called_so"], "leaves none of the"),
        (["--shard", "2/2"], "shard 2/2 has no site"),
    ],
    ids=["select", "keyword", "shard"],
)
def test_nothing_to_run(project: CommandLine, sites: OwnSites, arguments: list[str], said: str) -> None:
    sites.add_logins("a")
    ended = project.run("run", "--sites", sites.write_list(), *arguments)
    assert_refused(project, ended, code=4)
    assert said in ended.words


@pytest.mark.parametrize("command", ["judge", "report"])
def test_run_folder_that_is_none(project: CommandLine, command: str) -> None:
    ended = project.run(command, "runs/none")
    assert_refused(project, ended)
    assert "runs/none" in ended.words


def test_run_of_a_newer_format(project: CommandLine, tmp_path: Path) -> None:
    folder = tmp_path / "newer"
    folder.mkdir()
    (folder / "plan.json").write_text('{"format": 99}')
    (folder / "journal.jsonl").write_text('{"format": 99, "run": "r", "plan": "p", "started": "2026-11-24T00:00:00"}\n')
    ended = project.run("report", "newer")
    assert ended.code == 2
    assert "99" in ended.words


def test_unknown_setting_in_the_file(project: CommandLine) -> None:
    (project.folder / "gridrunner.toml").write_text("slotz = 3\n")
    ended = project.run("run", "--sites", "a.yaml")
    assert_refused(project, ended)
    assert "gridrunner.toml: slotz: there is no such setting; did you mean slots?" in ended.words


def test_unknown_command_and_option(project: CommandLine) -> None:
    for arguments in (["rnu"], ["run", "--slot", "2"]):
        ended = project.run(*arguments)
        assert ended.code == 2
        assert arguments[-1] in ended.words or "--slot" in ended.words


def test_mistyped_option_is_answered_with_the_one_that_was_meant(project: CommandLine) -> None:
    ended = project.run("run", "--site", "a.yaml")
    assert_refused(project, ended)
    assert "gridrunner run: error: unrecognized arguments: --site a.yaml; did you mean --sites?" in ended.words


@pytest.mark.browser
@pytest.mark.parametrize("option", ["--out", "--junit", "--json"])
def test_place_that_cannot_be_written_is_told_before_any_visit(
    project: CommandLine, sites: OwnSites, option: str
) -> None:
    sites.add_logins("a")
    (project.folder / "file").write_text("in the way")
    ended = project.run("run", "--sites", sites.write_list(), option, "file/x/y")
    assert ended.code == 2, ended.stderr
    assert "file/x" in ended.words
    assert "cannot be made: Not a directory" in ended.words
    assert sites.visits == {}
