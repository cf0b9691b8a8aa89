"""What each site still owes. Owns verdicts and final results; the invariant: a site ends once, with exactly one result
per check, and only observations of the site itself decide them.

A failing verdict is tried again within the budget of `retries`; how visits fare, and how often they may be lost, is
kept in `attempts`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from msgspec import Struct

from gridrunner.model import Observation, Result, Status


class Next(Enum):
    """What follows for a site."""

    WAIT = auto()  # more results, or another visit of it, are on their way
    RETRY = auto()
    FINISHED = auto()
    IGNORED = auto()  # it was over before, or it was not asked for


class Final(Struct, frozen=True, kw_only=True):
    """How a site ended. `entered` are those of its `results` that no judge said, but we, for want of a verdict."""

    results: tuple[Result, ...]
    entered: tuple[Result, ...]


class Reckoning(Struct, frozen=True, kw_only=True):
    """Where all sites stand, in the order given: the results of those that are finished, those that are not, and those
    of the latter whose observation waits for its verdict.
    """

    finished: dict[str, tuple[Result, ...]]
    missing: tuple[str, ...]
    unjudged: tuple[str, ...]


@dataclass(slots=True)
class _Account:
    observed: Observation | None = None  # the visit that is being judged
    verdicts: int = 0
    judged: dict[str, Result] = field(default_factory=dict)  # of the attempt that is being judged
    # The last that speaks, as `results.verdicts.settling.settle` has it.
    best: dict[str, Result] = field(default_factory=dict)
    final: tuple[Result, ...] | None = None


class Ledger:
    """The accounts of all sites that are to be visited."""

    def __init__(
        self,
        sites: Iterable[str],
        checks: Sequence[str],
        *,
        retries: int,
        excused: Collection[tuple[str, str]] = (),
    ) -> None:
        """`excused` are (check, site) whose failures their owners know of: they are neither tried again nor counted as
        failed.
        """
        self._checks = tuple(checks)
        self._accounts = {site: _Account() for site in sites}
        self._retries = retries
        self._excused = frozenset(excused)
        self._open = len(self._accounts)
        self.failed_sites = 0

    @property
    def open_count(self) -> int:
        """How many sites still owe something."""
        return self._open

    def reckon(self) -> Reckoning:
        """Where all sites stand."""
        return Reckoning(
            finished={site: account.final for site, account in self._accounts.items() if account.final is not None},
            missing=tuple(site for site, account in self._accounts.items() if account.final is None),
            unjudged=tuple(
                site
                for site, account in self._accounts.items()
                if account.final is None and account.observed is not None
            ),
        )

    def final_of(self, site: str) -> Final | None:
        """How the site ended, or None."""
        account = self._accounts[site]
        if account.final is None:
            return None
        entered = tuple(result for result in account.final if result.check not in account.best)
        return Final(results=account.final, entered=entered)

    def wants_visit(self, site: str) -> bool:
        """Whether a visit of the site is of use: it is not over, and no observation of it waits for its verdict."""
        account = self._accounts[site]
        return account.final is None and account.observed is None

    def observe(self, observation: Observation) -> Next:
        """This observation of a site that wants one is to be judged: WAIT; or, without checks to judge it: FINISHED."""
        account = self._accounts[observation.site]
        account.observed = observation
        return Next.WAIT if self._checks else self._close_attempt(observation.site, account)

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
        if account.final is not None or not account.verdicts or len(account.best) < len(self._checks):
            return False
        self._finish(account, tuple(account.best[check] for check in self._checks))
        return True

    def give_up(self, site: str, attempt: int, message: str) -> None:
        """The site is visited no more. What was judged stands; a check without a verdict ends as our error at
        `attempt`, and `message` says why.
        """
        account = self._accounts[site]
        results = tuple(
            account.best.get(check)
            or Result(check=check, site=site, attempt=attempt, status=Status.ERROR, message=message)
            for check in self._checks
        )
        self._finish(account, results)

    def _close_attempt(self, site: str, account: _Account) -> Next:
        for check, result in account.judged.items():
            before = account.best.get(check)
            if before is None or not (before.status is Status.FAILED and result.status is Status.SKIPPED):
                account.best[check] = result
        account.judged = {}
        account.observed = None
        account.verdicts += 1
        if self._has_failed(account.best.values()) and account.verdicts <= self._retries:
            return Next.RETRY
        self.settle(site)
        return Next.FINISHED

    def _finish(self, account: _Account, results: tuple[Result, ...]) -> None:
        account.final = results
        self._open -= 1
        if self._has_failed(results):
            self.failed_sites += 1

    def _has_failed(self, results: Iterable[Result]) -> bool:
        return any(
            result.status is Status.FAILED and (result.check, result.site) not in self._excused for result in results
        )
