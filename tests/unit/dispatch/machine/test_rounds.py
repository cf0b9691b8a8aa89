"""Rounds of the judge: when they go out, and what of them is repeated."""

from __future__ import annotations

from gridrunner.dispatch.machine.rounds import Rounds
from gridrunner.model import Observation, Outcome


def seen(site: str) -> Observation:
    return Observation(site=site, attempt=1, outcome=Outcome.OBSERVED)


def test_a_round_goes_out_when_it_is_full() -> None:
    rounds = Rounds(batch=2, interval_s=10.0)
    rounds.add(seen("a"), at_s=0.0)
    assert rounds.take(at_s=1.0, is_idle=False) == ()
    rounds.add(seen("b"), at_s=2.0)
    assert [each.site for each in rounds.take(at_s=2.0, is_idle=False)] == ["a", "b"]


def test_a_round_goes_out_when_it_waited_long_enough_or_slots_stand_still() -> None:
    rounds = Rounds(batch=50, interval_s=10.0)
    rounds.add(seen("a"), at_s=3.0)
    assert rounds.due_at_s == 13.0
    assert rounds.take(at_s=12.9, is_idle=False) == ()
    assert len(rounds.take(at_s=13.0, is_idle=False)) == 1
    rounds.end()
    rounds.add(seen("b"), at_s=14.0)
    assert len(rounds.take(at_s=14.0, is_idle=True)) == 1


def test_one_round_is_out_at_a_time() -> None:
    rounds = Rounds(batch=1, interval_s=10.0)
    rounds.add(seen("a"), at_s=0.0)
    assert rounds.take(at_s=0.0, is_idle=True)
    rounds.add(seen("b"), at_s=0.0)
    assert rounds.take(at_s=99.0, is_idle=True) == ()
    assert rounds.due_at_s is None
    assert [each.site for each in rounds.end()] == ["a"]
    assert not rounds.is_empty
    assert rounds.take(at_s=99.0, is_idle=True)
    assert rounds.number == 2


def test_what_was_left_unjudged_goes_out_once_more() -> None:
    rounds = Rounds(batch=1, interval_s=10.0)
    assert rounds.repeat(seen("a"), at_s=0.0)
    assert not rounds.repeat(seen("a"), at_s=0.0)
    assert rounds.take(at_s=0.0, is_idle=True) == (seen("a"),)
