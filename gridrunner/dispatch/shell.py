"""The threads that carry a run out. Owns threads, queues and sessions, and no decision; the invariant: one thread, the
caller's, takes events from one queue and has the machine say what follows.

A slot's thread opens sessions and visits; a few closing threads end sessions, because ending one may take ten seconds
and must not stand in the way of the next visit; one thread per hub asks for its slots. All are daemons: one that
hangs in a call is given up and does not keep the process. SimpleQueue, because its `put` may be called from a signal
handler that interrupted `get`.
"""

from __future__ import annotations

import logging
import queue
import random
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import assert_never

from msgspec import Struct

from gridrunner.dispatch.machine.balancer import Balancer, BalancerSettings
from gridrunner.dispatch.machine.events import (
    AbandonSlot,
    Action,
    CloseSession,
    EndRun,
    HubCapacity,
    KillSession,
    MachineEvent,
    OpenSession,
    Record,
    RestartJudge,
    ResultsArrived,
    RoundEnded,
    RunStarted,
    SessionCreated,
    SessionGone,
    SessionRefused,
    StartSlot,
    StartVisit,
    StoodStill,
    StopRequested,
    SubmitRound,
    Tick,
    VisitEnded,
)
from gridrunner.dispatch.machine.machine import Machine
from gridrunner.dispatch.ports import Clock, Hub, Judge, JudgeFactory, Recorder, Session
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.summary import DispatchSummary
from gridrunner.errors import GridFault, GridrunnerError, HubUnreachable, UsageError
from gridrunner.host.steady import SteadyClock
from gridrunner.model import Fault, FaultKind, Observation, Plan, Result

_LOGGER = logging.getLogger(__name__)

MOST_CLOSERS = 32
"""Closing threads at most: at 0.3 s per session (docs/design/grid.md) they end 100 a second."""

MOST_WAIT_S = 0.5
"""How long the consumer sleeps at a time: a signal that another thread took is heard by then."""

SWITCH_INTERVAL_S = 0.05
"""How long a thread may keep the interpreter while others wait for it. Each that waits wakes once in this time to ask
for it; at CPython's 0.005 s that is work of its own with hundreds of threads: 6.5 to 6.9 CPU-ms per visit instead of
6.2 to 6.3 (150 sessions on a busy machine, 2026-11-26). What a visit computes in one go takes a few milliseconds."""

EXIT_WAIT_S = 1.0
"""After the run, how long killed sessions may take when the machine could not wait for them: the run ended in an
exception."""


class _Crash(Struct, frozen=True):
    """An unexpected exception, on its way to the thread that called `run`."""

    error: BaseException


class Dispatcher:
    """One run on real sessions: call `run` once."""

    def __init__(
        self,
        plan: Plan,
        hubs: Sequence[Hub],
        judge: JudgeFactory,
        settings: DispatchSettings,
        *,
        recorder: Recorder,
        clock: Clock = time.monotonic,
        rng: random.Random | None = None,
        todo: Collection[str] | None = None,
        early: frozenset[str] = frozenset(),
        attempts: Mapping[str, int] | None = None,
        balancer_settings: BalancerSettings | None = None,
    ) -> None:
        """Args as `Machine` has them, and: `hubs` with distinct names; `judge` makes the run's judge around the
        sink for its results; `recorder` is called on the thread of `run`; `rng` jitters the pauses after a hub's faults
        (a new one is seeded by the plan's hash). Raises UsageError for no hub or two of one name.
        """
        names = [hub.name for hub in hubs]
        if not names or len(set(names)) != len(names):
            raise UsageError(f"hubs need distinct names, at least one: {', '.join(names) or 'none given'}")
        self._hubs = {hub.name: hub for hub in hubs}
        self._settings = settings
        self._make_judge = judge
        self._recorder = recorder
        self._clock = clock
        self._balancer = Balancer(
            names,
            rng=rng or random.Random(plan.hash),  # noqa: S311 - jitter, not a secret
            settings=balancer_settings
            or BalancerSettings(
                opens_at_once=settings.opens_at_once,
                create_prior_s=settings.session_start_s,
                elastic=settings.elastic,
            ),
        )
        self._machine = Machine(
            plan=plan, settings=settings, balancer=self._balancer, todo=todo, early=early, attempts=attempts
        )
        self._events: queue.SimpleQueue[MachineEvent | _Crash] = queue.SimpleQueue()
        self._inboxes: dict[str, queue.SimpleQueue[OpenSession | StartVisit | None]] = {}
        self._sessions: dict[int, Session] = {}
        self._closers = _Closers()
        self._is_over = threading.Event()
        self._steady: SteadyClock | None = None
        self._sink = _Sink(self._events.put, self._now_s)

    def run(self) -> DispatchSummary:
        """Visit and judge everything, and say how it ended. Returns when all sessions are closed or given up; raises
        what the recorder or the judge raised, after the sessions were killed.
        """
        self._steady = SteadyClock(self._clock, step_s=MOST_WAIT_S, on_standstill=self._note_standstill)
        judge = self._make_judge(self._sink)
        usual_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        try:
            for hub in self._hubs.values():
                _start_thread(f"hub-{hub.name}", self._guarded(partial(self._watch_hub, hub)))
            return self._consume(judge)
        finally:
            sys.setswitchinterval(usual_s)
            self._is_over.set()
            for inbox in self._inboxes.values():
                inbox.put(None)
            for session in list(self._sessions.values()):
                self._closers.submit(session.kill)
            self._closers.close(wait_s=EXIT_WAIT_S)
            judge.close()

    def stop(self) -> None:
        """Ask for an end: no new visits, running ones get a short grace. A second call kills them at once. May be
        called from any thread and from a signal handler.
        """
        self._events.put(StopRequested(at_s=self._now_s()))

    # ---------------------------------------------------------------------------------------------- the caller's thread

    def _consume(self, judge: Judge) -> DispatchSummary:
        event: MachineEvent = RunStarted(at_s=0.0)
        while True:
            for action in self._machine.handle(event):
                if isinstance(action, EndRun):
                    return action.summary
                self._carry_out(action, judge)
            event = self._next_event()

    def _next_event(self) -> MachineEvent:
        while True:
            wake_at_s, now_s = self._machine.wake_at_s, self._now_s()
            wait_s = MOST_WAIT_S if wake_at_s is None else min(MOST_WAIT_S, max(0.0, wake_at_s - now_s))
            try:
                event = self._events.get(timeout=wait_s)
            except queue.Empty:
                now_s = self._now_s()
                if wake_at_s is not None and now_s >= wake_at_s:
                    return Tick(at_s=now_s)
                continue
            if isinstance(event, _Crash):
                raise event.error
            return event

    def _carry_out(self, action: Action, judge: Judge) -> None:
        match action:
            case Record():
                self._recorder(action.record)
            case OpenSession() | StartVisit():
                self._inboxes[action.slot].put(action)
            case StartSlot():
                inbox: queue.SimpleQueue[OpenSession | StartVisit | None] = queue.SimpleQueue()
                self._inboxes[action.slot] = inbox
                _start_thread(action.slot, self._guarded(partial(self._serve_slot, inbox)))
            case CloseSession():
                self._end_session(action.serial, is_killed=False)
            case KillSession():
                self._end_session(action.serial, is_killed=True)
            case AbandonSlot():
                self._inboxes.pop(action.slot).put(None)
            case SubmitRound():
                judge.submit(action.number, action.observations)
            case RestartJudge():
                judge.restart()
            case EndRun():
                pass
            case _:
                assert_never(action)

    def _end_session(self, serial: int, *, is_killed: bool) -> None:
        session = self._sessions.get(serial)

        def end() -> None:
            try:
                if session is not None:
                    (session.kill if is_killed else session.close)()
            finally:
                self._sessions.pop(serial, None)
                self._events.put(SessionGone(at_s=self._now_s(), serial=serial))

        self._closers.submit(end)

    # ---------------------------------------------------------------------------------------------------- other threads

    def _serve_slot(self, inbox: queue.SimpleQueue[OpenSession | StartVisit | None]) -> None:
        while (order := inbox.get()) is not None:
            if isinstance(order, OpenSession):
                self._open_session(order)
            else:
                session = self._sessions.get(order.serial)
                observation = _visit(session, order)
                self._events.put(
                    VisitEnded(
                        at_s=self._now_s(),
                        slot=order.slot,
                        serial=order.serial,
                        observation=observation,
                        is_leaving=session is not None and session.is_leaving,
                    )
                )

    def _open_session(self, order: OpenSession) -> None:
        try:
            session = self._hubs[order.hub].open_session(slot=order.slot, timeout_s=order.timeout_s)
        except GridFault as error:
            fault = _describe_fault(error)
            self._events.put(SessionRefused(at_s=self._now_s(), slot=order.slot, serial=order.serial, fault=fault))
            return
        self._sessions[order.serial] = session
        if self._is_over.is_set():
            session.kill()  # no one takes events any more
            return
        self._events.put(
            SessionCreated(
                at_s=self._now_s(), slot=order.slot, serial=order.serial, node=session.node, session=session.id
            )
        )

    def _watch_hub(self, hub: Hub) -> None:
        while not self._is_over.is_set():
            try:
                slots = hub.slots()
            except GridFault as error:
                self._events.put(HubCapacity(at_s=self._now_s(), hub=hub.name, fault=_describe_fault(error)))
            else:
                self._events.put(HubCapacity(at_s=self._now_s(), hub=hub.name, slots=slots))
            self._is_over.wait(self._settings.capacity_poll_s)

    def _guarded(self, work: Callable[[], None]) -> Callable[[], None]:
        """`work` for a thread of its own: an unexpected exception ends the run instead of the thread alone."""

        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised again on the thread of `run`
                self._events.put(_Crash(error))

        return run

    def _now_s(self) -> float:
        return self._steady.now_s() if self._steady is not None else 0.0

    def _note_standstill(self, at_s: float, lost_s: float) -> None:
        self._events.put(StoodStill(at_s=at_s, lost_s=lost_s))


class _Sink:
    """The judge's way to the queue."""

    def __init__(self, put: Callable[[MachineEvent], None], now_s: Clock) -> None:
        self._put = put
        self._now_s = now_s

    def results(self, results: Sequence[Result]) -> None:
        self._put(ResultsArrived(at_s=self._now_s(), results=tuple(results)))

    def round_ended(self, number: int, error: str | None = None) -> None:
        self._put(RoundEnded(at_s=self._now_s(), number=number, error=error))


class _Closers:
    """Threads that end sessions, started as they are needed."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._waiting = threading.Semaphore(0)

    def submit(self, job: Callable[[], None]) -> None:
        """Have `job` run soon; called by the consumer's thread only."""
        if not self._waiting.acquire(blocking=False) and len(self._threads) < MOST_CLOSERS:
            self._threads.append(_start_thread(f"closer-{len(self._threads) + 1}", self._serve))
        self._jobs.put(job)

    def close(self, *, wait_s: float) -> None:
        """No more jobs; wait for those submitted, at most `wait_s` seconds in all."""
        for _ in self._threads:
            self._jobs.put(None)
        end_s = time.monotonic() + wait_s
        for thread in self._threads:
            thread.join(max(0.0, end_s - time.monotonic()))

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                _LOGGER.exception("a session did not end in good order")
            self._waiting.release()


def _visit(session: Session | None, order: StartVisit) -> Observation:
    """The visit, or a fault in its place: a defect that one page brings out must not end the visits of all others."""
    if session is None:
        text = "the session was ended before the visit began"
        return _lost_visit(order, Fault(kind=FaultKind.SESSION_LOST, message=text))
    try:
        return session.visit(order.site, attempt=order.attempt, upcoming=order.upcoming)
    except GridrunnerError as error:  # a disk that is full, a folder with a link that leads out of it
        return _lost_visit(order, Fault(kind=FaultKind.INTERNAL, message=str(error)))
    except Exception as error:
        _LOGGER.exception("site=%s attempt=%d: the visit raised", order.site.id, order.attempt)
        text = f"a defect of gridrunner: {type(error).__name__}: {error}"
        return _lost_visit(order, Fault(kind=FaultKind.INTERNAL, message=text))


def _lost_visit(order: StartVisit, fault: Fault) -> Observation:
    return Observation(site=order.site.id, attempt=order.attempt, url=order.site.url, slot=order.slot, fault=fault)


def _describe_fault(error: GridFault) -> Fault:
    kind = FaultKind.HUB_UNREACHABLE if isinstance(error, HubUnreachable) else FaultKind.SESSION_NOT_CREATED
    return Fault(kind=kind, message=str(error))


def _start_thread(name: str, work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
