"""A clock that leaves out the time in which this machine stood still: a paused container, a suspended virtual machine.

All processes of a run stop and go on together, so what was waited for had no chance to come; a limit that counts such
time would charge a site, or end the judge, for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

STANDSTILL_S = 3.0
"""A thread that wakes every half second and is this late was not merely waiting its turn: with eight processes that
wait for two cores it was late by 0.03 s at most (20 times, 2026-12-01). Shorter standstills are within the grace of a
visit (`DispatchSettings.visit_grace_s`)."""


class SteadyClock:
    """`now_s` as `clock` tells it, less all standstills; its user has to look at it every `step_s`. Safe from
    any thread.
    """

    def __init__(
        self, clock: Callable[[], float], *, step_s: float, on_standstill: Callable[[float, float], None] | None = None
    ) -> None:
        """`on_standstill` takes the time and the seconds lost, before anyone gets a later time than that."""
        self._clock, self._step_s, self._on_standstill = clock, step_s, on_standstill
        self._lock = threading.Lock()
        self._started_s = self._seen_s = clock()
        self._lost_s = 0.0

    def now_s(self) -> float:
        """Seconds since the clock was made."""
        with self._lock:
            now_s = self._clock()
            lost_s = now_s - self._seen_s - self._step_s
            self._seen_s = now_s
            if lost_s > STANDSTILL_S:
                self._lost_s += lost_s
                if self._on_standstill is not None:
                    self._on_standstill(now_s - self._started_s - self._lost_s, lost_s)
            return now_s - self._started_s - self._lost_s
