"""ci/*.sh as CI runs them: a stub where browsers would be needed, the real gridrunner where shards are merged."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from gridrunner.results.history.file import open_history
from tests.support.shard_runs import plan_sites, write_shard
from tests.support.shell_steps import CI, REAL, ROOT, Steps, tool

RUN_SHARD = CI / "run-shard.sh"
MERGE_SHARDS = CI / "merge-shards.sh"
STEP = CI / "github" / "step.sh"
SCRIPTS = sorted([*CI.glob("*.sh"), *CI.glob("*/*.sh")])
HOSTILE = '::error::pwned "$(touch pwned)" `touch pwned`; touch pwned'


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    ended = subprocess.run([tool("shellcheck"), "--shell=sh", str(script)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "")


# ------------------------------------------------------------------------------------------------------------ run-shard


@pytest.mark.parametrize(("ended", "code"), [(0, 0), (1, 0), (4, 0), (2, 2), (3, 3), (130, 130)])
def test_a_shard_is_red_only_when_it_did_not_do_its_part(steps: Steps, ended: int, code: int) -> None:
    step = steps.run(RUN_SHARD, "2/8", "out", "--sites", "a b.yaml", env={"STUB_EXIT_RUN": str(ended)})
    assert step.code == code
    (call,) = step.calls
    assert call == ["run", "--shard", "2/8", "--out", "out", "--history", "out/history.sqlite", "--sites", "a b.yaml"]
    assert step.stdout == ""


def test_a_shard_without_its_arguments_says_how_to_call_it(steps: Steps) -> None:
    step = steps.run(RUN_SHARD, "2/8")
    assert (step.code, step.calls) == (2, [])
    assert "usage: run-shard.sh I/N OUT" in step.stderr


def test_arguments_are_never_run(steps: Steps) -> None:
    step = steps.run(RUN_SHARD, "1/1", "out", "-k", HOSTILE)
    assert step.calls[0][-1] == HOSTILE
    assert not (steps.folder / "pwned").exists()


# --------------------------------------------------------------------------------------------------------- merge-shards


def test_shards_that_are_all_there_are_green(steps: Steps) -> None:
    steps.use(REAL)
    plan = plan_sites(6)
    for number in (1, 2, 3):
        write_shard(steps.folder / "shards" / f"artifact-{number}" / f"run-{number}", plan, (number, 3))
    step = steps.run(MERGE_SHARDS, "shards", "merged", "--history", "h/history.sqlite")
    assert step.code == 0, step.stderr
    assert ET.parse(steps.folder / "merged" / "junit.xml").getroot().attrib["tests"] == "6"
    assert {path.name for path in (steps.folder / "merged").iterdir()} >= {"report.html", "summary.md", "journal.jsonl"}
    with open_history(steps.folder / "h" / "history.sqlite", pytest.fail) as history:
        assert [len(entry.sites) for entry in history.entries()] == [6]


def test_a_failed_site_makes_the_merge_red(steps: Steps) -> None:
    steps.use(REAL)
    plan = plan_sites(4)
    write_shard(steps.folder / "shards" / "1", plan, (1, 2), {"site-1": "no login form"})
    write_shard(steps.folder / "shards" / "2", plan, (2, 2))
    assert steps.run(MERGE_SHARDS, "shards", "merged").code == 1


def test_a_shard_that_died_makes_the_merge_red_and_is_named(steps: Steps) -> None:
    steps.use(REAL)
    plan = plan_sites(9)
    write_shard(steps.folder / "shards" / "1", plan, (1, 3))
    write_shard(steps.folder / "shards" / "3", plan, (3, 3))
    step = steps.run(MERGE_SHARDS, "shards", "merged")
    assert step.code == 3
    assert "no run of shard 2/3" in step.stderr
    assert "3 results of 3 sites are missing" in step.stderr


def test_a_shard_that_was_killed_makes_the_merge_red(steps: Steps) -> None:
    steps.use(REAL)
    plan = plan_sites(6)
    write_shard(steps.folder / "shards" / "1", plan, (1, 2))
    write_shard(steps.folder / "shards" / "2", plan, (2, 2), stops_after=1)
    step = steps.run(MERGE_SHARDS, "shards", "merged")
    assert step.code == 3
    assert "2 results of 2 sites are missing" in step.stderr


@pytest.mark.parametrize("folders", [(), ("shards/1",)])
def test_no_shard_at_all_is_red(steps: Steps, folders: tuple[str, ...]) -> None:
    for folder in folders:
        (steps.folder / folder).mkdir(parents=True)
    step = steps.run(MERGE_SHARDS, "shards", "merged")
    assert (step.code, step.calls) == (3, [])
    assert "no shard left a run under shards" in step.stderr


# ------------------------------------------------------------------------------------------- platforms' files imitated


def test_github_gets_annotations_and_a_summary_from_the_merge(steps: Steps) -> None:
    steps.use(REAL)
    hostile = "x\r\n::error file=/etc/passwd::pwned\n::set-output name=a::b ##[error]c %0A::warning::d"
    (steps.folder / "sites.yaml").touch()
    write_shard(steps.folder / "shards" / "1", plan_sites(2), (1, 1), {"site-2": hostile})
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(steps.folder),
        "GITHUB_STEP_SUMMARY": str(steps.folder / "step.md"),
    }
    step = steps.run(MERGE_SHARDS, "shards", "merged", env=env)
    assert step.code == 1
    commands = [line for line in (step.stdout + step.stderr).splitlines() if line.lstrip().startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith("::error file=sites.yaml,line=4,title=site-2%3A login is found::x ")
    assert "##[" not in (step.stdout + step.stderr).replace(commands[0], "")
    assert "## ❌ Failed" in (steps.folder / "step.md").read_text()


def test_gitlab_gets_attachments_relative_to_the_project(steps: Steps) -> None:
    steps.use(REAL)
    write_shard(steps.folder / "shards" / "1", plan_sites(2), (1, 1), {"site-2": "no login form"})
    steps.run(MERGE_SHARDS, "shards", "merged", env={"GITLAB_CI": "true", "CI_PROJECT_DIR": str(steps.folder)})
    text = (steps.folder / "merged" / "junit.xml").read_text()
    assert "[[ATTACHMENT|merged/evidence/site-2/screenshot-1.webp]]" in text
    assert (steps.folder / "merged/evidence/site-2/screenshot-1.webp").is_file()


def test_jenkins_gets_absolute_attachments(steps: Steps) -> None:
    steps.use(REAL)
    write_shard(steps.folder / "shards" / "1", plan_sites(2), (1, 1), {"site-2": "no login form"})
    steps.run(MERGE_SHARDS, "shards", "merged", env={"JENKINS_URL": "https://ci.example/"})
    text = (steps.folder / "merged" / "junit.xml").read_text()
    assert f"[[ATTACHMENT|{steps.folder}/merged/evidence/site-2/screenshot-1.webp]]" in text


# -------------------------------------------------------------------------------------------------------- github action


def action_env(steps: Steps, **given: str) -> dict[str, str]:
    (steps.folder / "output").touch()
    return {
        "GITHUB_OUTPUT": str(steps.folder / "output"),
        "PLAN": "plan.json",
        "OUT": "out",
        "HISTORY": "h.sqlite",
        "SHARDS": "shards",
        **given,
    }


@pytest.mark.parametrize(
    ("given", "call"),
    [
        (
            {"STEP": "run", "SITES": "a.yaml\nb c.csv\n", "ARGS": "--retries\n2"},
            ["run", "--out", "out", "--history", "h.sqlite"],
        ),
        (
            {"STEP": "plan", "SITES": "a.yaml\nb c.csv", "ARGS": "--retries\n2\n\n"},
            ["plan", "--out", "plan.json", "--history", "h.sqlite"],
        ),
        (
            {"STEP": "shard", "SHARD": "3/4", "SITES": "a.yaml\nb c.csv", "ARGS": "--retries\n2"},
            ["run", "--shard", "3/4", "--out", "out", "--history", "out/history.sqlite", "--plan", "plan.json"],
        ),
    ],
)
def test_the_action_turns_inputs_into_arguments(steps: Steps, given: dict[str, str], call: list[str]) -> None:
    step = steps.run(STEP, env=action_env(steps, **given))
    assert step.code == 0, step.stderr
    assert step.calls == [[*call, "--retries", "2", "--sites", "a.yaml", "--sites", "b c.csv"]]
    assert (steps.folder / "output").read_text() == "exit-code=0\n"


def test_the_action_merges_and_passes_the_code_on(steps: Steps) -> None:
    write_shard(steps.folder / "shards" / "1", plan_sites(1), (1, 1))
    step = steps.run(STEP, env=action_env(steps, STEP="merge", STUB_EXIT_MERGE="3"))
    assert step.code == 3
    assert step.calls[0] == ["merge", "shards", "--out", "out", "--history", "h.sqlite"]
    assert (steps.folder / "output").read_text() == "exit-code=3\n"


def test_the_action_never_runs_an_input(steps: Steps) -> None:
    step = steps.run(STEP, env=action_env(steps, STEP="run", SITES=HOSTILE, ARGS=f"-k\n{HOSTILE}", OUT=HOSTILE))
    assert step.calls == [["run", "--out", HOSTILE, "--history", "h.sqlite", "-k", HOSTILE, "--sites", HOSTILE]]
    assert not (steps.folder / "pwned").exists()


@pytest.mark.parametrize("given", [{"STEP": "run"}, {"STEP": "deploy"}])
def test_the_action_refuses_what_it_cannot_do(steps: Steps, given: dict[str, str]) -> None:
    step = steps.run(STEP, env=action_env(steps, **given))
    assert (step.code, step.calls) == (2, [])
    assert "::error title=gridrunner action::" in step.stderr


def test_the_scripts_are_executable() -> None:
    assert all(path.stat().st_mode & 0o111 for path in SCRIPTS), ROOT
