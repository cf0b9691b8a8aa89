"""How a dispatched run ended. Owns the words for it; the invariant: `finished` and `missing` together are exactly the
sites that were to be visited.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from gridrunner.errors import LIMIT_REACHED
from gridrunner.model import Result


class StoppedBy(StrEnum):
    """What ended the run."""

    FINISHED = "finished"  # nothing is owed any more
    INTERRUPTED = "interrupted"  # the user: exit code 130
    DEADLINE = "deadline"  # --deadline
    MAX_FAILURES = LIMIT_REACHED  # --max-failures
    GRID_LOST = "grid-lost"  # no hub gave a session for too long
    CRASH_LOOP = "crash-loop"  # sessions died faster than visits succeeded
    JUDGE_LOST = "judge-lost"  # the judge fell silent, was started again, and fell silent again


class HubShare(Struct, frozen=True, kw_only=True):
    """What one hub did for the run; `busy_s` is the sum of its visits' seconds."""

    hub: str
    sessions: int
    visits: int
    faults: int
    busy_s: float


class DispatchSummary(Struct, frozen=True, kw_only=True):
    """The end of a run. `finished` holds the final results by site, one per check; `missing` the sites without them in
    plan order, of which `unjudged` were visited but not judged. `reason` is one sentence.
    """

    stopped_by: StoppedBy
    reason: str
    wall_s: float
    finished: Mapping[str, tuple[Result, ...]]
    missing: tuple[str, ...]
    unjudged: tuple[str, ...]
    failed_sites: int
    visits: int
    sessions_opened: int
    sessions_lost: int
    hedged_visits: int
    hubs: tuple[HubShare, ...]

    @property
    def is_complete(self) -> bool:
        """Whether every site has its final results."""
        return not self.missing
