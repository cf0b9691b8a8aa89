"""The pipeline templates: valid by the platforms' own schemas, safe by reading them, and their shell run for real."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gridrunner.settings.table import BY_KEY
from tests.support.shard_runs import plan_sites, write_shard
from tests.support.shell_steps import CI, REAL, ROOT, Steps, tool

ACTION = CI / "github" / "action.yml"
WORKFLOW = CI / "github" / "gridrunner.yml"
AWS_WORKFLOW = CI / "github" / "gridrunner-aws.yml"
IMAGES_WORKFLOW = CI / "github" / "gridrunner-images.yml"
GITLAB = CI / "gitlab" / "gridrunner.gitlab-ci.yml"
GITLAB_AWS = CI / "gitlab" / "gridrunner-aws.gitlab-ci.yml"
JENKINSFILE = CI / "jenkins" / "Jenkinsfile"
JENKINSFILE_AWS = CI / "jenkins" / "Jenkinsfile.aws"
ISSUE_FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]*.yml"))


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def steps_of(document: Any) -> Iterator[dict[str, Any]]:
    for job in document["jobs"].values() if "jobs" in document else [document["runs"]]:
        yield from job["steps"]


@pytest.mark.parametrize(
    ("path", "options"),
    [
        (ACTION, ["vendor.github-actions"]),
        (WORKFLOW, ["vendor.github-workflows"]),
        (AWS_WORKFLOW, ["vendor.github-workflows"]),
        (IMAGES_WORKFLOW, ["vendor.github-workflows"]),
        (GITLAB, ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
        (GITLAB_AWS, ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]),
        *((form, ["vendor.github-issue-forms"]) for form in ISSUE_FORMS),
        (ISSUE_FORMS[0].with_name("config.yml"), ["vendor.github-issue-config"]),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_the_platform_s_own_schema_is_met(path: Path, options: list[str]) -> None:
    words = [tool("check-jsonschema"), "--builtin-schema", *options, str(path)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


# --------------------------------------------------------------------------------------------------------------- GitHub


@pytest.mark.parametrize("path", [ACTION, WORKFLOW, AWS_WORKFLOW, IMAGES_WORKFLOW], ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_inputs_are_never_part_of_a_script(path: Path) -> None:
    for step in steps_of(load(path)):
        used = step.get("uses", "./")
        assert used.startswith("./") or re.fullmatch(r"(aws-)?actions/[a-z-]+(/[a-z]+)?@[0-9a-f]{40}", used), used
        assert "${{" not in step.get("run", "")


def test_one_action_has_one_commit() -> None:
    lines = "".join(path.read_text() for path in (ACTION, WORKFLOW, AWS_WORKFLOW, IMAGES_WORKFLOW)).splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    pins = set(re.findall(r"uses: (actions/[a-z-]+)(?:/[a-z]+)?@([0-9a-f]{40}) # (v\S+)", text))
    assert len(pins) == len({name for name, _, _ in pins}) == 5
    assert len(re.findall(r"uses: actions/", text)) == len(re.findall(r"uses: actions/\S+@[0-9a-f]{40} # v\d", text))


def test_the_workflow_may_read_and_nothing_else() -> None:
    workflow = load(WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    checkouts = [step for step in steps_of(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_the_workflow_on_aws_asks_for_a_token_and_for_a_session_that_outlasts_the_job() -> None:
    workflow = load(AWS_WORKFLOW)
    assert workflow["permissions"] == {"contents": "read", "id-token": "write"}
    (credentials,) = [
        step["with"] for step in steps_of(workflow) if "configure-aws-credentials" in step.get("uses", "")
    ]
    assert set(credentials) == {"role-to-assume", "aws-region", "role-duration-seconds"}
    minutes = workflow[True]["workflow_call"]["inputs"]["timeout-minutes"]["default"]  # YAML 1.1 takes "on" for true
    assert credentials["role-duration-seconds"] >= minutes * 60


def test_the_merge_runs_whatever_became_of_the_shards_and_keeps_what_it_made() -> None:
    jobs = load(WORKFLOW)["jobs"]
    assert jobs["merge"]["needs"] == ["plan", "shard"]
    assert jobs["merge"]["if"] == "${{ always() }}"
    assert jobs["shard"]["strategy"]["fail-fast"] is False
    for name in ("shard", "merge"):
        (upload,) = [step for step in jobs[name]["steps"] if "upload-artifact" in step.get("uses", "")]
        assert upload["if"] == "${{ always() }}"
    assert all("timeout-minutes" in job for job in jobs.values())
    assert not any("continue-on-error" in step for step in steps_of(load(WORKFLOW)))


def test_the_jobs_hand_files_over_under_the_names_the_action_expects() -> None:
    inputs = {name: given.get("default") for name, given in load(ACTION)["inputs"].items()}
    jobs = load(WORKFLOW)["jobs"]
    given = {
        name: [step["with"] for step in job["steps"] if "artifact" in step.get("uses", "")]
        for name, job in jobs.items()
    }
    assert given["plan"][0]["path"] == inputs["plan"]
    assert given["shard"][1]["path"] == given["merge"][1]["path"] == inputs["out"]
    assert given["merge"][0]["path"] == inputs["shards"]
    assert not inputs["out"].startswith(".")  # upload-artifact leaves hidden files out
    caches = [step["with"]["path"] for step in steps_of(load(WORKFLOW)) if "actions/cache" in step.get("uses", "")]
    assert set(caches) == {str(Path(inputs["history"]).parent)}


@pytest.mark.parametrize(("shards", "expected"), [("1", [1]), ("4", [1, 2, 3, 4])])
def test_the_matrix_is_a_list_of_shards(steps: Steps, shards: str, expected: list[int]) -> None:
    (step,) = [step for step in load(WORKFLOW)["jobs"]["plan"]["steps"] if step.get("id") == "matrix"]
    steps.run(step["run"], env={"SHARDS": shards, "GITHUB_OUTPUT": str(steps.folder / "output")})
    name, _, value = (steps.folder / "output").read_text().partition("=")
    assert (name, json.loads(value)) == ("shards", expected)


# --------------------------------------------------------------------------------------------------------------- GitLab


def test_gitlab_keeps_artifacts_of_failed_jobs_and_always_merges() -> None:
    jobs = load(GITLAB)
    assert jobs["gridrunner-shard"]["artifacts"]["when"] == jobs["gridrunner-merge"]["artifacts"]["when"] == "always"
    assert jobs["gridrunner-merge"]["when"] == "always"
    assert jobs["gridrunner-merge"]["needs"] == ["gridrunner-shard"]
    assert jobs["gridrunner-merge"]["artifacts"]["reports"]["junit"] == "gridrunner-report/junit.xml"
    assert jobs["gridrunner-merge"]["artifacts"]["paths"] == ["gridrunner-report/"]
    assert not any("allow_failure" in job for job in jobs.values() if isinstance(job, dict))


def gitlab_env(steps: Steps, **given: str) -> dict[str, str]:
    (steps.folder / "ci").symlink_to(CI)
    return {"GITLAB_CI": "true", "CI_PROJECT_DIR": str(steps.folder), "HARNESS_DIR": ".", **given}


def test_a_gitlab_shard_is_called_by_its_place_among_the_parallel_jobs(steps: Steps) -> None:
    (script,) = load(GITLAB)["gridrunner-shard"]["script"]
    step = steps.run(script, env=gitlab_env(steps, CI_NODE_INDEX="3", CI_NODE_TOTAL="4", STUB_EXIT_RUN="1"))
    assert step.code == 0
    out = "gridrunner-shards/3"
    assert step.calls == [
        ["run", "--shard", "3/4", "--out", out, "--history", f"{out}/history.sqlite", "--plan", "gridrunner-plan.json"]
    ]


def test_a_gitlab_merge_makes_the_report_that_the_job_names(steps: Steps) -> None:
    steps.use(REAL)
    plan = plan_sites(4)
    write_shard(steps.folder / "gridrunner-shards" / "1" / "run-1", plan, (1, 2), {"site-1": "no login form"})
    job = load(GITLAB)["gridrunner-merge"]
    (script,) = job["script"]
    step = steps.run(script, env=gitlab_env(steps))
    assert step.code == 3
    assert "no run of shard 2/2" in step.stderr
    text = (steps.folder / job["artifacts"]["reports"]["junit"]).read_text()
    assert "[[ATTACHMENT|gridrunner-report/evidence/site-1/screenshot-1.webp]]" in text


def test_gitlab_on_aws_stores_no_key_and_names_settings_that_there_are() -> None:
    text = GITLAB_AWS.read_text(encoding="utf-8")
    assert "SECRET_ACCESS_KEY" not in text
    job = load(GITLAB_AWS)[".gridrunner-aws"]
    assert set(job["id_tokens"]) == {"FLEET_TOKEN"}
    assert 'printf %s "$FLEET_TOKEN" >"$AWS_WEB_IDENTITY_TOKEN_FILE"' in job["before_script"][0]
    named = {name.removeprefix("GRIDRUNNER_").lower() for name in re.findall(r"\bGRIDRUNNER_[A-Z_]+", text)}
    assert named <= set(BY_KEY)


# -------------------------------------------------------------------------------------------------------------- Jenkins


@pytest.mark.parametrize(
    ("path", "scripts"),
    [
        (JENKINSFILE, {"ci/setup.sh", "ci/run-shard.sh", "ci/merge-shards.sh"}),
        (JENKINSFILE_AWS, {"ci/setup.sh"}),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_a_jenkinsfile_calls_steps_that_exist_and_closes_what_it_opens(path: Path, scripts: set[str]) -> None:
    text = path.read_text(encoding="utf-8")
    code = re.sub(r"//[^\n]*|'[^'\n]*'|\"[^\"\n]*\"", "", text)
    assert [code.count(mark) for mark in "{(["] == [code.count(mark) for mark in "})]"]
    called = set(re.findall(r"\bci/[a-z-]+\.sh", text))
    assert called == scripts
    assert {name.lower() for name in re.findall(r"\bGRIDRUNNER_([A-Z_]+)", text)} <= set(BY_KEY)
    assert all((ROOT / name).is_file() for name in called)


def test_a_jenkins_shard_gets_its_place_from_the_environment(steps: Steps) -> None:
    (steps.folder / "ci").symlink_to(CI)
    (script,) = re.findall(r"sh '(PATH=[^']*run-shard[^']*)'", JENKINSFILE.read_text(encoding="utf-8"))
    step = steps.run(
        script, env={"SHARD": "2/3", "SHARD_OUT": "gridrunner-shards/2", "JENKINS_URL": "https://ci.example/"}
    )
    assert step.calls[0][:5] == ["run", "--shard", "2/3", "--out", "gridrunner-shards/2"]


def test_jenkins_takes_no_report_for_a_failure() -> None:
    text = JENKINSFILE.read_text(encoding="utf-8")
    assert "junit testResults: 'gridrunner-report/junit.xml', allowEmptyResults: false" in text
    assert "returnStatus: true" in text
