"""When a page is ready to be probed: found, not slept for, and never later than the deadline.

The page itself says when (`dom_probes/ready.js`, one call that it answers by a MutationObserver); this module only adds
what a page cannot see of itself: requests under way, navigations that are about to happen, documents that replaced the
one that was asked.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from gridrunner.browser.installed import Installed
from gridrunner.browser.page_state import BUILDING_KINDS, DATA_KINDS, SLOW_REQUEST_S, Request
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page, PageError
from gridrunner.model import ReadyBy

QUIET_MS = 300
"""No change of the DOM for this long is quiet. Playwright's networkidle takes 500 ms of no network at all."""

DOCUMENT_LIMIT = 8
"""A page that put more documents than this in place of one another keeps leaving; logins redirect three or four times
(own pages and identity providers, written 2026-11-24)."""

NEXT_DOCUMENT_S = 5.0
"""A refresh that the page has announced for within this many seconds is waited for (meta refresh pages use 0 to 5)."""


WAITS_LIMIT = 12
"""Causes told apart per visit: a page with a hundred frames must not fill the journal."""

ANSWER_MARGIN_MS = 100.0
"""A page answers this long before the deadline, so that it can say what it still waits for."""

LEAST_WAIT_S = 0.005
"""Shorter waits are not put down."""


class KeptLeaving(PageError):
    """The page went through more than DOCUMENT_LIMIT documents."""


class Cause(StrEnum):
    """What can be waited for; those of a kind that has a host are followed by it. A page names the first eight of them
    (`dom_probes/ready.js`), this module the others.
    """

    PARSER = "parser"
    SHEET = "sheet"
    PICTURE = "picture"
    LOAD = "load"
    FRAME = "frame"
    ANIMATION = "animation"
    SETTLING = "settling"
    QUIET = "quiet"
    DOCUMENT = "document"
    REQUEST = "request"
    ANNOUNCED_NAVIGATION = "announced navigation"
    ANSWER = "answer"


_HELD_UP_BY: Mapping[str, frozenset[str]] = {
    Cause.PARSER: frozenset({"Script", "Stylesheet", "Document"}),
    Cause.SHEET: frozenset({"Stylesheet"}),
    Cause.PICTURE: frozenset({"Image"}),
    Cause.LOAD: BUILDING_KINDS | {"Image", "Stylesheet"},
}
"""Requests of what kinds a cause comes from."""


class Waits:
    """What was waited for so far, and how long; `last` is what it was waited for at the end."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.last = ""

    def add(self, cause: str, seconds: float) -> None:
        """Some more of a cause. Beyond WAITS_LIMIT causes those of a kind are put together."""
        if cause not in self.seconds and len(self.seconds) >= WAITS_LIMIT:
            cause = cause.partition(" ")[0]
        self.seconds[cause] = self.seconds.get(cause, 0.0) + seconds

    def rounded(self) -> dict[str, float]:
        """In milliseconds, without what took none."""
        return {cause: round(seconds, 3) for cause, seconds in self.seconds.items() if seconds >= LEAST_WAIT_S}


class Ready(Struct, frozen=True, kw_only=True):
    """What made a page ready, and the facts of its top frame at that moment; None where they have to be asked for."""

    by: ReadyBy
    top: dict[str, Any] | None = None


def wait_until_ready(page: Page, waits: Waits | None = None, *, deadline: float) -> Ready:
    """Wait until what is looked for is there, or nothing moves and nothing is awaited any more, or the deadline; put
    down in `waits` what for.

    Raises KeptLeaving, PageGone or SessionLost; a deadline is an answer, not an error.
    """
    waits = waits if waits is not None else Waits()
    first_document = page.state.documents
    while True:
        asked = time.monotonic()
        left_ms = (deadline - asked) * 1000
        if left_ms <= 0:
            return Ready(by=ReadyBy.DEADLINE)
        try:
            limits = {"quiet_ms": QUIET_MS, "deadline_ms": max(left_ms - ANSWER_MARGIN_MS, 1)}
            answer = page.run_installed(Installed.READY, limits, deadline=deadline)
        except DeadlinePassed:
            waits.last = str(Cause.ANSWER)
            waits.add(waits.last, time.monotonic() - asked)
            return Ready(by=ReadyBy.DEADLINE)
        except CommandFailed:
            # The document went away under the question: another one is there or about to come.
            waits.add(str(Cause.DOCUMENT), time.monotonic() - asked)
            if page.state.documents - first_document > DOCUMENT_LIMIT:
                raise KeptLeaving from None
            continue
        _take_over(waits, answer, page, time.monotonic() - asked)
        by = ReadyBy(answer["by"])
        coming = _what_is_coming(page, is_loaded=answer["is_loaded"]) if by is ReadyBy.QUIET else None
        if coming is None:
            return Ready(by=by, top=answer.get("facts"))
        try:
            _wait_for_news(page, waits, coming, deadline=deadline)
        except DeadlinePassed:
            return Ready(by=ReadyBy.DEADLINE)


def _take_over(waits: Waits, answer: dict[str, Any], page: Page, asked_s: float) -> None:
    """What the page itself waited for, and the rest of the `asked_s` that its answer took. Which host holds it up, only
    the browser knows.
    """
    now = time.monotonic()

    def with_host(cause: str) -> str:
        kinds = _HELD_UP_BY.get(cause)
        return _name(cause, page.state.longest_request(kinds, now)) if kinds is not None else cause

    for cause, waited_ms in answer["waits"].items():
        seconds = waited_ms / 1000
        waits.add(with_host(cause) if seconds >= SLOW_REQUEST_S else cause, seconds)
    waits.add(str(Cause.ANSWER), max(asked_s - sum(answer["waits"].values()) / 1000, 0.0))
    waits.last = with_host(answer["awaited"])


def _name(cause: str, request: Request | None) -> str:
    return f"{cause} {request.host}" if request is not None and request.host else str(cause)


def _what_is_coming(page: Page, *, is_loaded: bool) -> str | None:
    """What a quiet page still gets, as a cause; None: nothing."""
    scheduled_s = page.state.scheduled_navigation_s
    if scheduled_s is not None and scheduled_s <= NEXT_DOCUMENT_S:
        return str(Cause.ANNOUNCED_NAVIGATION)
    request = page.state.oldest_request(DATA_KINDS if is_loaded else BUILDING_KINDS, time.monotonic())
    return _name(Cause.REQUEST, request) if request is not None else None


def _wait_for_news(page: Page, waits: Waits, cause: str, *, deadline: float) -> None:
    """Wait until an answer or another document came, or a long poll was recognised as one."""
    state = page.state
    documents, waiting = state.documents, _count_awaited(page)
    started = time.monotonic()
    limit = min(deadline, started + NEXT_DOCUMENT_S + 1.0)
    waits.last = cause
    try:
        page.wait_until(lambda: state.documents != documents or _count_awaited(page) != waiting, deadline=limit)
    except DeadlinePassed:
        if limit == deadline:
            raise
        state.in_flight.clear()
        state.scheduled_navigation_s = None
    finally:
        waits.add(cause, time.monotonic() - started)


def _count_awaited(page: Page) -> int:
    return sum(request.kind in BUILDING_KINDS for request in page.state.in_flight.values())
