"""What a visit puts down of its waits."""

from __future__ import annotations

from gridrunner.browser.page_state import SLOW_REQUEST_S, PageState, Request
from gridrunner.browser.readiness import WAITS_LIMIT, Waits


def request(host: str, kind: str = "Script", sent_s: float = 0.0) -> Request:
    return Request(kind=kind, url=f"https://{host}/", sent_s=sent_s, frame="F", document="D", target="T")


def test_waits_of_one_cause_are_added_up_and_short_ones_left_out() -> None:
    waits = Waits()
    waits.add("quiet", 0.2)
    waits.add("quiet", 0.1004)
    waits.add("parser", 0.001)
    assert waits.rounded() == {"quiet": 0.3}


def test_page_with_a_hundred_hosts_does_not_fill_the_journal() -> None:
    waits = Waits()
    for number in range(100):
        waits.add(f"frame {number}.test", 0.5)
    assert len(waits.rounded()) == WAITS_LIMIT + 1
    assert waits.rounded()["frame"] == 0.5 * (100 - WAITS_LIMIT)


def test_what_held_a_page_up_is_known_after_it_has_ended() -> None:
    state = PageState(in_flight={"1": request("dead.test"), "2": request("quick.test", sent_s=4.9)})
    state.end_request("1", 5.0)
    state.end_request("2", 5.0)
    state.end_request("never seen", 5.0)
    longest = state.longest_request(frozenset({"Script"}), 5.0 + SLOW_REQUEST_S)
    assert longest is not None
    assert longest.host == "dead.test"
    assert state.longest_request(frozenset({"Image"}), 5.0) is None
