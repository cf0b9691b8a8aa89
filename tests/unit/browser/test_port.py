"""The port between visits and browsers: who speaks DevTools, and what a page may raise."""

from __future__ import annotations

import re
from pathlib import Path

import gridrunner
from gridrunner.browser.port import (
    DATA_KINDS,
    EVENT_LIMIT,
    STALE_REQUEST_S,
    CommandFailed,
    DeadlinePassed,
    PageError,
    PageGone,
    PageState,
    Request,
)
from gridrunner.browser.readiness import KeptLeaving
from gridrunner.browser.selectors import NotThere
from gridrunner.browser.steps import StepFailed
from gridrunner.errors import GridrunnerError

PACKAGE = Path(gridrunner.__file__).parent
METHOD = re.compile(r'"(?:Browser|DOM|Emulation|Input|Inspector|Log|Network|Page|Runtime|Target)\.[a-z]\w+"')
"""A method or an event of the DevTools protocol, as code writes it."""


def test_devtools_alone_names_the_methods_of_its_protocol() -> None:
    speakers = {path.parent for path in PACKAGE.rglob("*.py") if METHOD.search(path.read_text(encoding="utf-8"))}
    assert speakers == {PACKAGE / "browser" / "devtools"}


def test_whatever_a_page_does_is_a_page_error_and_never_leaves_a_visit() -> None:
    kinds = {PageGone, CommandFailed, DeadlinePassed, KeptLeaving, NotThere, StepFailed}
    assert all(issubclass(kind, PageError) and not issubclass(kind, GridrunnerError) for kind in kinds)


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
