"""What follows from the end of a visit. Owns who bears a lost one; the invariant: only a session that died under a
site's own visit is charged to it, and a visit that we ended ourselves is charged to no site.
"""

from __future__ import annotations

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
from gridrunner.dispatch.records import FaultSeen, VisitObserved, WaitChanged
from gridrunner.model import Fault, FaultKind, Observation, Outcome, ReadyBy
from gridrunner.text import count_of

_RECYCLED_AFTER = frozenset({Outcome.CRASHED, Outcome.TIMED_OUT})
"""After these a session is not used again: its renderer died or may still be busy."""

_UNSURE_AFTER_STANDSTILL = frozenset(
    {Outcome.TIMED_OUT, Outcome.UNREACHABLE, Outcome.CRASHED, Outcome.STEP_FAILED, Outcome.NAVIGATED_AWAY}
)
"""What a page that answers well comes to when the machine stops under it."""

_OTHER_ELSEWHERE = frozenset({Outcome.BLOCKED, Outcome.REFUSED, Outcome.UNREACHABLE})
"""What may be otherwise for a visitor from another region."""


class Visits:
    """The ends of visits."""

    def __init__(self, books: Books, staffing: Staffing, judging: Judging) -> None:
        self.sessions_lost = 0
        self.last_loss: Fault | None = None
        self._books = books
        self._staffing = staffing
        self._judging = judging
        self._losses = Losses()

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
        if observation.http_status is not None or observation.outcome is Outcome.OBSERVED:
            self._note_answer(slot, observation)
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
        if observation.fault is not None:
            return None
        is_unsure = observation.outcome in _UNSURE_AFTER_STANDSTILL or observation.ready_by is ReadyBy.DEADLINE
        if slot.stood_still_s and is_unsure:
            text = f"this machine stood still for {slot.stood_still_s:.1f} s during the visit"
            return Fault(kind=FaultKind.INTERRUPTED, message=text)
        doubt = self._books.outages.explain_doubt(_way_of(slot, observation), observation, slot.visit_started_s)
        return Fault(kind=FaultKind.NETWORK, message=doubt) if doubt else None

    def _note_answer(self, slot: Slot, observation: Observation) -> None:
        """A site was reached: so is whatever else there is."""
        now_s, way = self._books.outbox.now_s, _way_of(slot, observation)
        if words := self._books.outages.note_answer(way, observation.site, slot.visit_started_s, now_s):
            self._books.balancer.rest(slot.hub, now_s)
            self._books.outbox.record(WaitChanged(at_s=now_s, is_waiting=False, text=words))

    def _wait_for_network(self, slot: Slot, work: Work, fault: Fault, way: str) -> None:
        """A visit was lost to the network: ask others first, and give it time."""
        books, site, now_s = self._books, work.site.id, self._books.outbox.now_s
        waits = books.backlog.sure_count or books.backlog.retry_count or books.courtesy.has_sure
        running = (other.work for other in books.crew.visiting() if other is not slot and other.work is not None)
        has_others = bool(waits) or any(not other.is_in_doubt for other in running)
        if not has_others and not work.is_witness:
            has_others = self._call_witness(site)
        was_waiting = books.outages.waiting_since_s is not None
        until_s = books.outages.note_loss(way, site, fault, now_s, has_others=has_others, is_whole_hub=way == slot.hub)
        if until_s is not None:
            books.balancer.rest(slot.hub, until_s)
            if not was_waiting:
                text = (
                    f"{books.outages.describe(now_s)}; waiting for it for up to {books.settings.outage_limit_s:.0f} s"
                )
                books.outbox.record(WaitChanged(at_s=now_s, is_waiting=True, text=text))

    def _call_witness(self, site: str) -> bool:
        """No other site is left that could tell a dead site from a dead network: one that answered is asked once more.
        False: there is none.
        """
        witness = self._books.outages.find_witness(site)
        if witness is None or self._books.ledger.wants_visit(witness):
            return False
        planned = self._books.planned[witness]
        self._books.outbox.explain(f"{witness} is visited again: if it answers, {site} is down, and not the network")
        self._books.visit_again(Work(site=planned.site, expected_s=planned.expected_s, is_witness=True))
        return True

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
        if fault.kind is FaultKind.NETWORK:
            work = replace(work, is_in_doubt=True, needs_fresh=False)
            self._wait_for_network(slot, work, fault, slot.hub if observation is None else _way_of(slot, observation))
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
        elif not work.is_witness:
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
        if fault.kind is FaultKind.NETWORK and slot.killed_for is None:
            return fault, Blame(is_charged=False), self._lose_to_network(slot, site, fault)
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

    def _lose_to_network(self, slot: Slot, site: str, fault: Fault) -> Next:
        """While the run waits, its limit is the end; otherwise the budget of what cannot be the site's doing."""
        if self._books.outages.waiting_since_s is not None:
            return self._books.attempts.give_back(site, slot.attempt)
        return self._books.attempts.lose(site, slot.attempt, fault, is_charged=False)

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


def _way_of(slot: Slot, observation: Observation) -> str:
    """By which way a visit left: that of its hub, or its egress from there."""
    egress = observation.visitor.get("egress", "")
    return f"{slot.hub} by {egress}" if egress else slot.hub
