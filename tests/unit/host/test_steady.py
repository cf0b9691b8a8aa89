"""A clock that leaves out standstills."""

from __future__ import annotations

import pytest

from gridrunner.host.steady import STANDSTILL_S, SteadyClock

STEP_S = 0.5


class Hand:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


@pytest.mark.parametrize("gap_s", [0.0, 0.1, STEP_S, STEP_S + STANDSTILL_S])
def test_a_thread_that_is_merely_late_has_waited(gap_s: float) -> None:
    hand = Hand()
    clock = SteadyClock(hand, step_s=STEP_S)
    hand.at_s += gap_s
    assert clock.now_s() == pytest.approx(gap_s)


def test_a_standstill_counts_as_one_step_and_is_told_before_the_time_is() -> None:
    hand, told = Hand(), list[tuple[float, float]]()
    clock = SteadyClock(hand, step_s=STEP_S, on_standstill=lambda at_s, lost_s: told.append((at_s, lost_s)))
    hand.at_s += 0.25
    clock.now_s()
    hand.at_s += 60.5
    assert clock.now_s() == pytest.approx(0.25 + STEP_S)
    ((at_s, lost_s),) = told
    assert at_s == pytest.approx(0.25 + STEP_S)
    assert lost_s == pytest.approx(60.0)
    hand.at_s += 0.25
    assert clock.now_s() == pytest.approx(1.0), "what comes after it counts again"
