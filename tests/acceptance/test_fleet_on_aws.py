"""The whole way on AWS, with everything real that can be had: terraform and its AWS provider, Selenium's hub and Chrome
nodes in containers, the agents' image, the demo list. AWS itself is moto; containers play its instances
(`tests.support.played_fleet`). What the test writes into the fleet's file is the hub's address (terraform knows an
instance of moto, and the hub is a container) and the bucket of `STORE`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.support.command_line import ROOT, CommandLine, Ended, open_project, wait_until
from tests.support.engine import Images
from tests.support.moto_server import MotoServer, start_moto
from tests.support.played_fleet import Instance, PlayedFleet, play_fleet
from tests.support.run_folders import observed_sites, owed_cases, read_cases
from tests.support.terraform import Terraform, copy_module

pytestmark = [pytest.mark.docker, pytest.mark.terraform]

IMAGES = {"hub": "registry.example/hub:1", "node": "registry.example/node:1", "agent": "registry.example/agent:1"}
VARIABLES = {
    "images": IMAGES,
    "client_cidrs": ["10.20.0.0/16"],
    "max_nodes_per_hub": 4,
    "slots_per_node": 1,
    "bucket_is_disposable": True,
}

STORE = "s3://runs-of-the-fleet-test/ci"
"""A bucket of the test's own: the fleet's refuses plain http, as moto speaks it (and moto keeps bucket policies)."""

NODES = 2
NOTICE_S = 15.0
"""A spot notice of two minutes, shortened: what happens in its last seconds is the same, and comes while visits go
on."""

RUN_LIMIT_S = 900.0
"""The demo list on two nodes takes under two minutes on two cores; a loaded machine takes several times that."""


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[MotoServer]:
    with start_moto(tmp_path / "moto.log") as server:
        yield server


@pytest.fixture
def terraform(aws: MotoServer, tmp_path: Path) -> Terraform:
    """The module itself, applied."""
    terraform = copy_module(tmp_path / "module", aws.environment)
    terraform.init()
    terraform.apply(**VARIABLES)
    return terraform


def test_apply_scale_run_interrupt_lower_destroy(
    terraform: Terraform,
    aws: MotoServer,
    docker_client: docker.DockerClient,
    grid_images: Images,
    tmp_path: Path,
) -> None:
    fleet: dict[str, Any] = terraform.output("gridrunner")
    played = PlayedFleet(
        engine=docker_client,
        aws=aws,
        fleet=fleet,
        secret=secrets.token_hex(16),
        images={"hub": grid_images.hub, "node": grid_images.node, "agent": grid_images.agent},
        name=f"gr-fleet-{secrets.token_hex(3)}",
    )
    folder = tmp_path / "project"
    folder.mkdir()
    with open_project(folder) as project, play_fleet(played):
        project.env.update(aws.environment)
        location = {"LocationConstraint": fleet["region"]}
        aws.client("s3").create_bucket(Bucket="runs-of-the-fleet-test", CreateBucketConfiguration=location)
        fleet["hubs"][0]["url"] = played.hub_url
        fleet["bucket"] = "runs-of-the-fleet-test"  # leases go there as well, for the same reason as STORE
        (folder / "fleet.json").write_text(json.dumps(fleet))
        ended = run_with_an_interruption(project, played)
        print(ended.stderr)
        assert ended.code == 0

        verdicts = read_cases(project.run_folder / "junit.xml")
        assert set(verdicts) == owed_cases(project.run_folder)
        assert set(verdicts.values()) <= {"passed", "skipped"}
        cost = json.loads((folder / "run.json").read_text())["cost"]
        assert (
            cost["instances"] >= NODES
        )  # and the one that replaced the one that was taken, if the run still needed it
        assert 0 < cost["idle_share"] < 1

        groups = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[played.group])
        assert groups["AutoScalingGroups"][0]["DesiredCapacity"] == 0
        wait_until(lambda: not played.instances, "every node was drained and has gone", timeout_s=180)
        keys = [one["Key"] for one in aws.client("s3").list_objects_v2(Bucket="runs-of-the-fleet-test")["Contents"]]
        assert any(key.endswith("/journal.jsonl") for key in keys)
        assert any(key.startswith("ci/history/runs/") for key in keys)
    said = "\n".join(played.said.values())
    print(said)
    assert "spot interruption: draining node" in said
    assert "scale-in: draining node" in said
    assert "completing the lifecycle action" in said
    assert played.secret not in said + ended.stderr

    assert terraform.changes(**VARIABLES) == []  # what gridrunner did is nothing that terraform would undo
    terraform.destroy(**VARIABLES)
    assert terraform.addresses() == []


def run_with_an_interruption(project: CommandLine, played: PlayedFleet) -> Ended:
    """`gridrunner run --scale auto` on the demo list; in the middle EC2 takes an instance that is at work."""
    running = project.start(
        "run",
        *("--sites", ROOT / "sites" / "demo.yaml", "--grid", "aws", "--fleet", "fleet.json", "--store", STORE),
        *("--scale", "auto", "--budget", "5m", "--serve-address", played.gateway, "--json", "run.json", "--quiet"),
    )
    try:
        wait_until(
            lambda: running.is_over() or any(len(observed_sites(folder)) >= 5 for folder in project.run_folders()),
            "the run visits sites",
            timeout_s=300,
        )
        played.require_well()
        assert not running.is_over(), running.wait().stderr
        busy: list[Instance] = []

        def look() -> bool:
            busy.extend(played.find_busy())
            return bool(busy)

        wait_until(look, "a node is at work", timeout_s=60)
        played.interrupt(busy[0].id, in_s=NOTICE_S)
    except BaseException:
        running.kill()
        raise
    return running.wait(RUN_LIMIT_S)
