"""What happens to the machine, and what it wants done. Owns both lists; the invariant: an event carries its time, an
action everything that carrying it out needs, and neither holds a thread, a socket or a browser.

A session is known here by its `serial`, which is given when it is asked for and never used again: whatever arrives late
from a session that was given up is told apart by it.
"""

from __future__ import annotations

from msgspec import Struct

from gridrunner.dispatch.records import DispatchRecord
from gridrunner.dispatch.summary import DispatchSummary
from gridrunner.model import Fault, Observation, Result, Site

# -------------------------------------------------------------------------------------------------------------- events


class RunStarted(Struct, frozen=True, kw_only=True):
    """The first event."""

    at_s: float


class HubCapacity(Struct, frozen=True, kw_only=True):
    """A hub says how many sessions the run may hold there; `fault` when it could not be asked."""

    at_s: float
    hub: str
    slots: int = 0
    fault: Fault | None = None


class SessionCreated(Struct, frozen=True, kw_only=True):
    """What OpenSession asked for is there."""

    at_s: float
    slot: str
    serial: int
    node: str
    session: str


class SessionRefused(Struct, frozen=True, kw_only=True):
    """What OpenSession asked for could not be had."""

    at_s: float
    slot: str
    serial: int
    fault: Fault


class VisitEnded(Struct, frozen=True, kw_only=True):
    """What StartVisit asked for came back; `is_leaving`: the session's node drains, so this was its last visit."""

    at_s: float
    slot: str
    serial: int
    observation: Observation
    is_leaving: bool = False


class SessionGone(Struct, frozen=True, kw_only=True):
    """What CloseSession or KillSession asked for is done, and the hub has its slot back."""

    at_s: float
    serial: int


class ResultsArrived(Struct, frozen=True, kw_only=True):
    """The judge has results."""

    at_s: float
    results: tuple[Result, ...]


class RoundEnded(Struct, frozen=True, kw_only=True):
    """The judge ended its round `number`, counted from 1."""

    at_s: float
    number: int
    error: str | None = None


class StopRequested(Struct, frozen=True, kw_only=True):
    """The user wants an end; the second time, at once."""

    at_s: float


class StoodStill(Struct, frozen=True, kw_only=True):
    """This machine did nothing for `lost_s` (a paused container, a suspended machine), which no `at_s` counts."""

    at_s: float
    lost_s: float


class Tick(Struct, frozen=True, kw_only=True):
    """Nothing but time: comes when `Machine.wake_at_s` has passed."""

    at_s: float


MachineEvent = (
    RunStarted
    | HubCapacity
    | SessionCreated
    | SessionRefused
    | VisitEnded
    | SessionGone
    | ResultsArrived
    | RoundEnded
    | StopRequested
    | StoodStill
    | Tick
)

# ------------------------------------------------------------------------------------------------------------- actions


class StartSlot(Struct, frozen=True, kw_only=True):
    """A thread of this name is needed."""

    slot: str


class OpenSession(Struct, frozen=True, kw_only=True):
    """The slot asks `hub` for a session; answered by SessionCreated or SessionRefused."""

    slot: str
    serial: int
    hub: str
    timeout_s: float


class StartVisit(Struct, frozen=True, kw_only=True):
    """The slot visits `site` in its session; answered by VisitEnded."""

    slot: str
    serial: int
    site: Site
    attempt: int
    upcoming: Site | None


class CloseSession(Struct, frozen=True, kw_only=True):
    """End an idle session in good order, off the slot's path; answered by SessionGone."""

    serial: int


class KillSession(Struct, frozen=True, kw_only=True):
    """End a session now, whatever it does; answered by SessionGone."""

    serial: int


class AbandonSlot(Struct, frozen=True, kw_only=True):
    """The slot's thread does not come back: forget it. What it still brings is killed."""

    slot: str


class SubmitRound(Struct, frozen=True, kw_only=True):
    """The judge takes these; answered by ResultsArrived any number of times, then RoundEnded with this number."""

    number: int
    observations: tuple[Observation, ...]


class RestartJudge(Struct, frozen=True, kw_only=True):
    """The judge has fallen silent: end it and start another. What the old one still says does no harm."""


class Record(Struct, frozen=True, kw_only=True):
    """Keep this."""

    record: DispatchRecord


class EndRun(Struct, frozen=True, kw_only=True):
    """The last action."""

    summary: DispatchSummary


Action = (
    StartSlot
    | OpenSession
    | StartVisit
    | CloseSession
    | KillSession
    | AbandonSlot
    | SubmitRound
    | RestartJudge
    | Record
    | EndRun
)
