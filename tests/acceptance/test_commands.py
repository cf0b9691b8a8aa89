"""The smaller commands: site lists, replica pages, history, help."""

from __future__ import annotations

import re
import urllib.request

import pytest

from tests.acceptance.conftest import DEMO_LIST
from tests.support.command_line import ROOT, CommandLine, wait_until
from tests.support.own_sites import OwnSites
from tests.support.shard_runs import plan_sites, write_shard


def test_demo_list_is_without_mistakes(project: CommandLine) -> None:
    ended = project.run("sites", "check", DEMO_LIST)
    assert (ended.code, ended.stderr) == (0, "")
    assert int(ended.stdout.split()[1]) >= 48


@pytest.mark.parametrize("name", sorted(path.name for path in (ROOT / "sites").glob("*.yaml")))
def test_shipped_lists_are_without_mistakes(project: CommandLine, name: str) -> None:
    ended = project.run("sites", "check", ROOT / "sites" / name)
    assert (ended.code, ended.stderr) == (0, "")


def test_checking_a_list_from_standard_input(project: CommandLine) -> None:
    ended = project.run("sites", "check", "-", stdin="https://a.example/login\nhttps://b.example/\n")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.split()[:3] == ["sites", "2", "sites"]


def test_importing_what_can_be_checked(project: CommandLine) -> None:
    (project.folder / "top.csv").write_text("1,a.example\n2,b.example\n3,c.example\n")
    ended = project.run("sites", "import", "top.csv", "--kind", "tranco", "--limit", "2", "--out", "sites.yaml")
    assert ended.code == 0, ended.stderr
    checked = project.run("sites", "check", "sites.yaml")
    assert checked.stdout.split()[:2] == ["sites", "2"]


def test_replica_pages_are_served_until_ctrl_c(project: CommandLine) -> None:
    running = project.start("sites", "serve", ROOT / "sites" / "demo", "--port", "0")
    wait_until(lambda: "bank-de.demo" in running.read_stdout() or running.is_over(), "addresses are printed")
    match = re.search(r"http://(bank-de\.demo\.localhost):(\d+)/", running.read_stdout())
    assert match is not None, running.read_stdout()
    request = urllib.request.Request(f"http://127.0.0.1:{match[2]}/", headers={"Host": f"{match[1]}:{match[2]}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert 'id="anmeldename"' in answer.read().decode().replace("id=anmeldename", 'id="anmeldename"')
    running.interrupt()
    ended = running.wait(timeout_s=60)
    assert ended.code == 0, ended.stderr


def test_history_before_the_first_run(project: CommandLine) -> None:
    ended = project.run("history", "show")
    assert ended.code == 4
    assert "there is no history yet" in ended.words


def test_a_history_of_imported_runs_is_a_page_and_proposes_a_quarantine(project: CommandLine) -> None:
    (project.folder / "sites.yaml").write_text(
        "version: 1\nsites:\n" + "".join(f"  - id: site-{n}\n    url: https://site-{n}.example/\n" for n in range(1, 4))
    )
    for night in range(1, 10):
        failures = {"site-2": "no login form found"} if night % 3 == 0 and night < 9 else {}
        failures |= {"site-3": "gone"} if night == 9 else {}
        folder = write_shard(project.folder / "runs" / f"night-{night}", plan_sites(3), (1, 1), failures)
        journal = (folder / "journal.jsonl").read_text()
        (folder / "journal.jsonl").write_text(journal.replace("run-1", folder.name).replace("11-24", f"11-0{night}"))
    assert project.run("report", "runs/night-9").code == 0
    imported = project.run("history", "import", *(f"runs/night-{night}" for night in range(1, 10)))
    assert (imported.code, imported.stdout) == (0, "9 runs imported\n")
    page = project.run("history", "report", "--out", "pages/history.html")
    assert (page.code, page.stdout) == (0, "pages/history.html\n")
    assert '"report":"../runs/night-9/report.html"' in (project.folder / "pages" / "history.html").read_text()
    shown = project.run("history", "show").stdout
    assert "newly broken (1)" in shown
    assert "flapping (1)" in shown
    proposed = project.run("history", "propose-quarantine").stdout
    assert '  - id: site-2\n    quarantine:\n      owner: OWNER\n      reason: "flapping: failed' in proposed
    where = ("--out", "merged", "--notify", "json://user:hunter2@127.0.0.1:1/")
    merged = project.run("merge", "runs/night-9", *where)
    assert (merged.code, "warning: notify: a receiver did not take the message" in merged.stderr) == (1, True)
    assert "hunter2" not in merged.words + (project.folder / "merged" / "journal.jsonl").read_text()
    patch = project.run("history", "propose-quarantine", "--sites", "sites.yaml")
    assert "+++ b/sites.yaml\n" in patch.stdout
    assert "1 site to put in quarantine, 0 to release; nothing was changed" in patch.stderr


@pytest.mark.browser
def test_history_is_pruned(project: CommandLine, sites: OwnSites) -> None:
    sites.add_logins("a")
    for _ in range(2):
        assert project.run("run", "--sites", sites.write_list(), "--slots", "1").code == 0
    assert project.run("history", "show").stdout.startswith("2 runs, 1 site, 2 visits")
    pruned = project.run("history", "prune", "--keep", "1")
    assert (pruned.code, pruned.stdout) == (0, "1 run forgotten\n")
    assert project.run("history", "show").stdout.startswith("1 run, ")


@pytest.mark.parametrize(
    "command",
    [[], ["run"], ["plan"], ["judge"], ["merge"], ["report"], ["probe"], ["evaluate"], ["config", "show"]]
    + [["sites", name] for name in ("check", "import", "serve")]
    + [["history", name] for name in ("show", "prune")],
    ids=" ".join,
)
def test_every_command_explains_itself(project: CommandLine, command: list[str]) -> None:
    ended = project.run(*command, "--help")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.startswith("usage: gridrunner")


def test_version(project: CommandLine) -> None:
    ended = project.run("--version")
    assert re.fullmatch(r"gridrunner \d+\.\d+\.\d+\n", ended.stdout)
