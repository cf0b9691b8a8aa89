"""Which sites and checks a run is about: plans, selections, shards, settings, lists from standard input."""

from __future__ import annotations

import json

import pytest

from tests.support.command_line import CommandLine, Ended
from tests.support.own_sites import GARDEN, LOGIN, OwnSites
from tests.support.run_folders import owed_cases, read_cases, read_plan, visits_of


def planned_sites(ended: Ended) -> int:
    """The number of sites in what `plan` and `--dry-run` print."""
    assert ended.code == 0, ended.stderr
    return int(ended.stdout.split(": ")[1].split(" site")[0])


@pytest.mark.browser
def test_dry_run_checks_everything_and_visits_nothing(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    ended = project.run("run", "--sites", sites.write_list(), "--dry-run")
    assert planned_sites(ended) == 2
    assert "test_login_form_is_found_or_rightly_absent" in ended.stdout
    assert (project.run_folders(), sites.visits, project.left_behind()) == ([], {}, [])


@pytest.mark.browser
def test_plan_is_written_and_run(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b", "c")
    listed = sites.write_list()
    planned = project.run("plan", "--sites", listed, "--out", "plan.json")
    assert planned_sites(planned) == 3
    assert sites.visits == {}
    ended = project.run("run", "--sites", listed, "--plan", "plan.json", "--slots", "1")
    assert ended.code == 0, ended.stderr
    assert (
        read_plan(project.run_folder)["hash"] == json.loads((project.folder / "plan.json").read_text())["plan"]["hash"]
    )

    sites.add_logins("d")
    other = project.run("run", "--sites", sites.write_list(), "--plan", "plan.json")
    assert other.code == 2
    assert "--plan plan.json: holds plan" in other.words
    assert len(project.run_folders()) == 1


def test_plan_needs_no_browser(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    ended = project.run("plan", "--sites", sites.write_list(), "--budget", "10m", "--simulate", env={"PATH": ""})
    assert planned_sites(ended) == 1
    assert "lower bound" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--select", "tag:bank"], 2),
        (["--select", "locale:fr"], 1),
        (["--select", "id:shop-*"], 2),
        (["--select", "tag:bank", "--select", "id:shop-fr"], 3),
        (["--shard", "1/2"], 2),
        (["--shard", "4/4"], 1),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_selections(project: CommandLine, sites: OwnSites, arguments: list[str], count: int) -> None:
    for name, locale, tag in (
        ("shop-fr", "fr", "shop"),
        ("shop-de", "de", "shop"),
        ("bank-en", "en", "bank"),
        ("bank-de", "de", "bank"),
    ):
        sites.add(name, locale=locale, tags=[tag])
    assert planned_sites(project.run("plan", "--sites", sites.write_list(), *arguments)) == count


@pytest.mark.browser
def test_keyword_and_mark_choose_checks(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    (project.folder / "pytest.ini").write_text("[pytest]\nmarkers =\n    quick: said at once\n")
    (project.folder / "checks.py").write_text(
        "import pytest\n\n"
        "@pytest.mark.quick\ndef test_quick(observation):\n    assert observation.title\n\n"
        "def test_thorough(observation):\n    assert observation.title\n"
    )
    command = ("run", "--sites", sites.write_list(), "--slots", "1", "--checks", "checks.py")
    for arguments in (["-m", "quick"], ["-k", "quick"]):
        ended = project.run(*command, *arguments)
        assert ended.code == 0, ended.stderr
        assert read_cases(project.run_folders()[-1] / "junit.xml") == {("test_quick", "a"): "passed"}


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["yaml", "csv", "text"])
def test_list_on_standard_input(project: CommandLine, sites: OwnSites, kind: str) -> None:
    sites.add("a", expect={})
    texts = {
        "yaml": sites.list_text(),
        "csv": f"id,url\na,{sites.url('a')}\n",
        "text": f"{sites.url('a')}\n",
    }
    ended = project.run("run", "--sites", "-", "--slots", "1", stdin=texts[kind])
    assert ended.code == 0, ended.stderr
    assert sites.visits == {"a": 1}


@pytest.mark.browser
def test_shards_visit_every_site_once_and_merge(project: CommandLine, sites: OwnSites) -> None:
    names = ["a", "b", "c", "d", "e"]
    sites.add_logins(*names[:-1])
    sites.add("e", GARDEN)
    listed = sites.write_list()
    codes = []
    for number in (1, 2):
        ended = project.run(
            *("run", "--sites", listed, "--slots", "1", "--retries", "0"),
            *("--shard", f"{number}/2", "--history", f"history-{number}.sqlite"),
        )
        codes.append(ended.code)
    assert sorted(codes) == [0, 1]
    assert sites.visits == dict.fromkeys(names, 1)
    first, second = project.run_folders()
    assert owed_cases(first) & owed_cases(second) == set()

    merged = project.run("merge", first, second, "--out", "merged")
    assert merged.code == 1, merged.stderr
    found = read_cases(project.folder / "merged" / "junit.xml")
    assert {site for _, site in found} == set(names)
    assert found == read_cases(first / "junit.xml") | read_cases(second / "junit.xml")
    assert (project.folder / "merged" / "report.html").is_file()

    part = project.run("merge", first, "--out", "part")
    assert part.code == 3, part.stderr
    assert {site for _, site in read_cases(project.folder / "part" / "junit.xml")} == set(names)
    assert "2/2" in part.words + part.stdout


@pytest.mark.browser
def test_last_failed_visits_only_what_failed(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    sites.add("mended", GARDEN, LOGIN)
    command = ("run", "--sites", sites.write_list(), "--slots", "1", "--retries", "0")
    assert project.run(*command).code == 1
    again = project.run(*command, "--last-failed")
    assert again.code == 0, again.stderr
    assert visits_of(project.run_folders()[-1]) == {"mended": 1}
    nothing = project.run(*command, "--last-failed")
    assert nothing.code == 4
    assert "nothing failed" in nothing.words


@pytest.mark.browser
def test_settings_come_from_file_environment_and_command_line(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    sites.write_list()
    (project.folder / "gridrunner.toml").write_text(
        'sites = ["sites.yaml"]\nslots = 1\nretries = 0\nselect = ["id:a"]\nout = "from-file"\n'
    )
    env = {"GRIDRUNNER_RETRIES": "2", "GRIDRUNNER_OUT": "from-environment"}
    shown = project.run("config", "show", "--out", "from-command-line", env=env)
    assert shown.code == 0, shown.stderr
    rows = {row[0]: row[1:] for line in shown.stdout.splitlines()[1:] if (row := line.rstrip().split(None, 2))}
    assert rows["slots"] == ["1", "file gridrunner.toml"]
    assert rows["retries"] == ["2", "environment GRIDRUNNER_RETRIES"]
    assert rows["out"] == ["from-command-line", "command line --out"]
    assert rows["max-failures"] == ["-", "default"]

    ended = project.run("run", env=env)
    assert ended.code == 0, ended.stderr
    assert sites.visits == {"a": 1}
    assert len(list((project.folder / "from-environment").glob("2*/journal.jsonl"))) == 1


@pytest.mark.browser
def test_last_failed_remembers_over_runs_and_lists(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a", "b")
    sites.add("garden", GARDEN, LOGIN)
    sites.add("shed", GARDEN)
    run = ("run", "--slots", "2", "--retries", "0")
    listed = sites.write_list()
    assert project.run(*run, "--sites", listed).code == 1
    assert project.run(*run, "--sites", listed, "--select", "id:garden").code == 0
    again = project.run(*run, "--last-failed")  # without a list: those of the newest run
    assert (again.code, "1 site: 1 failed" in again.words) == (1, True), again.stderr
    other = project.run(*run, "--sites", listed, "--select", "id:a", "--last-failed")
    assert other.code == 4
    assert "failed were shed, which are in none of these lists" in other.words
    assert (project.folder / "runs" / "latest").resolve() == project.run_folders()[-1].resolve()
    assert "report.html" in (project.folder / "runs" / "index.html").read_text()


@pytest.mark.browser
def test_shards_are_cut_alike_however_late(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins(*(f"s{number}" for number in range(7)))
    listed = sites.write_list()
    for number in (1, 2):
        assert project.run("run", "--sites", listed, "--slots", "2", "--shard", f"{number}/2").code == 0
    merged = project.run("merge", *project.run_folders(), "--out", "merged")
    assert merged.code == 0, merged.stderr
    assert "7 sites: 7 passed" in merged.stdout + merged.stderr


@pytest.mark.browser
def test_a_resumed_run_refuses_what_it_would_ignore(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    listed = sites.write_list()
    assert project.run("run", "--sites", listed, "--slots", "1").code == 0
    (project.folder / "other.yaml").write_text("version: 1\nsites:\n  - {id: other, url: 'https://other.example/'}\n")
    resume = ("run", "--resume", project.run_folder)
    for options, said in (
        (("--sites", "other.yaml"), "--sites: other is not in the run"),
        (("--select", "id:a"), "--select: a resumed run visits what it was planned with"),
        (("--last-failed",), "--last-failed: a resumed run"),
        (("--shard", "1/2"), "--shard: a resumed run"),
    ):
        refused = project.run(*resume, *options)
        assert (refused.code, said in refused.words) == (2, True), refused.stderr
    assert project.run(*resume, "--sites", listed).code == 0
