"""From observations to verdicts. Owns the rounds of the judge and what follows from a result; the invariant: every
observation that counts gets a result for each check, if need be one that says that the check was not judged.
"""

from __future__ import annotations

from enum import Enum, auto

from gridrunner.dispatch.machine.backlog import Work
from gridrunner.dispatch.machine.books import Books
from gridrunner.dispatch.machine.events import RestartJudge, SubmitRound
from gridrunner.dispatch.machine.ledger import Next
from gridrunner.dispatch.machine.rounds import Rounds
from gridrunner.dispatch.machine.timers import Alarm
from gridrunner.dispatch.records import ResultJudged, SiteFinished
from gridrunner.model import Observation, Result, Status


class Silence(Enum):
    """What the silence of the judge comes to."""

    NONE = auto()  # there is none
    RESTARTED = auto()  # the first: it begins anew
    LOST = auto()  # it was begun anew before


class Judging:
    """The judge's side of a run."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._heard_at_s = 0.0
        self._was_restarted = False
        self._hub_of: dict[str, str] = {}  # where a site was observed last: a retry had better go elsewhere
        self._rounds = Rounds(batch=books.settings.judge_batch, interval_s=books.settings.judge_interval_s)

    @property
    def is_done(self) -> bool:
        """Whether no observation waits for a verdict."""
        return self._rounds.is_empty

    @property
    def due_at_s(self) -> float | None:
        """When a round goes out however small it is; None when nothing waits or the judge is busy."""
        return self._rounds.due_at_s

    def add(self, observation: Observation) -> None:
        """One more observation to be judged."""
        self._hub_of[observation.site] = observation.hub
        confirms_failure = observation.attempt > 1 and self._books.settings.max_failures is not None
        self._rounds.add(observation, at_s=self._books.outbox.now_s, is_urgent=confirms_failure)

    def submit_round(self, *, is_idle: bool) -> None:
        """Give the judge what waits, if it is time; `is_idle`: slots stand still and verdicts may give them work."""
        observations = self._rounds.take(at_s=self._books.outbox.now_s, is_idle=is_idle)
        if observations:
            due_s = self._books.outbox.now_s + self._books.settings.judge_timeout_s
            self._books.timers.set(due_s, Alarm.ROUND_OVERRUN, number=self._rounds.number)
            self._heard_at_s = self._books.outbox.now_s
            self._books.outbox.add(SubmitRound(number=self._rounds.number, observations=observations))

    def take_result(self, result: Result) -> None:
        """The judge said something; what is repeated, late or unknown does not count."""
        self._heard_at_s = self._books.outbox.now_s
        step = self._books.ledger.take_result(result)
        if step is Next.IGNORED:
            return
        self._books.outbox.record(ResultJudged(at_s=self._books.outbox.now_s, result=result))
        if step is Next.FINISHED:
            self._record_finished(result.site)
        elif step is Next.RETRY and self._books.wants_retries:
            owed, hub = self._books.planned[result.site], self._hub_of.get(result.site)
            self._books.visit_again(Work(site=owed.site, expected_s=owed.expected_s, needs_fresh=True, avoid_hub=hub))

    def note_silence(self, number: int) -> Silence:
        """The limit of round `number` has passed: what that means. A judge that is slow and answers is not silent."""
        if number != self._rounds.number or not self._rounds.is_out:
            return Silence.NONE
        limit_s = self._books.settings.judge_timeout_s
        due_s = self._heard_at_s + limit_s
        if due_s > self._books.outbox.now_s:
            self._books.timers.set(due_s, Alarm.ROUND_OVERRUN, number=number)
            return Silence.NONE
        if self._was_restarted:
            return Silence.LOST
        self._was_restarted = True
        self._books.outbox.add(RestartJudge())
        self.end_round(number, f"the judge said nothing for {limit_s:.0f} s; it is started again")
        return Silence.RESTARTED

    def end_round(self, number: int, error: str | None) -> None:
        """Round `number` is over; what it left unjudged goes out once more, then ends as an error."""
        if number != self._rounds.number or not self._rounds.is_out:
            return  # the end of a round that was given up
        if error is not None:
            self._books.outbox.explain(f"round {number} of the judge: {error}")
        for observation in self._rounds.end():
            unjudged = self._books.ledger.find_unjudged_checks(observation)
            if not unjudged or self._rounds.repeat(observation, at_s=self._books.outbox.now_s):
                continue
            for check in unjudged:
                self.take_result(
                    Result(
                        check=check,
                        site=observation.site,
                        attempt=observation.attempt,
                        status=Status.ERROR,
                        message=f"the check was not judged in two rounds: {error or 'the judge said nothing of it'}",
                    )
                )

    def finish_site(self, site: str) -> None:
        """The site owes nothing more, and not by the judge's last word: keep the errors that stand in for verdicts."""
        final = self._books.ledger.final_of(site)
        for result in final.entered if final is not None else ():
            self._books.outbox.record(ResultJudged(at_s=self._books.outbox.now_s, result=result))
        self._record_finished(site)

    def _record_finished(self, site: str) -> None:
        final = self._books.ledger.final_of(site)
        self._books.outbox.record(
            SiteFinished(
                at_s=self._books.outbox.now_s,
                site=site,
                attempts=self._books.attempts.count_of(site),
                results=final.results if final is not None else (),
            )
        )
