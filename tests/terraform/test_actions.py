"""Every AWS action that the code names is granted to who needs it. docs/aws.md has the policies, as applied (a test on
the stand-in for AWS compares them); so nothing here needs terraform.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.fleet_docs import read_table
from tests.support.terraform import ROOT

ACTION = re.compile(r"(?:autoscaling|cloudwatch|ec2|pricing|s3|ssm):[A-Z][A-Za-z]+")
# What boot scripts and the AWS CLI do, and Session Manager's own: no Python of ours names it.
WITH_VARIABLES = {"CI": {"ec2:StartInstances"}, "hub": {"ec2:StopInstances"}}
"""Granted where a variable asks for it (hubs_sleep_minutes), which examples/minimal does not."""

BESIDES = {"CI": {"ssm:StartSession", "ssm:TerminateSession"}}


def named_in(folder: Path) -> set[str]:
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    return set(re.findall(rf'"({ACTION.pattern})[":]', text))


def granted_to(*roles: str) -> set[str]:
    rows = [row for row in read_table("actions") if row.split("|")[1].strip() in roles]
    return {action for row in rows for action in ACTION.findall(row.split("|")[2])}


def test_ci_may_do_what_gridrunner_does_and_no_more() -> None:
    assert granted_to("CI") - BESIDES["CI"] == named_in(ROOT / "gridrunner") - WITH_VARIABLES["CI"]


@pytest.mark.parametrize("role", ["hub", "node"])
def test_a_machine_has_no_rights_of_the_other_or_of_ci(role: str) -> None:
    own = {"hub": {"cloudwatch:PutMetricData", "ssm:PutParameter", "ssm:AddTagsToResource"}}
    own["hub"] |= {"autoscaling:DescribeAutoScalingGroups", "autoscaling:SetDesiredCapacity"}
    own["hub"] |= {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}
    own["node"] = {"autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"}
    own["node"] |= {"autoscaling:SetInstanceHealth"}
    shared = {"ssm:GetParameter", "ssm:UpdateInstanceInformation"}
    assert granted_to(role) == own[role] | shared


def test_agents_may_do_what_they_do() -> None:
    done = named_in(ROOT / "docker" / "agent") | {"autoscaling:CompleteLifecycleAction"}
    assert done - WITH_VARIABLES["hub"] <= granted_to("hub", "node")
