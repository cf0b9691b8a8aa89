"""What the agent of a node does when its instance is told to go, as a state machine: an event in, actions out.

Nothing here waits, reads a clock or speaks to anybody: times are in the events, in seconds of any clock that never runs
backwards. The invariants: a node that is to go is drained before anything else; a lifecycle action is completed once
the last session is gone or the notice runs out, never before, and kept alive by heartbeats until then. State lives in
what EC2 and the node say, so that an agent that was restarted comes to the same decisions.

A rebalance recommendation is not acted on: the group launches another instance first and takes this one away through
its hook then. A node that drained on the notice alone stayed paid for, and without work, wherever no other came.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Reason(StrEnum):
    """Why the node has to go."""

    SPOT_INTERRUPTION = "spot interruption"
    LIFECYCLE = "scale-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long things may take, in seconds.

    `drain_s`: an instance that its group takes away waits this long for its last session. `heartbeat_s`: between
    heartbeats of the lifecycle action; the hook's own timeout is at least 120 s (terraform variable validation).
    `release_s`: sessions that are still there so long before the notice runs out are ended, so that their clients hear
    of it at once instead of waiting for a machine that went silent (10 s a call, measured on Grid 4.48, 2026-11).
    `unseen_looks`: a node that was not drained by us and does not answer so many times in a row is gone.
    `unwell_s`: one that nobody wants gone and that has not answered for so long is given up, so that its group replaces
    the instance; a node is up within a minute of its first pull, and a container that crashed is back in seconds.
    """

    drain_s: float = 600.0
    heartbeat_s: float = 60.0
    release_s: float = 10.0
    retry_s: float = 5.0
    unseen_looks: int = 3
    unwell_s: float = 300.0

    def __post_init__(self) -> None:
        """Refuse limits under which nothing would be done. Raises ValueError."""
        for name in ("drain_s", "heartbeat_s", "release_s", "retry_s", "unwell_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} has to be above zero")


# ------------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What the instance's metadata and the node said at `at_s`.

    `interruption_in_s`: seconds until EC2 takes the spot instance, None without a notice. `is_leaving`: its group wants
    it gone (target lifecycle state `Terminated`). `sessions`: ids of the node's sessions, None when the node does not
    answer.
    """

    at_s: float
    interruption_in_s: float | None = None
    is_leaving: bool = False
    node_id: str = ""
    is_draining: bool = False
    sessions: tuple[str, ...] | None = None


class Step(StrEnum):
    """What the agent can be asked to do, beside watching."""

    DRAIN = "drain"
    HEARTBEAT = "heartbeat"
    RELEASE = "release"
    COMPLETE = "complete"
    GIVE_UP = "give up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An action was carried out at `at_s`, or failed."""

    at_s: float
    step: Step
    is_done: bool


Event = Looked | Answered


# ------------------------------------------------------------------------------------------------------------ actions


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Have the hub drain the node: no new session, the node ends after its last one."""

    node_id: str
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """End these sessions now."""

    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Keep the lifecycle action alive."""


@dataclass(frozen=True, slots=True)
class Complete:
    """Complete the lifecycle action: the instance may go."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Tell the group that the instance is no use: it is replaced."""


Action = Drain | Release | Heartbeat | Complete | GiveUp


# ------------------------------------------------------------------------------------------------------------ machine


class NodeMachine:
    """The decisions of one node's agent. Give it events in the order of their times."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.reason: Reason | None = None
        """Why the node is going; None: it is not."""
        self.end_s: float | None = None
        """When the notice runs out, on the clock of the events; None: there is none."""
        self.is_gone = False
        """The node has ended, and no session with it."""
        self.is_completed = False
        """The lifecycle action was completed (or there was none any more)."""
        self._is_leaving = False
        self._unseen = 0
        self._unwell_since_s: float | None = None
        self._is_drain_sent = False
        self._next_s: dict[Step, float] = {}

    def handle(self, event: Event) -> list[Action]:
        """Take one event; returns what to do now, in order."""
        match event:
            case Looked():
                return self._take_look(event)
            case Answered():
                self._take_answer(event)
                return []
            case _:
                assert_never(event)

    def _take_look(self, look: Looked) -> list[Action]:
        self._note_notices(look)
        if self.reason is None:
            return self._attend_health(look)
        self._note_node(look)
        actions: list[Action] = []
        may_drain = look.node_id and not look.is_draining and look.sessions is not None
        if may_drain and self._is_due(Step.DRAIN, look.at_s):
            actions.append(Drain(node_id=look.node_id, reason=self.reason))
        if (
            look.sessions
            and self._left_s(look.at_s) <= self._limits.release_s
            and self._is_due(Step.RELEASE, look.at_s)
        ):
            actions.append(Release(sessions=look.sessions))
        if self._is_leaving and not self.is_completed:
            actions.extend(self._attend_lifecycle(look.at_s))
        return actions

    def _note_notices(self, look: Looked) -> None:
        if look.interruption_in_s is not None:
            # EC2 takes the instance at that time whatever the hook says, so this end goes before any other.
            self.reason = Reason.SPOT_INTERRUPTION
            self.end_s = look.at_s + look.interruption_in_s
        if look.is_leaving and not self._is_leaving:
            self._is_leaving = True
            if self.reason is not Reason.SPOT_INTERRUPTION:
                self.reason = Reason.LIFECYCLE
                self.end_s = look.at_s + self._limits.drain_s

    def _attend_health(self, look: Looked) -> list[Action]:
        if look.sessions is not None:
            self._unwell_since_s = None
            return []
        if self._unwell_since_s is None:
            self._unwell_since_s = look.at_s
        is_unwell = look.at_s - self._unwell_since_s >= self._limits.unwell_s
        return [GiveUp()] if is_unwell and self._is_due(Step.GIVE_UP, look.at_s, again_s=self._limits.unwell_s) else []

    def _note_node(self, look: Looked) -> None:
        if look.sessions is not None:
            self._unseen = 0
            self._is_drain_sent = self._is_drain_sent or look.is_draining
            self.is_gone = False
            return
        self._unseen += 1
        # A node that drains ends by itself. One that we could not drain may only be restarting.
        self.is_gone = self._is_drain_sent or self._unseen >= self._limits.unseen_looks

    def _attend_lifecycle(self, at_s: float) -> list[Action]:
        if self.is_gone or self._left_s(at_s) <= 0:
            return [Complete()] if self._is_due(Step.COMPLETE, at_s) else []
        return [Heartbeat()] if self._is_due(Step.HEARTBEAT, at_s, again_s=self._limits.heartbeat_s) else []

    def _take_answer(self, event: Answered) -> None:
        if not event.is_done:
            self._next_s[event.step] = event.at_s + self._limits.retry_s
            return
        match event.step:
            case Step.DRAIN:
                self._is_drain_sent = True
            case Step.COMPLETE:
                self.is_completed = True
            case Step.HEARTBEAT | Step.RELEASE | Step.GIVE_UP:
                pass
            case _:
                assert_never(event.step)

    def _is_due(self, step: Step, at_s: float, *, again_s: float | None = None) -> bool:
        if at_s < self._next_s.get(step, at_s):
            return False
        self._next_s[step] = at_s + (again_s if again_s is not None else self._limits.retry_s)
        return True

    def _left_s(self, at_s: float) -> float:
        return float("inf") if self.end_s is None else self.end_s - at_s
