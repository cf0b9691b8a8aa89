"""What the parts of the machine share: the books of one run, each with an owner of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gridrunner.dispatch.machine.attempts import Attempts
from gridrunner.dispatch.machine.backlog import Backlog, Work
from gridrunner.dispatch.machine.balancer import Balancer
from gridrunner.dispatch.machine.courtesy import Courtesy
from gridrunner.dispatch.machine.crew import Crew
from gridrunner.dispatch.machine.ledger import Ledger
from gridrunner.dispatch.machine.outages import Outages
from gridrunner.dispatch.machine.outbox import Outbox
from gridrunner.dispatch.machine.timers import Timers
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.model import PlannedSite


@dataclass(slots=True, kw_only=True)
class Books:
    """The books of a run. `planned` are the sites that it visits, by id; `wants_retries`: what failed or was lost is
    visited again, not any more when the run stops.
    """

    settings: DispatchSettings
    planned: Mapping[str, PlannedSite]
    ledger: Ledger
    attempts: Attempts
    backlog: Backlog
    courtesy: Courtesy
    outages: Outages
    balancer: Balancer
    crew: Crew = field(default_factory=Crew)
    timers: Timers = field(default_factory=Timers)
    outbox: Outbox = field(default_factory=Outbox)
    wants_retries: bool = True

    def visit_again(self, work: Work) -> None:
        """One more visit of a site is owed, if need be in a fresh session; on a public domain when its turn comes."""
        if self.courtesy.is_bound(work.site.id):
            self.courtesy.hold(work)
        elif work.is_in_doubt:
            self.backlog.put_last(work)
        elif work.needs_fresh:
            self.backlog.add_retry(work)
        else:
            self.backlog.put_back((work,))
