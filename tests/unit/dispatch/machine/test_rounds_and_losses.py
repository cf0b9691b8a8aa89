"""Rounds of the judge, whose doing a loss is, and timers."""

from __future__ import annotations

from gridrunner.dispatch.machine.losses import Blame, Losses
from gridrunner.dispatch.machine.rounds import Rounds
from gridrunner.dispatch.machine.timers import Alarm, Timers
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
    assert rounds.waiting_count == 1


def test_one_dead_session_is_charged_to_its_site() -> None:
    assert Losses().note_loss("hub", "a", at_s=0.0, can_charge=True) == Blame(is_charged=True)


def test_three_sites_lost_on_one_hub_within_seconds_are_the_hubs_doing() -> None:
    losses = Losses()
    losses.note_loss("hub", "a", at_s=0.0, can_charge=True)
    losses.note_loss("hub", "b", at_s=1.0, can_charge=True)
    assert losses.note_loss("hub", "c", at_s=2.0, can_charge=True) == Blame(is_charged=False, refunds=("a", "b"))
    assert losses.note_loss("hub", "d", at_s=3.0, can_charge=True) == Blame(is_charged=False)


def test_losses_far_apart_elsewhere_or_with_good_visits_between_are_no_outage() -> None:
    losses = Losses()
    for at_s, hub, site in [(0.0, "x", "a"), (1.0, "x", "b"), (1.5, "y", "c"), (20.0, "x", "d"), (21.0, "x", "e")]:
        assert losses.note_loss(hub, site, at_s=at_s, can_charge=True).is_charged
    losses.note_good_visit("x")
    assert losses.note_loss("x", "f", at_s=21.5, can_charge=True).is_charged


def test_one_site_that_kills_every_browser_is_charged_each_time() -> None:
    losses = Losses()
    blames = [losses.note_loss("hub", "killer", at_s=0.1 * number, can_charge=True) for number in range(5)]
    assert all(blame.is_charged for blame in blames)


def test_good_visits_make_up_for_losses() -> None:
    losses = Losses()
    losses.note_loss("hub", "a", at_s=0.0, can_charge=False)
    losses.note_good_visit("hub")
    assert losses.level == 0.5
    losses.note_good_visit("hub")
    losses.note_good_visit("hub")
    assert losses.level == 0.0


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
