"""Whose doing a loss is: a site's, or its hub's."""

from __future__ import annotations

from gridrunner.dispatch.machine.losses import Blame, Losses


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
