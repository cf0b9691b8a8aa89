"""When the judge gets what. Owns the observations between visit and verdict; the invariant: at most one round is out,
and what a round leaves without results goes out once more, never twice more.
"""

from __future__ import annotations

from gridrunner.model import Observation


class Rounds:
    """Observations that wait for the judge, and those it has."""

    def __init__(self, *, batch: int, interval_s: float) -> None:
        self._batch = batch
        self._interval_s = interval_s
        self._waiting: list[Observation] = []
        self._out: tuple[Observation, ...] = ()
        self._repeated: set[tuple[str, int]] = set()
        self._waiting_since_s = 0.0
        self.number = 0
        """Counts rounds from 1; tells a late timer which round it was for."""

    @property
    def is_out(self) -> bool:
        """Whether the judge has a round."""
        return bool(self._out)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits and nothing is out."""
        return not self._waiting and not self._out

    @property
    def due_at_s(self) -> float | None:
        """When the oldest waiting observation has waited long enough; None when nothing waits or a round is out."""
        return self._waiting_since_s + self._interval_s if self._waiting and not self._out else None

    def add(self, observation: Observation, *, at_s: float, is_urgent: bool = False) -> None:
        """One more observation to be judged; an urgent one does not wait for company."""
        if is_urgent:
            self._waiting_since_s = at_s - self._interval_s
        elif not self._waiting:
            self._waiting_since_s = at_s
        self._waiting.append(observation)

    def take(self, *, at_s: float, is_idle: bool) -> tuple[Observation, ...]:
        """The next round, or nothing: it goes out when no other is out and it is full, has waited long enough, or
        `is_idle` (slots stand still, so verdicts may give them work).
        """
        due_at_s = self.due_at_s
        if due_at_s is None:
            return ()
        if not (is_idle or len(self._waiting) >= self._batch or at_s >= due_at_s):
            return ()
        self._out, self._waiting = tuple(self._waiting), []
        self.number += 1
        return self._out

    def end(self) -> tuple[Observation, ...]:
        """The round is over: what was in it."""
        ended, self._out = self._out, ()
        return ended

    def repeat(self, observation: Observation, *, at_s: float) -> bool:
        """Put an unjudged observation in line again; False when that was done before."""
        key = (observation.site, observation.attempt)
        if key in self._repeated:
            return False
        self._repeated.add(key)
        self.add(observation, at_s=at_s)
        return True
