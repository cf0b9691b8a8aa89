"""A lane of a browser session: it visits one site after another, each in a context of its own.

The session is Selenium's (opened by `gridrunner.grid`); the visits go over its DevTools socket, because that costs two
thirds of the same visit over BiDi and sees closed shadow roots (docs/design/protocol.md has the figures). The next context is
made while the present page loads, if the machine has time for it, and the last one is thrown away without waiting.

Invariant: one thread visits; `kill` may come from any other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from gridrunner.browser.devtools.connection import CommandFailed, Connection, DeadlinePassed
from gridrunner.browser.devtools.page import BLANK, NOWHERE, Page
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.visit import UserProbe, VisitSettings, visit_page
from gridrunner.errors import SessionLost
from gridrunner.model import Fault, FaultKind, Observation, Site

PREPARE_TIMEOUT_S = 15.0
"""A fresh context with its tab took 0.03 to 0.3 s (Chromium 156, two busy cores, 2026-11-24)."""

EMPTY_TAB_TIMEOUT_S = 3.0
"""For the first tab that shows nothing yet (`page.NOWHERE`), after which this session's tabs begin with about:blank."""


class BrowserSession:
    """One session. `hub`, `node` and `id` are what observations name."""

    def __init__(
        self,
        *,
        hub: str,
        node: str,
        session_id: str,
        connection: Connection,
        end: Callable[[], None],
        end_now: Callable[[], None],
        on_lost: Callable[[], None] = lambda: None,
        leaves: Callable[[], bool] = lambda: False,
        has_time: Callable[[], bool] = lambda: True,
        settings: VisitSettings,
        store: EvidenceStore,
    ) -> None:
        """`end` quits the session politely, `end_now` takes it away at once; both are bounded and never raise; `leaves` tells
        whether its node drains, `has_time` whether its machine would make the next context while this page loads.
        """
        self.hub, self.node, self.id = hub, node, session_id
        self._connection = connection
        self._end, self._end_now, self._on_lost, self._leaves = end, end_now, on_lost, leaves
        self._has_time = has_time
        self._settings, self._store = settings, store
        self._page: Page | None = None
        self._spare: Page | None = None
        self._is_visiting = False
        self._first_url = NOWHERE
        self._is_tried = False
        connection.listen("", self._on_browser_event, {"Target.detachedFromTarget"})

    @property
    def is_leaving(self) -> bool:
        """Whether its node drains, so that it should take no further visit."""
        return self._leaves()

    def visit(
        self, site: Site, *, attempt: int, upcoming: Site | None, probes: tuple[UserProbe, ...] = ()
    ) -> Observation:
        """Visit `site` in a fresh context; `probes` come after those of the run. A session that ends under us comes back as the observation's fault."""
        started = time.monotonic()
        self._is_visiting = True
        try:
            page = self._page = self._take_prepared()
            context_s = round(time.monotonic() - started, 4)
            observation = visit_page(
                page,
                site,
                attempt=attempt,
                settings=replace(self._settings, probes=self._settings.probes + probes),
                store=self._store,
                on_navigating=self._prepare_spare if upcoming is not None else lambda: None,
            )
            self._page = None
            page.discard()
            self._connection.flush()
        except (SessionLost, CommandFailed, DeadlinePassed) as error:
            self._connection.close()
            self._on_lost()
            fault = Fault(kind=FaultKind.SESSION_LOST, message=str(error) or "no context could be made in time")
            observation = Observation(site=site.id, attempt=attempt, fault=fault, url=site.url)
            context_s = 0.0
        finally:
            self._is_visiting = False
        timings = replace(observation.timings, context_s=context_s, total_s=round(time.monotonic() - started, 4))
        return replace(observation, timings=timings, hub=self.hub, node=self.node, session=self.id)

    def _take_prepared(self) -> Page:
        deadline = time.monotonic() + PREPARE_TIMEOUT_S
        page, self._spare = self._spare or self._prepare(), None
        if not self._is_tried:
            self._is_tried = True
            try:
                page.wait_until_prepared(deadline=time.monotonic() + EMPTY_TAB_TIMEOUT_S)
            except (CommandFailed, DeadlinePassed):
                page.discard()
                self._first_url = BLANK
                page = self._prepare()
        page.wait_until_prepared(deadline=deadline)
        return page

    def _prepare(self) -> Page:
        page = Page(self._connection, has_own_context=self._settings.has_own_context, first_url=self._first_url)
        page.prepare()
        return page

    def _prepare_spare(self) -> None:
        if self._spare is None and self._has_time():
            self._spare = self._prepare()

    def _on_browser_event(self, _method: str, params: dict[str, Any]) -> None:
        if self._page is not None and params.get("sessionId") == self._page.target:
            self._page.mark_crashed("the page closed its own window")

    def close(self) -> None:
        """Give the lane back; the browser ends with its last one. Bounded, never raises."""
        self._connection.close()
        self._end()

    def kill(self) -> None:
        """Take the lane away at once, from any thread; whoever visits with it gets a fault."""
        self._connection.abort()
        self._end_now()
        if not self._is_visiting:  # else the visit, which reads the socket, closes it
            self._connection.close()
