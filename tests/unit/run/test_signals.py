"""What signals do to the process that hears them. Each is sent to this process, under handlers of the test's own."""

from __future__ import annotations

import signal

import pytest

from gridrunner.run.signals import ENDING, Interrupted, interrupted_by_signals, signals_held, stop_on_signals


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_interrupts_and_what_comes_while_it_ends_does_not(number: signal.Signals) -> None:
    with interrupted_by_signals():
        with pytest.raises(Interrupted):
            signal.raise_signal(number)
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGHUP)
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in ENDING]
    with interrupted_by_signals(), stop_on_signals(lambda: None), signals_held():
        assert [signal.getsignal(number) for number in ENDING] != before
    assert [signal.getsignal(number) for number in ENDING] == before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupted_by_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", ENDING)
def test_visits_are_stopped_and_only_a_second_ctrl_c_interrupts(number: signal.Signals) -> None:
    stops: list[str] = []
    with stop_on_signals(lambda: stops.append("stop")):
        signal.raise_signal(number)
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
    assert stops == ["stop", "stop"]


def test_what_must_come_to_its_end_does() -> None:
    with signals_held() as heard:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Interrupted):
            signal.raise_signal(signal.SIGINT)
    assert list(heard) == [signal.SIGTERM, signal.SIGINT]
