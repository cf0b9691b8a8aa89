"""The auto scaling groups of a fleet's nodes, through boto3: what they have, and what they are to have."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from gridrunner.aws.clients import Aws, AwsRefused, translated
from gridrunner.errors import GridrunnerError
from gridrunner.grid.drivers.aws.fleet import FleetFile
from gridrunner.grid.drivers.aws.metering import SeenInstance
from gridrunner.grid.drivers.aws.scaling import GroupLimits

_LOGGER = logging.getLogger(__name__)

ACTIVITIES_READ = 20
"""The newest are enough to know why launches fail."""

NAMES_A_CALL = 50
"""DescribeAutoScalingGroups: "By default, you can only specify up to 50 names" (API reference)."""

_IDS_A_CALL = 100


class GroupInstance(Struct, frozen=True, kw_only=True):
    """An instance of a group. `is_leaving`: it is told to go, and may still be draining."""

    id: str
    kind: str
    is_leaving: bool


class NodeGroup(Struct, frozen=True, kw_only=True):
    """A group as AWS describes it."""

    name: str
    least: int
    most: int
    desired: int
    instances: tuple[GroupInstance, ...]

    @property
    def limits(self) -> GroupLimits:
        """Its numbers alone."""
        return GroupLimits(name=self.name, least=self.least, most=self.most, desired=self.desired)


class NodeGroups:
    """The node groups of one fleet. Every method raises AwsRefused and AwsFault."""

    def __init__(self, aws: Aws, fleet: FleetFile) -> None:
        self._aws, self._fleet = aws, fleet

    def read(self) -> tuple[NodeGroup, ...]:
        """All groups, in the order of the fleet's hubs."""
        names = [hub.nodes_asg for hub in self._fleet.hubs]
        described: dict[str, Any] = {}
        with translated("autoscaling:DescribeAutoScalingGroups", f"fleet {self._fleet.name}"):
            pages = self._aws.client("autoscaling").get_paginator("describe_auto_scaling_groups")
            for start in range(0, len(names), NAMES_A_CALL):
                for page in pages.paginate(AutoScalingGroupNames=names[start : start + NAMES_A_CALL]):
                    described.update({group["AutoScalingGroupName"]: group for group in page["AutoScalingGroups"]})
        missing = [name for name in names if name not in described]
        if missing:
            raise AwsMissingGroup(missing, self._fleet.region)
        return tuple(self._describe(described[name]) for name in names)

    def _describe(self, group: Mapping[str, Any]) -> NodeGroup:
        return NodeGroup(
            name=group["AutoScalingGroupName"],
            least=group["MinSize"],
            most=min(group["MaxSize"], self._fleet.nodes.max_per_hub),
            desired=group["DesiredCapacity"],
            instances=tuple(
                GroupInstance(
                    id=instance["InstanceId"],
                    kind=instance.get("InstanceType", ""),
                    is_leaving=instance.get("LifecycleState", "").startswith(("Terminat", "Detach")),
                )
                for instance in group.get("Instances", [])
            ),
        )

    def set_desired(self, name: str, nodes: int) -> None:
        """Have the group make it so many; instances that go run their hook first."""
        with translated("autoscaling:SetDesiredCapacity", name):
            self._aws.client("autoscaling").set_desired_capacity(
                AutoScalingGroupName=name, DesiredCapacity=nodes, HonorCooldown=False
            )

    def remove(self, instance_id: str) -> None:
        """Have one instance go through its hook, and the group be one smaller."""
        with translated("autoscaling:TerminateInstanceInAutoScalingGroup", instance_id):
            self._aws.client("autoscaling").terminate_instance_in_auto_scaling_group(
                InstanceId=instance_id, ShouldDecrementDesiredCapacity=True
            )

    def failures(self, name: str, since: datetime) -> tuple[str, ...]:
        """What AWS said of launches that failed after `since`, newest first; none where it may not be asked."""
        try:
            with translated("autoscaling:DescribeScalingActivities", name):
                answer = self._aws.client("autoscaling").describe_scaling_activities(
                    AutoScalingGroupName=name, MaxRecords=ACTIVITIES_READ
                )
        except GridrunnerError:
            return ()
        return tuple(
            str(activity.get("StatusMessage") or activity.get("Cause") or "")
            for activity in answer.get("Activities", [])
            if activity.get("StatusCode") == "Failed" and _is_after(activity.get("StartTime"), since)
        )

    def last_cause(self, names: Sequence[str]) -> str:
        """Why the groups' newest activity happened, in AWS' words after a colon; "" where it is not known."""
        try:
            for name in names:
                with translated("autoscaling:DescribeScalingActivities", name):
                    answer = self._aws.client("autoscaling").describe_scaling_activities(
                        AutoScalingGroupName=name, MaxRecords=1
                    )
                for activity in answer.get("Activities", []):
                    return f": {' '.join(str(activity.get('Cause', '')).split())[:240]}"
        except GridrunnerError as error:
            _LOGGER.info("why the fleet was lowered is not known: %s", error)
        return ""

    def addresses(self, groups: Sequence[NodeGroup]) -> dict[str, str]:
        """Private IP address to instance id; empty where EC2 may not be asked."""
        return {
            instance["PrivateIpAddress"]: instance["InstanceId"]
            for instance in self._instances(groups)
            if instance.get("PrivateIpAddress")
        }

    def sight(self, groups: Sequence[NodeGroup], now: datetime) -> tuple[SeenInstance, ...]:
        """The instances that run, for metering; with less detail where EC2 may not be asked."""
        known = {described["InstanceId"]: described for described in self._instances(groups)}
        return tuple(
            SeenInstance(
                id=instance.id,
                kind=instance.kind or known.get(instance.id, {}).get("InstanceType", ""),
                is_spot=known[instance.id].get("InstanceLifecycle") == "spot" if instance.id in known else None,
                age_s=_age_s(known.get(instance.id, {}).get("LaunchTime"), now),
            )
            for group in groups
            for instance in group.instances
        )

    def _instances(self, groups: Sequence[NodeGroup]) -> list[dict[str, Any]]:
        ids = [instance.id for group in groups for instance in group.instances]
        described: list[dict[str, Any]] = []
        try:
            for start in range(0, len(ids), _IDS_A_CALL):
                with translated("ec2:DescribeInstances", f"fleet {self._fleet.name}"):
                    answer = self._aws.client("ec2").describe_instances(
                        Filters=[{"Name": "instance-id", "Values": ids[start : start + _IDS_A_CALL]}]
                    )
                described += [
                    instance for reservation in answer["Reservations"] for instance in reservation["Instances"]
                ]
        except GridrunnerError:
            return described
        return described


class AwsMissingGroup(AwsRefused):
    """A group that the fleet's file names does not exist: the file is old, or another account or region is asked."""

    def __init__(self, names: Sequence[str], region: str) -> None:
        super().__init__(
            f"no auto scaling group {', '.join(names)} in {region}",
            hint="write the fleet's file again (terraform output -json gridrunner), and look at account and region",
        )


def _is_after(at: Any, since: datetime) -> bool:
    return isinstance(at, datetime) and (at if at.tzinfo else at.replace(tzinfo=UTC)) >= since


def _age_s(launched: Any, now: datetime) -> float | None:
    if not isinstance(launched, datetime):
        return None
    return max(0.0, (now - (launched if launched.tzinfo else launched.replace(tzinfo=UTC))).total_seconds())
