"""What stands at the dispatcher's ports: the judge, in rounds, and the journal, which its records become lines of."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

from gridrunner.dispatch import records
from gridrunner.dispatch.ports import JudgeSink
from gridrunner.judging.process import CollectedChecks, JudgeProcess
from gridrunner.model import Observation, Site
from gridrunner.results.journal import events
from gridrunner.text import MESSAGE_LIMIT, make_line


class JudgeRounds:
    """The judge process as the dispatcher wants it: a round begins with `submit` and ends when every site of it has its
    results.
    """

    def __init__(self, checks: CollectedChecks, sites: Sequence[Site], sink: JudgeSink) -> None:
        self._lock = threading.Lock()
        self._sink = sink
        self._checks, self._sites = checks, sites
        self._number = 0
        self._waiting = 0
        self._generation = 0
        self._has_failed = False
        self._process = self._start()

    def _start(self) -> JudgeProcess:
        end = partial(self._end_batch, self._generation)
        return JudgeProcess(self._checks, sites=self._sites, on_results=self._sink.results, on_batch=end)

    def _end_batch(self, generation: int, batch: Sequence[Observation], failure: BaseException | None) -> None:
        """A part of a round is over, in the thread of the process that had it; one that was given up is not heard."""
        with self._lock:
            if generation != self._generation:
                return
            self._waiting -= len(batch)
            self._has_failed = self._has_failed or failure is not None
            is_over, number = self._waiting == 0, self._number
        if is_over:
            said = None if failure is None else make_line(f"{type(failure).__name__}: {failure}", MESSAGE_LIMIT)
            self._sink.round_ended(number, said)

    def submit(self, number: int, observations: Sequence[Observation]) -> None:
        """Start round `number` and return at once. A process that failed is replaced."""
        if self._has_failed:
            self.restart()
        with self._lock:
            self._number, self._waiting = number, len(observations)
        self._process.submit(observations)

    def restart(self) -> None:
        """End the process, whatever it does, and start another."""
        with self._lock:
            self._generation += 1
            self._has_failed = False
        self._process.abort()
        self._checks = self._checks.again()
        self._process = self._start()

    def close(self) -> None:
        """Give up what is not judged yet."""
        self._process.abort()


def journal_event(record: records.DispatchRecord) -> events.Event | None:
    """The journal's event for a record of the dispatcher; None for what the journal can tell from other lines."""
    match record:
        case records.VisitBegan():
            return events.VisitStarted(
                site=record.site, attempt=record.attempt, slot=record.slot, hub=record.hub, at_s=_round(record.at_s)
            )
        case records.VisitObserved():
            return events.Observed(observation=record.observation)
        case records.FaultSeen():
            if record.observation is not None:
                return events.Observed(observation=record.observation)
            return events.Faulted(
                fault=record.fault, hub=record.hub, slot=record.slot, site=record.site, at_s=_round(record.at_s)
            )
        case records.ResultJudged():
            return events.Judged(result=record.result)
        case records.ChunkDone():
            return events.ChunkEnded(
                chunk=record.chunk,
                slot=record.slot,
                hub=record.hub,
                at_s=_round(record.at_s),
                sites_done=len(record.sites),
            )
        case records.SessionOpened():
            return events.SessionChanged(
                change=events.SessionChange.OPENED,
                slot=record.slot,
                hub=record.hub,
                node=record.node,
                session=record.session,
                at_s=_round(record.at_s),
                duration_s=_round(record.took_s),
            )
        case records.SessionEnded():
            return events.SessionChanged(
                change=events.SessionChange.CLOSED,
                slot=record.slot,
                hub=record.hub,
                session=record.session,
                at_s=_round(record.at_s),
            )
        case records.Decision() | records.WaitChanged() | records.RunStopping():
            return events.Decided(text=record.text, at_s=_round(record.at_s))
        case records.SessionOpening() | records.SiteFinished():
            return None


def _round(seconds: float) -> float:
    return round(seconds, 4)
