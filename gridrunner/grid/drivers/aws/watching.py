"""A fleet in the hands of one run: its hubs, and a thread that counts its instances."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from msgspec import Struct

from gridrunner.errors import GridrunnerError
from gridrunner.grid.drivers.aws.groups import NodeGroups
from gridrunner.grid.drivers.aws.metering import Meter
from gridrunner.grid.drivers.aws.scaling import GroupView, weigh_progress
from gridrunner.grid.drivers.protocol import InstanceUse, Say
from gridrunner.grid.status import HubAddress

_LOGGER = logging.getLogger(__name__)

METER_S = 20.0
"""How often instances are counted during a run: one call per hub, far below AWS' limits, and exact to 20 s."""


class OpenFleet(Struct, frozen=True, kw_only=True):
    """The fleet in the hands of one run."""

    hubs: Sequence[HubAddress]
    host_address: str | None
    watch: Watch

    def keep_evidence(self, folder: Path) -> Sequence[Path]:
        """Nothing: logs of nodes and hubs go to the fleet's log group."""
        del folder
        return ()

    def measure(self) -> tuple[InstanceUse, ...]:
        """What the run has used until now."""
        return self.watch.measure()


class Watch:
    """A thread that counts instances while a run goes on, and says when all nodes are there or cannot be had."""

    def __init__(
        self, groups: NodeGroups, meter: Meter, *, partial_say: Say, views: Callable[[], Sequence[GroupView]]
    ) -> None:
        self._groups, self._meter, self._say, self._views = groups, meter, partial_say, views
        self._stop, self._lock = threading.Event(), threading.Lock()
        self._said = ""
        self._thread = threading.Thread(target=self._run, name="aws-meter", daemon=True)

    def __enter__(self) -> Self:
        self._note()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=1.0)  # it may be in a call; the process does not wait for it

    def measure(self) -> tuple[InstanceUse, ...]:
        """What was used until now."""
        self._note()
        with self._lock:
            return self._meter.total()

    def _run(self) -> None:
        while not self._stop.wait(METER_S):
            self._note()
            self._report()

    def _note(self) -> None:
        try:
            instances = self._groups.sight(self._groups.read(), datetime.now(UTC))
        except GridrunnerError as error:
            _LOGGER.warning("instances are not counted: %s", error)
            return
        with self._lock:
            self._meter.note(time.monotonic(), instances)

    def _report(self) -> None:
        try:
            views = self._views()
        except GridrunnerError:
            return
        progress = weigh_progress(views)
        failures = [view for view in views if view.failures]
        line = f"aws: {progress.line}" if progress.is_done or failures else ""
        if line and line != self._said and not (progress.is_done and not self._said):
            self._said = line
            self._say(line)
