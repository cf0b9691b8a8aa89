"""An isolated browser context with one tab: made ahead, used for one site, thrown away.

It is made by `prepare`, a chain of commands that goes on while other answers are awaited, and thrown away by `discard`
without waiting.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gridrunner.archive.traffic import Asked, Heard, Mode, Served
from gridrunner.browser.devtools.connection import Answer, Connection, encode_text
from gridrunner.browser.devtools.events import WORLD, PageEvents
from gridrunner.browser.devtools.overrides import FRAME, attach_to, list_overrides, pause_documents
from gridrunner.browser.devtools.recording import TrafficRecorder
from gridrunner.browser.devtools.serving import TrafficServer
from gridrunner.browser.identity import BrowserVersion, Proxy, Visitor
from gridrunner.browser.installed import SCRIPT
from gridrunner.browser.options import VIEWPORT
from gridrunner.browser.page_state import PageState
from gridrunner.browser.port import CommandFailed, PageError, PageGone

NOWHERE = "javascript:0"
"""What a new tab is to show: Chromium navigates to no script (NavigationController), so that the tab stays at its
first, empty document, as one that a page opens. A visit that begins at about:blank is a navigation longer: 123 CPU-ms
instead of 109 per page by hand (100 replica pages, Chromium 156, 2026-11-26). Invariant: no client asks this browser
for `Target.setDiscoverTargets`, or headless shell leaves the commands to such a tab unanswered; `devtools.tabs` falls
back to BLANK then."""

BLANK = "about:blank"

DRAWN_SCALE = 0.25
"""How large pages are drawn until a picture is taken: their layout is that of VIEWPORT, and a page by hand takes 97
CPU-ms instead of 108 (100 replica pages, Chromium 156, 2026-11-26; 0.5: 98, 0.02: 96). Pictures and the mouse want the
true size."""


class Tab:
    """Make it with `prepare`, then `wait_until_prepared` before use."""

    browser = BrowserVersion()
    """Whose tab it is."""

    def __init__(
        self,
        connection: Connection,
        *,
        has_own_context: bool = True,
        first_url: str = NOWHERE,
        proxy: Proxy | None = None,
        traffic: Mode = Mode.LIVE,
    ) -> None:
        """`has_own_context` False: a tab of the session's first context, the only one where extensions run. `proxy` is
        for contexts of their own.
        """
        self._connection = connection
        self.proxy = proxy
        self._has_own_context, self._first_url = has_own_context, first_url
        self._events = PageEvents(connection, self._serve)
        self.state: PageState = self._events.state
        self._recorder = TrafficRecorder(connection) if traffic is Mode.RECORD else None
        self._server = TrafficServer(connection, self.state) if traffic is Mode.REPLAY else None
        self._events.traffic = self._recorder or self._server
        self._setup: list[Answer] = []
        self._failure: str | None = None
        self.context = ""
        self._blocked: tuple[str, ...] = ()
        self._visitor: Visitor | None = None

    @property
    def main_frame(self) -> str:
        """The id of the top frame, which is also the tab's; "" until there is one."""
        return self._events.main_frame

    @property
    def target(self) -> str:
        """The DevTools session of the tab; "" until there is one."""
        return self._events.target

    # ------------------------------------------------------------------------------------------- making and discarding

    def prepare(self) -> None:
        """Start to make the context and its tab; returns at once."""
        if self._has_own_context:
            way = {"proxyServer": self.proxy.server} if self.proxy is not None else {}
            params = {"disposeOnDetach": True, **way}
            self._connection.send("Target.createBrowserContext", params, then=self._on_context)
        else:
            self._open()

    def _on_context(self, answer: Answer) -> None:
        if self._is_refused(answer):
            return
        self.context = answer.result["browserContextId"]
        self._open({"browserContextId": self.context})

    def _open(self, context: Mapping[str, str] = MappingProxyType({})) -> None:
        """A tab that downloads nothing, in `context` or, where that is empty, in the session's first one. In a window
        of its own: Chromium opens no tab in a context that has no window ("no browser is open"), headless shell does
        not care.
        """
        self._connection.send("Browser.setDownloadBehavior", {"behavior": "deny", "eventsEnabled": False, **context})
        width, height = VIEWPORT
        place = {"url": self._first_url, "width": width, "height": height, "newWindow": True, **context}
        self._connection.send("Target.createTarget", place, then=self._on_tab)

    def _on_tab(self, answer: Answer) -> None:
        if self._is_refused(answer):
            return
        tab = answer.result["targetId"]

        def on_attached(attached: Answer) -> None:
            if not self._is_refused(attached):
                self._set_up(tab, attached.result["sessionId"])

        self._connection.send("Target.attachToTarget", {"targetId": tab, "flatten": True}, then=on_attached)

    def _set_up(self, tab: str, target: str) -> None:
        self._events.begin(main_frame=tab, target=target)
        self._setup = self._enable(target)
        # Out-of-process frames are not given it: most are advertisements, which no check reads.
        script = {"source": encode_text(SCRIPT), "worldName": WORLD}
        self._setup.append(self._send("Page.addScriptToEvaluateOnNewDocument", script))
        if self.proxy is not None and self.proxy.user:
            self._events.credentials = (self.proxy.user, self.proxy.password)
            self._setup.append(self._send("Fetch.enable", pause_documents(everywhere=True)))
        self._setup.append(self._send("Emulation.setDeviceMetricsOverride", _metrics(*VIEWPORT, scale=DRAWN_SCALE)))

    def _enable(self, target: str) -> list[Answer]:
        """Ask a target for its events, and for its out-of-process frames as targets of their own."""
        self._events.listen(target)
        send = self._connection.send
        bodies: dict[str, Any] = {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}
        if (traffic := self._events.traffic) is not None:
            bodies |= traffic.network
            traffic.set_up(target, FRAME)
        return [
            send("Page.enable", target=target),
            send("Network.enable", bodies, target=target),
            send("Runtime.enable", target=target),
            send("Log.enable", target=target),
            send("Inspector.enable", target=target),
            send("Target.setAutoAttach", attach_to(is_paused=self._is_paused), target=target),
        ]

    @property
    def _is_paused(self) -> bool:
        """Whether what else asks servers waits for us before it does."""
        return self._visitor is not None or self._events.traffic is not None

    def _serve(self, target: str, kind: str) -> None:
        """Take on what goes on in another process or thread; it waits for us where there is a visitor to be, or traffic
        to hear or serve.
        """
        if kind == FRAME:
            self._enable(target)
            if self._blocked:
                self._connection.send("Network.setBlockedURLs", {"urls": list(self._blocked)}, target=target)
        elif self._events.traffic is not None:
            self._events.traffic.set_up(target, kind)
        if self._is_paused:
            if kind != FRAME:  # a worker may have workers of its own
                self._connection.send("Target.setAutoAttach", attach_to(is_paused=True), target=target)
            for method, params in list_overrides(self._visitor, is_page=kind == FRAME) if self._visitor else ():
                self._connection.send(method, params, target=target)
            self._connection.send("Runtime.runIfWaitingForDebugger", target=target)

    def _is_refused(self, answer: Answer) -> bool:
        if answer.error is not None:
            self._failure = f"{answer.method}: {answer.error}"
        return self._failure is not None

    def wait_until_prepared(self, *, deadline: float) -> None:
        """Wait for `prepare` to end. Raises CommandFailed, DeadlinePassed or SessionLost."""
        self._connection.read_until(
            lambda: self._failure is not None or (bool(self._setup) and all(answer.is_done for answer in self._setup)),
            deadline=deadline,
        )
        if self._failure is not None:
            raise CommandFailed(self._failure)

    def discard(self) -> None:
        """Throw the context away with everything that it stored; returns at once."""
        self._events.end()
        if not self._has_own_context:
            self._connection.send("Target.closeTarget", {"targetId": self.main_frame})
        elif self.context:
            self._connection.send("Target.disposeBrowserContext", {"browserContextId": self.context})

    # ------------------------------------------------------------------------------------------------------- commands

    def visit_as(self, visitor: Visitor) -> None:
        """Be that visitor in the page, its frames and workers, before the first request of each; before it is
        navigated.
        """
        self._visitor = visitor
        for method, params in list_overrides(visitor, is_page=True):
            self._send(method, params)
        if visitor.location is not None:
            place = {"browserContextId": self.context} if self.context else {}
            self._connection.send("Browser.grantPermissions", {"permissions": ["geolocation"], **place})
        self._send("Target.setAutoAttach", attach_to(is_paused=True))

    def block(self, patterns: tuple[str, ...]) -> None:
        """Have the browser refuse requests whose URL matches, in the page and its frames; before it is navigated."""
        self._blocked = patterns
        self._send("Network.setBlockedURLs", {"urls": list(patterns)})

    def guard(self, refuses: Callable[[str], bool]) -> None:
        """Have the browser ask for documents over plain HTTP only where `refuses` does not; before it is navigated."""
        self._events.refuses = refuses
        if self._events.credentials is None:
            self._send("Fetch.enable", pause_documents(everywhere=False))

    def record(self, keep: Callable[[Heard], None], lack: Callable[[str], None]) -> None:
        """See `Page`."""
        assert self._recorder is not None, "these tabs record"
        self._recorder.keep, self._recorder.lack = keep, lack

    def end_recording(self, *, deadline: float) -> None:
        """See `Page`."""
        assert self._recorder is not None, "these tabs record"
        recorder = self._recorder
        recorder.ask_for_the_rest()
        with contextlib.suppress(PageError):
            self._connection.read_until(lambda: recorder.is_settled, deadline=deadline)
        recorder.end()

    def serve(self, answer: Callable[[Asked], Served], *, started_ms: int = 0) -> None:
        """See `Page`."""
        assert self._server is not None, "these tabs serve"
        self._server.answer = answer
        if started_ms:
            self._server.begin_time(self.target, started_ms)

    def wait_until(self, is_true: Callable[[], bool], *, deadline: float) -> None:
        """Wait for a state of the page. Raises PageGone, DeadlinePassed or SessionLost."""
        with self._server.pass_time() if self._server is not None else contextlib.nullcontext():
            self._connection.read_until(lambda: self.state.is_crashed or is_true(), deadline=deadline)
        if self.state.is_crashed and not is_true():
            raise PageGone

    def _send(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Send the tab a command and return at once. Raises SessionLost."""
        return self._connection.send(method, dict(params or {}), target=self.target)

    def _call(
        self, method: str, params: Mapping[str, Any] | None = None, *, target: str | None = None, deadline: float
    ) -> dict[str, Any]:
        """A command to the tab (or to the `target` of one of its frames). Raises what a `Page` raises."""
        answer = self._connection.send(method, dict(params or {}), target=target or self.target)
        self.wait_until(lambda: answer.is_done, deadline=deadline)
        return answer.value()

    def _lay_out(self, width: int, height: int, *, deadline: float) -> None:
        self._call("Emulation.setDeviceMetricsOverride", _metrics(width, height), deadline=deadline)


def _metrics(width: int, height: int, *, scale: float = 1.0) -> dict[str, Any]:
    return {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False, "scale": scale}
