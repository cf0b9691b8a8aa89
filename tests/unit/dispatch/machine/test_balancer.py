"""Hubs: reservations, learning, circuit breakers, and no herd."""

from __future__ import annotations

import random

from gridrunner.dispatch.machine.balancer import Balancer, BalancerSettings


def make_balancer(*hubs: str, slots: int = 10, settings: BalancerSettings | None = None) -> Balancer:
    balancer = Balancer(hubs, rng=random.Random(3), settings=settings)
    for hub in hubs:
        balancer.set_capacity(hub, slots)
    return balancer


class Opener:
    """Opens sessions on a balancer and numbers them."""

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self.serial = 0

    def ask(self, now_s: float, *, avoid: str | None = None) -> str | None:
        """Reserve where the balancer says."""
        hub = self.balancer.choose(now_s, avoid=avoid).hub
        if hub is not None:
            self.serial += 1
            self.balancer.reserve(hub, self.serial, now_s=now_s)
        return hub

    def open(self, now_s: float, took_s: float = 1.5) -> str | None:
        """Reserve, and have the session there after `took_s`."""
        hub = self.ask(now_s)
        if hub is not None:
            self.balancer.note_opened(hub, self.serial, now_s=now_s + took_s)
        return hub

    def refuse(self, hub: str, now_s: float) -> None:
        """One session asked for at `hub` and refused at once."""
        self.serial += 1
        self.balancer.reserve(hub, self.serial, now_s=now_s)
        self.balancer.note_refused(hub, self.serial, now_s=now_s)


def test_reservations_never_exceed_capacity() -> None:
    balancer = make_balancer("a", slots=3, settings=BalancerSettings(opens_at_once=10))
    opener = Opener(balancer)
    assert [opener.ask(0.0) for _ in range(5)] == ["a", "a", "a", None, None]
    assert "full" in balancer.choose(0.0).reason
    balancer.release("a")
    assert opener.ask(0.0) == "a"


def test_equal_hubs_share_by_their_room() -> None:
    balancer = make_balancer("a", "b", settings=BalancerSettings(opens_at_once=30))
    balancer.set_capacity("a", 20)
    opener = Opener(balancer)
    asked = [opener.ask(0.0) for _ in range(30)]
    assert (asked.count("a"), asked.count("b")) == (20, 10)
    assert asked[:6].count("a") == 4


def test_a_hub_is_given_a_few_creations_at_first_and_more_as_it_keeps_up() -> None:
    balancer = make_balancer("a", slots=100)
    opener = Opener(balancer)
    assert [opener.ask(0.0) for _ in range(5)] == ["a"] * 4 + [None]
    for serial in range(1, 5):
        balancer.note_opened("a", serial, now_s=1.5)
    assert [opener.ask(1.5) for _ in range(9)] == ["a"] * 8 + [None]


def test_the_first_wave_slows_down_when_creations_queue_up() -> None:
    balancer = make_balancer("a", slots=100)
    opener = Opener(balancer)
    for _ in range(4):
        opener.ask(0.0)
    for serial in range(1, 5):
        balancer.note_opened("a", serial, now_s=30.0 * serial)
    assert [opener.ask(200.0) for _ in range(4)].count("a") < 4


def test_a_slow_hub_loses_its_share_within_seconds() -> None:
    balancer = make_balancer("quick", "slow", slots=100)
    opener = Opener(balancer)
    balancer.reserve("slow", 1000, now_s=0.0)  # asked, and it does not answer
    shares = [opener.open(second, took_s=0.5) for second in range(5)]
    assert shares[3:] == ["quick", "quick"]


def test_a_slow_hub_gets_its_share_back_when_it_recovers() -> None:
    balancer = make_balancer("a", "b", slots=100)
    balancer.reserve("b", 1000, now_s=0.0)
    balancer.note_opened("b", 1000, now_s=20.0)
    assert "b 20.0 s" in balancer.choose(20.0, avoid="b").reason
    opener = Opener(balancer)
    assert {opener.open(20.0 + second) for second in range(5)} == {"a"}
    later = [opener.open(220.0 + second) for second in range(10)]  # what was seen has faded
    assert later.count("b") >= 3


def test_a_refusal_makes_the_hub_rest_and_the_next_session_goes_elsewhere() -> None:
    balancer = make_balancer("a", "b")
    opener = Opener(balancer)
    opener.refuse("a", 0.0)
    assert opener.ask(0.1) == "b"
    assert opener.ask(0.1, avoid="a") == "b"


def test_to_avoid_a_hub_is_a_wish_and_not_a_ban() -> None:
    opener = Opener(make_balancer("only"))
    assert opener.ask(0.0, avoid="only") == "only"


def test_pauses_grow_and_the_circuit_opens_after_three_faults() -> None:
    balancer = make_balancer("a")
    opener = Opener(balancer)
    pauses_s = []
    for _ in range(3):
        opener.refuse("a", 0.0)
        pauses_s.append(balancer.choose(0.0).retry_at_s or 0.0)
    assert pauses_s == sorted(pauses_s)
    assert 0.75 <= pauses_s[0] <= 1.25
    assert 3.0 <= pauses_s[2] <= 5.0
    assert any("3 faults in a row" in note for note in balancer.take_notes())


def test_after_an_outage_one_trial_then_one_by_one() -> None:
    balancer = make_balancer("a", slots=50)
    opener = Opener(balancer)
    for _ in range(3):
        opener.refuse("a", 0.0)
    assert opener.ask(1.0) is None
    assert [opener.ask(10.0), opener.ask(10.0)] == ["a", None]  # the trial alone
    balancer.note_opened("a", opener.serial, now_s=11.0)
    assert any("back" in note for note in balancer.take_notes())
    assert [opener.ask(11.0) for _ in range(4)] == ["a", "a", None, None]


def test_a_failed_trial_makes_the_pause_longer() -> None:
    balancer = make_balancer("a")
    opener = Opener(balancer)
    for _ in range(3):
        opener.refuse("a", 0.0)
    first_s = (balancer.choose(0.0).retry_at_s or 0.0) - 0.0
    opener.refuse("a", 10.0)
    opener.refuse("a", 60.0)
    assert (balancer.choose(60.0).retry_at_s or 0.0) - 60.0 > first_s


def test_pauses_are_bounded() -> None:
    balancer = make_balancer("a")
    opener = Opener(balancer)
    for number in range(20):
        opener.refuse("a", 100.0 * number)
    assert (balancer.choose(1900.0).retry_at_s or 0.0) <= 1900.0 + 10.0 * 1.25


def test_hubs_do_not_come_back_at_the_same_moment() -> None:
    balancer = make_balancer("a", "b", "c")
    opener = Opener(balancer)
    times = set()
    for hub in ("a", "b", "c"):
        for _ in range(3):
            opener.refuse(hub, 0.0)
        times.add(balancer._books[hub].closed_until_s)
    assert len(times) == 3


def test_one_dead_session_makes_nobody_wait_but_several_in_a_row_do() -> None:
    balancer = make_balancer("a")
    opener = Opener(balancer)
    for _ in range(2):
        balancer.note_lost("a", now_s=0.0)
        assert balancer.choose(0.0).hub == "a"
    balancer.note_lost("a", now_s=0.0)
    assert opener.ask(0.0) is None


def test_visits_tell_a_slow_hub_after_four() -> None:
    balancer = make_balancer("quick", "slow")
    for number in range(6):
        balancer.note_visit("quick", took_s=2.0, expected_s=2.0, now_s=number)
    for number in range(3):
        balancer.note_visit("slow", took_s=20.0, expected_s=2.0, now_s=number)
    assert not balancer.is_slow("slow")  # three may be chance
    balancer.note_visit("slow", took_s=20.0, expected_s=2.0, now_s=4.0)
    assert balancer.is_slow("slow")
    assert not balancer.is_slow("quick")
    assert any("slow: visits are slow" in note for note in balancer.take_notes())
    assert balancer.is_worth("slow", expected_s=1.0, wait_s=60.0)
    assert not balancer.is_worth("slow", expected_s=30.0, wait_s=10.0)
    assert balancer.is_worth("quick", expected_s=30.0, wait_s=0.0)


def test_one_surprising_time_out_makes_no_hub_slow() -> None:
    balancer = make_balancer("a", "b")
    for number in range(8):
        balancer.note_visit("a", took_s=2.0, expected_s=2.0, now_s=number)
        balancer.note_visit("b", took_s=2.0, expected_s=2.0, now_s=number)
    balancer.note_visit("b", took_s=30.0, expected_s=1.0, now_s=9.0)
    assert not balancer.is_slow("b")


def test_a_single_hub_is_never_slow() -> None:
    balancer = make_balancer("only")
    for number in range(8):
        balancer.note_visit("only", took_s=30.0, expected_s=1.0, now_s=number)
    assert not balancer.is_slow("only")


def test_choices_say_why() -> None:
    balancer = make_balancer("a", "b", slots=1)
    opener = Opener(balancer)
    assert "a is expected to be ready in 1.5 s; b 1.5 s" in balancer.choose(0.0).reason
    opener.ask(0.0)
    assert "a is full (1 of 1)" in balancer.choose(0.0).reason


def test_capacity_may_change() -> None:
    balancer = make_balancer("a", slots=1)
    opener = Opener(balancer)
    opener.ask(0.0)
    balancer.set_capacity("a", 2)
    assert opener.ask(0.0) == "a"
    balancer.set_capacity("a", 0)
    assert balancer.capacity == 0
    assert opener.ask(0.0) is None
    assert balancer.take_notes()[-1] == "a: 0 slots (had 2)"


def test_shares_count_what_each_hub_did() -> None:
    balancer = make_balancer("a", "b")
    opener = Opener(balancer)
    opener.open(0.0)
    balancer.note_visit("a", took_s=2.5, expected_s=2.0, now_s=4.0)
    balancer.note_lost("b", now_s=4.0)
    share_a, share_b = balancer.shares()
    assert (share_a.sessions, share_a.visits, share_a.faults, share_a.busy_s) == (1, 1, 0, 2.5)
    assert (share_b.hub, share_b.faults) == ("b", 1)


def test_a_hub_without_capacity_is_explained_whether_or_not_sessions_are_left_there() -> None:
    balancer = Balancer(["a"], rng=random.Random(1))
    balancer.set_capacity("a", 1)
    balancer.reserve("a", 1, now_s=0.0)
    balancer.set_capacity("a", 0)
    assert balancer.choose(0.0).reason == "a offers no slot: it has no node, or cannot be reached"
    balancer.note_refused("a", 1, now_s=1.0)
    assert balancer.choose(1.0).reason == "a offers no slot: it has no node, or cannot be reached"


def test_a_hub_with_one_slot_is_told_of_in_the_singular() -> None:
    balancer = Balancer(["a"], rng=random.Random(1))
    balancer.set_capacity("a", 1)
    assert balancer.take_notes() == ["a: 1 slot (had 0)"]
