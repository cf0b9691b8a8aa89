"""A fleet for tests: auto scaling groups in moto, and fake hubs whose nodes come and go with the groups' instances.

Instances do not exist in moto. `play_instances` stands in for them: a thread that gives each hub a node's slots for
every instance that is in service, as instances that boot and register would, and completes the drain hook of those that
are told to go once their hub is idle, as their agents would.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.support.fake_hub import SLOTS_PER_NODE, FakeGrid
from tests.support.moto_server import REGION, MotoServer

HOOK = "gridrunner-drain"
_NUMBERS = itertools.count(1)


def make_groups(
    aws: MotoServer, hubs: int, *, least: int = 0, most: int = 10, short_of: int | None = None
) -> list[str]:
    """Auto scaling groups of nodes with a drain hook, as the terraform module makes them; their names. `short_of`: how
    many instances each can have at most before AWS has none left.
    """
    scaling, ec2 = aws.client("autoscaling"), aws.client("ec2")
    prefix = f"fleet-{next(_NUMBERS)}"
    image = ec2.describe_images(Owners=["amazon"], MaxResults=5)["Images"][0]["ImageId"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    ec2.create_launch_template(
        LaunchTemplateName=prefix, LaunchTemplateData={"ImageId": image, "InstanceType": "c6i.large"}
    )
    aws.client("s3").create_bucket(Bucket=prefix, CreateBucketConfiguration={"LocationConstraint": REGION})
    names = [f"{prefix}-nodes-{number}" for number in range(1, hubs + 1)]
    for name in names:
        tags = [{"Key": "gridrunner:cluster", "Value": prefix, "PropagateAtLaunch": True}]
        if short_of is not None:
            tags.append({"Key": "test:capacity-limit", "Value": str(short_of), "PropagateAtLaunch": False})
        scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=least,
            MaxSize=most,
            DesiredCapacity=least,
            VPCZoneIdentifier=subnet,
            LaunchTemplate={"LaunchTemplateName": prefix, "Version": "$Latest"},
            Tags=tags,
        )
        scaling.put_lifecycle_hook(
            AutoScalingGroupName=name,
            LifecycleHookName=HOOK,
            LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
            HeartbeatTimeout=120,
        )
    return names


def write_fleet(path: Path, groups: Sequence[str], urls: Sequence[str], **changes: Any) -> Path:
    """fleet.json as terraform writes it."""
    fleet = {
        "format": 1,
        "name": groups[0].partition("-nodes")[0],
        "region": REGION,
        "hubs": [
            {"name": f"hub-{number}", "url": url, "nodes_asg": group, "instance_id": "i-0"}
            for number, (group, url) in enumerate(zip(groups, urls, strict=True), start=1)
        ],
        "slots_per_node": SLOTS_PER_NODE,
        "nodes": {"min": 0, "max_per_hub": 10},
        "instance_types": ["c6i.large"],
        "spot": {"base_on_demand": 0, "percent_on_demand": 0},
        "lifecycle_hook": HOOK,
        "bucket": groups[0].partition("-nodes")[0],
        **changes,
    }
    path.write_text(json.dumps(fleet))
    return path


def desired_of(aws: MotoServer, groups: Sequence[str]) -> list[int]:
    found = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=list(groups))
    by_name = {group["AutoScalingGroupName"]: group["DesiredCapacity"] for group in found["AutoScalingGroups"]}
    return [by_name[name] for name in groups]


def count_instances(aws: MotoServer, groups: Sequence[str]) -> int:
    """Instances of all groups, also those that are still draining."""
    found = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=list(groups))
    return sum(len(group["Instances"]) for group in found["AutoScalingGroups"])


def _let_go(scaling: Any, group: str, instance: str) -> None:
    with suppress(ClientError):  # its wait ran out in between
        scaling.complete_lifecycle_action(
            AutoScalingGroupName=group,
            LifecycleHookName=HOOK,
            InstanceId=instance,
            LifecycleActionResult="CONTINUE",
        )


@contextmanager
def play_instances(aws: MotoServer, groups: Sequence[str], hubs: Sequence[FakeGrid]) -> Iterator[None]:
    """Hubs have the nodes of their groups until the block ends."""
    scaling, stop = aws.client("autoscaling"), threading.Event()

    def play() -> None:
        while not stop.wait(0.05):
            found = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=list(groups))["AutoScalingGroups"]
            by_name = {group["AutoScalingGroupName"]: group["Instances"] for group in found}
            for name, hub in zip(groups, hubs, strict=True):
                states = {one["InstanceId"]: one["LifecycleState"] for one in by_name.get(name, [])}
                in_service = sum(state == "InService" for state in states.values())
                hub.change(slots=in_service * SLOTS_PER_NODE)
                for instance, state in states.items():
                    if state == "Terminating:Wait" and hub.sessions <= in_service * SLOTS_PER_NODE:
                        _let_go(scaling, name, instance)

    thread = threading.Thread(target=play, name="instances", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
