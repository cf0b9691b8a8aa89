"""The threads: real ones, on fakes that never sleep. What is decided is tested on the machine."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import pytest

from gridrunner.dispatch.ports import Hub
from gridrunner.dispatch.records import DispatchRecord, FaultSeen, SessionOpened, VisitBegan
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.shell import Dispatcher
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.errors import HubUnreachable, SessionNotCreated, UsageError
from gridrunner.model import FaultKind, Status
from tests.support.fake_sessions import LOST, FakeHub, FakeSession, Hang, JudgeMaker, Script, make_plan_of

QUICK = DispatchSettings(stop_grace_s=0.05, stop_kill_s=0.5, close_grace_s=0.5, capacity_poll_s=60.0)


def make_dispatcher(
    *hubs: Hub,
    expected_s: tuple[float, ...] = (1.0,) * 6,
    judge: JudgeMaker | None = None,
    settings: DispatchSettings = QUICK,
    recorder: Callable[[DispatchRecord], None] = lambda _record: None,
) -> Dispatcher:
    return Dispatcher(make_plan_of(expected_s), list(hubs), judge or JudgeMaker(), settings, recorder=recorder)


def do_after(event: threading.Event, action: Callable[[], None]) -> None:
    """Have `action` done by another thread once `event` is set."""

    def wait() -> None:
        if event.wait(10):
            action()

    threading.Thread(target=wait).start()


def test_a_run_from_start_to_end() -> None:
    hub, judge, records = FakeHub(capacity=2), JudgeMaker(), list[DispatchRecord]()
    summary = make_dispatcher(hub, judge=judge, recorder=records.append).run()
    assert summary.stopped_by is StoppedBy.FINISHED
    assert {site: [result.status for result in results] for site, results in summary.finished.items()} == {
        f"s{number}": [Status.PASSED] for number in range(1, 7)
    }
    assert sorted(hub.visited) == [(f"s{number}", 1) for number in range(1, 7)]
    assert len(hub.sessions) == 2
    assert all(session.was_closed for session in hub.sessions)
    assert judge.judge is not None
    assert judge.judge.is_closed
    assert {record.session for record in records if isinstance(record, SessionOpened)} == {
        session.id for session in hub.sessions
    }
    assert [record.at_s for record in records] == sorted(record.at_s for record in records)


def test_several_hubs_share_the_sites() -> None:
    hubs = [FakeHub(name, capacity=2) for name in ("a", "b", "c")]
    opened = threading.Barrier(6, timeout=60)

    def wait_for_all(hub: FakeHub) -> None:
        original = hub.open_session

        def open_session(*, slot: str, timeout_s: float) -> FakeSession:
            session = original(slot=slot, timeout_s=timeout_s)
            opened.wait()
            return session

        hub.open_session = open_session  # type: ignore[method-assign]

    for hub in hubs:
        wait_for_all(hub)
    summary = make_dispatcher(*hubs, expected_s=(1.0,) * 12).run()
    assert summary.is_complete
    assert [len(hub.sessions) for hub in hubs] == [2, 2, 2]


def test_a_lost_session_is_killed_and_its_site_visited_again() -> None:
    hub = FakeHub(capacity=1, script=Script({"s2": [LOST]}))
    summary = make_dispatcher(hub, expected_s=(2.0, 1.0)).run()
    assert summary.is_complete
    assert hub.visited == [("s1", 1), ("s2", 1), ("s2", 2)]
    assert hub.sessions[0].was_killed.is_set()


def test_a_session_whose_node_drains_ends_with_the_visit_that_runs() -> None:
    hub = FakeHub(capacity=1, script=Script(drained_at=frozenset({"s2"})))
    summary = make_dispatcher(hub, expected_s=(3.0, 2.0, 1.0)).run()
    assert summary.is_complete
    assert [session.visited for session in hub.sessions] == [[("s1", 1), ("s2", 1)], [("s3", 1)]]
    assert hub.sessions[0].was_closed
    assert not hub.sessions[0].was_killed.is_set()


def test_a_visit_that_hangs_is_killed_after_its_bound() -> None:
    hub = FakeHub(capacity=1, script=Script({"s1": [Hang]}))
    settings = DispatchSettings(visit_timeout_s=0.05, visit_grace_s=0.05)
    summary = make_dispatcher(hub, expected_s=(1.0,), settings=settings).run()
    assert summary.finished["s1"][0].status is Status.PASSED
    assert hub.visited == [("s1", 1), ("s1", 2)]


def test_a_defect_in_one_visit_ends_as_an_error_and_the_others_go_on() -> None:
    hub = FakeHub(capacity=1, script=Script({"s2": [ValueError("bad facts")] * 3}))
    records: list[DispatchRecord] = []
    summary = make_dispatcher(hub, expected_s=(3.0, 2.0, 1.0), recorder=records.append).run()
    (result,) = summary.finished["s2"]
    assert result.status is Status.ERROR
    assert "ValueError: bad facts" in result.message
    assert summary.finished["s3"][0].status is Status.PASSED
    kinds = [record.fault.kind for record in records if isinstance(record, FaultSeen)]
    assert kinds == [FaultKind.INTERNAL] * 3


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (SessionNotCreated("no free slot"), FaultKind.SESSION_NOT_CREATED),
        (HubUnreachable("connection refused"), FaultKind.HUB_UNREACHABLE),
    ],
)
def test_a_refused_session_is_asked_for_elsewhere(refusal: SessionNotCreated, kind: FaultKind) -> None:
    first, second = FakeHub("a", capacity=1, refusals=[refusal]), FakeHub("b", capacity=1)
    records: list[DispatchRecord] = []
    summary = make_dispatcher(first, second, expected_s=(1.0,), recorder=records.append).run()
    assert summary.is_complete
    assert (first.visited, second.visited) == ([], [("s1", 1)])
    assert [record.fault.kind for record in records if isinstance(record, FaultSeen)] == [kind]


def test_a_hub_that_does_not_say_its_slots_is_no_reason_to_stop() -> None:
    class Mute(FakeHub):
        def slots(self) -> int:
            raise HubUnreachable("no answer")

    mute, other = Mute("mute"), FakeHub("other", capacity=1)
    summary = make_dispatcher(mute, other, expected_s=(1.0, 1.0)).run()
    assert summary.is_complete
    assert mute.sessions == []


def test_stop_ends_hanging_visits_within_the_grace() -> None:
    hub = FakeHub(capacity=2, script=Script({"s1": [Hang], "s2": [Hang]}))
    dispatcher = make_dispatcher(hub)
    do_after(hub.hanging, dispatcher.stop)
    summary = dispatcher.run()
    assert summary.stopped_by is StoppedBy.INTERRUPTED
    assert "s1" in summary.missing
    assert all(session.is_ended for session in hub.sessions)


def test_stop_may_be_called_in_a_signal_handler() -> None:
    hub = FakeHub(capacity=1, script=Script({"s1": [Hang]}))
    dispatcher = make_dispatcher(hub)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        dispatcher.stop()

    before = signal.signal(signal.SIGUSR1, on_signal)
    try:
        do_after(hub.hanging, lambda: os.kill(os.getpid(), signal.SIGUSR1))
        assert dispatcher.run().stopped_by is StoppedBy.INTERRUPTED
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_what_the_recorder_raises_ends_the_run_and_every_session() -> None:
    hub = FakeHub(capacity=2, script=Script({"s1": [Hang]}))

    def full_disk(record: DispatchRecord) -> None:
        if isinstance(record, VisitBegan) and record.site == "s3" and hub.hanging.wait(10):
            raise OSError("no space left on device")

    judge = JudgeMaker()
    with pytest.raises(OSError, match="no space left"):
        make_dispatcher(hub, expected_s=(5.0, 1.0, 1.0, 1.0), recorder=full_disk, judge=judge).run()
    assert all(session.is_ended for session in hub.sessions)
    assert judge.judge is not None
    assert judge.judge.is_closed


def test_a_defect_in_opening_sessions_ends_the_run_instead_of_a_thread() -> None:
    class Broken(FakeHub):
        def open_session(self, *, slot: str, timeout_s: float) -> FakeSession:
            raise TypeError("a defect")

    with pytest.raises(TypeError, match="a defect"):
        make_dispatcher(Broken()).run()


def test_a_session_that_arrives_after_the_end_is_killed() -> None:
    may_open, is_asked = threading.Event(), threading.Event()

    class Late(FakeHub):
        def open_session(self, *, slot: str, timeout_s: float) -> FakeSession:
            session = super().open_session(slot=slot, timeout_s=timeout_s)
            is_asked.set()
            may_open.wait(10)
            return session

    hub = Late(capacity=1)
    dispatcher = make_dispatcher(hub, settings=DispatchSettings(stop_grace_s=0.01, stop_kill_s=0.01))
    do_after(is_asked, dispatcher.stop)
    assert dispatcher.run().stopped_by is StoppedBy.INTERRUPTED
    may_open.set()
    assert hub.sessions[0].was_killed.wait(10)


def test_a_close_that_hangs_does_not_hold_up_the_next_visit_or_the_end() -> None:
    may_close = threading.Event()
    closed: list[str] = []

    class Sticky(FakeSession):
        def close(self) -> None:
            may_close.wait(60)
            closed.append("late")

    class StickyHub(FakeHub):
        def open_session(self, *, slot: str, timeout_s: float) -> FakeSession:
            session = Sticky(self, len(self.sessions) + 1)
            self.sessions.append(session)
            return session

    hub = StickyHub(capacity=1)
    settings = DispatchSettings(visits_per_session=1, close_grace_s=0.02)
    summary = make_dispatcher(hub, expected_s=(1.0, 1.0, 1.0), settings=settings).run()
    assert summary.is_complete
    assert closed == []  # it did not wait for them
    may_close.set()


def test_hubs_need_distinct_names() -> None:
    with pytest.raises(UsageError, match="distinct names"):
        make_dispatcher(FakeHub("a"), FakeHub("a"))
    with pytest.raises(UsageError, match="none given"):
        make_dispatcher()


def test_no_thread_is_left_behind() -> None:
    make_dispatcher(FakeHub(capacity=3)).run()
    for thread in threading.enumerate():
        if thread.name.startswith(("slot-", "hub-", "closer-")):
            thread.join(5)
            assert not thread.is_alive(), thread.name
