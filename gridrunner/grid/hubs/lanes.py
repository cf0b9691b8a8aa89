"""Several visits at once in one browser: a session is shared by lanes, each with a DevTools socket of its own.

A lane is what the dispatcher calls a session: one thread, one page at a time. While one lane waits (for a server, for
quiet) another works, at the price of a socket instead of a browser. The sockets are independent: a lane's contexts are
disposed of by the browser when its socket closes, so that a lane that is given up takes no other with it.

Invariant: a browser is ended when its last lane is gone, and gets no new lanes once it is retired.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from msgspec import Struct

from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.tabs import DevToolsTabs
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import GridFault, SessionNotCreated
from gridrunner.host.proxies import HubProxy

ALONE_S = 60.0
"""After a browser was lost under its lanes, new lanes get a browser each for this long: a page that kills its browser
must not take the same neighbour with it on every attempt. Longer than any retry waits (`dispatch.settings`)."""

LANES_PER_BROWSER_LIFE = 16
"""Lanes that a browser serves one after another before it is retired: with the dispatcher's 50 visits per lane that is
800 pages, where headless shell had grown from 90 to 160 MiB (Chromium 156, 2026-11-24)."""


class OpenBrowser(Struct, frozen=True, kw_only=True):
    """A session as a hub opened it. `end` quits it politely, `end_now` takes it away at once; both are bounded.
    `devtools_fallback` is where its socket may be instead ("": nowhere).
    """

    node: str
    session_id: str
    devtools_url: str
    devtools_fallback: str = ""
    devtools_headers: tuple[str, ...] = ()
    ca_file: Path | None = None
    proxy: HubProxy | None = None
    end: Callable[[], None]
    end_now: Callable[[], None]


Opener = Callable[[str, float], OpenBrowser]
"""Opens a browser for (slot, timeout_s). Raises GridFault."""


@dataclass(slots=True, kw_only=True)
class _Shared:
    """A browser, or one that is being opened (`browser` None), with its lanes."""

    lanes: int = 1
    lanes_ever: int = 1
    is_retired: bool = False
    is_leaving: bool = False
    browser: OpenBrowser | None = None
    is_opened: threading.Event = field(default_factory=threading.Event)


class LanePool:
    """Hands out lanes over the browsers of one hub; `per_browser` at once on each."""

    def __init__(
        self,
        *,
        hub: str,
        opener: Opener,
        per_browser: int,
        settings: VisitSettings,
        store: EvidenceStore,
        has_idle_core: Callable[[], bool] = lambda: True,
        most_sockets: float = math.inf,
    ) -> None:
        """`has_idle_core` as `BrowserSession` has it; `most_sockets` is what a session takes at once."""
        self._most_sockets = most_sockets
        self._hub, self._opener, self._per_browser, self._has_idle_core = hub, opener, per_browser, has_idle_core
        self._settings, self._store = settings, store
        self._lock = threading.Lock()
        self._shared: list[_Shared] = []
        self._alone_until_s = 0.0

    def open_lane(self, *, slot: str, timeout_s: float) -> BrowserSession:
        """A lane on a browser with room, or on a new one. Raises GridFault, in `timeout_s` and the socket's limit."""
        shared, is_first = self._reserve()
        if is_first:
            try:
                shared.browser = self._opener(slot, timeout_s)
            except BaseException:
                self._retire(shared)
                raise
            finally:
                shared.is_opened.set()
        else:
            shared.is_opened.wait(timeout_s)
        browser = shared.browser
        if browser is None:
            self._leave(shared, is_killed=True)
            raise SessionNotCreated(f"{self._hub}: the browser that {slot} was to share could not be opened")
        try:
            connection = self._connect(browser, label=f"{self._hub} {slot}")
        except GridFault as error:
            lanes = shared.lanes
            self._give_up(shared)
            if lanes > self._most_sockets:
                raise SessionNotCreated(
                    f"{error}; a node of Selenium Grid takes {self._most_sockets} sockets per session, and "
                    f"--contexts-per-session {self._per_browser} asks for more: lower it, or raise the node's "
                    "--connection-limit-per-session"
                ) from error
            raise
        return BrowserSession(
            hub=self._hub,
            node=browser.node,
            session_id=browser.session_id,
            tabs=DevToolsTabs(connection, settings=self._settings.tabs, has_own_context=self._settings.has_own_context),
            end=lambda: self._leave(shared, is_killed=False),
            end_now=lambda: self._give_up(shared),
            on_lost=lambda: self._set_apart(shared),
            drains=lambda: shared.is_leaving,
            has_idle_core=self._has_idle_core,
            settings=self._settings,
            store=self._store,
        )

    def note_draining(self, sessions: Collection[str]) -> None:
        """The nodes of these sessions (by id) drain: their browsers get no new lanes, and their lanes say so."""
        with self._lock:
            for shared in self._shared:
                if shared.browser is not None and shared.browser.session_id in sessions:
                    shared.is_retired = shared.is_leaving = True

    @staticmethod
    def _connect(browser: OpenBrowser, *, label: str) -> Connection:
        headers = list(browser.devtools_headers)
        try:
            return Connection(
                browser.devtools_url, label=label, headers=headers, ca_file=browser.ca_file, proxy=browser.proxy
            )
        except GridFault:
            if not browser.devtools_fallback:
                raise
            return Connection(
                browser.devtools_fallback, label=label, headers=headers, ca_file=browser.ca_file, proxy=browser.proxy
            )

    def _reserve(self) -> tuple[_Shared, bool]:
        """A browser with a lane reserved on it, and whether the caller is the one to open it."""
        with self._lock:
            if time.monotonic() < self._alone_until_s:
                alone = _Shared(is_retired=True)
                self._shared.append(alone)
                return alone, True
            for shared in self._shared:
                has_room = shared.lanes < self._per_browser and shared.lanes_ever < LANES_PER_BROWSER_LIFE
                if has_room and not shared.is_retired:
                    shared.lanes += 1
                    shared.lanes_ever += 1
                    return shared, False
            shared = _Shared()
            self._shared.append(shared)
            return shared, True

    def _retire(self, shared: _Shared) -> None:
        with self._lock:
            shared.is_retired = True
            if shared.browser is None and shared in self._shared:
                self._shared.remove(shared)

    def _set_apart(self, shared: _Shared) -> None:
        """A visit lost its session: it is not known yet whose page did it, so the lanes that follow are kept apart."""
        self._retire(shared)
        if self._per_browser > 1:
            self._alone_until_s = time.monotonic() + ALONE_S

    def _give_up(self, shared: _Shared) -> None:
        """A lane was taken away by force: its browser is suspect, and gets no new ones."""
        self._retire(shared)
        self._leave(shared, is_killed=True)

    def _leave(self, shared: _Shared, *, is_killed: bool) -> None:
        with self._lock:
            shared.lanes -= 1
            is_last = shared.lanes == 0
            if is_last and shared in self._shared:
                self._shared.remove(shared)
        if is_last and shared.browser is not None:
            (shared.browser.end_now if is_killed else shared.browser.end)()
