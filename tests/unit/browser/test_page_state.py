"""What is kept of a page while it is visited."""

from __future__ import annotations

from gridrunner.browser.page_state import DATA_KINDS, EVENT_LIMIT, STALE_REQUEST_S, PageState, Request


def test_request_without_an_answer_is_a_long_poll_after_a_while() -> None:
    request = Request(kind="Fetch", url="https://slow.test/", sent_s=100.0, frame="F", document="D", target="T")
    state = PageState(in_flight={"1": request})
    assert state.oldest_request(DATA_KINDS, 100.0 + STALE_REQUEST_S - 0.1) is request
    assert state.oldest_request(DATA_KINDS, 100.0 + STALE_REQUEST_S) is None
    assert state.oldest_request(frozenset({"Image"}), 100.0) is None


def test_crash_is_noted_once() -> None:
    state = PageState()
    state.mark_crashed("the renderer died")
    state.mark_crashed("the window is gone")
    assert [(event.kind, event.text) for event in state.events] == [("crash", "the renderer died")]


def test_page_that_logs_for_ever_fills_no_journal() -> None:
    state = PageState()
    for number in range(EVENT_LIMIT * 2):
        state.note("console-error", f"{number}")
    assert [event.text for event in state.events] == [str(number) for number in range(EVENT_LIMIT)]
