"""Two pipelines that share one fleet at the same time: commands, leases, groups and agents are the real ones, AWS is
moto, hubs and instances are played. One pipeline is four shards; the other is killed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from gridrunner_agent.aws import FleetState
from gridrunner_agent.leases import LeaseWatch

from tests.support.command_line import CommandLine, Running, wait_until
from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.fleet import count_instances, desired_of, make_groups, play_instances, write_fleet
from tests.support.moto_server import REGION, MotoServer
from tests.support.run_folders import observed_sites, read_cases

SITES, SHARDS = 16, 4


@pytest.fixture
def hubs() -> Iterator[list[FakeGrid]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(open_hub(slots=0, visit_s=0.05, hangs={"stuck": 99}, session_timeout_s=5.0))
            for _ in range(2)
        ]


def write_sites(project: CommandLine, name: str, count: int) -> None:
    lines = "".join(f"https://{name}-{number}.example/login\n" for number in range(count))
    (project.folder / f"{name}.txt").write_text(lines)


def start(project: CommandLine, sites: str, out: str, *more: str) -> Running:
    where = ("--grid", "aws", "--fleet", "fleet.json", "--out", out, "--quiet")
    return project.start("run", "--sites", f"{sites}.txt", *where, *more)


def run_folders(project: CommandLine) -> Sequence[Path]:
    return [plan.parent for plan in project.folder.glob("shard-*/*/plan.json")]


def age_leases(aws: MotoServer, fleet: str) -> None:
    """Five minutes without a renewal, which a test does not wait for: every lease has run out."""
    s3, place = aws.client("s3"), {"Bucket": fleet, "Key": f"fleet/{fleet}/leases.json"}
    book = json.loads(s3.get_object(**place)["Body"].read())
    for lease in book["leases"]:
        lease["expires_s"] = 1.0
    s3.put_object(**place, Body=json.dumps(book).encode())


def test_a_sharded_pipeline_and_one_that_is_killed_share_a_fleet(
    project: CommandLine, aws_env: MotoServer, hubs: list[FakeGrid]
) -> None:
    groups = make_groups(aws_env, 2)
    fleet = groups[0].partition("-nodes")[0]
    write_fleet(project.folder / "fleet.json", groups, [hub.url for hub in hubs])
    write_sites(project, "shop", SITES)
    write_sites(project, "stuck", 2)
    killed = start(project, "stuck", "killed", "--scale", "2")
    shards = [
        start(project, "shop", f"shard-{number}", "--scale", "1", "--shard", f"{number}/{SHARDS}")
        for number in range(1, SHARDS + 1)
    ]
    wait_until(lambda: sum(desired_of(aws_env, groups)) == 2 + SHARDS, "all five have leased", timeout_s=60)
    with play_instances(aws_env, groups, hubs):
        wait_until(lambda: sum(hub.figures.visits["https://stuck-0.example/login"] for hub in hubs), "it visits")
        killed.kill()
        ends = [shard.wait() for shard in shards]
        assert [ended.code for ended in ends] == [0] * SHARDS, [ended.stderr for ended in ends]
        killed.wait()
        assert sum(desired_of(aws_env, groups)) == 2  # what the killed one leased, and holds until its lease runs out
        age_leases(aws_env, fleet)
        watch = LeaseWatch(FleetState(fleet=fleet, bucket=fleet, region=REGION))
        assert [watch.look_once(), watch.look_once()] == [False, True]
        assert desired_of(aws_env, groups) == [0, 0]
        wait_until(lambda: count_instances(aws_env, groups) == 0, "the last instances have drained", timeout_s=60)
    merged = project.run("merge", *run_folders(project), "--out", "merged")
    assert merged.code == 0, merged.stderr
    assert len(observed_sites(project.folder / "merged")) == SITES
    assert set(read_cases(project.folder / "merged" / "junit.xml").values()) <= {"passed", "skipped"}
