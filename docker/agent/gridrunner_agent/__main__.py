"""`gridrunner-agent node` and `gridrunner-agent hub`: settings from the environment, and a loop until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence

from gridrunner_agent.aws import FleetState, LifecycleHook, Metrics, OwnInstance
from gridrunner_agent.grid import with_login
from gridrunner_agent.hub import PERIOD_S, HubAgent, IdleWatch, SleepWatch
from gridrunner_agent.imds import Metadata, MetadataUnavailableError
from gridrunner_agent.leases import LeaseWatch
from gridrunner_agent.node import POLL_S, NodeAgent, NodeParts
from gridrunner_agent.node_core import Limits, NodeMachine

VARIABLES = """\
environment of `node`:
  GRIDRUNNER_AGENT_HUB_URL      the hub that the node belongs to, such as http://10.0.1.10:4444 (required)
  GRIDRUNNER_AGENT_NODE_URL     the node itself (default http://127.0.0.1:5555)
  SE_REGISTRATION_SECRET        the hub's registration secret: it lets the agent drain the node (required)
  GRIDRUNNER_AGENT_ASG          auto scaling group, and
  GRIDRUNNER_AGENT_HOOK         its terminating lifecycle hook; without both no lifecycle action is attended to
  GRIDRUNNER_AGENT_DRAIN_S      seconds that a node may take to drain when its group takes it away (default 600)
  GRIDRUNNER_AGENT_HEARTBEAT_S  seconds between heartbeats of the lifecycle action (default 60)
  GRIDRUNNER_AGENT_POLL_S       seconds between looks (default 5)

environment of `hub`:
  GRIDRUNNER_AGENT_HUB_URL      the hub (default http://127.0.0.1:4444)
  GRIDRUNNER_AGENT_HUB_NAME     the value of the metric dimension Hub (required)
  GRIDRUNNER_AGENT_NAMESPACE    CloudWatch namespace (default gridrunner)
  GRIDRUNNER_AGENT_IDLE_MINUTES a line in the log when nodes have been idle for so long (default: none)
  GRIDRUNNER_AGENT_PERIOD_S     seconds between figures (default 60)
  GRIDRUNNER_AGENT_FLEET        the fleet's name, and
  GRIDRUNNER_AGENT_BUCKET       the bucket with its book of leases; with both, what dead runs leased is taken back
  GRIDRUNNER_AGENT_INSTANCE     the hub's instance: with it, HubAnswers (1 or 0) is published for its alarm
  GRIDRUNNER_AGENT_SLEEP_MINUTES  the instance is stopped after so long without lease, node, session or queue
                                (default: never; needs the three above)

both: SE_ROUTER_USERNAME and SE_ROUTER_PASSWORD where the hub has a log-in; GRIDRUNNER_AGENT_HUB_CA (a file in
PEM) where it has a certificate; AWS_REGION, credentials from the instance's role, AWS_EC2_METADATA_SERVICE_ENDPOINT and
AWS_ENDPOINT_URL as AWS' own SDKs read them.
"""

INSTANCE_ID_TRIES = 60
"""Five minutes of waiting for the metadata service, then the agent ends and is restarted by whatever started it."""


class SettingError(Exception):
    """A variable is missing or has no meaning; the message names it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run an agent until SIGTERM or SIGINT; 2 for a wrong setting, 1 when the metadata service never answered."""
    parser = argparse.ArgumentParser(
        prog="gridrunner-agent",
        description="Looks after a Selenium node or hub on EC2.",
        epilog=VARIABLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=["node", "hub"])
    kind = parser.parse_args(argv).kind
    logging.basicConfig(level=logging.INFO, format="agent %(levelname)s %(message)s", stream=sys.stderr)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    try:
        if kind == "node":
            agent = make_node_agent(os.environ, stop)
            agent.run(stop, poll_s=_number(os.environ, "GRIDRUNNER_AGENT_POLL_S", POLL_S))
        else:
            make_hub_agent(os.environ).run(stop, period_s=_number(os.environ, "GRIDRUNNER_AGENT_PERIOD_S", PERIOD_S))
    except SettingError as error:
        print(f"gridrunner-agent: {error}", file=sys.stderr)
        return 2
    except MetadataUnavailableError as error:
        print(f"gridrunner-agent: {error}", file=sys.stderr)
        return 1
    return 0


def make_node_agent(env: Mapping[str, str], stop: threading.Event) -> NodeAgent:
    """The agent that `env` describes. Raises SettingError, MetadataUnavailableError."""
    metadata = Metadata(env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT"))
    group, hook_name = env.get("GRIDRUNNER_AGENT_ASG", ""), env.get("GRIDRUNNER_AGENT_HOOK", "")
    defaults = Limits()
    limits = Limits(
        drain_s=_number(env, "GRIDRUNNER_AGENT_DRAIN_S", defaults.drain_s),
        heartbeat_s=_number(env, "GRIDRUNNER_AGENT_HEARTBEAT_S", defaults.heartbeat_s),
    )
    hub_url = with_login(_required(env, "GRIDRUNNER_AGENT_HUB_URL"), env)
    secret = _required(env, "SE_REGISTRATION_SECRET")
    hook = None
    if group and hook_name:
        instance_id = _wait_for_instance_id(metadata, stop)
        hook = LifecycleHook(group=group, hook=hook_name, instance_id=instance_id, region=env.get("AWS_REGION"))
    parts = NodeParts(
        metadata=metadata,
        hub_url=hub_url,
        node_url=env.get("GRIDRUNNER_AGENT_NODE_URL") or "http://127.0.0.1:5555",
        secret=secret,
        hook=hook,
    )
    return NodeAgent(parts, NodeMachine(limits))


def make_hub_agent(env: Mapping[str, str]) -> HubAgent:
    """The agent that `env` describes. Raises SettingError."""
    name = _required(env, "GRIDRUNNER_AGENT_HUB_NAME")
    minutes = _number(env, "GRIDRUNNER_AGENT_IDLE_MINUTES", 0.0)
    namespace = env.get("GRIDRUNNER_AGENT_NAMESPACE") or "gridrunner"
    fleet, bucket, leases = env.get("GRIDRUNNER_AGENT_FLEET", ""), env.get("GRIDRUNNER_AGENT_BUCKET", ""), None
    if fleet and bucket:
        leases = LeaseWatch(FleetState(fleet=fleet, bucket=bucket, region=env.get("AWS_REGION")))
    instance = env.get("GRIDRUNNER_AGENT_INSTANCE", "")
    sleep_minutes = _number(env, "GRIDRUNNER_AGENT_SLEEP_MINUTES", 0.0)
    sleep = None
    if sleep_minutes and leases is not None and instance:
        sleep = SleepWatch(
            limit_s=sleep_minutes * 60,
            has_lease=leases.has_lease,
            stop=OwnInstance(instance, env.get("AWS_REGION")).stop,
        )
    return HubAgent(
        leases=leases,
        sleep=sleep,
        hub_url=with_login(env.get("GRIDRUNNER_AGENT_HUB_URL") or "http://127.0.0.1:4444", env),
        sink=Metrics(namespace=namespace, hub=name, region=env.get("AWS_REGION"), instance=instance),
        idle=IdleWatch(limit_s=minutes * 60 if minutes else None),
        clock=time.monotonic,
    )


def _wait_for_instance_id(metadata: Metadata, stop: threading.Event) -> str:
    for _ in range(INSTANCE_ID_TRIES):
        try:
            return metadata.instance_id()
        except MetadataUnavailableError as error:
            logging.getLogger(__name__).warning("metadata: %s", error)
        if stop.wait(5.0):
            break
    raise MetadataUnavailableError("the metadata service did not name the instance")


def _required(env: Mapping[str, str], name: str) -> str:
    if not env.get(name):
        raise SettingError(f"{name} is not set: see gridrunner-agent --help")
    return env[name]


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name) or ""
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 < number < 1e6:
        raise SettingError(f"{name} is {text!r}, and has to be a number above zero")
    return number


if __name__ == "__main__":
    sys.exit(main())
