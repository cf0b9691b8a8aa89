"""When a page is ready to be probed: found, not slept for, and never later than the deadline.

The page itself says when (`dom_probes/ready.js`, one call that it answers by a MutationObserver); this module only adds
what a page cannot see of itself: requests under way, navigations that are about to happen, documents that replaced the
one that was asked.
"""

from __future__ import annotations

import time
from typing import Any

from msgspec import Struct

from gridrunner.browser.installed import Installed
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page, PageError
from gridrunner.model import ReadyBy

QUIET_MS = 300
"""No change of the DOM for this long is quiet. Playwright's networkidle takes 500 ms of no network at all."""

DOCUMENT_LIMIT = 8
"""A page that put more documents than this in place of one another keeps leaving; logins redirect three or four times
(own pages and identity providers, written 2026-11-24)."""

NEXT_DOCUMENT_S = 5.0
"""A refresh that the page has announced for within this many seconds is waited for (meta refresh pages use 0 to 5)."""


class KeptLeaving(PageError):
    """The page went through more than DOCUMENT_LIMIT documents."""


class Ready(Struct, frozen=True, kw_only=True):
    """What made a page ready, and the facts of its top frame at that moment; None where they have to be asked for."""

    by: ReadyBy
    top: dict[str, Any] | None = None


def wait_until_ready(page: Page, *, deadline: float) -> Ready:
    """Wait until what is looked for is there, or nothing moves and nothing is awaited any more, or the deadline.

    Raises KeptLeaving, PageGone or SessionLost; a deadline is an answer, not an error.
    """
    first_document = page.state.documents
    while True:
        left_ms = (deadline - time.monotonic()) * 1000
        if left_ms <= 0:
            return Ready(by=ReadyBy.DEADLINE)
        try:
            answer = page.run_installed(
                Installed.READY, {"quiet_ms": QUIET_MS, "deadline_ms": left_ms}, deadline=deadline
            )
            by = ReadyBy(answer["by"])
            if by is not ReadyBy.QUIET or not _is_something_coming(page):
                return Ready(by=by, top=answer.get("facts"))
            _wait_for_news(page, deadline=deadline)
        except DeadlinePassed:
            return Ready(by=ReadyBy.DEADLINE)
        except CommandFailed:
            # The document went away under the question: another one is there or about to come.
            if page.state.documents - first_document > DOCUMENT_LIMIT:
                raise KeptLeaving from None


def _is_something_coming(page: Page) -> bool:
    scheduled_s = page.state.scheduled_navigation_s
    is_announced = scheduled_s is not None and scheduled_s <= NEXT_DOCUMENT_S
    return is_announced or page.state.is_awaiting_data(time.monotonic())


def _wait_for_news(page: Page, *, deadline: float) -> None:
    """Wait until an answer or another document came, or a long poll was recognised as one."""
    documents, waiting = page.state.documents, len(page.state.in_flight)
    limit = min(deadline, time.monotonic() + NEXT_DOCUMENT_S + 1.0)

    def has_news() -> bool:
        return page.state.documents != documents or len(page.state.in_flight) != waiting

    try:
        page.wait_until(has_news, deadline=limit)
    except DeadlinePassed:
        if limit == deadline:
            raise
        page.state.in_flight.clear()
        page.state.scheduled_navigation_s = None
