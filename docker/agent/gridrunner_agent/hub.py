"""The agent of a hub: publishes what the hub counts, for alarms on an idle fleet or on a queue without nodes, and takes
the fleet back from runs that died with a lease on it.

A hub that does not answer publishes nothing: the alarm of an idle fleet treats missing data as breaching, so that a
dead hub does not keep its nodes running.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from gridrunner_agent import grid
from gridrunner_agent.aws import AwsUnavailableError
from gridrunner_agent.leases import LeaseWatch

_LOGGER = logging.getLogger(__name__)

PERIOD_S = 60.0
"""CloudWatch keeps standard metrics by the minute; more often costs more and tells alarms nothing."""


class MetricSink(Protocol):
    """Where figures go."""

    def put(self, figures: Mapping[str, float], at: datetime) -> None: ...

    def put_answers(self, at: datetime, *, answers: bool) -> None: ...


def metrics_of(figures: grid.HubFigures) -> dict[str, float]:
    """The metrics of a hub, by their names in CloudWatch."""
    return {
        "QueueLength": float(figures.queue),
        "Slots": float(figures.slots),
        "SlotsBusy": float(min(figures.sessions, figures.slots)),
        "Sessions": float(figures.sessions),
        "Nodes": float(figures.nodes),
    }


@dataclass(slots=True, kw_only=True)
class IdleWatch:
    """How long nothing has been asked of a hub; `limit_s` None: never said. Times in seconds of one clock."""

    limit_s: float | None
    _since_s: float | None = None
    _is_said: bool = False

    def note(self, figures: grid.HubFigures, at_s: float) -> float | None:
        """Take what the hub counts; the seconds of idleness when they have just passed the limit, once."""
        if figures.queue or figures.sessions or not figures.nodes:
            self._since_s, self._is_said = None, False
            return None
        if self._since_s is None:
            self._since_s = at_s
        idle_s = at_s - self._since_s
        if self.limit_s is None or self._is_said or idle_s < self.limit_s:
            return None
        self._is_said = True
        return idle_s


@dataclass(slots=True, kw_only=True)
class SleepWatch:
    """Stops the hub's instance once nobody has had a lease, a node, a session or a place in its queue for `limit_s`. A
    run that comes meanwhile starts it again: its lease is written first.
    """

    limit_s: float
    has_lease: Callable[[], bool]
    stop: Callable[[], None]
    _since_s: float | None = None

    def note(self, figures: grid.HubFigures, at_s: float) -> bool:
        """Take what the hub counts; whether the instance was told to stop. Raises AwsUnavailableError."""
        if figures.queue or figures.sessions or figures.nodes or self.has_lease():
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = at_s
        if at_s - self._since_s < self.limit_s:
            return False
        _LOGGER.warning("nothing has needed this hub for %.0f minutes: it goes to sleep", self.limit_s / 60)
        self.stop()
        return True


class HubAgent:
    """Publishes a hub's figures every period until `stop` is set, and looks at the leases; `leases` None: it does not.
    Nothing that fails outside ends it.
    """

    def __init__(
        self,
        *,
        hub_url: str,
        sink: MetricSink,
        idle: IdleWatch,
        clock: Callable[[], float],
        leases: LeaseWatch | None = None,
        sleep: SleepWatch | None = None,
    ) -> None:
        self._sleep = sleep
        self._hub_url, self._sink, self._idle, self._clock, self._leases = hub_url, sink, idle, clock, leases

    def run(self, stop: threading.Event, *, period_s: float = PERIOD_S) -> None:
        """Publish, wait, again and again."""
        while not stop.is_set():
            self.publish_once()
            self.look_at_leases()
            stop.wait(period_s)

    def look_at_leases(self) -> bool:
        """Whether the fleet was taken back from dead runs now; the hub itself may be dead as well."""
        if self._leases is None:
            return False
        try:
            return self._leases.look_once()
        except AwsUnavailableError as error:
            _LOGGER.warning("leases: %s", error)
            return False

    def publish_once(self) -> bool:
        """Publish what the hub counts now; False when it could not be read or published."""
        now = datetime.now(UTC)
        try:
            figures = grid.read_hub(self._hub_url)
        except grid.GridUnavailableError as error:
            _LOGGER.warning("%s", error)
            self._put(lambda: self._sink.put_answers(now, answers=False))
            return False
        is_put = self._put(lambda: self._sink.put(metrics_of(figures), now))
        if not (is_put and self._put(lambda: self._sink.put_answers(now, answers=True))):
            return False
        idle_s = self._idle.note(figures, self._clock())
        if idle_s is not None:
            _LOGGER.warning("%d nodes have had no session for %.0f minutes", figures.nodes, idle_s / 60)
        if self._sleep is not None:
            sleep = self._sleep
            self._put(lambda: sleep.note(figures, self._clock()))
        return True

    @staticmethod
    def _put(call: Callable[[], object]) -> bool:
        try:
            call()
        except AwsUnavailableError as error:
            _LOGGER.warning("%s", error)
            return False
        return True
