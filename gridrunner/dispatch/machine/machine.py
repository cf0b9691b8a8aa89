"""The dispatch of a run as a state machine: an event in, actions out. Owns every decision about visits, retries and the
end; the invariant: each site that was to be visited ends in the summary exactly once, finished or missing.

Nothing here waits, reads a clock or holds a lock: the time is in the events, in seconds since the run began, and
`wake_at_s` says when a Tick is due. State changes only through `handle`, so a recorded list of events replays a run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import Enum, auto
from typing import assert_never

from gridrunner.dispatch.machine.attempts import Attempts
from gridrunner.dispatch.machine.backlog import Backlog, Work
from gridrunner.dispatch.machine.balancer import Balancer
from gridrunner.dispatch.machine.books import Books
from gridrunner.dispatch.machine.courtesy import Courtesy
from gridrunner.dispatch.machine.crew import KilledFor, Slot, SlotPhase
from gridrunner.dispatch.machine.events import (
    Action,
    EndRun,
    HubCapacity,
    KillSession,
    MachineEvent,
    ResultsArrived,
    RoundEnded,
    RunStarted,
    SessionCreated,
    SessionGone,
    SessionRefused,
    StoodStill,
    StopRequested,
    Tick,
    VisitEnded,
)
from gridrunner.dispatch.machine.ledger import Ledger
from gridrunner.dispatch.machine.outages import Outages
from gridrunner.dispatch.machine.staffing import Staffing
from gridrunner.dispatch.machine.timers import Alarm, Timer
from gridrunner.dispatch.machine.verdicts import Judging, Silence
from gridrunner.dispatch.machine.visits import Visits
from gridrunner.dispatch.records import (
    FaultSeen,
    RunStopping,
    SessionOpened,
)
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.summary import DispatchSummary, StoppedBy
from gridrunner.model import Fault, FaultKind, Plan, PlannedSite
from gridrunner.planning.domains import find_domain
from gridrunner.planning.plan import order_sites, owed_sites
from gridrunner.results.verdicts.quarantine import list_excused
from gridrunner.text import count_of


class Phase(Enum):
    """How far the run is."""

    RUNNING = auto()
    STOPPING = auto()  # no new visits; what runs may end, then is killed; what was visited may be judged
    CLOSING = auto()  # only sessions are still to be closed
    ENDED = auto()


class Machine:
    """One run. The shell feeds it events and carries out its actions, one event at a time."""

    def __init__(
        self,
        *,
        plan: Plan,
        settings: DispatchSettings,
        balancer: Balancer,
        todo: Collection[str] | None = None,
        early: frozenset[str] = frozenset(),
        attempts: Mapping[str, int] | None = None,
    ) -> None:
        """`todo` are the ids of the sites to visit, None: all that the plan (or its shard) owes; `early` those that get
        an early place (see `find_early_sites`); `attempts` the visits that sites had before this run was resumed, by
        id: numbering goes on after them, budgets begin anew.
        """
        chosen = None if todo is None else frozenset(todo)
        planned = [owed for owed in owed_sites(plan) if chosen is None or owed.site.id in chosen]
        self.phase = Phase.RUNNING
        sites = {owed.site.id: owed for owed in planned}
        ledger = Ledger(
            sites,
            plan.checks,
            retries=settings.retries,
            excused=list_excused([owed.site for owed in planned], plan.checks),
        )
        domains = _find_domains(planned, settings)
        courtesy = Courtesy({} if settings.host_delay_s is None else domains, settings.host_delay_s or 0.0)
        first = [Work(site=owed.site, expected_s=owed.expected_s) for owed in order_sites(planned, early)]
        self._books = Books(
            settings=settings,
            planned=sites,
            ledger=ledger,
            attempts=Attempts(
                sites,
                ledger,
                fault_retries=settings.fault_retries,
                uncharged_retries=settings.uncharged_retries,
                before=attempts or {},
            ),
            backlog=Backlog(courtesy.admit(first)),
            courtesy=courtesy,
            outages=Outages(domains),
            balancer=balancer,
        )
        self._staffing = Staffing(self._books)
        self._judging = Judging(self._books)
        self._visits = Visits(self._books, self._staffing, self._judging)
        self._sessions_opened = 0
        self._without_session_since_s: float | None = None
        self._unreachable_hubs: set[str] = set()
        self._stopped_by = StoppedBy.FINISHED
        self._reason = "every site has its results"
        self._may_judge = True

    @property
    def wake_at_s(self) -> float | None:
        """When a Tick is due if nothing happens before; None: never."""
        due_at_s = self._judging.due_at_s if self.phase is Phase.RUNNING else None
        return min((at_s for at_s in (self._books.timers.next_s, due_at_s) if at_s is not None), default=None)

    def handle(self, event: MachineEvent) -> list[Action]:
        """Take in what happened; what is to be done about it, in this order."""
        self._books.outbox.now_s = max(self._books.outbox.now_s, event.at_s)
        match event:
            case RunStarted():
                if self._books.settings.deadline_s is not None:
                    self._books.timers.set(self._books.settings.deadline_s, Alarm.DEADLINE)
            case HubCapacity():
                self._take_capacity(event)
            case SessionCreated():
                self._take_session(event)
            case SessionRefused():
                self._take_refusal(event.serial, event.fault)
            case VisitEnded():
                self._visits.take(event)
            case SessionGone():
                self._staffing.note_gone(event.serial)
            case ResultsArrived():
                for result in event.results:
                    self._judging.take_result(result)
            case RoundEnded():
                self._judging.end_round(event.number, event.error)
            case StopRequested():
                self._take_stop_request()
            case StoodStill():
                self._visits.note_standstill(event.lost_s)
            case Tick():
                pass
            case _:
                assert_never(event)
        for timer in self._books.timers.take_due(self._books.outbox.now_s):
            self._ring(timer)
        self._advance()
        return self._books.outbox.take()

    # ---------------------------------------------------------------------------------------------------- what goes on

    def _advance(self) -> None:
        if self.phase is Phase.RUNNING:
            self._check_limits()
        if self.phase is Phase.RUNNING:
            self._staffing.assign()
            self._watch_outage()
            self._watch_network()
            self._submit_round()
        if self.phase is Phase.STOPPING:
            self._go_on_stopping()
        for note in self._books.balancer.take_notes():
            self._books.outbox.explain(note)
        if self.phase is Phase.CLOSING and not self._staffing.closing:
            self._end_run()

    def _check_limits(self) -> None:
        most = self._books.settings.max_failures
        ceiling = self._books.settings.count_crash_ceiling(self._books.crew.size)
        if self._books.ledger.open_count == 0:
            self._stop(StoppedBy.FINISHED, self._reason)
        elif most is not None and self._books.ledger.failed_sites >= most:
            self._stop(
                StoppedBy.MAX_FAILURES,
                f"{count_of(self._books.ledger.failed_sites, 'site')} failed, and the limit is {most}",
            )
        elif self._visits.loss_level > ceiling:
            self._stop_for_losses(ceiling)

    def _stop_for_losses(self, ceiling: int) -> None:
        fault, lost = self._visits.last_loss, count_of(self._visits.sessions_lost, "session")
        last = f"; the last: {fault.message}" if fault is not None else ""
        self._stop(StoppedBy.CRASH_LOOP, f"{lost} died, {ceiling} more than visits ended well make up for{last}")

    def _watch_outage(self) -> None:
        """Set or check the time since which visits wait and no session is to be had."""
        if self._books.crew.live_count or not len(self._books.backlog):
            self._without_session_since_s = None
            return
        limit_s = self._books.settings.outage_limit_s
        if self._without_session_since_s is None:
            self._without_session_since_s = self._books.outbox.now_s
        end_s = self._without_session_since_s + limit_s
        if self._books.outbox.now_s >= end_s:
            why = self._books.balancer.describe(self._books.outbox.now_s)
            self._stop(StoppedBy.GRID_LOST, f"no session could be had for {limit_s:.0f} s: {why}")
        else:
            self._books.timers.look_at(end_s)

    def _watch_network(self) -> None:
        """End a wait for any site to answer that takes too long."""
        since_s = self._books.outages.waiting_since_s
        if since_s is None or self.phase is not Phase.RUNNING:
            return
        end_s = since_s + self._books.settings.outage_limit_s
        if self._books.outbox.now_s >= end_s:
            self._stop(StoppedBy.GRID_LOST, self._books.outages.describe(self._books.outbox.now_s))
        else:
            self._books.timers.look_at(end_s)

    def _submit_round(self) -> None:
        stands_still = self._books.crew.count(SlotPhase.READY) or self._books.crew.count(SlotPhase.IDLE)
        self._judging.submit_round(is_idle=bool(stands_still) and not len(self._books.backlog))

    def _ring(self, timer: Timer) -> None:
        slot = self._books.crew.find(timer.serial)
        is_same_visit = slot is not None and slot.phase is SlotPhase.VISITING and slot.visit == timer.number
        match timer.alarm:
            case Alarm.LOOK:
                pass
            case Alarm.OPEN_OVERRUN:
                if slot is not None and slot.phase is SlotPhase.OPENING:
                    self._abandon(slot)
            case Alarm.VISIT_OVERRUN:
                if slot is not None and is_same_visit:
                    self._staffing.kill_visit(slot, KilledFor.OVERRUN)
            case Alarm.KILL_OVERRUN:
                if slot is not None and is_same_visit:
                    self._abandon(slot)
            case Alarm.CLOSE_OVERRUN:
                self._staffing.note_gone(timer.serial)
            case Alarm.ROUND_OVERRUN:
                if self._judging.note_silence(timer.number) is Silence.LOST:
                    self._lose_judge()
            case Alarm.DEADLINE:
                self._stop(
                    StoppedBy.DEADLINE, f"the run's deadline of {self._books.settings.deadline_s:.0f} s has passed"
                )
            case Alarm.STOP_GRACE:
                self._kill_visits()
            case Alarm.STOP_KILL:
                for stuck in self._books.crew.in_phase(SlotPhase.VISITING) + self._books.crew.in_phase(
                    SlotPhase.OPENING
                ):
                    self._abandon(stuck)
            case Alarm.FINAL_JUDGE:
                self._may_judge = False
            case _:
                assert_never(timer.alarm)

    # ------------------------------------------------------------------------------------------------ hubs and sessions

    def _take_capacity(self, event: HubCapacity) -> None:
        if event.fault is None:
            self._unreachable_hubs.discard(event.hub)
            self._books.balancer.set_capacity(event.hub, event.slots)
        elif event.hub not in self._unreachable_hubs:  # said once, not every few seconds
            self._unreachable_hubs.add(event.hub)
            self._books.outbox.record(
                FaultSeen(at_s=self._books.outbox.now_s, fault=event.fault, slot="", hub=event.hub)
            )

    def _take_session(self, event: SessionCreated) -> None:
        slot = self._books.crew.find(event.serial)
        if slot is None or slot.phase is not SlotPhase.OPENING:
            self._books.outbox.add(KillSession(serial=event.serial))  # too late: its slot was given up
            return
        took_s = self._books.balancer.note_opened(slot.hub, event.serial, now_s=self._books.outbox.now_s)
        self._sessions_opened += 1
        slot.node, slot.session, slot.avoid_hub = event.node, event.session, None
        self._books.crew.move(slot, SlotPhase.READY)
        self._books.outbox.record(
            SessionOpened(
                at_s=self._books.outbox.now_s,
                slot=slot.name,
                hub=slot.hub,
                node=slot.node,
                session=slot.session,
                took_s=took_s,
            )
        )
        if self.phase is not Phase.RUNNING:
            self._staffing.drop_session(slot, "the run ends", is_killed=True)

    def _take_refusal(self, serial: int, fault: Fault) -> None:
        slot = self._books.crew.find(serial)
        if slot is None or slot.phase is not SlotPhase.OPENING:
            return
        self._books.balancer.note_refused(slot.hub, serial, now_s=self._books.outbox.now_s)
        slot.avoid_hub = slot.hub
        self._books.outbox.record(FaultSeen(at_s=self._books.outbox.now_s, fault=fault, slot=slot.name, hub=slot.hub))
        self._books.crew.forget_session(slot)

    def _abandon(self, slot: Slot) -> None:
        """The slot's thread is stuck: end what it was about without it."""
        if slot.phase is SlotPhase.OPENING:
            text = f"{slot.hub} neither gave nor refused a session in time"
            self._take_refusal(slot.serial, Fault(kind=FaultKind.SESSION_NOT_CREATED, message=text))
        elif slot.work is not None:
            text = f"session {slot.session} on {slot.hub} did not end when it was killed"
            self._visits.end_lost(slot, Fault(kind=FaultKind.SESSION_LOST, message=text), None)
        self._staffing.abandon(slot)

    # ---------------------------------------------------------------------------------------------------------- the end

    def _take_stop_request(self) -> None:
        if self.phase is Phase.RUNNING:
            self._stop(
                StoppedBy.INTERRUPTED, "interrupted by the user: visits under way end; Ctrl-C again ends at once"
            )
        elif self.phase is Phase.STOPPING:
            self._stopped_by, self._may_judge = StoppedBy.INTERRUPTED, False
            self._kill_visits()

    def _stop(self, stopped_by: StoppedBy, reason: str) -> None:
        if self.phase is not Phase.RUNNING:
            return
        now_s = self._books.outbox.now_s
        self.phase, self._stopped_by, self._reason = Phase.STOPPING, stopped_by, reason
        self._books.wants_retries = False
        self._may_judge = stopped_by is not StoppedBy.INTERRUPTED
        self._books.outbox.record(RunStopping(at_s=now_s, stopped_by=stopped_by, text=reason))
        for slot in self._books.crew.in_phase(SlotPhase.READY):
            self._staffing.drop_session(slot, "the run ends")
        grace_s = 0.0 if stopped_by is StoppedBy.FINISHED else self._books.settings.stop_grace_s
        self._books.timers.set(now_s + grace_s, Alarm.STOP_GRACE)
        self._books.timers.set(now_s + grace_s + self._books.settings.stop_kill_s, Alarm.STOP_KILL)
        self._books.timers.set(now_s + grace_s + self._books.settings.final_judge_s, Alarm.FINAL_JUDGE)

    def _lose_judge(self) -> None:
        limit_s = self._books.settings.judge_timeout_s
        self._stop(
            StoppedBy.JUDGE_LOST,
            f"the judge said nothing for {limit_s:.0f} s, was started again, and said nothing again; what was visited "
            "is kept, and --resume judges it",
        )
        self._may_judge = False

    def _kill_visits(self) -> None:
        for slot in self._books.crew.in_phase(SlotPhase.VISITING):
            self._staffing.kill_visit(slot, KilledFor.STOP)

    def _go_on_stopping(self) -> None:
        if self._may_judge:
            self._judging.submit_round(is_idle=True)
        is_busy = self._books.crew.count(SlotPhase.VISITING) or self._books.crew.count(SlotPhase.OPENING)
        if is_busy or (self._may_judge and not self._judging.is_done):
            return
        self.phase = Phase.CLOSING

    def _end_run(self) -> None:
        if self._stopped_by is not StoppedBy.INTERRUPTED:  # then a resumed run confirms what failed
            for site in self._books.ledger.reckon().missing:
                if self._books.ledger.settle(site):
                    self._judging.finish_site(site)
        self.phase = Phase.ENDED
        reckoning = self._books.ledger.reckon()
        self._books.outbox.add(
            EndRun(
                summary=DispatchSummary(
                    stopped_by=self._stopped_by,
                    reason=self._reason,
                    wall_s=self._books.outbox.now_s,
                    finished=reckoning.finished,
                    missing=reckoning.missing,
                    unjudged=reckoning.unjudged,
                    failed_sites=self._books.ledger.failed_sites,
                    visits=self._books.attempts.count,
                    sessions_opened=self._sessions_opened,
                    sessions_lost=self._visits.sessions_lost,
                    hedged_visits=self._staffing.hedged_visits,
                    hubs=self._books.balancer.shares(),
                )
            )
        )


def _find_domains(planned: Sequence[PlannedSite], settings: DispatchSettings) -> dict[str, str]:
    """The public domains of sites by id."""
    domains = {owed.site.id: find_domain(owed.site.url, settings.private_hosts) for owed in planned}
    return {site: domain for site, domain in domains.items() if domain is not None}
