"""The tabs of one lane over its socket: the next one is made while the present one is used."""

from __future__ import annotations

import time
from typing import Any

from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.page import DevToolsPage
from gridrunner.browser.devtools.tab import BLANK, NOWHERE
from gridrunner.browser.port import BrowserVersion, CommandFailed, DeadlinePassed, Page, TabSettings


class DevToolsTabs:
    """See `browser.port.Tabs`. `connection` is the lane's own."""

    def __init__(self, connection: Connection, *, settings: TabSettings, has_own_context: bool = True) -> None:
        """`has_own_context` False: tabs of the session's first context, the only one where extensions run."""
        self.connection = connection
        self._has_own_context, self._settings = has_own_context, settings
        self._first_url = settings.first_url or NOWHERE
        self._is_first = True
        self._used: DevToolsPage | None = None
        self._spare: DevToolsPage | None = None
        connection.listen("", self._on_browser_event, {"Target.detachedFromTarget"})
        self._version = connection.send("Browser.getVersion")

    @property
    def has_spare(self) -> bool:
        """Whether the next page is there, or being made."""
        return self._spare is not None

    def take(self, *, deadline: float) -> DevToolsPage:
        """See `Tabs`. The first one tells whether this browser serves tabs that show nothing."""
        page, self._spare = self._spare or self._prepare(), None
        self._used = page
        if self._is_first:
            self._is_first = False
            try:
                page.wait_until_prepared(deadline=time.monotonic() + self._settings.empty_tab_timeout_s)
            except (CommandFailed, DeadlinePassed):
                page.discard()
                self._first_url = BLANK
                page = self._used = self._prepare()
        page.wait_until_prepared(deadline=deadline)
        page.browser = self._browser
        return page

    def prepare_ahead(self) -> None:
        """See `Tabs`."""
        if self._spare is None:
            self._spare = self._prepare()

    def give_back(self, page: Page) -> None:
        """See `Tabs`."""
        assert page is self._used, "a page of these tabs"
        self._used.discard()
        self._used = None
        self.connection.flush()

    def abort(self) -> None:
        """See `Tabs`."""
        self.connection.abort()

    def close(self) -> None:
        """See `Tabs`."""
        self.connection.close()

    @property
    def _browser(self) -> BrowserVersion:
        """Asked for before the first tab, and answered before it."""
        said = self._version.result
        return BrowserVersion(product=str(said.get("product", "")), user_agent=str(said.get("userAgent", "")))

    def _prepare(self) -> DevToolsPage:
        page = DevToolsPage(self.connection, has_own_context=self._has_own_context, first_url=self._first_url)
        page.prepare()
        return page

    def _on_browser_event(self, _method: str, params: dict[str, Any]) -> None:
        if self._used is not None and params.get("sessionId") == self._used.target:
            self._used.state.mark_crashed("the page closed its own window")
