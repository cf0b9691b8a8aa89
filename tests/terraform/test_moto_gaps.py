"""The stand-in for AWS behaves as AWS says it does, where moto alone does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.moto_gaps import CAPACITY_LIMIT_TAG
from tests.support.moto_server import MotoServer, start_moto

GROUP, HOOK = "nodes", "drain"
IMAGE = "ami-12c6146b"  # one that moto knows


@pytest.fixture(scope="module")
def server() -> Iterator[MotoServer]:
    with start_moto() as running:
        running.client("ec2").create_launch_template(
            LaunchTemplateName="node",
            LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "c5.large"},
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": [{"Key": "of", "Value": "the template"}]}],
        )
        yield running


@pytest.fixture
def scaling(server: MotoServer) -> Iterator[Any]:
    """A group of at most three instances, none yet, with a hook that waits for its instances to be drained."""
    client = server.client("autoscaling")
    specification = {"LaunchTemplateName": "node", "Version": "1"}
    client.create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        MinSize=0,
        MaxSize=3,
        AvailabilityZones=["eu-central-1a"],
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": specification,
                "Overrides": [{"InstanceType": "c5.large"}, {"InstanceType": "c6i.large"}],
            },
            "InstancesDistribution": {"OnDemandBaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 50},
        },
    )
    client.put_lifecycle_hook(
        AutoScalingGroupName=GROUP,
        LifecycleHookName=HOOK,
        LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING",
        HeartbeatTimeout=300,
        DefaultResult="CONTINUE",
    )
    yield client
    if client.describe_auto_scaling_groups()["AutoScalingGroups"]:
        client.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)


def look(client: Any) -> dict[str, Any]:
    group: dict[str, Any]
    (group,) = client.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])["AutoScalingGroups"]
    return group


def states(client: Any) -> list[str]:
    return sorted(instance["LifecycleState"] for instance in look(client)["Instances"])


def waiting(client: Any) -> list[str]:
    return [one["InstanceId"] for one in look(client)["Instances"] if one["LifecycleState"] == "Terminating:Wait"]


def test_an_instance_that_leaves_waits_for_its_action(scaling: Any) -> None:
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=3)
    assert states(scaling) == ["InService"] * 3
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    assert states(scaling) == ["InService", "Terminating:Wait", "Terminating:Wait"]
    first, second = waiting(scaling)
    scaling.record_lifecycle_action_heartbeat(AutoScalingGroupName=GROUP, LifecycleHookName=HOOK, InstanceId=first)
    scaling.complete_lifecycle_action(
        AutoScalingGroupName=GROUP, LifecycleHookName=HOOK, InstanceId=first, LifecycleActionResult="CONTINUE"
    )
    assert waiting(scaling) == [second]
    with pytest.raises(ClientError, match="No active Lifecycle Action found"):
        scaling.record_lifecycle_action_heartbeat(AutoScalingGroupName=GROUP, LifecycleHookName=HOOK, InstanceId=first)
    scaling.delete_lifecycle_hook(AutoScalingGroupName=GROUP, LifecycleHookName=HOOK)
    assert states(scaling) == ["InService"]


def test_a_terminated_instance_is_replaced_unless_the_capacity_goes_down(scaling: Any) -> None:
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=2)
    first, second = (one["InstanceId"] for one in look(scaling)["Instances"])
    scaling.terminate_instance_in_auto_scaling_group(InstanceId=first, ShouldDecrementDesiredCapacity=False)
    assert states(scaling) == ["InService", "InService", "Terminating:Wait"]
    scaling.terminate_instance_in_auto_scaling_group(InstanceId=second, ShouldDecrementDesiredCapacity=True)
    assert states(scaling) == ["InService", "Terminating:Wait", "Terminating:Wait"]
    assert look(scaling)["DesiredCapacity"] == 1


def test_a_capacity_outside_the_limits_is_refused(scaling: Any) -> None:
    with pytest.raises(ClientError, match="4 is above max value 3"):
        scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=4)
    assert look(scaling)["DesiredCapacity"] == 0


def test_a_policy_is_held_to_the_limits(scaling: Any) -> None:
    scaling.put_scaling_policy(
        AutoScalingGroupName=GROUP, PolicyName="up", AdjustmentType="ExactCapacity", ScalingAdjustment=9
    )
    (policy,) = scaling.describe_policies(AutoScalingGroupName=GROUP)["ScalingPolicies"]
    assert policy["Enabled"] is True
    scaling.execute_policy(AutoScalingGroupName=GROUP, PolicyName="up")
    assert look(scaling)["DesiredCapacity"] == 3


def test_capacity_that_is_not_to_be_had_is_a_failed_activity(scaling: Any) -> None:
    tag = {"ResourceId": GROUP, "ResourceType": "auto-scaling-group", "Key": CAPACITY_LIMIT_TAG, "Value": "1"}
    scaling.create_or_update_tags(Tags=[tag | {"PropagateAtLaunch": False}])
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=2)
    assert states(scaling) == ["InService"]
    activities = scaling.describe_scaling_activities(AutoScalingGroupName=GROUP)["Activities"]
    assert {one["StatusCode"] for one in activities} == {"Failed", "Successful"}
    assert "UnfulfillableCapacity" in activities[0]["StatusMessage"]
    scaling.delete_tags(Tags=[tag])
    assert states(scaling) == ["InService", "InService"]  # AWS tries again by itself


def test_a_refresh_replaces_every_instance_through_the_hook(scaling: Any) -> None:
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    (old,) = (one["InstanceId"] for one in look(scaling)["Instances"])
    started = scaling.start_instance_refresh(AutoScalingGroupName=GROUP)["InstanceRefreshId"]

    def read_refresh() -> tuple[str, str]:
        (refresh,) = scaling.describe_instance_refreshes(AutoScalingGroupName=GROUP)["InstanceRefreshes"]
        return refresh["InstanceRefreshId"], refresh["Status"]

    assert read_refresh() == (started, "InProgress")
    assert waiting(scaling) == [old]
    scaling.complete_lifecycle_action(
        AutoScalingGroupName=GROUP, LifecycleHookName=HOOK, InstanceId=old, LifecycleActionResult="CONTINUE"
    )
    assert read_refresh() == (started, "Successful")
    assert states(scaling) == ["InService"]


def test_an_update_keeps_what_it_does_not_name(scaling: Any) -> None:
    scaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=2)
    group = look(scaling)
    assert [one["InstanceType"] for one in group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]] == [
        "c5.large",
        "c6i.large",
    ]
    assert (group["DesiredCapacity"], states(scaling)) == (2, ["InService", "InService"])


def test_a_deleted_group_takes_its_instances_along(server: MotoServer, scaling: Any) -> None:
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=2)
    scaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    reservations = server.client("ec2").describe_instances()["Reservations"]
    assert {one["State"]["Name"] for each in reservations for one in each["Instances"]} == {"terminated"}
    assert scaling.describe_auto_scaling_groups()["AutoScalingGroups"] == []


def test_hooks_have_no_made_up_targets(scaling: Any) -> None:
    (hook,) = scaling.describe_lifecycle_hooks(AutoScalingGroupName=GROUP)["LifecycleHooks"]
    assert "NotificationTargetARN" not in hook
    assert "RoleARN" not in hook


def test_interfaces_made_at_launch_go_with_their_instance_and_others_stay(server: MotoServer, scaling: Any) -> None:
    ec2 = server.client("ec2")
    subnet_id = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    given = ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    before = {one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    started = ec2.run_instances(
        ImageId=IMAGE,
        MinCount=1,
        MaxCount=1,
        InstanceType="c5.large",
        NetworkInterfaces=[{"NetworkInterfaceId": given, "DeviceIndex": 0}],
    )["Instances"]
    scaling.set_desired_capacity(AutoScalingGroupName=GROUP, DesiredCapacity=1)
    assert len(ec2.describe_network_interfaces()["NetworkInterfaces"]) == len(before) + 1
    scaling.delete_auto_scaling_group(AutoScalingGroupName=GROUP, ForceDelete=True)
    ec2.terminate_instances(InstanceIds=[started[0]["InstanceId"]])
    assert {one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]} == before
    ec2.delete_network_interface(NetworkInterfaceId=given)


def test_tags_of_a_template_are_none_of_its_instances(server: MotoServer, scaling: Any) -> None:
    (version,) = server.client("ec2").describe_launch_template_versions(LaunchTemplateName="node")[
        "LaunchTemplateVersions"
    ]
    assert "TagSpecifications" not in version["LaunchTemplateData"]
