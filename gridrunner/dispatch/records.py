"""What a run leaves behind while it goes on: one dataclass for each kind of thing that happens. Owns the words; the
invariant: `at_s` counts seconds from the start of the run, and all of these together tell the run again.
"""

from __future__ import annotations

from msgspec import Struct

from gridrunner.dispatch.summary import StoppedBy
from gridrunner.model import Fault, Observation, Result


class SessionOpening(Struct, frozen=True, kw_only=True):
    """A slot asks `hub` for a session; `reason` is why this hub."""

    at_s: float
    slot: str
    hub: str
    reason: str


class SessionOpened(Struct, frozen=True, kw_only=True):
    """A session is there, `took_s` after it was asked for."""

    at_s: float
    slot: str
    hub: str
    node: str
    session: str
    took_s: float


class SessionEnded(Struct, frozen=True, kw_only=True):
    """A session of `visits` visits was closed or given up; `reason` says why."""

    at_s: float
    slot: str
    hub: str
    session: str
    visits: int
    reason: str


class VisitBegan(Struct, frozen=True, kw_only=True):
    """A slot begins visit `attempt` (from 1, over all visits of the site) of `site`."""

    at_s: float
    site: str
    attempt: int
    slot: str
    hub: str
    session: str
    chunk: int
    expected_s: float
    is_hedge: bool = False


class VisitObserved(Struct, frozen=True, kw_only=True):
    """A visit that counts ended without a fault; its observation will be judged."""

    at_s: float
    observation: Observation


class FaultSeen(Struct, frozen=True, kw_only=True):
    """Something on our side failed. `site` and `attempt` are set when a visit was lost, and `is_charged` when that
    counts against the site's fault retries (never against its verdict); `observation` is what came back of it.
    """

    at_s: float
    fault: Fault
    slot: str
    hub: str
    site: str | None = None
    attempt: int | None = None
    is_charged: bool = False
    observation: Observation | None = None


class ResultJudged(Struct, frozen=True, kw_only=True):
    """One check was judged on one attempt (or, as an error, on the lack of one)."""

    at_s: float
    result: Result


class SiteFinished(Struct, frozen=True, kw_only=True):
    """A site owes nothing more: its final results, one per check, in the order of the plan's checks."""

    at_s: float
    site: str
    attempts: int
    results: tuple[Result, ...]


class ChunkDone(Struct, frozen=True, kw_only=True):
    """The last visit of a chunk ended; `sites` are those that it visited, `returned` those that it gave back."""

    at_s: float
    chunk: int
    slot: str
    hub: str
    sites: tuple[str, ...]
    returned: tuple[str, ...]


class Decision(Struct, frozen=True, kw_only=True):
    """Why dispatch did something that a reader of the journal would ask about."""

    at_s: float
    text: str


class WaitChanged(Struct, frozen=True, kw_only=True):
    """The run waits for the network, or goes on; `text` is for people."""

    at_s: float
    is_waiting: bool
    text: str


class RunStopping(Struct, frozen=True, kw_only=True):
    """No new visit starts from here on."""

    at_s: float
    stopped_by: StoppedBy
    text: str


DispatchRecord = (
    SessionOpening
    | SessionOpened
    | SessionEnded
    | VisitBegan
    | VisitObserved
    | FaultSeen
    | ResultJudged
    | SiteFinished
    | ChunkDone
    | Decision
    | WaitChanged
    | RunStopping
)
