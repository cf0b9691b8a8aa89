"""Hubs of a fleet on AWS: asleep and woken, entered with a log-in, described by an object in their bucket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridrunner.aws.clients import Aws
from gridrunner.errors import UsageError
from gridrunner.grid.drivers.aws.driver import AwsDriver
from gridrunner.grid.drivers.aws.fleet import read_fleet
from gridrunner.grid.drivers.protocol import RunDemand
from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.fleet import desired_of, make_groups, play_instances, write_fleet
from tests.support.moto_server import MotoServer


@pytest.fixture
def hub() -> Iterator[FakeGrid]:
    with open_hub(slots=0) as hub:
        yield hub


def start_instance(aws: MotoServer) -> str:
    ec2 = aws.client("ec2")
    image = ec2.describe_images(Owners=["amazon"], MaxResults=5)["Images"][0]["ImageId"]
    (instance,) = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"]
    return str(instance["InstanceId"])


def state_of(aws: MotoServer, instance: str) -> str:
    (found,) = aws.client("ec2").describe_instances(InstanceIds=[instance])["Reservations"]
    return str(found["Instances"][0]["State"]["Name"])


def make_driver(path: Path) -> AwsDriver:
    fleet = read_fleet(path)
    return AwsDriver(fleet, Aws(fleet.region), timeout_s=60.0, poll_s=0.05)


def describe_hub(hub: FakeGrid, group: str, instance: str) -> list[dict[str, Any]]:
    return [{"name": "hub-1", "url": hub.url, "nodes_asg": group, "instance_id": instance}]


def test_a_run_wakes_a_hub_that_sleeps_and_the_status_says_that_it_does(
    aws_env: MotoServer, hub: FakeGrid, tmp_path: Path
) -> None:
    groups, instance, said = make_groups(aws_env, 1), start_instance(aws_env), list[str]()
    aws_env.client("ec2").stop_instances(InstanceIds=[instance])
    hubs = describe_hub(hub, groups[0], instance)
    path = write_fleet(tmp_path / "fleet.json", groups, [hub.url], hubs=hubs, hubs_sleep=True)
    driver = make_driver(path)
    assert driver.status().hubs[0].detail == "asleep: --scale and `grid up` wake it"
    demand = RunDemand(run="a", sites=1, nodes=1)
    with play_instances(aws_env, groups, [hub]), driver.open_for_run(demand, said.append):
        assert state_of(aws_env, instance) == "running"
    assert "aws: waking hub-1" in said
    assert desired_of(aws_env, groups) == [0]


def test_hubs_that_never_sleep_are_not_asked_about(aws_env: MotoServer, hub: FakeGrid, tmp_path: Path) -> None:
    groups, instance = make_groups(aws_env, 1), start_instance(aws_env)
    aws_env.client("ec2").stop_instances(InstanceIds=[instance])
    hubs = describe_hub(hub, groups[0], instance)
    driver = make_driver(write_fleet(tmp_path / "fleet.json", groups, [hub.url], hubs=hubs))
    assert driver.status().hubs[0].detail == ""


def test_a_grid_with_a_log_in_is_entered_with_the_one_in_its_parameter(
    aws_env: MotoServer, hub: FakeGrid, tmp_path: Path
) -> None:
    groups = make_groups(aws_env, 1)
    hub.change(credentials="ci:a/b@c")
    name = f"/{groups[0]}/login"
    aws_env.client("ssm").put_parameter(Name=name, Value="ci:a/b@c", Type="SecureString")
    without = make_driver(write_fleet(tmp_path / "without.json", groups, [hub.url])).status()
    status = make_driver(write_fleet(tmp_path / "fleet.json", groups, [hub.url], login_parameter=name)).status()
    assert (without.hubs[0].is_up, status.hubs[0].is_up) == (False, True)
    assert "a%2Fb" not in str(status)


def test_a_fleet_is_read_from_its_bucket(aws_env: MotoServer, hub: FakeGrid, tmp_path: Path) -> None:
    groups = make_groups(aws_env, 1)
    bucket = groups[0].partition("-nodes")[0]
    text = write_fleet(tmp_path / "fleet.json", groups, [hub.url]).read_bytes()
    aws_env.client("s3").put_object(Bucket=bucket, Key=f"fleet/{bucket}/fleet.json", Body=text)
    assert read_fleet(Path(f"s3://{bucket}/fleet/{bucket}/fleet.json")).name == bucket
    with pytest.raises(UsageError, match="no such object"):
        read_fleet(Path(f"s3://{bucket}/fleet.json"))
