"""What happens to the machine, and what it wants done. Owns both lists; the invariant: an event carries its time, an
action everything that carrying it out needs, and neither holds a thread, a socket or a browser.

A session is known here by its `serial`, which is given when it is asked for and never used again: whatever arrives late
from a session that was given up is told apart by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from gridrunner.dispatch.records import DispatchRecord
from gridrunner.dispatch.summary import DispatchSummary
from gridrunner.model import Fault, Observation, Result, Site

# -------------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The first event."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCapacity:
    """A hub says how many sessions the run may hold there; `fault` when it could not be asked."""

    at_s: float
    hub: str
    slots: int = 0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated:
    """What OpenSession asked for is there."""

    at_s: float
    slot: str
    serial: int
    node: str
    session: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRefused:
    """What OpenSession asked for could not be had."""

    at_s: float
    slot: str
    serial: int
    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded:
    """What StartVisit asked for came back; `is_leaving`: the session's node drains, so this was its last visit."""

    at_s: float
    slot: str
    serial: int
    observation: Observation
    is_leaving: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionGone:
    """What CloseSession or KillSession asked for is done, and the hub has its slot back."""

    at_s: float
    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsArrived:
    """The judge has results."""

    at_s: float
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundEnded:
    """The judge ended its round `number`, counted from 1."""

    at_s: float
    number: int
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    """The user wants an end; the second time, at once."""

    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Nothing but time: comes when `Machine.wake_at_s` has passed."""

    at_s: float


Event = (
    RunStarted
    | HubCapacity
    | SessionCreated
    | SessionRefused
    | VisitEnded
    | SessionGone
    | ResultsArrived
    | RoundEnded
    | StopRequested
    | Tick
)

# ------------------------------------------------------------------------------------------------------------- actions


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSlot:
    """A thread of this name is needed."""

    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """The slot asks `hub` for a session; answered by SessionCreated or SessionRefused."""

    slot: str
    serial: int
    hub: str
    timeout_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StartVisit:
    """The slot visits `site` in its session; answered by VisitEnded."""

    slot: str
    serial: int
    site: Site
    attempt: int
    upcoming: Site | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession:
    """End an idle session in good order, off the slot's path; answered by SessionGone."""

    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KillSession:
    """End a session now, whatever it does; answered by SessionGone."""

    serial: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonSlot:
    """The slot's thread does not come back: forget it. What it still brings is killed."""

    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRound:
    """The judge takes these; answered by ResultsArrived any number of times, then RoundEnded."""

    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Keep this."""

    record: DispatchRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class EndRun:
    """The last action."""

    summary: DispatchSummary


Action = StartSlot | OpenSession | StartVisit | CloseSession | KillSession | AbandonSlot | SubmitRound | Record | EndRun
