"""What follows from the end of a visit. Owns who bears a lost one; the invariant: only a session that died under a
site's own visit is charged to it, and a visit that we ended ourselves is charged to no site.
"""

from __future__ import annotations

import math
from typing import assert_never

from msgspec.structs import replace

from gridrunner.dispatch.machine.backlog import Work
from gridrunner.dispatch.machine.books import Books
from gridrunner.dispatch.machine.courtesy import Answer
from gridrunner.dispatch.machine.crew import KilledFor, Slot, SlotPhase
from gridrunner.dispatch.machine.events import VisitEnded
from gridrunner.dispatch.machine.ledger import Next
from gridrunner.dispatch.machine.losses import Blame, Losses
from gridrunner.dispatch.machine.staffing import Staffing
from gridrunner.dispatch.machine.verdicts import Judging
from gridrunner.dispatch.records import FaultSeen, VisitObserved
from gridrunner.model import Fault, FaultKind, Observation, Outcome, ReadyBy
from gridrunner.text import count_of, redact_url

_RECYCLED_AFTER = frozenset({Outcome.CRASHED, Outcome.TIMED_OUT})
"""After these a session is not used again: its renderer died or may still be busy."""

_UNSURE_AFTER_STANDSTILL = frozenset(
    {Outcome.TIMED_OUT, Outcome.UNREACHABLE, Outcome.CRASHED, Outcome.STEP_FAILED, Outcome.NAVIGATED_AWAY}
)
"""What a page that answers well comes to when the machine stops under it."""

UNCLEAR_ERRORS = frozenset({"net::ERR_TUNNEL_CONNECTION_FAILED", "net::ERR_SOCKS_CONNECTION_FAILED"})
"""A proxy's refusal: it may not reach that one site, or none at all (Squid answers 503 to both; of a SOCKS proxy's
answers Chromium tells none apart, and a dead one is ERR_PROXY_CONNECTION_FAILED; 156, 2026-11-30)."""

_OTHER_ELSEWHERE = frozenset({Outcome.BLOCKED, Outcome.REFUSED, Outcome.UNREACHABLE})
"""What may be otherwise for a visitor from another region."""

REACHED_WINDOW_S = 60.0
"""A page that came through the same hub within this shows that its way out is open: more than the longest visit."""


class Visits:
    """The ends of visits."""

    def __init__(self, books: Books, staffing: Staffing, judging: Judging) -> None:
        self.sessions_lost = 0
        self.last_loss: Fault | None = None
        self._books = books
        self._staffing = staffing
        self._judging = judging
        self._losses = Losses()
        self._reached_at_s: dict[tuple[str, str], float] = {}  # by hub and egress

    @property
    def loss_level(self) -> float:
        """Sessions lost that good visits have not made up for."""
        return self._losses.level

    def take(self, event: VisitEnded) -> None:
        """A visit came back; one that was given up before has been settled then."""
        slot = self._books.crew.find(event.serial)
        if slot is None or slot.phase is not SlotPhase.VISITING or slot.work is None:
            return
        observation = replace(  # where, when and which: our books know better than a session, which knows no run
            event.observation,
            site=slot.work.site.id,
            attempt=slot.attempt,
            slot=slot.name,
            hub=slot.hub,
            node=slot.node,
            session=slot.session,
            started_s=round(slot.visit_started_s, 4),
        )
        if fault := self._find_own_fault(slot, observation):
            observation = replace(observation, fault=fault)
        if observation.fault is None:
            self._end_good(slot, slot.work, observation, is_leaving=event.is_leaving)
        else:
            self.end_lost(slot, observation.fault, observation)

    def note_standstill(self, lost_s: float) -> None:
        """Our machine stood still: what visits come to that go on now may be its doing."""
        self._books.outbox.explain(f"this machine stood still for {lost_s:.1f} s; no limit counts them")
        for slot in self._books.crew.visiting():
            slot.stood_still_s += lost_s

    def _find_own_fault(self, slot: Slot, observation: Observation) -> Fault | None:
        """Why a visit that ended without a fault says nothing about its site; None where it does."""
        now_s = self._books.outbox.now_s
        if observation.fault is not None:
            return None
        is_unsure = observation.outcome in _UNSURE_AFTER_STANDSTILL or observation.ready_by is ReadyBy.DEADLINE
        if slot.stood_still_s and is_unsure:
            text = f"this machine stood still for {slot.stood_still_s:.1f} s during the visit"
            return Fault(kind=FaultKind.INTERRUPTED, message=text)
        way = (slot.hub, observation.visitor.get("egress", ""))
        if observation.http_status is not None:
            self._reached_at_s[way] = now_s
        reached_at_s = self._reached_at_s.get(way, -math.inf)
        if observation.detail in UNCLEAR_ERRORS and now_s - reached_at_s > REACHED_WINDOW_S:
            text = f"the proxy refuses the way to {redact_url(observation.url)}, as to any other site so far"
            return Fault(kind=FaultKind.NETWORK, message=f"{text} ({observation.detail})")
        return None

    def end_lost(self, slot: Slot, fault: Fault, observation: Observation | None) -> None:
        """The slot's visit came back with `fault`, or not at all (`observation` None): settle who bears it, drop the
        session, and have the site visited again if it is owed.
        """
        work, attempt, hub = slot.work, slot.attempt, slot.hub
        if work is None:
            return
        if slot.chunk is not None:
            slot.chunk.visited.append(work.site.id)
        fault, blame, step = self._settle_loss(slot, work, fault)
        self._books.outbox.record(
            FaultSeen(
                at_s=self._books.outbox.now_s,
                fault=fault,
                slot=slot.name,
                hub=hub,
                site=work.site.id,
                attempt=attempt,
                is_charged=blame.is_charged and step is not Next.IGNORED,
                observation=None if observation is None else replace(observation, fault=fault),
            )
        )
        self._end_turn(work.site.id, observation)
        self._staffing.drop_session(slot, fault.message, is_killed=True)
        if step is Next.FINISHED:
            self._judging.finish_site(work.site.id)
        elif step is Next.RETRY and self._books.wants_retries:
            if blame.is_charged or work.needs_fresh:
                work = replace(work, needs_fresh=True, avoid_hub=hub)
            self._books.visit_again(work)

    def _end_turn(self, site: str, observation: Observation | None) -> None:
        """The site's domain may be asked again, when its pause is over."""
        answer = Answer()
        if observation is not None:
            answer = Answer(
                status=observation.http_status,
                retry_after_s=observation.retry_after_s,
                address=observation.address,
            )
        why = self._books.courtesy.end(site, self._books.outbox.now_s, answer)
        if why:
            self._books.outbox.explain(why)

    def _end_good(self, slot: Slot, work: Work, observation: Observation, *, is_leaving: bool) -> None:
        now_s = self._books.outbox.now_s
        took_s = now_s - slot.visit_started_s
        self._books.balancer.note_visit(slot.hub, took_s=took_s, expected_s=work.expected_s, now_s=now_s)
        self._losses.note_good_visit(slot.hub)
        slot.visits += 1
        if slot.chunk is not None:
            slot.chunk.visited.append(work.site.id)
        self._end_turn(work.site.id, observation)
        step = self._try_elsewhere(work, observation) or self._books.attempts.end(observation)
        if step is Next.RETRY:
            self._books.visit_again(work)
        elif step is not Next.IGNORED:
            self._books.outbox.record(VisitObserved(at_s=now_s, observation=observation))
            if step is Next.FINISHED:
                self._judging.finish_site(work.site.id)
            else:
                self._judging.add(observation)
            self._kill_twins(slot, work.site.id)
        else:
            self._books.outbox.explain(
                f"{work.site.id}: visit {observation.attempt} does not count, another one was first"
            )
        self._books.crew.move(slot, SlotPhase.READY)
        slot.work = None
        if slot.killed_for is not None:
            self._staffing.drop_session(slot, "killed, and the visit ended all the same", is_killed=True)
        elif observation.outcome in _RECYCLED_AFTER:
            self._staffing.drop_session(slot, f"recycled: {work.site.id} {observation.outcome}", is_killed=True)
        elif is_leaving:
            self._staffing.drop_session(slot, f"its node {slot.node} drains")
        elif slot.visits >= self._books.settings.visits_per_session:
            self._staffing.drop_session(slot, f"recycled after {count_of(slot.visits, 'visit')}")
        elif not self._books.wants_retries:
            self._staffing.drop_session(slot, "the run ends")

    def _try_elsewhere(self, work: Work, observation: Observation) -> Next | None:
        """RETRY: the site is visited once more by another way before anything is judged; None: its visit counts."""
        egress = observation.visitor.get("egress", "")
        is_asked = self._books.settings.tries_elsewhere and egress and observation.attempt == 1
        if not is_asked or observation.outcome not in _OTHER_ELSEWHERE or not self._books.wants_retries:
            return None
        if self._books.attempts.give_back(work.site.id, observation.attempt) is not Next.RETRY:
            return None
        self._books.outbox.explain(
            f"{work.site.id}: {observation.outcome} by egress {egress}; visited once more from another region"
        )
        return Next.RETRY

    def _kill_twins(self, slot: Slot, site: str) -> None:
        """End the other visit of a hedged site: it lost the race."""
        if not self._books.settings.hedge:
            return
        for other in self._books.crew.in_phase(SlotPhase.VISITING):
            if other is not slot and other.work is not None and other.work.site.id == site:
                self._staffing.kill_visit(other, KilledFor.HEDGE)

    def _settle_loss(self, slot: Slot, work: Work, fault: Fault) -> tuple[Fault, Blame, Next]:
        """What to call the loss, who is charged, and what follows for the site."""
        site = work.site.id
        if slot.killed_for in {KilledFor.STOP, KilledFor.HEDGE}:
            why = "the run ends" if slot.killed_for is KilledFor.STOP else "another visit of the site was first"
            ended = Fault(kind=FaultKind.INTERRUPTED, message=f"we ended the visit: {why}")
            return ended, Blame(is_charged=False), self._books.attempts.give_back(site, slot.attempt)
        is_overrun = slot.killed_for is KilledFor.OVERRUN
        if is_overrun:
            text = f"the visit passed its bound of {self._staffing.timeout_of(work.site):g} s and its session was ended"
            fault = Fault(kind=FaultKind.SESSION_LOST, message=text)
            now_s = self._books.outbox.now_s
            took_s = now_s - slot.visit_started_s
            self._books.balancer.note_pace(slot.hub, took_s=took_s, expected_s=work.expected_s, now_s=now_s)
        self.last_loss = fault
        if slot.stood_still_s:
            blame = Blame(is_charged=False)
        else:
            blame = self._blame(slot.hub, site, fault, is_overrun=is_overrun)
        step = self._books.attempts.lose(site, slot.attempt, fault, is_charged=blame.is_charged)
        return fault, blame, step

    def _blame(self, hub: str, site: str, fault: Fault, *, is_overrun: bool) -> Blame:
        now_s = self._books.outbox.now_s
        self.sessions_lost += 1
        if is_overrun or fault.kind is FaultKind.INTERNAL:
            return self._losses.note_ended_by_us()
        self._books.balancer.note_lost(hub, now_s=now_s)
        match fault.kind:
            case FaultKind.SESSION_LOST:
                can_charge = True
            case FaultKind.HUB_UNREACHABLE | FaultKind.SESSION_NOT_CREATED | FaultKind.INTERRUPTED | FaultKind.NETWORK:
                can_charge = False
            case _:
                assert_never(fault.kind)
        blame = self._losses.note_loss(hub, site, at_s=now_s, can_charge=can_charge)
        for refunded in blame.refunds:
            self._books.attempts.refund(refunded)
        if blame.refunds:
            sites = ", ".join((*blame.refunds, site))
            self._books.outbox.explain(
                f"{hub}: several sessions died within seconds, so none of {sites} is charged for it"
            )
        return blame
