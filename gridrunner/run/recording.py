"""What the dispatcher says, as lines of the journal: one function from record to event, and what is not kept."""

from __future__ import annotations

from gridrunner.dispatch import records
from gridrunner.results.journal import events


def journal_event(record: records.DispatchRecord) -> events.Event | None:
    """The journal's event for a record of the dispatcher; None for what the journal can tell from other lines."""
    match record:
        case records.VisitStarted():
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
        case records.ChunkEnded():
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
