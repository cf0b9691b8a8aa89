"""The real AWS provider applies the examples to the stand-in for AWS (moto with tests/support/moto_gaps.py): second
plans, scaling past terraform's back and by it, a new image, and what is left after destroy.

No instance exists there, so nothing boots; `tests/acceptance` has the test in which containers play instances.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from gridrunner import codec
from tests.support.fleet_docs import list_actions, list_ports, read_table
from tests.support.moto_server import MotoServer, start_moto
from tests.support.terraform import Terraform, copy_module

pytestmark = pytest.mark.terraform

IMAGES = {"hub": "registry.example/hub:1", "node": "registry.example/node:1", "agent": "registry.example/agent:1"}
CLIENTS = ["10.20.0.0/16"]
REPOSITORIES = {"example/shop": {}, "example/logins": {"branches": [], "environments": ["fleet"]}}


@dataclass(kw_only=True)
class Lifecycle:
    """What was seen of one example, from its first apply to its destroy."""

    fleet: dict[str, Any] = field(default_factory=dict)
    second_plan: list[str] | None = None
    plan_after_scaling: list[str] | None = None
    desired: dict[str, int] = field(default_factory=dict)
    refreshes: list[str] = field(default_factory=list)
    guard: tuple[list[str], list[str]] = ([], [])
    trusts: dict[str, Any] = field(default_factory=dict)
    ports: list[str] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    left_in_state: list[str] | None = None


def list_everything(aws: MotoServer) -> dict[str, set[str]]:
    """All that the examples could leave behind, by kind."""
    ec2, iam = aws.client("ec2"), aws.client("iam")
    instances = [one for each in ec2.describe_instances()["Reservations"] for one in each["Instances"]]
    policies = iam.list_policies(Scope="Local")["Policies"]
    parameters = aws.client("ssm").describe_parameters()[
        "Parameters"
    ]  # AWS' own, /aws/…, appear when they are asked for
    found: dict[str, list[str]] = {
        "instances": [one["InstanceId"] for one in instances if one["State"]["Name"] != "terminated"],
        "vpcs": [one["VpcId"] for one in ec2.describe_vpcs()["Vpcs"]],
        "subnets": [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]],
        "routes": [one["RouteTableId"] for one in ec2.describe_route_tables()["RouteTables"]],
        "gateways": [one["InternetGatewayId"] for one in ec2.describe_internet_gateways()["InternetGateways"]],
        "exits": [
            one["NatGatewayId"] for one in ec2.describe_nat_gateways()["NatGateways"] if one["State"] != "deleted"
        ],
        "addresses": [one["AllocationId"] for one in ec2.describe_addresses()["Addresses"]],
        "endpoints": [
            one["VpcEndpointId"] for one in ec2.describe_vpc_endpoints()["VpcEndpoints"] if one["State"] != "deleted"
        ],
        "interfaces": [one["NetworkInterfaceId"] for one in ec2.describe_network_interfaces()["NetworkInterfaces"]],
        "security groups": [one["GroupId"] for one in ec2.describe_security_groups()["SecurityGroups"]],
        "templates": [one["LaunchTemplateId"] for one in ec2.describe_launch_templates()["LaunchTemplates"]],
        "volumes": [one["VolumeId"] for one in ec2.describe_volumes()["Volumes"]],
        "groups": [
            one["AutoScalingGroupName"]
            for one in aws.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        ],
        "policies": [one["PolicyName"] for one in aws.client("autoscaling").describe_policies()["ScalingPolicies"]],
        "alarms": [one["AlarmName"] for one in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "buckets": [one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]],
        "logs": [one["logGroupName"] for one in aws.client("logs").describe_log_groups()["logGroups"]],
        "rules": [one["Name"] for one in aws.client("events").list_rules()["Rules"]],
        "roles": [one["RoleName"] for one in iam.list_roles()["Roles"]],
        "iam policies": [one["PolicyName"] for one in policies],
        "profiles": [one["InstanceProfileName"] for one in iam.list_instance_profiles()["InstanceProfiles"]],
        "repositories": [one["repositoryName"] for one in aws.client("ecr").describe_repositories()["repositories"]],
        "parameters": [one["Name"] for one in parameters if not one["Name"].startswith("/aws/")],
    }
    return {kind: set(names) for kind, names in found.items()}


def read_desired(aws: MotoServer, fleet: dict[str, Any]) -> list[int]:
    names = [hub["nodes_asg"] for hub in fleet["hubs"]]
    groups = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=names)["AutoScalingGroups"]
    return [group["DesiredCapacity"] for group in groups]


def live_minimal(terraform: Terraform, aws: MotoServer) -> Lifecycle:
    """Up with two nodes; gridrunner makes it three; terraform makes it five, with a new image."""
    seen, scaling = Lifecycle(), aws.client("autoscaling")
    terraform.apply(nodes=2)
    seen.second_plan = terraform.changes(nodes=2)
    seen.fleet = terraform.output("gridrunner")
    seen.actions = list_actions(aws, "gridrunner")
    (group,) = (hub["nodes_asg"] for hub in seen.fleet["hubs"])
    seen.desired["applied with nodes=2"] = read_desired(aws, seen.fleet)[0]
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)  # as `gridrunner grid scale` does
    seen.plan_after_scaling = terraform.changes()
    terraform.apply(nodes=5, tag="0.2.0")
    seen.desired["applied with nodes=5"] = read_desired(aws, seen.fleet)[0]
    refreshes = scaling.describe_instance_refreshes(AutoScalingGroupName=group)["InstanceRefreshes"]
    seen.refreshes = [refresh["Status"] for refresh in refreshes]
    (alarm,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[f"{group}-idle"])["MetricAlarms"]
    (policy,) = scaling.describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
    seen.guard = (alarm["AlarmActions"], [policy["PolicyARN"]])
    scaling.execute_policy(
        AutoScalingGroupName=group, PolicyName=policy["PolicyName"]
    )  # as the alarm would: none fires here
    seen.desired["after the idle guard"] = read_desired(aws, seen.fleet)[0]
    terraform.destroy()
    seen.left_in_state = terraform.addresses()
    return seen


def live_shortly(terraform: Terraform, aws: MotoServer, **variables: object) -> Lifecycle:
    """Up, a second plan, down."""
    seen = Lifecycle()
    terraform.apply(**variables)
    seen.second_plan = terraform.changes(**variables)
    seen.fleet = terraform.output("gridrunner")
    seen.ports = list_ports(aws, seen.fleet["name"])
    seen.desired["applied"] = sum(read_desired(aws, seen.fleet))
    terraform.destroy(**variables)
    seen.left_in_state = terraform.addresses()
    return seen


def live_role(terraform: Terraform, aws: MotoServer) -> Lifecycle:
    """The role of a CI on GitHub, for some fleet's policy."""
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    document = codec.encode({"Version": "2012-10-17", "Statement": [statement]}).decode()
    policy = aws.client("iam").create_policy(PolicyName="some-fleet-ci", PolicyDocument=document)["Policy"]
    seen, variables = Lifecycle(), {"repositories": REPOSITORIES, "ci_policy_arn": policy["Arn"]}
    terraform.apply(**variables)
    seen.second_plan = terraform.changes(**variables)
    role = aws.client("iam").get_role(RoleName="gridrunner-github")["Role"]
    seen.trusts = role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"]
    terraform.destroy(**variables)
    seen.left_in_state = terraform.addresses()
    aws.client("iam").delete_policy(PolicyArn=policy["Arn"])
    return seen


def make_network(aws: MotoServer) -> dict[str, object]:
    """A network that was there before: what the example existing-vpc is told."""
    ec2 = aws.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.9.{index}.0/24", AvailabilityZone=f"eu-central-1{zone}")
        for index, zone in enumerate("ab")
    ]
    runners = ec2.create_security_group(VpcId=vpc_id, GroupName="runners", Description="CI runners")
    return {
        "vpc_id": vpc_id,
        "private_subnet_ids": [subnet["Subnet"]["SubnetId"] for subnet in subnets],
        "runner_security_group_id": runners["GroupId"],
        "images": IMAGES,
    }


@dataclass(frozen=True, kw_only=True)
class Seen:
    """All that was seen: the lives of the examples by name, what AWS held before and after, and refusals by reason."""

    lives: dict[str, Lifecycle]
    before: dict[str, set[str]]
    after: dict[str, set[str]]
    refusals: dict[str, str]


MISTAKES: dict[str, dict[str, object]] = {
    "61 nodes a hub": {"max_nodes_per_hub": 61},
    "open to all": {"client_cidrs": ["0.0.0.0/0"]},
    "minimum over maximum": {"min_nodes_per_hub": 30, "max_nodes_per_hub": 20},
    "too many": {"nodes": 45},
}


def refuse_mistakes(module: Terraform) -> dict[str, str]:
    """What is said to each of the mistakes."""
    module.init()
    right = {"images": IMAGES, "client_cidrs": CLIENTS}
    return {name: module.refuse(**(right | variables)) for name, variables in MISTAKES.items()}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """The examples live side by side: nearly all of a life is waiting that the provider does."""
    folder = tmp_path_factory.mktemp("terraform")

    def open_example(name: str, aws: MotoServer) -> Terraform:
        terraform = copy_module(folder / name, aws.environment, root=f"examples/{name}")
        terraform.init()
        return terraform

    with start_moto(folder / "moto.log") as aws, ThreadPoolExecutor(5) as pool:
        network = make_network(aws)
        before = list_everything(aws)
        large = {"images": IMAGES, "client_cidrs": CLIENTS, "hubs": 2, "nodes": 3}
        lives: dict[str, Callable[[], Lifecycle]] = {
            "minimal": lambda: live_minimal(open_example("minimal", aws), aws),
            "existing-vpc": lambda: live_shortly(open_example("existing-vpc", aws), aws, nodes=1, **network),
            "github-oidc": lambda: live_role(open_example("github-oidc", aws), aws),
            "multi-hub": lambda: live_shortly(open_example("multi-hub", aws), aws, **large),
        }
        running = {name: pool.submit(live) for name, live in lives.items()}
        refusing = pool.submit(refuse_mistakes, copy_module(folder / "module", aws.environment))
        done = {name: life.result() for name, life in running.items()}
        refusals = refusing.result()
        after = list_everything(aws)
        yield Seen(lives=done, before=before, after=after, refusals=refusals)


@pytest.mark.parametrize("name", ["minimal", "existing-vpc", "multi-hub", "github-oidc"])
def test_a_second_plan_changes_nothing(seen: Seen, name: str) -> None:
    assert seen.lives[name].second_plan == []


def test_scaling_past_terraform_is_no_drift(seen: Seen) -> None:
    assert seen.lives["minimal"].plan_after_scaling == []


def test_nodes_given_to_apply_are_set(seen: Seen) -> None:
    desired = seen.lives["minimal"].desired
    assert (desired["applied with nodes=2"], desired["applied with nodes=5"]) == (2, 5)
    assert seen.lives["multi-hub"].desired == {"applied": 3}


def test_the_idle_alarm_takes_the_nodes_down(seen: Seen) -> None:
    actions, policies = seen.lives["minimal"].guard
    assert actions == policies
    assert seen.lives["minimal"].desired["after the idle guard"] == 0


def test_a_new_image_replaces_the_nodes(seen: Seen) -> None:
    # the three old nodes wait in their drain hook, as no agent is there to let them go
    assert seen.lives["minimal"].refreshes == ["InProgress"]


@pytest.mark.parametrize("name", ["minimal", "existing-vpc", "multi-hub", "github-oidc"])
def test_destroy_leaves_nothing(seen: Seen, name: str) -> None:
    assert seen.lives[name].left_in_state == []
    assert {
        kind: sorted(names - seen.before[kind]) for kind, names in seen.after.items() if names - seen.before[kind]
    } == {}


def test_only_named_branches_and_environments_get_the_role(seen: Seen) -> None:
    assert seen.lives["github-oidc"].trusts == {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": [
            "repo:example/logins:environment:fleet",
            "repo:example/shop:ref:refs/heads/main",
        ],
    }


def test_gridrunner_reads_the_output(seen: Seen) -> None:
    fleet = seen.lives["multi-hub"].fleet
    assert [hub["name"] for hub in fleet["hubs"]] == ["gridrunner-large-hub-1", "gridrunner-large-hub-2"]
    assert all(hub["url"].startswith("http://10.0.") and hub["url"].endswith(":4444") for hub in fleet["hubs"])
    assert fleet["nodes"] == {"min": 0, "max_per_hub": 60}
    assert fleet["bucket"] == "gridrunner-large-123456789012-eu-central-1"
    assert fleet["lifecycle_hook"] == "gridrunner-large-drain"
    assert "secret" not in codec.encode(fleet).decode().replace("secret_parameter", "").replace(
        "registration-secret", ""
    )


@pytest.mark.parametrize(
    ("mistake", "sentence"),
    [
        ("61 nodes a hub", "A hub carries at most about 60 nodes"),
        ("61 nodes a hub", "raise hubs instead"),
        ("open to all", "a grid is no service for the internet"),
        ("minimum over maximum", "min_nodes_per_hub (30) is over max_nodes_per_hub (20)"),
        ("too many", "raise max_nodes_per_hub (60 at most), or hubs to 3"),
    ],
)
def test_a_mistake_is_refused_with_a_way_out(seen: Seen, mistake: str, sentence: str) -> None:
    assert sentence in seen.refusals[mistake]


def test_the_docs_list_the_open_ports(seen: Seen) -> None:
    assert read_table("ports") == seen.lives["multi-hub"].ports


def test_the_docs_list_the_actions(seen: Seen) -> None:
    assert read_table("actions") == seen.lives["minimal"].actions
