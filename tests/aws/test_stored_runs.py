"""`gridrunner run --store s3://…` on several CI machines (processes), and `gridrunner merge s3://…`. AWS is moto; where
AWS has to refuse, a small server that speaks its errors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridrunner.run.shelf import list_runs
from tests.support.command_line import CommandLine, Ended, Running, wait_until
from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.fake_s3 import open_s3
from tests.support.moto_server import REGION, MotoServer
from tests.support.run_folders import observed_sites

SITES = 12
_NUMBERS = itertools.count(1)


@pytest.fixture
def hub() -> Iterator[FakeGrid]:
    with open_hub(slots=4) as hub:
        yield hub


@pytest.fixture
def bucket(aws: MotoServer, project: CommandLine) -> str:
    name = f"gridrunner-runs-{next(_NUMBERS)}"
    aws.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    (project.folder / "sites.txt").write_text("".join(f"https://site-{n}.example/login\n" for n in range(SITES)))
    return name


def start(project: CommandLine, hub: FakeGrid, store: str, machine: str, *more: str) -> Running:
    """A run on a CI machine of its own: its runs are in a folder of its name."""
    where = ("--grid", hub.url, "--out", machine, "--store", store, "--store-group", "pipeline-7", "--quiet")
    return project.start("run", "--sites", "sites.txt", *where, *more)


def merge(project: CommandLine, store: str, out: str) -> Ended:
    return project.run("merge", store, "--out", out, "--store-group", "pipeline-7")


def test_two_machines_one_killed_is_named_and_run_again(
    project: CommandLine, hub: FakeGrid, bucket: str, aws: MotoServer
) -> None:
    store = f"s3://{bucket}/ci"
    first = start(project, hub, store, "machine-1", "--shard", "1/2").wait()
    assert first.code == 0, first.stderr
    hub.change(visit_s=30.0)
    second = start(project, hub, store, "machine-2", "--shard", "2/2")
    wait_until(lambda: hub.sessions, "the second machine visits", timeout_s=60)
    second.kill()
    second_end = second.wait()
    assert second_end.code == -9
    project.end_all()

    incomplete = merge(project, store, "merged-1")
    assert incomplete.code == 3
    assert "shard 2/2: run" in incomplete.words
    assert "left no journal: it died" in incomplete.words
    assert "no run of shard 2/2" in incomplete.words
    assert "of 6 sites are missing: site-" in incomplete.words

    with open_hub(slots=4) as other:  # the sessions of the machine that was killed still hold the first hub's slots
        again = start(project, other, store, "machine-3", "--shard", "2/2").wait()
    assert again.code == 0, again.stderr
    complete = merge(project, store, "merged-2")
    assert complete.code == 0, complete.stderr
    assert "left no journal" not in complete.words
    assert len(observed_sites(project.folder / "merged-2")) == SITES

    (project.folder / "runs").mkdir(exist_ok=True)
    shown = project.run("history", "show", "--store", store)
    assert shown.stdout.startswith(f"1 run, {SITES} sites"), shown.stdout  # shards do not count twice


def test_a_whole_run_is_stored_remembered_and_listed(
    project: CommandLine, hub: FakeGrid, bucket: str, aws: MotoServer
) -> None:
    store = f"s3://{bucket}"
    for machine in ("one", "two"):
        ended = start(project, hub, store, machine).wait()
        assert ended.code == 0, ended.stderr
    keys = [entry["Key"] for entry in aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert sum(key.endswith("/journal.jsonl") for key in keys) == 2
    assert sum(key.startswith("history/runs/") for key in keys) == 2
    listed = project.run("store", "list", "--store", store)
    assert listed.stdout.split() == ["pipeline-7"]
    runs = project.run("store", "list", "--store", store, "--store-group", "pipeline-7").stdout.splitlines()
    assert len(runs) == 2
    assert all("complete" in line for line in runs)


def test_other_lists_in_the_same_group_are_refused_before_anything_is_visited(
    project: CommandLine, hub: FakeGrid, bucket: str
) -> None:
    store = f"s3://{bucket}"
    assert start(project, hub, store, "one", "--shard", "1/2").wait().code == 0
    (project.folder / "sites.txt").write_text("https://other.example/login\nhttps://another.example/login\n")
    ended = start(project, hub, store, "two", "--shard", "2/2").wait()
    assert (ended.code, "--store-group" in ended.words) == (2, True)
    assert not [path for path in (project.folder / "two").glob("*") if path.is_dir()]


def test_ctrl_c_still_stores_what_there_is(project: CommandLine, hub: FakeGrid, bucket: str, aws: MotoServer) -> None:
    hub.change(visit_s=30.0)
    running = start(project, hub, f"s3://{bucket}", "one")
    wait_until(lambda: hub.sessions, "visits go on", timeout_s=60)
    running.interrupt()
    assert running.wait().code == 130
    keys = [entry["Key"] for entry in aws.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert any(key.endswith("/journal.jsonl") for key in keys)
    merged = merge(project, f"s3://{bucket}", "merged")
    assert merged.code == 3


REFUSALS = [
    ({"status": 403, "code": "AccessDenied"}, "s3:ListBucket is denied", 2),
    ({"status": 400, "code": "ExpiredToken"}, "does not take these credentials", 2),
    ({"status": 404, "code": "NoSuchBucket"}, "there is no such bucket", 2),
    ({"status": 503, "code": "SlowDown"}, "AWS throttles s3:ListBucket", 3),
    (
        {"status": 301, "code": "PermanentRedirect", "headers": {"x-amz-bucket-region": "us-west-2"}},
        "us-west-2",
        2,
    ),
]


@pytest.mark.parametrize(
    ("refusal", "words", "code"), REFUSALS, ids=[str(refusal["code"]) for refusal, _, _ in REFUSALS]
)
def test_a_store_that_refuses_is_named_before_anything_is_visited(
    project: CommandLine, hub: FakeGrid, bucket: str, refusal: dict[str, object], words: str, code: int
) -> None:
    with open_s3(refuses_reads=True, **refusal) as s3:
        project.env["AWS_ENDPOINT_URL"] = s3.url
        ended = start(project, hub, "s3://not-ours", "one").wait()
    assert (ended.code, words in ended.words) == (code, True), ended.stderr
    assert hub.figures.sessions_made == 0


def test_a_role_that_may_not_write_is_found_out_before_anything_is_visited(
    project: CommandLine, hub: FakeGrid, bucket: str
) -> None:
    with open_s3() as s3:
        project.env["AWS_ENDPOINT_URL"] = s3.url
        ended = start(project, hub, "s3://ours", "one").wait()
    assert (ended.code, "s3:PutObject is denied" in ended.words) == (2, True)
    assert hub.figures.sessions_made == 0


def test_credentials_that_expire_during_the_run_lose_nothing(
    project: CommandLine, hub: FakeGrid, bucket: str, aws: MotoServer, tmp_path: Path
) -> None:
    """The plan and the claim are taken; when the run is over nothing is any more."""
    with open_s3(status=400, code="ExpiredToken", refuses_after=2) as s3:
        project.env["AWS_ENDPOINT_URL"] = s3.url
        ended = start(project, hub, f"s3://{bucket}", "one").wait()
    assert ended.code == 3
    assert "nothing is lost: the run is complete in one/" in ended.words
    assert "gridrunner store push" in ended.words
    (folder,) = list_runs(project.folder / "one")
    assert len(observed_sites(folder)) == SITES
    project.env["AWS_ENDPOINT_URL"] = aws.url
    pushed = project.run("store", "push", folder, "--store", f"s3://{bucket}", "--store-group", "pipeline-7")
    assert pushed.code == 0, pushed.stderr
    assert merge(project, f"s3://{bucket}", "merged").code == 0


def test_without_credentials_the_hint_says_where_they_come_from(
    project: CommandLine, hub: FakeGrid, bucket: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del project.env[name]
    ended = start(project, hub, f"s3://{bucket}", "one").wait()
    assert (ended.code, "there are no AWS credentials" in ended.words) == (2, True)


def test_merge_of_an_empty_store_says_so(project: CommandLine, bucket: str) -> None:
    ended = project.run("merge", f"s3://{bucket}/nothing", "--out", "merged")
    assert (ended.code, "holds no run" in ended.words) == (2, True)
