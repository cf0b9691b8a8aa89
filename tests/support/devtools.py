"""What tests reach of a session's DevTools tabs: commands that no visit sends, and pages that no visit uses."""

from __future__ import annotations

import time

from gridrunner.browser.devtools.page import DevToolsPage
from gridrunner.browser.devtools.tabs import DevToolsTabs
from gridrunner.browser.session import BrowserSession

TAKE_TIMEOUT_S = 15.0


def tabs_of(session: BrowserSession) -> DevToolsTabs:
    """The tabs of a session, which are DevTools' own."""
    assert isinstance(session.tabs, DevToolsTabs)
    return session.tabs


def take_page(session: BrowserSession) -> DevToolsPage:
    """A fresh page of a session, as its next visit would get."""
    return tabs_of(session).take(deadline=time.monotonic() + TAKE_TIMEOUT_S)
