"""The words of a journal: its header and its events, as frozen data. Owns the format's number; the invariant: every
event names its kind first, so that a line can be read without knowing what stands in it.

`at_s` is seconds since the run began, or since it was resumed: a `Resumed` event moves the origin (see `record`).
Format 1 is described in docs/reference/journal.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct

from gridrunner.limits import Amount, AttemptNumber, Count, Seconds
from gridrunner.model import Fault, Observation, Result

JOURNAL_FORMAT = 1
"""The newest format that this version reads, and the one it writes."""


class JournalHeader(Struct, frozen=True, kw_only=True):
    """The first line. `plan` is the plan's hash, `started` ISO 8601 in UTC, `command` the arguments as the user typed
    them (no secrets), `checks`, `keyword` and `mark` which checks they named (none: the shipped suite), `slots` the
    sessions at once (0: not known), `replays` the folders of replica pages it served and `seal` their seal
    (`run.seals`), `merged_from` the run ids behind a merged run, oldest first, and `damaged` what a merge could not
    read of them; `max_blocked` is the share of sites behind walls that makes it 3 (None: no limit).
    """

    run: str
    plan: str
    started: str
    format: int = JOURNAL_FORMAT
    version: str = ""
    command: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    keyword: str = ""
    mark: str = ""
    slots: Count = 0
    replays: tuple[str, ...] = ()
    seal: str = ""
    merged_from: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    max_blocked: Annotated[float, Meta(ge=0, le=1)] | None = None


class VisitStarted(Struct, frozen=True, kw_only=True):
    """A slot opened a site; without an observation after it, the run ended in the middle of this visit."""

    event: Literal["visit-started"] = "visit-started"
    site: str
    attempt: AttemptNumber
    slot: str = ""
    hub: str = ""
    at_s: Seconds = 0.0


class Observed(Struct, frozen=True, kw_only=True):
    """A visit is over; `observation` is its record."""

    event: Literal["observation"] = "observation"
    observation: Observation


class Judged(Struct, frozen=True, kw_only=True):
    """A check said its verdict on one attempt. A later event for the same check, site and attempt replaces it."""

    event: Literal["result"] = "result"
    result: Result


class Faulted(Struct, frozen=True, kw_only=True):
    """Something on our side failed; `site` None: it hit no site."""

    event: Literal["fault"] = "fault"
    fault: Fault
    hub: str = ""
    slot: str = ""
    site: str | None = None
    at_s: Seconds = 0.0


class ChunkEnded(Struct, frozen=True, kw_only=True):
    """A session is through with a chunk, or lost: then `sites_done` falls short of it."""

    event: Literal["chunk-ended"] = "chunk-ended"
    chunk: Count
    slot: str = ""
    hub: str = ""
    at_s: Seconds = 0.0
    sites_done: Count = 0


class Decided(Struct, frozen=True, kw_only=True):
    """What the balancer did and why, in one sentence for people."""

    event: Literal["decision"] = "decision"
    text: str
    at_s: Seconds = 0.0


class SessionChange(StrEnum):
    """What became of a session."""

    OPENED = "opened"
    CLOSED = "closed"


class SessionChanged(Struct, frozen=True, kw_only=True):
    """A session was opened or closed at `at_s`; `duration_s` is what that took."""

    event: Literal["session"] = "session"
    change: SessionChange
    slot: str = ""
    hub: str = ""
    node: str = ""
    session: str = ""
    at_s: Seconds = 0.0
    duration_s: Seconds = 0.0


class InstanceMinutes(Struct, frozen=True, kw_only=True):
    """`count` instances of one kind that ran `minutes` minutes altogether; prices in USD per hour, and where they are
    from.
    """

    kind: str
    is_spot: bool
    count: Count
    minutes: Amount
    on_demand_usd_hour: Amount
    spot_usd_hour: Amount
    price_source: str = ""


class FleetUsed(Struct, frozen=True, kw_only=True):
    """What a run used of a fleet in the cloud until `at_s`; a resumed run has one for each time."""

    event: Literal["fleet-used"] = "fleet-used"
    fleet: str
    region: str
    slots_per_node: Count
    instances: tuple[InstanceMinutes, ...]
    at_s: Seconds = 0.0


class Resumed(Struct, frozen=True, kw_only=True):
    """The journal was opened again. Times after this line count from `started` (ISO 8601 in UTC); `cut_bytes` is what
    was cut off a truncated last line.
    """

    event: Literal["resumed"] = "resumed"
    started: str
    cut_bytes: int = 0


class RunEnded(Struct, frozen=True, kw_only=True):
    """The run is over; `exit_code` is an ExitCode, `reason` for people (complete, interrupted, deadline, …)."""

    event: Literal["run-ended"] = "run-ended"
    exit_code: Count
    at_s: Seconds = 0.0
    reason: str = ""


Event = (
    VisitStarted | Observed | Judged | Faulted | ChunkEnded | Decided | SessionChanged | FleetUsed | Resumed | RunEnded
)
"""Everything that can follow the header."""

EVENT_TYPES: dict[str, type[Event]] = {
    "visit-started": VisitStarted,
    "observation": Observed,
    "result": Judged,
    "fault": Faulted,
    "chunk-ended": ChunkEnded,
    "decision": Decided,
    "session": SessionChanged,
    "fleet-used": FleetUsed,
    "resumed": Resumed,
    "run-ended": RunEnded,
}
"""The event type behind each value of the key `event`."""
