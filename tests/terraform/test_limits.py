"""What a fleet of the largest size makes AWS take, against AWS' documented limits: the stand-in enforces none of them.

Applied are the policies and patterns alone, which name no hub: the sizes are those of any number of hubs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.moto_server import MotoServer, start_moto
from tests.support.terraform import Terraform, copy_module

pytestmark = pytest.mark.terraform

HUBS = 100
REGIONS = ("eu-central-1", "us-east-1")
NAME = "a-name-of-a-fleet-that-is-long-x"
"""As long as a name may be."""

ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/some/team/with-a-long-name/gridrunner"
VARIABLES = {
    "name": NAME,
    "hubs": HUBS,
    "client_cidrs": ["10.20.0.0/16"],
    "ci_port_forwarding": True,
    "images": {kind: f"{ECR}/{kind}:1" for kind in ("hub", "node", "agent")},
}
TARGETS = (
    "aws_iam_policy.ci",
    "aws_iam_role_policy.hub",
    "aws_iam_role_policy.node",
    "aws_iam_instance_profile.hub",
    "aws_iam_instance_profile.node",
    "aws_cloudwatch_event_rule.this",
    "aws_cloudwatch_log_resource_policy.events",
)

MANAGED_POLICY = 6_144
INLINE_POLICIES_OF_A_ROLE = 10_240
NAME_OF_A_ROLE = 64
"""IAM, "IAM and AWS STS quotas": characters, without white space."""

EVENT_PATTERN = 2_048
"""EventBridge, "Quotas": size of an event pattern."""

LOG_RESOURCE_POLICY = 5_120
"""CloudWatch Logs API, PutResourcePolicy: length of policyDocument."""


def apply_in(region: str, aws: MotoServer, folder: Path) -> dict[str, dict[str, Any]]:
    """Values of what was applied, by address."""
    terraform: Terraform = copy_module(folder, aws.environment | {"AWS_REGION": region})
    terraform.init()
    options = [
        f"-var={name}={value if isinstance(value, str) else json.dumps(value)}" for name, value in VARIABLES.items()
    ]
    targets = [f"-target={target}" for target in TARGETS]
    terraform.run("apply", "-auto-approve", "-input=false", "-no-color", *targets, *options)
    state = json.loads(terraform.run("show", "-json").stdout)
    return {entry["address"]: entry["values"] for entry in state["values"]["root_module"]["resources"]}


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[dict[str, dict[str, Any]]]]:
    """The same fleet, in two regions of one account."""
    with start_moto() as aws:
        yield [
            apply_in(region, aws, tmp_path_factory.mktemp(region) / "module")
            for region in ("eu-central-1", "us-east-1")
        ]


def size_of(document: str) -> int:
    return len("".join(document.split()))


def test_policies_and_patterns_of_a_hundred_hubs_are_within_the_limits(
    regions: list[dict[str, dict[str, Any]]],
) -> None:
    for applied in regions:
        assert size_of(applied["aws_iam_policy.ci"]["policy"]) <= MANAGED_POLICY
        for role in ("hub", "node"):
            assert size_of(applied[f"aws_iam_role_policy.{role}"]["policy"]) <= INLINE_POLICIES_OF_A_ROLE
        for rule in ("groups", "spot"):
            assert size_of(applied[f'aws_cloudwatch_event_rule.this["{rule}"]']["event_pattern"]) <= EVENT_PATTERN
        policy = applied["aws_cloudwatch_log_resource_policy.events[0]"]["policy_document"]
        assert size_of(policy) <= LOG_RESOURCE_POLICY


def test_nothing_that_is_applied_for_them_names_a_hub(regions: list[dict[str, dict[str, Any]]]) -> None:
    texts = json.dumps(regions)
    assert f"{NAME}-nodes-1" not in texts
    assert f"{NAME}-nodes-*" in texts


def test_names_in_iam_differ_by_region_and_are_short_enough(regions: list[dict[str, dict[str, Any]]]) -> None:
    names = [
        {values["name"] for address, values in applied.items() if address.startswith("aws_iam_") and values.get("name")}
        for applied in regions
    ]
    assert names[0] & names[1] == set()
    longest = max(len(name) for name in set.union(*names))
    assert longest + len("ap-southeast-1") - len("us-east-1") <= NAME_OF_A_ROLE
