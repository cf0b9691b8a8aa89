"""The limits that a run keeps. Owns every default of dispatch with its source; the invariant: everything is bounded."""

from __future__ import annotations

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.planning.constants import (
    SESSION_START_S,
    SESSION_TIMEOUT_S,
    SESSIONS_AT_ONCE,
    VISIT_TIMEOUT_S,
    VISITS_PER_SESSION,
)


class DispatchSettings(Struct, frozen=True, kw_only=True):
    """Limits and habits of one run; times in seconds. Raises UsageError for what cannot be meant.

    `slots` None: all that the hubs offer. `deadline_s` and `max_failures` None: no limit. `crash_ceiling` None: four
    per slot, at least eight. `host_delay_s` None: hosts are visited without regard to their domains, as in simulations;
    `private_hosts` are names that count as ours. With `visits_per_session` 1 every site gets a session of its own.
    """

    slots: int | None = None
    retries: int = 1  # --retries: a failing verdict is confirmed once
    fault_retries: int = 2  # a session that died three times under one site will die a fourth time
    uncharged_retries: int = 8  # the grid's own faults, for one site: enough to outlive a hub's restart, and an end
    visit_timeout_s: float = VISIT_TIMEOUT_S
    visit_grace_s: float = 10.0  # context, detection and evidence around the visit timeout; then the session is killed
    kill_grace_s: float = 5.0  # a killed visit comes back in milliseconds; after this its thread is given up
    session_timeout_s: float = SESSION_TIMEOUT_S
    session_start_s: float = SESSION_START_S
    visits_per_session: int = VISITS_PER_SESSION
    opens_at_once: int = SESSIONS_AT_ONCE  # per hub, at first
    elastic: frozenset[str] = frozenset()  # hubs that make slots by their queue: asked for `slots` sessions ahead
    # What such a hub takes for a node: a look at the queue every 10 s (Selenium's chart 0.36), and twenty
    # for a pod to start and register. No node is asked for that would come after the work is done.
    node_start_s: float = 30.0
    deadline_s: float | None = None
    max_failures: int | None = None
    outage_limit_s: float = 120.0  # --outage-limit: a killed node stays UP for 117 s (docs/design/grid.md)
    crash_ceiling: int | None = None  # pytest-xdist's default is four restarts a worker (dsession.py:562-575)
    judge_batch: int = 100  # a pytest run costs 20 to 50 ms however small: below 0.5 ms per site
    judge_interval_s: float = 10.0  # the longest wait for the first verdicts
    judge_timeout_s: float = 300.0  # a round of 100 takes seconds: one that takes minutes hangs
    final_judge_s: float = 60.0  # after a deadline or --max-failures: what was visited is still judged, once
    stop_grace_s: float = 1.5  # the three together stay below the 5 s in which Ctrl-C ends
    stop_kill_s: float = 1.0
    close_grace_s: float = 1.0  # `quit()` with BiDi took 10 s in two of three tries: no visit waits for it
    # Idle slots visit stragglers again: 1.01 instead of 1.21 of the lower bound (benchmarks/dispatch).
    hedge: bool = True
    hedge_ratio: float = 2.0  # a visit is a straggler past this many times its expected seconds
    hedge_min_s: float = 5.0  # below a usual visit a second one cannot win
    # Walls and sites out of reach are visited once more by way of another region, before they are judged.
    tries_elsewhere: bool = False
    host_delay_s: float | None = None
    private_hosts: frozenset[str] = frozenset()
    capacity_poll_s: float = 5.0  # how often hubs are asked for their slots: a scaled-up node joins within seconds

    def __post_init__(self) -> None:
        """Refuse what would end no run or start none."""
        at_least_one = {
            "slots": self.slots,
            "visits-per-session": self.visits_per_session,
            "max-failures": self.max_failures,
            "judge-batch": self.judge_batch,
        }
        for name, number in at_least_one.items():
            if number is not None and number < 1:
                raise UsageError(f"{name} is {number}, and has to be at least 1")
        if self.retries < 0:
            raise UsageError(f"retries is {self.retries}, and has to be at least 0")
        positive = {"visit-timeout": self.visit_timeout_s, "deadline": self.deadline_s}
        for name, seconds in positive.items():
            if seconds is not None and seconds <= 0:
                raise UsageError(f"{name} is {seconds} s, and has to be more than 0")

    def count_crash_ceiling(self, slots: int) -> int:
        """How many more sessions may die than visits make up for, with `slots` slots."""
        return self.crash_ceiling if self.crash_ceiling is not None else max(8, 4 * slots)
