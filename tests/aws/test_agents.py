"""The agents' calls of AWS, on moto with what it lacks of lifecycle actions (tests/support/moto_gaps.py)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from gridrunner_agent.aws import FleetState, LifecycleHook, Metrics
from gridrunner_agent.grid import HubFigures
from gridrunner_agent.hub import metrics_of
from gridrunner_agent.imds import Metadata
from gridrunner_agent.leases import LeaseWatch
from gridrunner_agent.node import NodeAgent, NodeParts
from gridrunner_agent.node_core import Limits, NodeMachine

from tests.support.fake_grid_node import SECRET, open_grid_node
from tests.support.fake_imds import open_imds
from tests.support.fleet import HOOK, desired_of, make_groups
from tests.support.moto_server import REGION, MotoServer


def states_of(aws: MotoServer, group: str) -> dict[str, str]:
    described = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return {
        instance["InstanceId"]: instance["LifecycleState"]
        for instance in described["AutoScalingGroups"][0]["Instances"]
    }


def test_a_scaled_in_instance_stays_until_its_last_session_is_over_and_then_goes(aws_env: MotoServer) -> None:
    (group,) = make_groups(aws_env, 1)
    scaling = aws_env.client("autoscaling")
    scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=1)
    (instance,) = states_of(aws_env, group)
    hook = LifecycleHook(group=group, hook=HOOK, instance_id=instance, region=REGION)
    with open_imds() as imds, open_grid_node() as node:
        node.sessions = ["a"]
        parts = NodeParts(
            metadata=Metadata(imds.url),
            hub_url=node.url,
            node_url=node.url,
            secret=SECRET,
            hook=hook,
            clock=lambda: 0.0,
        )
        agent = NodeAgent(parts, NodeMachine(Limits()))
        agent.look_once()
        scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=0)
        imds.target_state = "Terminated"
        agent.look_once()
        assert node.drains == 1
        assert states_of(aws_env, group) == {instance: "Terminating:Wait"}
        node.sessions = []
        agent.look_once()
        assert states_of(aws_env, group) == {}
        again = NodeAgent(parts, NodeMachine(Limits(unseen_looks=1)))  # it was restarted, and finds nothing left to do
        again.look_once()


def test_what_a_hub_counts_is_found_in_cloudwatch(aws_env: MotoServer) -> None:
    now = datetime.now(UTC)
    figures = HubFigures(queue=3, sessions=2, slots=4, nodes=2)
    Metrics(namespace="fleet-test", hub="hub-1", region=REGION).put(metrics_of(figures), now)
    statistics = aws_env.client("cloudwatch").get_metric_statistics(
        Namespace="fleet-test",
        MetricName="QueueLength",
        Dimensions=[{"Name": "Hub", "Value": "hub-1"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=60,
        Statistics=["Maximum"],
    )
    assert [point["Maximum"] for point in statistics["Datapoints"]] == [3.0]


def test_what_dead_runs_leased_is_taken_back_by_an_agent(aws_env: MotoServer) -> None:
    groups = make_groups(aws_env, 2)
    name = groups[0].partition("-nodes")[0]
    scaling, s3 = aws_env.client("autoscaling"), aws_env.client("s3")
    for group in groups:
        scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=3)
    state = FleetState(fleet=name, bucket=name, region=REGION)
    watch = LeaseWatch(state)
    assert not watch.look_once()  # nobody has leased anything yet
    book = {"leases": [{"run": "dead", "shard": "", "nodes": 6, "expires_s": 1.0}], "base": 0, "format": 1}
    place = {"Bucket": name, "Key": f"fleet/{name}/leases.json"}
    s3.put_object(**place, Body=json.dumps(book).encode())
    assert [watch.look_once(), watch.look_once()] == [False, True]
    assert desired_of(aws_env, groups) == [0, 0]
    assert json.loads(s3.get_object(**place)["Body"].read()) == {"leases": [], "base": None, "format": 1}
    assert state.write_book(b"{}", '"another"') is None
