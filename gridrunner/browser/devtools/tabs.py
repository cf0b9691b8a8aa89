"""The tabs of one lane over its socket: the next one is made while the present one is used."""

from __future__ import annotations

import time
from typing import Any

from gridrunner.archive.traffic import Mode
from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.extensions import ExtensionConsole, ask_until_loaded
from gridrunner.browser.devtools.page import DevToolsPage
from gridrunner.browser.devtools.tab import BLANK, NOWHERE
from gridrunner.browser.identity import BrowserVersion, Proxy
from gridrunner.browser.page_state import EVENT_LIMIT, EXTENSION_ERROR
from gridrunner.browser.port import CommandFailed, DeadlinePassed, LoadedExtension, Page
from gridrunner.browser.tab_settings import TabSettings


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
        connection.listen("", self._on_browser_event, {"Target.detachedFromTarget", "Target.attachedToTarget"})
        self._version = connection.send("Browser.getVersion")
        self._early: list[str] = []
        self._console = ExtensionConsole(connection, self._note_extension_error)
        if not has_own_context:
            self._console.open()

    @property
    def has_spare(self) -> bool:
        """Whether the next page is there, or being made."""
        return self._spare is not None

    def take(self, proxy: Proxy | None = None, *, deadline: float) -> DevToolsPage:
        """See `Tabs`. The first one tells whether this browser serves tabs that show nothing."""
        if self._spare is not None and self._spare.proxy != proxy:
            self._spare.discard()
            self._spare = None
        page, self._spare = self._spare or self._prepare(proxy), None
        self._used = page
        if self._is_first:
            self._is_first = False
            try:
                page.wait_until_prepared(deadline=time.monotonic() + self._settings.empty_tab_timeout_s)
            except (CommandFailed, DeadlinePassed):
                page.discard()
                self._first_url = BLANK
                page = self._used = self._prepare(proxy)
        page.wait_until_prepared(deadline=deadline)
        page.browser = self._browser
        for text in self._early:
            page.state.note(EXTENSION_ERROR, text)
        self._early.clear()
        return page

    def loaded_extensions(self, wanted: int, *, deadline: float) -> tuple[LoadedExtension, ...] | None:
        """See `Tabs`."""
        return ask_until_loaded(self.connection, lambda loaded: len(loaded) >= wanted, deadline=deadline)

    def prepare_ahead(self, proxy: Proxy | None = None) -> None:
        """See `Tabs`."""
        if self._spare is None:
            self._spare = self._prepare(proxy)

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

    def _prepare(self, proxy: Proxy | None) -> DevToolsPage:
        traffic = self._settings.traffic
        page = DevToolsPage(
            self.connection,
            has_own_context=self._has_own_context,
            first_url=self._first_url,
            proxy=proxy,
            traffic=traffic.mode if traffic is not None else Mode.LIVE,
        )
        page.prepare()
        return page

    def _note_extension_error(self, text: str) -> None:
        """Errors of an extension belong to the visit that goes on, or to the next one."""
        if self._used is not None:
            self._used.state.note(EXTENSION_ERROR, text)
        elif len(self._early) < EVENT_LIMIT:
            self._early.append(text)

    def _on_browser_event(self, method: str, params: dict[str, Any]) -> None:
        if method == "Target.attachedToTarget":
            self._console.take_target(params)
        elif self._used is not None and params.get("sessionId") == self._used.target:
            self._used.state.mark_crashed("the page closed its own window")
