"""`gridrunner grid --driver local`: browsers of this machine. There is nothing to bring up: a run starts its browsers
itself and ends them, so this driver only shows and reaps them.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import AbstractContextManager

from gridrunner.browser.binaries import find_browser
from gridrunner.errors import UsageError
from gridrunner.grid.drivers.choosing import DriverSettings
from gridrunner.grid.drivers.protocol import GridSize, OpenGrid, RunDemand, Say
from gridrunner.grid.drivers.table import LOCAL
from gridrunner.grid.hubs.processes import list_drivers, reap_orphans
from gridrunner.grid.status import GridStatus, HubStatus, NodeState, NodeStatus, SessionStatus, SlotStatus
from gridrunner.text import count_of

NOTHING_TO_BRING_UP = (
    "nothing to bring up: `gridrunner run --grid local` starts the browsers that it needs and ends them"
)


def make_driver(settings: DriverSettings) -> LocalDriver:
    """The driver of this machine's browsers."""
    return LocalDriver(settings)


class LocalDriver:
    """Shows the browsers of this machine as one hub with one node."""

    def __init__(self, settings: DriverSettings) -> None:
        self._env = settings.env

    def up(self, size: GridSize, say: Say) -> GridStatus:
        """Check that there is a browser, and say that nothing else is needed. Raises UsageError without one."""
        del size
        say(NOTHING_TO_BRING_UP)
        return self.status()

    def status(self) -> GridStatus:
        """The browser that runs would use, and one slot per core; sessions are the chromedrivers that gridrunner
        started. Raises UsageError where there is no browser.
        """
        browser = find_browser(None, self._env)
        sessions = [
            SessionStatus(id=str(process.pid), name="chromedriver", owner=process.owner) for process in list_drivers()
        ]
        slots = [SlotStatus(session=session) for session in sessions]
        slots += [SlotStatus()] * max(0, (os.cpu_count() or 1) - len(slots))
        node = NodeStatus(name=LOCAL, state=NodeState.UP, slots=tuple(slots), detail=str(browser.binary))
        hub = HubStatus(name=LOCAL, url="", is_up=True, nodes=(node,))
        return GridStatus(name=LOCAL, driver=LOCAL, hubs=(hub,), detail=NOTHING_TO_BRING_UP)

    def scale(self, nodes: int, say: Say) -> GridStatus:
        """Refused: a run says by --slots how many browsers it wants."""
        del nodes, say
        raise UsageError("local has no nodes to scale", hint="say how many browsers a run may use: --slots N")

    def drain(self, node: str | None, say: Say) -> GridStatus:
        """Refused: browsers of this machine end with their run."""
        del node, say
        raise UsageError("local has no nodes to drain", hint="Ctrl-C ends a run and keeps its results")

    def reap(self, runs: Collection[str], say: Say) -> int:
        """End the browsers whose gridrunner is gone."""
        del runs
        ended = reap_orphans()
        say(f"ended {count_of(ended, 'browser')} of runs that are over")
        return ended

    def down(self, say: Say) -> None:
        """The same: browsers of runs that go on are theirs."""
        self.reap((), say)

    def open_for_run(self, demand: RunDemand, say: Say) -> AbstractContextManager[OpenGrid]:
        """Refused: a run opens browsers of this machine without a driver (`grid.hubs.local`)."""
        del demand, say
        raise UsageError("local is not a grid that can be brought up for a run")
