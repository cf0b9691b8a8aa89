"""Turns of searches in virtual time: one page at a time for each public domain, with its pause."""

from __future__ import annotations

from gridrunner.discovery.search import Limits, Search
from gridrunner.discovery.words import Domain
from gridrunner.dispatch.machine.courtesy import Answer
from gridrunner.run.turns import Turns


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def make(*names: str, delay_s: float = 1.0) -> tuple[Turns, Clock, list[Search]]:
    clock = Clock()
    searches = [Search(Domain(name=name, starts=(f"https://{name}/",)), Limits()) for name in names]
    return Turns(searches, host_delay_s=delay_s, private_hosts=(), clock=clock), clock, searches


def test_hosts_of_ours_go_on_without_a_pause_and_before_new_ones() -> None:
    turns, _, (first, second) = make("a.localhost", "b.localhost")
    assert turns.take() is first
    turns.give_back(first, Answer(), goes_on=True)
    assert turns.take() is first
    turns.give_back(first, Answer(), goes_on=False)
    assert turns.take() is second
    turns.give_back(second, Answer(), goes_on=False)
    assert turns.take() is None


def test_a_public_domain_waits_for_its_pause_while_others_are_asked() -> None:
    turns, clock, (first, second) = make("a.example", "b.example")
    assert turns.take() is first
    turns.give_back(first, Answer(status=200), goes_on=True)
    assert turns.take() is second
    turns.give_back(second, Answer(status=200), goes_on=False)
    clock.now_s = 1.0
    assert turns.take() is first


def test_two_names_of_one_domain_are_not_asked_at_once() -> None:
    turns, clock, (first, second) = make("a.shop.example", "b.shop.example")
    begun = turns.take()
    assert begun in {first, second}
    assert begun is not None
    turns.give_back(begun, Answer(status=200), goes_on=False)
    clock.now_s = 1.0
    following = turns.take()
    assert following is not None
    assert {begun.domain.name, following.domain.name} == {"a.shop.example", "b.shop.example"}


def test_a_server_that_is_busy_is_left_alone_for_as_long_as_it_says() -> None:
    turns, clock, (first,) = make("a.example")
    assert turns.take() is first
    why = turns.give_back(first, Answer(status=429, retry_after_s=30.0), goes_on=True)
    assert "a.example answered 429" in why
    clock.now_s = 30.0
    assert turns.take() is first


def test_after_a_stop_there_are_no_turns() -> None:
    turns, _, _ = make("a.example")
    turns.stop()
    assert turns.take() is None
