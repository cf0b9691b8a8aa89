"""The rows of the fault matrix: what is done to a grid under a run, and what of the grid is there afterwards.

A row gets the stage and the run, waits for its moment, does its harm and returns what was hit. A row that needs
something done before the run begins, or put right afterwards, has a `before` or an `after`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.errors import UsageError
from gridrunner.grid.drivers.docker.parts import node_options, read_image
from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.hubs.webdriver import open_session, quit_session
from gridrunner.grid.status import HubAddress
from tests.support.command_line import Running, wait_until
from tests.support.fault_stage import SIZE, Stage, ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a fault hit: the lost session, containers that are to be replaced, and the slots that are left for good."""

    session: str = ""
    broken: tuple[str, ...] = ()
    slots: int = SIZE.nodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row; `missing` names what this machine would need for it."""

    name: str
    does: Callable[[Stage, Running], Hit]
    before: Callable[[Stage], Any] = lambda _stage: None
    after: Callable[[Stage], Any] = lambda _stage: None
    arguments: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""


def _kill_idle_before(stage: Stage) -> None:
    stage.container(f"{stage.driver.grid.name}-node-1").kill()  # its hub will call it UP for a while yet


def _kill_idle(stage: Stage, _running: Running) -> Hit:
    return Hit(broken=(f"{stage.driver.grid.name}-node-1",), slots=3)


def _kill_busy(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    stage.container(visit.node).kill()
    return Hit(session=visit.session, broken=(visit.node,), slots=3)


def _crash_server(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    _kill(stage, visit.node, "[s]elenium-server.jar")
    return Hit(session=visit.session)


def _kill_chromedriver(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    _kill(stage, visit.node, "^/usr/bin/[c]hromedriver")
    return Hit(session=visit.session)


def _kill_browser(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    _kill(stage, visit.node, "[-]-remote-debugging-p")
    return Hit(session=visit.session)


def _pause(container: Container) -> None:
    """Runc gives up ("unable to freeze") where processes are born faster than it stops them, as in a busy node:
    again.
    """
    for is_last in (False, False, False, True):
        try:
            container.pause()
        except docker.errors.APIError as error:
            if is_last or "unable to freeze" not in str(error):
                raise
            time.sleep(0.5)
        else:
            return


def _pause_node(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    _pause(stage.container(visit.node))
    return Hit(session=visit.session, broken=(visit.node,), slots=3)


def _restart_hub(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    hub = stage.container(visit.hub)
    hub.kill()
    hub.start()
    return Hit(session=visit.session)


def _stop_hub(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    stage.container(visit.hub).kill()
    return Hit(session=visit.session, broken=(visit.hub,), slots=2)


def _drain_node(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    ended = stage.gridrunner("drain", visit.node)
    assert ended.code == 0, ended.stderr
    return Hit(slots=3)


def _scale_down(stage: Stage, running: Running) -> Hit:
    stage.await_busy(running)
    ended = stage.gridrunner("scale", "--nodes", "2")
    assert ended.code == 0, ended.stderr
    return Hit(slots=2)


def _scale_up(stage: Stage, running: Running) -> Hit:
    stage.await_busy(running)
    ended = stage.gridrunner("scale", "--nodes", "6")
    assert ended.code == 0, ended.stderr
    return Hit(slots=6)


def _cut_network(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    stage.client.networks.get(f"{stage.driver.grid.name}-nodes").disconnect(visit.node, force=True)
    return Hit(session=visit.session, broken=(visit.node,), slots=3)


def _fill_disk(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    _exec(stage, visit.node, "dd if=/dev/zero of=/tmp/full bs=1M; true")
    return Hit(broken=(visit.node,))


def _slow_node(stage: Stage, running: Running) -> Hit:
    visit = stage.await_busy(running)
    stage.container(visit.node).update(cpu_period=100_000, cpu_quota=10_000)  # a tenth of a core
    return Hit(broken=(visit.node,))


def _remove_all_nodes(stage: Stage) -> None:
    ended = stage.gridrunner("drain", "--all")
    assert ended.code == 0, ended.stderr


def _bring_nodes(stage: Stage, _running: Running) -> Hit:
    wait_until(lambda: stage.folder is not None, "the run has begun", timeout_s=60)
    stage.driver.up(SIZE, ignore)
    return Hit()


STRANGERS: list[Any] = []


def _take_all_slots(stage: Stage) -> None:
    options = make_options(SessionOptions(name="somebody else"), None)
    STRANGERS.extend(
        open_session(address.url, options, hub=address.name, timeout_s=60)
        for address in stage.driver.grid.hub_addresses()
        for _slot in range(2)
    )


def _give_slots_back(stage: Stage, running: Running) -> Hit:
    wait_until(lambda: stage.folder is not None or running.is_over(), "the run has begun", timeout_s=60)
    waits = lambda: sum(hub.queue for hub in stage.driver.status().hubs) > 0 or running.is_over()  # noqa: E731
    wait_until(waits, "the run waits for a slot", timeout_s=60)
    assert not running.is_over()
    while STRANGERS:
        quit_session(STRANGERS.pop())
    return Hit()


def _wrong_secret(stage: Stage, running: Running) -> Hit:
    """Somebody without the secret tries to drain, and a node without it to join."""
    visit = stage.await_busy(running)
    (address,) = [found for found in stage.driver.grid.hub_addresses() if found.name == visit.hub]
    stranger = HubClient(HubAddress(url=address.url, name=address.name, secret="guessed"))
    (node,) = [found for found in stranger.nodes() if found.name == visit.node]
    with pytest.raises(UsageError, match="refuses our registration secret"):
        stranger.drain_node(node.id)
    intruder = _start_node(stage, 9, visit.hub, entrypoint=None, environment={"SE_REGISTRATION_SECRET": "guessed"})
    wait_until(
        lambda: b"Started Selenium node" in intruder.logs() or running.is_over(), "the intruder runs", timeout_s=90
    )
    names = [found.name for found in stranger.nodes()]
    assert intruder.name not in names, names
    return Hit(broken=(str(intruder.name),))


def _start_node(stage: Stage, number: int, hub: str, **changes: Any) -> Any:
    name = stage.driver._settings.node_image
    assert name is not None
    image = read_image(name, stage.client.images.get(name).attrs)
    options = node_options(stage.driver.grid.parts, image, number, hub, 1)
    options["environment"] |= changes.pop("environment", {})
    options["volumes"] |= changes.pop("volumes", {})
    options |= changes
    if options["entrypoint"] is None:
        del options["entrypoint"]
    node = stage.client.containers.create(**options)
    node.start()
    return node


def _kill(stage: Stage, name: str, pattern: str) -> None:
    """`kill -9` of the processes in a container whose command line matches; the image has no pkill. The pattern must
    not match itself.
    """
    look = f"tr '\\0' ' ' <$process/cmdline 2>/dev/null | grep -q -e '{pattern}'"
    kill = f"for process in /proc/[0-9]*; do if {look}; then kill -9 ${{process#/proc/}}; fi; done; true"
    _exec(stage, name, kill, accepted=(0, 137))  # 137: the container ended with its server, and this command with it


def _exec(stage: Stage, name: str, command: str, *, accepted: tuple[int, ...] = (0,)) -> None:
    done = stage.container(name).exec_run(["/bin/sh", "-c", command])
    assert done.exit_code in accepted, done.output


def _skew_clock(stage: Stage, running: Running) -> Hit:
    stage.await_busy(running)
    begun = datetime.fromisoformat(stage.header()["started"])
    assert begun - datetime.now(UTC) > timedelta(minutes=50), f"the run's clock is not ahead: {begun}"
    return Hit()


FAKETIME = tuple(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
SKEWED = {
    "LD_PRELOAD": "libfaketime.so.1",
    "LD_LIBRARY_PATH": os.pathsep.join(str(path.parent) for path in FAKETIME),
    "FAKETIME": "+1h",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
}
"""gridrunner an hour ahead of hubs and nodes. The other way round cannot be had: containers share the machine's
clock."""

FAULTS: tuple[Fault, ...] = (
    Fault(name="kill -9 of an idle node, before the run", before=_kill_idle_before, does=_kill_idle),
    Fault(name="kill -9 of a busy node", does=_kill_busy),
    Fault(name="a node's server crashes", does=_crash_server),
    Fault(name="kill -9 of chromedriver", does=_kill_chromedriver),
    Fault(name="kill -9 of the browser", does=_kill_browser),
    Fault(name="a node hangs (paused)", does=_pause_node),
    Fault(name="a hub is killed and restarted", does=_restart_hub),
    Fault(name="one of two hubs is stopped for good", does=_stop_hub),
    Fault(name="drain of a node during the run", does=_drain_node),
    Fault(name="scale down during the run (4 to 2 nodes)", does=_scale_down),
    Fault(name="scale up during the run (4 to 6 nodes)", does=_scale_up),
    Fault(name="a node's network is cut", does=_cut_network),
    Fault(name="a node's disk is full", does=_fill_disk),
    Fault(name="a node is slow (a tenth of a core)", does=_slow_node),
    Fault(name="hubs are up, without a node at first", before=_remove_all_nodes, does=_bring_nodes),
    Fault(name="all slots are somebody else's at first", before=_take_all_slots, does=_give_slots_back),
    Fault(name="a wrong registration secret", does=_wrong_secret),
    Fault(
        name="the grid's clocks are an hour behind ours",
        does=_skew_clock,
        env=SKEWED,
        missing="" if FAKETIME else "no faketime",
    ),
)
