"""When the machine has to look again. Owns the alarm clock; the invariant: a timer rings once, at or after its time.

Timers are not cancelled: the one that hears it asks whether what it was set for still is so.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import Enum, auto


class Alarm(Enum):
    """What a timer is for."""

    LOOK = auto()  # a hub may be asked again, an observation has waited long enough, a straggler may be hedged
    OPEN_OVERRUN = auto()  # serial
    VISIT_OVERRUN = auto()  # serial, number: the visit
    KILL_OVERRUN = auto()  # serial, number: the visit
    CLOSE_OVERRUN = auto()  # serial
    ROUND_OVERRUN = auto()  # number: the round
    DEADLINE = auto()
    STOP_GRACE = auto()
    STOP_KILL = auto()
    FINAL_JUDGE = auto()


@dataclass(frozen=True, slots=True, order=True)
class Timer:
    """A time and what rings then."""

    due_s: float
    order: int
    alarm: Alarm = field(compare=False)
    serial: int = field(compare=False, default=0)
    number: int = field(compare=False, default=0)


class Timers:
    """The timers that are set."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._order = 0

    @property
    def next_s(self) -> float | None:
        """When the next one rings; None when none is set."""
        return self._heap[0].due_s if self._heap else None

    def set(self, due_s: float, alarm: Alarm, *, serial: int = 0, number: int = 0) -> None:
        """Ring `alarm` at `due_s`."""
        self._order += 1
        heapq.heappush(self._heap, Timer(due_s, self._order, alarm, serial, number))

    def look_at(self, due_s: float) -> None:
        """Ring LOOK at `due_s`, unless a timer rings before that anyway and will have everything looked at."""
        if self.next_s is None or due_s < self.next_s:
            self.set(due_s, Alarm.LOOK)

    def take_due(self, now_s: float) -> list[Timer]:
        """Those that ring by `now_s`, in order; they are set no more."""
        due = []
        while self._heap and self._heap[0].due_s <= now_s:
            due.append(heapq.heappop(self._heap))
        return due
