"""The agent of a node: looks every few seconds, has `node_core` decide, and carries it out."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, assert_never

from gridrunner_agent import grid
from gridrunner_agent.aws import AwsUnavailableError
from gridrunner_agent.imds import Metadata, MetadataUnavailableError, Notices
from gridrunner_agent.node_core import (
    Action,
    Answered,
    Complete,
    Drain,
    GiveUp,
    Heartbeat,
    Looked,
    NodeMachine,
    Release,
    Step,
)

_LOGGER = logging.getLogger(__name__)

POLL_S = 5.0
"""AWS recommends a look for notices every 5 s (docs.aws.amazon.com, "Spot Instance interruption notices")."""


class Hook(Protocol):
    """The lifecycle action of this instance, and its health."""

    def heartbeat(self) -> None: ...

    def complete(self) -> None: ...

    def give_up(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeParts:
    """What the agent talks to; `hook` None: no lifecycle action is attended to. Clocks can be replaced."""

    metadata: Metadata
    hub_url: str
    node_url: str
    secret: str
    hook: Hook | None
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class NodeAgent:
    """Watches one node until `stop` is set. Nothing that fails outside ends it."""

    def __init__(self, parts: NodeParts, machine: NodeMachine) -> None:
        self._parts, self._machine = parts, machine
        self._said = ""

    def run(self, stop: threading.Event, *, poll_s: float = POLL_S) -> None:
        """Look, decide, act, again and again."""
        while not stop.is_set():
            self.look_once()
            stop.wait(poll_s)

    def look_once(self) -> None:
        """One round."""
        for action in self._machine.handle(self._look()):
            step, is_done = self._carry_out(action)
            self._machine.handle(Answered(at_s=self._parts.clock(), step=step, is_done=is_done))
        if self._machine.is_gone and self._machine.reason is not None:
            self._say(f"{self._machine.reason}: the node is gone")

    def _look(self) -> Looked:
        try:
            notices = self._parts.metadata.notices()
        except MetadataUnavailableError as error:
            self._say(f"metadata: {error}")
            notices = Notices()
        try:
            node = grid.read_node(self._parts.node_url)
        except grid.GridUnavailableError as error:
            _LOGGER.debug("node: %s", error)
            node = None
        left = notices.interruption_at - self._parts.now() if notices.interruption_at is not None else None
        return Looked(
            at_s=self._parts.clock(),
            interruption_in_s=left.total_seconds() if left is not None else None,
            is_leaving=notices.is_leaving,
            node_id=node.id if node is not None else "",
            is_draining=node is not None and node.is_draining,
            sessions=node.sessions if node is not None else None,
        )

    def _carry_out(self, action: Action) -> tuple[Step, bool]:
        parts = self._parts
        match action:
            case Drain():
                _LOGGER.info("%s: draining node %s", action.reason, action.node_id)
                return Step.DRAIN, _is_done(lambda: grid.drain_node(parts.hub_url, action.node_id, parts.secret))
            case Release():
                _LOGGER.info("the notice runs out: ending %d sessions", len(action.sessions))
                ended = [_is_done(partial(grid.end_session, parts.hub_url, session)) for session in action.sessions]
                return Step.RELEASE, all(ended)
            case Heartbeat():
                return Step.HEARTBEAT, parts.hook is None or _is_done(parts.hook.heartbeat)
            case Complete():
                _LOGGER.info("completing the lifecycle action")
                return Step.COMPLETE, parts.hook is None or _is_done(parts.hook.complete)
            case GiveUp():
                _LOGGER.warning("the node has not answered for minutes: its group is to replace this instance")
                return Step.GIVE_UP, parts.hook is None or _is_done(parts.hook.give_up)
            case _:
                assert_never(action)

    def _say(self, text: str) -> None:
        """Log, but not the same every five seconds."""
        if text != self._said:
            self._said = text
            _LOGGER.info("%s", text)


def _is_done(call: Callable[[], None]) -> bool:
    try:
        call()
    except (grid.GridUnavailableError, AwsUnavailableError) as error:
        _LOGGER.warning("%s", error)
        return False
    return True
