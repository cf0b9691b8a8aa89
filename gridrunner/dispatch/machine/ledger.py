"""What each site still owes and what it was charged. Owns attempts, faults and final results; the invariant: a site ends
once, with exactly one result a check, and only the site's own visits decide them.

A visit has a number (`attempt`, from 1) whatever becomes of it. Three budgets are kept apart: verdicts (`retries`),
sessions that died under the site (`fault_retries`), and faults of the grid (`uncharged_retries`, an end to what cannot
be the site's doing). Only the first can end as failed; the other two end as an error of ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from gridrunner.model import Fault, Observation, Result, Status
from gridrunner.text import count_of


class Next(Enum):
    """What follows for a site."""

    WAIT = auto()  # more results, or another visit of it, are on their way
    RETRY = auto()
    FINISHED = auto()
    IGNORED = auto()  # it was over before, or nobody asked


@dataclass(slots=True)
class _Account:
    visits: int = 0
    running: set[int] = field(default_factory=set)
    charged: int = 0
    uncharged: int = 0
    observed: Observation | None = None  # the visit that is being judged
    verdicts: int = 0
    judged: dict[str, Result] = field(default_factory=dict)  # of the attempt that is being judged
    best: dict[str, Result] = field(
        default_factory=dict
    )  # the last that speaks, as `results.verdicts.settling.settle` has it
    final: tuple[Result, ...] | None = None


class Ledger:
    """The accounts of all sites that are to be visited."""

    def __init__(
        self,
        sites: Iterable[str],
        checks: Sequence[str],
        *,
        retries: int,
        fault_retries: int,
        uncharged_retries: int,
        attempts: Mapping[str, int],
        excused: Collection[tuple[str, str]] = (),
    ) -> None:
        """`attempts` are visits that sites had before, by id: numbers only. `excused` are (check, site) whose failures
        their owners know of: they are neither tried again nor counted as failed.
        """
        self._checks = tuple(checks)
        self._accounts = {site: _Account(visits=attempts.get(site, 0)) for site in sites}
        self._retries = retries
        self._fault_retries = fault_retries
        self._uncharged_retries = uncharged_retries
        self._excused = frozenset(excused)
        self._open = len(self._accounts)
        self.failed_sites = 0
        self.visits = 0

    @property
    def open_count(self) -> int:
        """How many sites still owe something."""
        return self._open

    @property
    def finished(self) -> dict[str, tuple[Result, ...]]:
        """The final results by site, in the order of the sites given."""
        return {site: account.final for site, account in self._accounts.items() if account.final is not None}

    @property
    def missing(self) -> tuple[str, ...]:
        """The sites without final results, in the order given."""
        return tuple(site for site, account in self._accounts.items() if account.final is None)

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Those of `missing` that were visited and whose observation waits for its verdict."""
        return tuple(
            site for site, account in self._accounts.items() if account.final is None and account.observed is not None
        )

    def final_of(self, site: str) -> tuple[Result, ...] | None:
        """The site's final results, or None."""
        return self._accounts[site].final

    def made_up_of(self, site: str) -> tuple[Result, ...]:
        """Those of the final results that no judge said, but we, for want of a verdict."""
        account = self._accounts[site]
        return tuple(result for result in account.final or () if result.check not in account.best)

    def visits_of(self, site: str) -> int:
        """How many visits of the site were started."""
        return self._accounts[site].visits

    def charges_of(self, site: str) -> int:
        """How many dead sessions are charged to the site."""
        return self._accounts[site].charged

    def start_visit(self, site: str) -> int:
        """A visit begins; its attempt number."""
        account = self._accounts[site]
        account.visits += 1
        self.visits += 1
        account.running.add(account.visits)
        return account.visits

    def needs_visit(self, site: str, attempt: int) -> bool:
        """Whether the running visit `attempt` is still of use: no other visit of the site has been faster."""
        account = self._accounts[site]
        return account.final is None and account.observed is None and attempt in account.running

    def is_alone(self, site: str) -> bool:
        """Whether exactly one visit of the site runs, and is of use."""
        account = self._accounts[site]
        return account.final is None and account.observed is None and len(account.running) == 1

    def end_visit(self, observation: Observation) -> Next:
        """A visit ended without a fault. WAIT: its observation is the one to be judged; IGNORED: another one is."""
        account = self._accounts[observation.site]
        if not self.needs_visit(observation.site, observation.attempt):
            account.running.discard(observation.attempt)
            return Next.IGNORED
        account.running.clear()  # a hedge that comes later is told from a retry by its absence here
        account.observed = observation
        return Next.WAIT

    def give_back_visit(self, site: str, attempt: int) -> Next:
        """A visit ended because we stopped it; nobody is charged. RETRY: it is owed again."""
        return Next.RETRY if self._drop_visit(self._accounts[site], attempt) else Next.IGNORED

    def end_faulted_visit(self, site: str, attempt: int, fault: Fault, *, is_charged: bool) -> Next:
        """A visit ended with a fault; `is_charged` when it is the site's doing as far as anyone can tell. While another
        visit of the site runs, nothing is lost and nobody is charged.
        """
        account = self._accounts[site]
        if not self._drop_visit(account, attempt):
            return Next.IGNORED
        if is_charged:
            account.charged += 1
            is_over = account.charged > self._fault_retries
        else:
            account.uncharged += 1
            is_over = account.uncharged > self._uncharged_retries
        if not is_over:
            return Next.RETRY
        count = account.charged if is_charged else account.uncharged
        self._finish(site, attempt, f"{fault.kind.value}: {fault.message} ({count_of(count, 'visit')} lost)")
        return Next.FINISHED

    def refund(self, site: str) -> None:
        """A dead session turns out to be the hub's doing: take one charge back (it still counts as uncharged)."""
        account = self._accounts[site]
        if account.final is None and account.charged > 0:
            account.charged -= 1
            account.uncharged += 1

    def take_result(self, result: Result) -> Next:
        """One check judged. RETRY and FINISHED come with the attempt's last check; IGNORED for a repeated, unknown or
        late result.
        """
        account = self._accounts.get(result.site)
        if account is None or account.observed is None or result.check not in self._checks:
            return Next.IGNORED
        if result.attempt != account.observed.attempt or result.check in account.judged:
            return Next.IGNORED
        account.judged[result.check] = result
        if len(account.judged) < len(self._checks):
            return Next.WAIT
        return self._close_attempt(result.site, account)

    def find_unjudged_checks(self, observation: Observation) -> tuple[str, ...]:
        """The checks that `observation` still waits for; empty when it is judged or does not count."""
        account = self._accounts[observation.site]
        if account.observed is None or account.observed.attempt != observation.attempt:
            return ()
        return tuple(check for check in self._checks if check not in account.judged)

    def settle(self, site: str) -> bool:
        """Let what was judged stand although a confirmation is owed; False when nothing was judged."""
        account = self._accounts[site]
        if account.final is not None or len(account.best) < len(self._checks):
            return False
        self._finish(site, account.visits, "")
        return True

    def _drop_visit(self, account: _Account, attempt: int) -> bool:
        """Forget a running visit; whether the site is now without one that it needs."""
        if attempt not in account.running:
            return False
        account.running.discard(attempt)
        return account.final is None and account.observed is None and not account.running

    def _close_attempt(self, site: str, account: _Account) -> Next:
        for check, result in account.judged.items():
            before = account.best.get(check)
            if before is None or not (before.status is Status.FAILED and result.status is Status.SKIPPED):
                account.best[check] = result
        account.judged = {}
        account.observed = None
        account.verdicts += 1
        has_failed = self._has_failed(account.best.values())
        if has_failed and account.verdicts <= self._retries:
            return Next.RETRY
        self._finish(site, account.visits, "")
        return Next.FINISHED

    def _finish(self, site: str, attempt: int, message: str) -> None:
        """Close the account with what is known; a check without a verdict ends as our error."""
        account = self._accounts[site]
        account.final = tuple(
            account.best.get(check)
            or Result(check=check, site=site, attempt=attempt, status=Status.ERROR, message=message)
            for check in self._checks
        )
        account.running.clear()
        self._open -= 1
        if self._has_failed(account.final):
            self.failed_sites += 1

    def _has_failed(self, results: Iterable[Result]) -> bool:
        return any(
            result.status is Status.FAILED and (result.check, result.site) not in self._excused for result in results
        )
