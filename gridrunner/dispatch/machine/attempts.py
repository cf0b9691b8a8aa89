"""Which visits were made of each site, and what lost ones were charged to. Owns the numbers of visits and the budgets
of losses; the invariant: of visits to one site that run at once, the first that ends well counts, and one at most is
judged.

A visit has a number (`attempt`, from 1) whatever becomes of it. Two budgets are kept apart: sessions that died under
the site (`fault_retries`), and faults of the grid (`uncharged_retries`, an end to what cannot be the site's doing).
Either ends as an error of ours, never as a failure of the site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gridrunner.dispatch.machine.ledger import Ledger, Next
from gridrunner.model import Fault, Observation
from gridrunner.text import count_of


@dataclass(slots=True)
class _Account:
    visits: int = 0
    running: set[int] = field(default_factory=set)
    charged: int = 0
    uncharged: int = 0


class Attempts:
    """The visits of all sites; which of them the site still wants, the ledger knows."""

    def __init__(
        self,
        sites: Iterable[str],
        ledger: Ledger,
        *,
        fault_retries: int,
        uncharged_retries: int,
        before: Mapping[str, int],
    ) -> None:
        """`before` are visits that sites had in an earlier part of the run, by id: numbers only."""
        self._accounts = {site: _Account(visits=before.get(site, 0)) for site in sites}
        self._ledger = ledger
        self._fault_retries = fault_retries
        self._uncharged_retries = uncharged_retries
        self.count = 0
        """Visits that were started."""

    def count_of(self, site: str) -> int:
        """How many visits of the site were started, earlier parts of the run included."""
        return self._accounts[site].visits

    def start(self, site: str) -> int:
        """A visit begins; its attempt number."""
        account = self._accounts[site]
        account.visits += 1
        self.count += 1
        account.running.add(account.visits)
        return account.visits

    def is_alone(self, site: str) -> bool:
        """Whether exactly one visit of the site runs, and is of use."""
        return self._ledger.wants_visit(site) and len(self._accounts[site].running) == 1

    def end(self, observation: Observation) -> Next:
        """A visit ended without a fault. WAIT: its observation is the one to be judged; FINISHED: it is,
        and nothing judges it; IGNORED: another one is.
        """
        account = self._accounts[observation.site]
        if not self._ledger.wants_visit(observation.site) or observation.attempt not in account.running:
            account.running.discard(observation.attempt)
            return Next.IGNORED
        account.running.clear()  # a hedge that comes later is told from a retry by its absence here
        return self._ledger.observe(observation)

    def give_back(self, site: str, attempt: int) -> Next:
        """A visit ended because we stopped it; no site is charged. RETRY: it is owed again."""
        return Next.RETRY if self._drop(site, attempt) else Next.IGNORED

    def lose(self, site: str, attempt: int, fault: Fault, *, is_charged: bool) -> Next:
        """A visit ended with a fault; `is_charged` when it is the site's doing as far as anyone can tell. While another
        visit of the site runs, nothing is lost and no site is charged.
        """
        if not self._drop(site, attempt):
            return Next.IGNORED
        account = self._accounts[site]
        if is_charged:
            account.charged += 1
            lost, most = account.charged, self._fault_retries
        else:
            account.uncharged += 1
            lost, most = account.uncharged, self._uncharged_retries
        if lost <= most:
            return Next.RETRY
        self._ledger.give_up(site, attempt, f"{fault.kind.value}: {fault.message} ({count_of(lost, 'visit')} lost)")
        return Next.FINISHED

    def refund(self, site: str) -> None:
        """A dead session turns out to be the hub's doing: take one charge back (it still counts as uncharged)."""
        account = self._accounts[site]
        if self._ledger.final_of(site) is None and account.charged > 0:
            account.charged -= 1
            account.uncharged += 1

    def _drop(self, site: str, attempt: int) -> bool:
        """Forget a running visit; whether the site is now without one that it needs."""
        running = self._accounts[site].running
        if attempt not in running:
            return False
        running.discard(attempt)
        return self._ledger.wants_visit(site) and not running
