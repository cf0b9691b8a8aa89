from __future__ import annotations

from typing import Any

from gridrunner.grid.drivers.aws.fleet import FleetFile, FleetHub
from gridrunner.grid.drivers.aws.groups import NodeGroups

NAMES_WITHOUT_MAX_RECORDS = 50
"""DescribeAutoScalingGroups: "By default, you can only specify up to 50 names" (API reference)."""


class FakeScaling:
    """Auto scaling that remembers how many names each call had."""

    def __init__(self) -> None:
        self.names: list[int] = []

    def client(self, service: str) -> FakeScaling:
        assert service == "autoscaling"
        return self

    def get_paginator(self, operation: str) -> FakeScaling:
        assert operation == "describe_auto_scaling_groups"
        return self

    def paginate(self, *, AutoScalingGroupNames: list[str]) -> list[dict[str, Any]]:  # noqa: N803 - boto3's name
        self.names.append(len(AutoScalingGroupNames))
        numbers = {"MinSize": 0, "MaxSize": 60, "DesiredCapacity": 0}
        return [{"AutoScalingGroups": [{"AutoScalingGroupName": name, **numbers} for name in AutoScalingGroupNames]}]


def test_a_hundred_groups_are_read_in_calls_that_aws_takes() -> None:
    hubs = tuple(FleetHub(name=f"h{number}", url="http://h", nodes_asg=f"g{number}") for number in range(100))
    scaling: Any = FakeScaling()
    groups = NodeGroups(scaling, FleetFile(name="f", region="eu-central-1", hubs=hubs)).read()
    assert [group.name for group in groups] == [hub.nodes_asg for hub in hubs]
    assert max(scaling.names) <= NAMES_WITHOUT_MAX_RECORDS
