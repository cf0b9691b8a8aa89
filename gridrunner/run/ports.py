"""What stands at the dispatcher's ports: the judge, in rounds, and the journal, which its records become lines of."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from gridrunner.dispatch import records
from gridrunner.dispatch.ports import JudgeSink
from gridrunner.judging.process import CollectedChecks, JudgeProcess
from gridrunner.model import Observation, Result, Site
from gridrunner.results.journal import events


class JudgeRounds:
    """The judge process as the dispatcher wants it: a round begins with `submit` and ends when every site of it has its
    results.
    """

    def __init__(self, checks: CollectedChecks, sites: Sequence[Site], sink: JudgeSink) -> None:
        self._lock = threading.Lock()
        self._sink = sink
        self._waiting: set[tuple[str, int]] = set()
        self._process = JudgeProcess(checks, sites=sites, on_results=self._take)

    def _take(self, results: list[Result]) -> None:
        """Results from the process, in its thread."""
        self._sink.results(results)
        with self._lock:
            self._waiting.difference_update((result.site, result.attempt) for result in results)
            is_over = not self._waiting
        if is_over:
            self._sink.round_ended()

    def submit(self, observations: Sequence[Observation]) -> None:
        """Start a round and return at once."""
        with self._lock:
            self._waiting = {(observation.site, observation.attempt) for observation in observations}
        self._process.submit(observations)

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
        case records.Decision() | records.RunStopping():
            return events.Decided(text=record.text, at_s=_round(record.at_s))
        case records.SessionOpening() | records.SiteFinished():
            return None


def _round(seconds: float) -> float:
    return round(seconds, 4)
