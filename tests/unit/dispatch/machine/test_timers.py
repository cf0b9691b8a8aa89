"""Timers ring in order."""

from __future__ import annotations

from gridrunner.dispatch.machine.timers import Alarm, Timers


def test_timers_ring_in_order_and_once() -> None:
    timers = Timers()
    timers.set(5.0, Alarm.DEADLINE)
    timers.set(2.0, Alarm.VISIT_OVERRUN, serial=7, number=1)
    timers.look_at(9.0)  # something rings before: it will be looked at then
    assert timers.next_s == 2.0
    assert [(timer.alarm, timer.serial) for timer in timers.take_due(5.0)] == [
        (Alarm.VISIT_OVERRUN, 7),
        (Alarm.DEADLINE, 0),
    ]
    assert timers.take_due(100.0) == []
    assert timers.next_s is None
