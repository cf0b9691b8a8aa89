"""Which slot does what next: sessions opened, chunks handed out, stragglers hedged. Owns the slots and what they hold;
the invariant: no slot with a session stands still while a visit waits that it could make sooner than others.

A slot keeps its session over chunks until it is recycled. The machine starts each visit itself, so what a chunk holds
and has not begun to visit is still in these books: a slot that would stand still takes it over from the fullest chunk.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from gridrunner.dispatch.machine.backlog import Work
from gridrunner.dispatch.machine.books import Books
from gridrunner.dispatch.machine.crew import KilledFor, OpenChunk, Slot, SlotPhase
from gridrunner.dispatch.machine.events import (
    AbandonSlot,
    CloseSession,
    KillSession,
    OpenSession,
    StartSlot,
    StartVisit,
)
from gridrunner.dispatch.machine.timers import Alarm
from gridrunner.dispatch.records import ChunkDone, SessionEnded, SessionOpening, VisitBegan
from gridrunner.model import Site


class Staffing:
    """The slots at work."""

    def __init__(self, books: Books) -> None:
        self.closing: dict[int, str] = {}
        """The hubs of the sessions that are being closed, by serial: their slots there are not free yet."""
        self.hedged_visits = 0
        self._books = books
        self._quick_visits: int | None = None  # of one `assign`: how many visits run where it is not slow

    # ------------------------------------------------------------------------------------------------------ handing out

    def assign(self) -> None:
        """Give every slot something to do that can have something."""
        self._grow_crew()
        self._take_turns()
        self._open_sessions(self._books.backlog.retry_count)
        ready = self._books.crew.in_phase(SlotPhase.READY)
        for slot in ready:
            if slot.chunk is not None and slot.chunk.pending:
                self._start_visit(slot, slot.chunk.pending.popleft())
        self._quick_visits = None
        for slot in self._sort_for_retries(ready):
            if slot.phase is not SlotPhase.READY or self._give_chunk(slot):
                continue
            if not len(self._books.backlog) and not self._books.balancer.is_slow(slot.hub):
                break  # what this one could not take over, the others cannot either
        self._open_sessions(len(self._books.backlog))
        self._drop_spare_sessions()

    def _take_turns(self) -> None:
        """What public domains may be asked for now."""
        backlog, courtesy, now_s = self._books.backlog, self._books.courtesy, self._books.outbox.now_s
        for work in courtesy.release(now_s, is_idle=not backlog.ordinary_count):
            backlog.add_turn(work)
        if courtesy.next_s is not None:
            self._books.timers.look_at(courtesy.next_s)

    def _drop_spare_sessions(self) -> None:
        """Sessions that no domain's next turn needs: a hub ends what stands still for long, and bills for it."""
        if len(self._books.courtesy) and not len(self._books.backlog):
            ready = self._books.crew.in_phase(SlotPhase.READY)
            for slot in ready[: max(0, len(ready) - self._books.courtesy.waiting_domains)]:
                self.drop_session(slot, "what is left waits for its domains' turns, and others can visit it")

    def _sort_for_retries(self, ready: list[Slot]) -> list[Slot]:
        """Fresh sessions first, because retries wait for them; then those on another hub than the next retry avoids,
        because one of them makes room for it.
        """
        if not self._books.backlog.retry_count:
            return ready
        avoided = self._books.backlog.retry_avoid_hub
        return sorted(ready, key=lambda slot: (slot.visits > 0, slot.hub == avoided))

    def timeout_of(self, site: Site) -> float:
        """The seconds after which a visit of `site` is overdue and its session is killed."""
        return (site.visit_timeout_s or self._books.settings.visit_timeout_s) + self._books.settings.visit_grace_s

    def _grow_crew(self) -> None:
        useful = min(
            self._books.settings.slots or len(self._books.planned),
            self._books.balancer.capacity,
            len(self._books.planned),
        )
        while self._books.crew.size < useful:
            self._books.outbox.add(StartSlot(slot=self._books.crew.add().name))

    def _open_sessions(self, count: int) -> None:
        """Have `count` sessions on their way, as far as slots and hubs allow."""
        missing = count - self._books.crew.count(SlotPhase.OPENING)
        if missing <= 0:
            return
        for slot in self._books.crew.in_phase(SlotPhase.IDLE)[:missing]:
            avoid = slot.avoid_hub or self._books.backlog.retry_avoid_hub
            choice = self._books.balancer.choose(
                self._books.outbox.now_s, avoid=avoid, may_queue=self._is_node_worth_its_start()
            )
            if choice.hub is None:
                if choice.retry_at_s is not None:
                    self._books.timers.look_at(choice.retry_at_s)
                return
            self._open_session(slot, choice.hub, choice.reason)

    def _is_node_worth_its_start(self) -> bool:
        """Whether what waits lasts longer than a node takes to start, so that a slot made on demand comes in time."""
        live = self._books.crew.live_count
        return not live or self._books.backlog.work_left_s / live >= self._books.settings.node_start_s

    def _open_session(self, slot: Slot, hub: str, reason: str) -> None:
        now_s, timeout_s = self._books.outbox.now_s, self._books.settings.session_timeout_s
        serial = self._books.crew.expect_session(slot, hub)
        self._books.balancer.reserve(hub, serial, now_s=now_s)
        self._books.timers.set(now_s + timeout_s + self._books.settings.kill_grace_s, Alarm.OPEN_OVERRUN, serial=serial)
        self._books.outbox.record(SessionOpening(at_s=now_s, slot=slot.name, hub=hub, reason=reason))
        self._books.outbox.add(OpenSession(slot=slot.name, serial=serial, hub=hub, timeout_s=timeout_s))

    def _give_chunk(self, slot: Slot) -> bool:
        """Have a slot that has a session and no chunk visit something; False when there is nothing for it."""
        self.end_chunk(slot)
        works = self._take_works(slot) if len(self._books.backlog) else self._take_over(slot)
        if works:
            slot.chunk = OpenChunk(id=self._books.crew.next_chunk_id(), pending=deque(works))
            self._start_visit(slot, slot.chunk.pending.popleft())
            return True
        may_hedge = (
            self._books.settings.hedge and not len(self._books.backlog) and not self._books.balancer.is_slow(slot.hub)
        )
        return may_hedge and self._hedge(slot)

    def _take_works(self, slot: Slot) -> Sequence[Work]:
        if self._books.backlog.retry_count:
            if slot.visits == 0:
                retry = self._books.backlog.take_retry(
                    hub=slot.hub, may_repeat=not self._books.balancer.has_other(slot.hub)
                )
                if retry:
                    return retry
            elif self._lacks_openings():
                self.drop_session(slot, "a retry needs a fresh session")
                return ()
        works = self._take_ordinary(slot)
        if works or not self._lacks_openings() or self._books.balancer.is_slow(slot.hub):
            return works
        if self._can_open_elsewhere(slot):
            self.drop_session(slot, "a retry needs a session on another hub")
            return ()
        return self._books.backlog.take_retry(hub=slot.hub, may_repeat=True)  # the same hub again, rather than not now

    def _take_ordinary(self, slot: Slot) -> Sequence[Work]:
        if self._books.balancer.is_slow(slot.hub):
            return self._books.backlog.take_shortest() if self._is_worth(slot) else ()
        return self._books.backlog.take_chunk(
            slots=self._books.crew.size, session_start_s=self._books.settings.session_start_s
        )

    def _lacks_openings(self) -> bool:
        """Whether more retries wait than fresh sessions are on their way."""
        return self._books.backlog.retry_count > self._books.crew.count(SlotPhase.OPENING) + len(self.closing)

    def _can_open_elsewhere(self, slot: Slot) -> bool:
        return self._books.balancer.choose(self._books.outbox.now_s, avoid=slot.hub).hub not in {None, slot.hub}

    def _is_worth(self, slot: Slot) -> bool:
        """Whether the slot, slow as its hub is, ends the shortest waiting visit before the others would come to it."""
        shortest_s = self._books.backlog.shortest_s()
        if shortest_s is None:
            return True
        if self._quick_visits is None:
            self._quick_visits = sum(
                1 for other in self._books.crew.visiting() if not self._books.balancer.is_slow(other.hub)
            )
        if self._quick_visits == 0:
            return True
        return self._books.balancer.is_worth(
            slot.hub, expected_s=shortest_s, wait_s=self._books.backlog.work_left_s / self._quick_visits
        )

    def _take_over(self, slot: Slot) -> Sequence[Work]:
        """The last site of the fullest chunk; nothing waits in the backlog."""
        holders = [other for other in self._books.crew.visiting() if other.chunk is not None and other.chunk.pending]
        if holders:
            fullest = max(holders, key=lambda other: other.pending_s)
            if fullest.chunk is not None and not self._books.balancer.is_slow(slot.hub):
                return (fullest.chunk.pending.pop(),)
        return ()

    def _start_visit(self, slot: Slot, work: Work, *, is_hedge: bool = False) -> None:
        now_s = self._books.outbox.now_s
        slot.work = work
        slot.attempt = self._books.attempts.start(work.site.id)
        slot.visit = self._books.crew.next_visit_number()
        slot.visit_started_s = now_s
        slot.stood_still_s = 0.0
        slot.is_hedge = is_hedge
        self._books.crew.move(slot, SlotPhase.VISITING)
        self._books.timers.set(
            now_s + self.timeout_of(work.site), Alarm.VISIT_OVERRUN, serial=slot.serial, number=slot.visit
        )
        self._books.outbox.record(
            VisitBegan(
                at_s=now_s,
                site=work.site.id,
                attempt=slot.attempt,
                slot=slot.name,
                hub=slot.hub,
                session=slot.session,
                chunk=slot.chunk.id if slot.chunk else 0,
                expected_s=work.expected_s,
                is_hedge=is_hedge,
            )
        )
        self._books.outbox.add(
            StartVisit(
                slot=slot.name,
                serial=slot.serial,
                site=work.site,
                attempt=slot.attempt,
                upcoming=self._guess_upcoming(slot),
            )
        )

    def _guess_upcoming(self, slot: Slot) -> Site | None:
        if slot.visits + 1 >= self._books.settings.visits_per_session:
            return None
        if slot.chunk is not None and slot.chunk.pending:
            return slot.chunk.pending[0].site
        return self._books.backlog.peek_site()

    def _hedge(self, slot: Slot) -> bool:
        """A second visit beside the one that is longest past its expectation, best from another hub; False: none is."""
        candidates = [
            other
            for other in self._books.crew.visiting()
            if other.work is not None
            and other.killed_for is None
            and self._books.attempts.is_alone(other.work.site.id)
            and not self._books.courtesy.is_bound(other.work.site.id)
        ]
        overdue = [other for other in candidates if self._hedge_at_s(other) <= self._books.outbox.now_s]
        if not overdue:
            if candidates:
                self._books.timers.look_at(min(self._hedge_at_s(other) for other in candidates))
            return False
        straggler = min(overdue, key=lambda other: (other.hub == slot.hub, self._hedge_at_s(other)))
        if straggler.work is None:
            return False
        self.hedged_visits += 1
        self._books.outbox.explain(
            f"{straggler.work.site.id} is visited a second time on {slot.hub}: its visit on {straggler.hub} has run "
            f"for {self._books.outbox.now_s - straggler.visit_started_s:.1f} s, and {straggler.work.expected_s:.1f} s "
            "were expected"
        )
        self._start_visit(slot, straggler.work, is_hedge=True)
        return True

    def _hedge_at_s(self, slot: Slot) -> float:
        expected_s = slot.work.expected_s if slot.work else 0.0
        return slot.visit_started_s + max(
            self._books.settings.hedge_min_s, self._books.settings.hedge_ratio * expected_s
        )

    # ----------------------------------------------------------------------------------------------------- taking back

    def end_chunk(self, slot: Slot) -> None:
        """What the slot's chunk still holds goes back to the front of the queue."""
        chunk, slot.chunk = slot.chunk, None
        if chunk is None:
            return
        self._books.backlog.put_back(tuple(chunk.pending))
        self._books.outbox.record(
            ChunkDone(
                at_s=self._books.outbox.now_s,
                chunk=chunk.id,
                slot=slot.name,
                hub=slot.hub,
                sites=tuple(chunk.visited),
                returned=tuple(work.site.id for work in chunk.pending),
            )
        )

    def drop_session(self, slot: Slot, reason: str, *, is_killed: bool = False) -> None:
        """The slot gives its session up; the hub's slot is free when the session is gone, or taken for free after a
        grace.
        """
        now_s, serial = self._books.outbox.now_s, slot.serial
        self.end_chunk(slot)
        self._books.outbox.record(
            SessionEnded(
                at_s=now_s, slot=slot.name, hub=slot.hub, session=slot.session, visits=slot.visits, reason=reason
            )
        )
        self.closing[serial] = slot.hub
        self._books.timers.set(now_s + self._books.settings.close_grace_s, Alarm.CLOSE_OVERRUN, serial=serial)
        self._books.outbox.add(KillSession(serial=serial) if is_killed else CloseSession(serial=serial))
        self._books.crew.forget_session(slot)

    def note_gone(self, serial: int) -> None:
        """A session that was given up is gone, or has had long enough for it."""
        hub = self.closing.pop(serial, None)
        if hub is not None:
            self._books.balancer.release(hub)

    def kill_visit(self, slot: Slot, reason: KilledFor) -> None:
        """End the slot's session under its visit; the visit comes back, or its slot is abandoned."""
        if slot.killed_for is not None:
            return
        slot.killed_for = reason
        self._books.outbox.add(KillSession(serial=slot.serial))
        self._books.timers.set(
            self._books.outbox.now_s + self._books.settings.kill_grace_s,
            Alarm.KILL_OVERRUN,
            serial=slot.serial,
            number=slot.visit,
        )

    def abandon(self, slot: Slot) -> None:
        """The slot's thread did not come back. Whatever it held was taken from it before."""
        self._books.outbox.explain(f"{slot.name} does not answer and is given up")
        self._books.outbox.add(AbandonSlot(slot=slot.name))
        self._books.crew.forget_session(slot)
        self._books.crew.move(slot, SlotPhase.ABANDONED)
