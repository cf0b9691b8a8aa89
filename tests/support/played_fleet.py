"""Instances for a fleet in moto, where none exist: containers of the real node image beside agents of the real agent
image.

What EC2 would do is played, and nothing else: an instance that comes into service boots (its node container and its
agent start, as the module's user data starts them); an instance that its group takes away has `Terminated` as its
target state in its metadata service; a spot instance gets its notice there, and is gone, container and all, when the
notice has run out; an instance that has ended loses its containers. Draining, heartbeats and the completion of the
lifecycle action are the agents' doing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.status import HubAddress
from tests.support.fake_imds import FakeImds, open_imds
from tests.support.moto_server import MotoServer

LABEL = "gridrunner.test.fleet"
POLL_S = 0.3


@dataclass(kw_only=True)
class Instance:
    """One instance that is played."""

    id: str
    address: str
    imds: FakeImds
    node: Any
    agent: Any
    gone_at_s: float | None = None


@dataclass(kw_only=True)
class PlayedFleet:
    """The hub and the instances of one fleet with one hub."""

    engine: Any
    aws: MotoServer
    fleet: Mapping[str, Any]
    secret: str
    images: Mapping[str, str]
    name: str
    network: Any = None
    hub: Any = None
    instances: dict[str, Instance] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """What the agents of instances that are gone had said."""
    seen: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)
    _stack: ExitStack = field(default_factory=ExitStack)
    _error: BaseException | None = None

    @property
    def gateway(self) -> str:
        """This machine, as the nodes reach it."""
        self.network.reload()
        return str(self.network.attrs["IPAM"]["Config"][0]["Gateway"])

    @property
    def hub_url(self) -> str:
        self.hub.reload()
        return f"http://127.0.0.1:{self.hub.ports['4444/tcp'][0]['HostPort']}"

    @property
    def group(self) -> str:
        return str(self.fleet["hubs"][0]["nodes_asg"])

    def find_busy(self) -> list[Instance]:
        """Instances whose node has a session now."""
        nodes = HubClient(HubAddress(url=self.hub_url, name="hub")).nodes()
        busy = {urlsplit(node.url).hostname for node in nodes for slot in node.slots if slot.session is not None}
        return [instance for instance in list(self.instances.values()) if instance.address in busy]

    def start_hub(self) -> None:
        """The hub that terraform's instance would run."""
        self.network = self.engine.networks.create(f"{self.name}-nodes", internal=True, labels={LABEL: self.name})
        self.hub = self.engine.containers.run(
            self.images["hub"],
            name=f"{self.name}-hub",
            detach=True,
            labels={LABEL: self.name},
            environment={"SE_REGISTRATION_SECRET": self.secret},
            ports={"4444/tcp": ("127.0.0.1", None)},
        )
        self.network.connect(self.hub, aliases=["hub"])

    def play(self) -> None:
        """Follow the group until the fleet is closed."""
        while not self._stop.wait(POLL_S):
            try:
                self._tick()
            except Exception as error:  # noqa: BLE001 - `require_well` raises it in the test
                self._error = error
                return

    def _tick(self) -> None:
        now_s = time.monotonic()
        for instance in list(self.instances.values()):
            if instance.gone_at_s is not None and now_s >= instance.gone_at_s:
                self._take(instance)
        found = self.aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[self.group])
        states = {
            one["InstanceId"]: one["LifecycleState"]
            for group in found["AutoScalingGroups"]
            for one in group["Instances"]
        }
        for instance_id, state in states.items():
            if instance_id in self.instances:
                if state.startswith("Terminating"):
                    self.instances[instance_id].imds.target_state = "Terminated"
            elif state == "InService" and instance_id not in self.seen:
                self._boot(instance_id)
        for instance_id in set(self.instances) - set(states):
            self._end(self.instances.pop(instance_id))

    def _boot(self, instance_id: str) -> None:
        self.seen.add(instance_id)
        imds = self._stack.enter_context(open_imds())
        imds.instance_id = instance_id
        node = self.engine.containers.run(
            self.images["node"],
            name=f"{self.name}-{instance_id}",
            detach=True,
            labels={LABEL: self.name},
            network=self.network.name,
            shm_size="256m",
            environment={
                "SE_EVENT_BUS_HOST": "hub",
                "SE_REGISTRATION_SECRET": self.secret,
                "SE_NODE_MAX_SESSIONS": str(self.fleet["slots_per_node"]),
                "SE_NODE_OVERRIDE_MAX_SESSIONS": "true",
            },
        )
        node.reload()
        address = node.attrs["NetworkSettings"]["Networks"][self.network.name]["IPAddress"]
        agent = self.engine.containers.run(
            self.images["agent"],
            ["node"],
            name=f"{self.name}-{instance_id}-agent",
            detach=True,
            labels={LABEL: self.name},
            network_mode="host",
            environment={
                **{name: value for name, value in self.aws.environment.items() if value != os.devnull},
                "AWS_EC2_METADATA_SERVICE_ENDPOINT": imds.url,
                "GRIDRUNNER_AGENT_ASG": self.group,
                "GRIDRUNNER_AGENT_HOOK": self.fleet["lifecycle_hook"],
                "GRIDRUNNER_AGENT_HUB_URL": self.hub_url,
                "GRIDRUNNER_AGENT_NODE_URL": f"http://{address}:5555",
                "GRIDRUNNER_AGENT_POLL_S": "1",
                "SE_REGISTRATION_SECRET": self.secret,
            },
        )
        self.instances[instance_id] = Instance(id=instance_id, address=address, imds=imds, node=node, agent=agent)

    def interrupt(self, instance_id: str, *, in_s: float) -> None:
        """EC2 will take this spot instance (it gives two minutes; tests are less patient)."""
        instance = self.instances[instance_id]
        instance.imds.interrupt(in_s=in_s)
        instance.gone_at_s = time.monotonic() + in_s

    def _take(self, instance: Instance) -> None:
        """The notice has run out: the machine is off, and its group finds out."""
        instance.gone_at_s = None
        self.instances.pop(instance.id)
        self._end(instance)
        self.aws.client("ec2").terminate_instances(InstanceIds=[instance.id])

    def _end(self, instance: Instance) -> None:
        self.said[instance.id] = instance.agent.logs().decode(errors="replace")
        for container in (instance.node, instance.agent):
            container.remove(force=True)  # SIGKILL, as a machine that is switched off

    def close(self) -> None:
        self._stop.set()
        self._stack.close()
        for container in self.engine.containers.list(all=True, filters={"label": f"{LABEL}={self.name}"}):
            container.remove(force=True)
        if self.network is not None:
            self.network.remove()

    def require_well(self) -> None:
        """What went wrong in the thread is the test's failure."""
        if self._error is not None:
            raise AssertionError("playing the instances failed") from self._error


@contextmanager
def play_fleet(fleet: PlayedFleet) -> Iterator[PlayedFleet]:
    """Hub and instances until the block ends; then nothing of them is left."""
    thread = threading.Thread(target=fleet.play, name="instances", daemon=True)
    try:
        fleet.start_hub()
        thread.start()
        yield fleet
        fleet.require_well()
    finally:
        fleet._stop.set()
        if thread.ident is not None:
            thread.join(60)
        fleet.close()
