"""Hubs that sleep: their own agents stop them when nobody needs them, and whoever does starts them again."""

from __future__ import annotations

from gridrunner.aws.clients import Aws, translated
from gridrunner.grid.drivers.aws.fleet import FleetFile
from gridrunner.grid.drivers.protocol import Say

ASLEEP = frozenset({"stopped", "stopping"})


class HubPower:
    """The instances of a fleet's hubs. Every method raises AwsRefused and AwsFault."""

    def __init__(self, aws: Aws, fleet: FleetFile) -> None:
        self._aws, self._fleet = aws, fleet

    def asleep(self) -> dict[str, str]:
        """Hubs that sleep or are falling asleep: instance id to state; none in a fleet whose hubs never do."""
        ids = [hub.instance_id for hub in self._fleet.hubs if hub.instance_id]
        if not (self._fleet.hubs_sleep and ids):
            return {}
        with translated("ec2:DescribeInstances", f"hubs of {self._fleet.name}"):
            pages = self._aws.client("ec2").get_paginator("describe_instances")
            found = [
                instance
                for page in pages.paginate(Filters=[{"Name": "instance-id", "Values": ids}])
                for reservation in page["Reservations"]
                for instance in reservation["Instances"]
            ]
        states = {instance["InstanceId"]: str(instance["State"]["Name"]) for instance in found}
        return {name: state for name, state in states.items() if state in ASLEEP}

    def wake(self, say: Say) -> None:
        """Start those that sleep. One that is still being stopped cannot be started yet: ask again."""
        stopped = sorted(name for name, state in self.asleep().items() if state == "stopped")
        if not stopped:
            return
        say(f"aws: waking {', '.join(hub.name for hub in self._fleet.hubs if hub.instance_id in stopped)}")
        with translated("ec2:StartInstances", f"hubs of {self._fleet.name}"):
            self._aws.client("ec2").start_instances(InstanceIds=stopped)
