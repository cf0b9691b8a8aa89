"""The services that the agents call, with every call bounded. Owns the translation of boto3's errors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gridrunner_agent.leases import GroupSize, StoredBook

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


MOST_BOOK_BYTES = 1 << 20
"""Of a book of leases: a thousand have 120 kB."""


class AwsUnavailableError(Exception):
    """A call was refused or came to nothing; the message names it."""


def _client(service: str, region: str | None) -> Any:
    # boto3 reads AWS_ENDPOINT_URL by itself from 1.28 on; Debian 12 has 1.26.
    return boto3.client(
        service, region_name=region, config=_CONFIG, endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None
    )


class LifecycleHook:
    """The terminating lifecycle action of one instance."""

    def __init__(self, *, group: str, hook: str, instance_id: str, region: str | None) -> None:
        self._names = {"AutoScalingGroupName": group, "LifecycleHookName": hook, "InstanceId": instance_id}
        self._client: Any = _client("autoscaling", region)

    def heartbeat(self) -> None:
        """Give the action another of its timeouts. Raises AwsUnavailableError."""
        with _translated("autoscaling:RecordLifecycleActionHeartbeat"):
            self._client.record_lifecycle_action_heartbeat(**self._names)

    def complete(self) -> None:
        """Let the instance go; an action that is over already is fine (the agent was restarted). Raises
        AwsUnavailableError.
        """
        try:
            self._client.complete_lifecycle_action(**self._names, LifecycleActionResult="CONTINUE")
        except ClientError as error:
            if "No active Lifecycle Action" in str(error):
                return
            raise AwsUnavailableError(f"autoscaling:CompleteLifecycleAction: {error}") from error
        except BotoCoreError as error:
            raise AwsUnavailableError(f"autoscaling:CompleteLifecycleAction: {error}") from error

    def give_up(self) -> None:
        """Have the group replace the instance. Raises AwsUnavailableError."""
        with _translated("autoscaling:SetInstanceHealth"):
            self._client.set_instance_health(
                InstanceId=self._names["InstanceId"], HealthStatus="Unhealthy", ShouldRespectGracePeriod=False
            )


class OwnInstance:
    """The instance that this runs on."""

    def __init__(self, instance_id: str, region: str | None) -> None:
        self._id = instance_id
        self._client: Any = _client("ec2", region)

    def stop(self) -> None:
        """Stop it: address and disk stay, and whoever needs it starts it again. Raises AwsUnavailableError."""
        with _translated("ec2:StopInstances"):
            self._client.stop_instances(InstanceIds=[self._id])


class Metrics:
    """Where a hub's figures go; `instance` is that of the hub, "" where no alarm looks at it."""

    def __init__(self, *, namespace: str, hub: str, region: str | None, instance: str = "") -> None:
        self._namespace, self._hub, self._instance = namespace, hub, instance
        self._client: Any = _client("cloudwatch", region)

    def put_answers(self, at: datetime, *, answers: bool) -> None:
        """Publish whether the hub answers, under its instance: an alarm may restart that. Raises
        AwsUnavailableError.
        """
        if not self._instance:
            return
        with _translated("cloudwatch:PutMetricData"):
            self._client.put_metric_data(
                Namespace=self._namespace,
                MetricData=[
                    {
                        "MetricName": "HubAnswers",
                        "Dimensions": [{"Name": "InstanceId", "Value": self._instance}],
                        "Timestamp": at,
                        "Value": float(answers),
                        "Unit": "Count",
                    }
                ],
            )

    def put(self, figures: Mapping[str, float], at: datetime) -> None:
        """Publish `figures` under the dimension Hub. Raises AwsUnavailableError."""
        with _translated("cloudwatch:PutMetricData"):
            self._client.put_metric_data(
                Namespace=self._namespace,
                MetricData=[
                    {
                        "MetricName": name,
                        "Dimensions": [{"Name": "Hub", "Value": self._hub}],
                        "Timestamp": at,
                        "Value": value,
                        "Unit": "Count",
                    }
                    for name, value in figures.items()
                ],
            )


class FleetState:
    """The book of leases of a fleet in its bucket, and its groups of nodes (`leases.Fleet`)."""

    def __init__(self, *, fleet: str, bucket: str, region: str | None) -> None:
        self._fleet, self._place = fleet, {"Bucket": bucket, "Key": f"fleet/{fleet}/leases.json"}
        self._s3: Any = _client("s3", region)
        self._scaling: Any = _client("autoscaling", region)
        self._condition = ""
        # boto3 has IfMatch as an argument from 1.35.70 on; Debian 12 has 1.26.
        self._s3.meta.events.register("before-call.s3.PutObject", self._add_condition)

    def read_book(self) -> StoredBook | None:
        """The book, None where there is none. Raises AwsUnavailableError."""
        with _translated("s3:GetObject"):
            try:
                answer = self._s3.get_object(**self._place)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in {"NoSuchKey", "404"}:
                    return None
                raise
            date = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
            text = answer["Body"].read(MOST_BOOK_BYTES)
        return StoredBook(text=text, etag=str(answer["ETag"]), now_s=parsedate_to_datetime(date).timestamp())

    def write_book(self, text: bytes, etag: str) -> str | None:
        """Replace the book that has `etag`; None: it is another by now. Raises AwsUnavailableError."""
        self._condition = etag
        with _translated("s3:PutObject"):
            try:
                return str(self._s3.put_object(**self._place, Body=text)["ETag"])
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in {"PreconditionFailed", "412", "409", "NoSuchKey"}:
                    return None
                raise

    def groups(self) -> list[GroupSize]:
        """The groups by their tag. Raises AwsUnavailableError."""
        filters = [{"Name": "tag:gridrunner:cluster", "Values": [self._fleet]}]
        with _translated("autoscaling:DescribeAutoScalingGroups"):
            pages = self._scaling.get_paginator("describe_auto_scaling_groups").paginate(Filters=filters)
            found = [group for page in pages for group in page["AutoScalingGroups"]]
        return [
            GroupSize(name=group["AutoScalingGroupName"], desired=group["DesiredCapacity"], least=group["MinSize"])
            for group in found
            if group["AutoScalingGroupName"].startswith(f"{self._fleet}-nodes-")
        ]

    def set_desired(self, group: str, nodes: int) -> None:
        """Have a group of so many. Raises AwsUnavailableError."""
        with _translated("autoscaling:SetDesiredCapacity"):
            self._scaling.set_desired_capacity(AutoScalingGroupName=group, DesiredCapacity=nodes, HonorCooldown=False)

    def _add_condition(self, params: dict[str, Any], **_: Any) -> None:
        params["headers"]["If-Match"] = self._condition


@contextmanager
def _translated(action: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise AwsUnavailableError(f"{action}: {error}") from error
