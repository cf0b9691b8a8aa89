"""The two services that the agents call, with every call bounded. Owns the translation of boto3's errors."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

_CONFIG = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


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


class Metrics:
    """Where a hub's figures go."""

    def __init__(self, *, namespace: str, hub: str, region: str | None) -> None:
        self._namespace, self._hub = namespace, hub
        self._client: Any = _client("cloudwatch", region)

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


@contextmanager
def _translated(action: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise AwsUnavailableError(f"{action}: {error}") from error
