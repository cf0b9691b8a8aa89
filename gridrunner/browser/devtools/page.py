"""One site's page: an isolated browser context with one tab, its frames, and what happened in it.

A context is made ahead by `prepare` (a chain of commands that goes on while somebody else's answers are awaited), used
for one site, and thrown away by `discard` without waiting. Events of the page and of its out-of-process frames are
kept as plain state, so that whoever waits only looks at it.

Invariant: nothing here decides what a page's behaviour means; that is `gridrunner.browser.outcomes`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar

from gridrunner.browser.devtools.connection import Answer, CommandFailed, Connection, encode_text
from gridrunner.browser.installed import MISSING, SCRIPT, Installed
from gridrunner.browser.options import VIEWPORT
from gridrunner.model import PageEvent
from gridrunner.text import redact_url

WORLD = "gridrunner"
"""The isolated world that probes run in: page scripts neither see them nor can redefine what they call."""

EVENT_LIMIT = 60
"""Events kept a page. A console error a frame in a loop must not fill the journal."""

TEXT_LIMIT = 400
"""Characters kept of a page's own text in an event."""

NOWHERE = "javascript:0"
"""What a new tab is to show: Chromium navigates to no script (NavigationController), so that the tab stays at its first, empty
document, as one that a page opens. A visit that begins at about:blank is a navigation longer: 123 CPU-ms instead of 109 a page
by hand (100 replica pages, Chromium 156, 2026-11-26). Invariant: nobody asks this browser for `Target.setDiscoverTargets`, or
headless shell leaves the commands to such a tab unanswered; `gridrunner.browser.session` falls back to BLANK then."""

BLANK = "about:blank"

DRAWN_SCALE = 0.25
"""How large pages are drawn while nobody looks at them: their layout is that of VIEWPORT, and a page by hand takes 97 CPU-ms
instead of 108 (100 replica pages, Chromium 156, 2026-11-26; 0.5: 98, 0.02: 96). Pictures and the mouse want the true size."""

TRACKED_REQUESTS = frozenset({"Document", "XHR", "Fetch"})
"""Requests that a page may still build its form from; images, beacons and event streams say nothing about that."""

STALE_REQUEST_S = 8.0
"""A request without an answer for this long is taken for a long poll: nobody's login form waits for it."""


class PageGone(Exception):
    """The page crashed, or its tab is gone: nothing can be asked of it any more."""


@dataclass(slots=True)
class Frame:
    """A frame of the page: `target` is the DevTools session that serves it."""

    id: str
    parent: str | None
    target: str
    url: str = ""
    world: int | None = None


@dataclass(slots=True)
class PageState:
    """What has happened so far, by events."""

    frames: dict[str, Frame] = field(default_factory=dict)
    in_flight: dict[str, float] = field(default_factory=dict)
    documents: int = 0
    last_document_s: float = 0.0
    http_status: int | None = None
    asks_for_login: bool = False
    is_loaded: bool = False
    is_leaving: bool = False
    is_crashed: bool = False
    did_download: bool = False
    scheduled_navigation_s: float | None = None
    events: list[PageEvent] = field(default_factory=list)

    def note(self, kind: str, text: str) -> None:
        if len(self.events) < EVENT_LIMIT:
            self.events.append(PageEvent(kind=kind, text=text[:TEXT_LIMIT]))


class Page:
    """A tab in a context of its own. Make it with `prepare`, then `wait_until_prepared` before use."""

    def __init__(self, connection: Connection, *, has_own_context: bool = True, first_url: str = NOWHERE) -> None:
        """`has_own_context` False: a tab of the session's first context, the only one where extensions run."""
        self._connection = connection
        self._first_url = first_url
        self._has_own_context = has_own_context
        self._setup: list[Answer] = []
        self._failure: str | None = None
        self.context = ""
        self.main_frame = ""
        self.target = ""
        self.state = PageState()
        self._blocked: tuple[str, ...] = ()
        self._is_in_full = False

    # ------------------------------------------------------------------------------------------- making and discarding

    def prepare(self) -> None:
        """Start to make the context and its tab; returns at once."""
        if self._has_own_context:
            self._connection.send("Target.createBrowserContext", {"disposeOnDetach": True}, then=self._on_context)
        else:
            self._open_tab()

    def _on_context(self, answer: Answer) -> None:
        if self._is_refused(answer):
            return
        self.context = answer.result["browserContextId"]
        self._open_tab({"browserContextId": self.context})

    def _open_tab(self, context: Mapping[str, str] = MappingProxyType({})) -> None:
        """A tab that downloads nothing, in `context` or, where that is empty, in the session's first one. In a window of its
        own: Chromium opens no tab in a context that has no window ("no browser is open"), headless shell does not care.
        """
        self._connection.send("Browser.setDownloadBehavior", {"behavior": "deny", "eventsEnabled": False, **context})
        width, height = VIEWPORT
        place = {"url": self._first_url, "width": width, "height": height, "newWindow": True, **context}
        self._connection.send("Target.createTarget", place, then=self._on_tab)

    def _on_tab(self, answer: Answer) -> None:
        if self._is_refused(answer):
            return
        self.main_frame = answer.result["targetId"]
        self._connection.send(
            "Target.attachToTarget", {"targetId": self.main_frame, "flatten": True}, then=self._on_attached
        )

    def _on_attached(self, answer: Answer) -> None:
        if self._is_refused(answer):
            return
        self.target = answer.result["sessionId"]
        self.state.frames[self.main_frame] = Frame(id=self.main_frame, parent=None, target=self.target)
        self._setup = self._enable(self.target)
        # Out-of-process frames are not given it: most are advertisements, which nobody reads.
        script = {"source": encode_text(SCRIPT), "worldName": WORLD}
        self._setup.append(self._connection.send("Page.addScriptToEvaluateOnNewDocument", script, target=self.target))
        self._setup.append(self.send("Emulation.setDeviceMetricsOverride", _metrics(*VIEWPORT, scale=DRAWN_SCALE)))

    def block(self, patterns: tuple[str, ...]) -> None:
        """Have the browser refuse requests whose URL matches, in the page and its frames; before it is navigated."""
        self._blocked = patterns
        self._connection.send("Network.setBlockedURLs", {"urls": list(patterns)}, target=self.target)

    def _enable(self, target: str) -> list[Answer]:
        """Ask a target for its events, and for its out-of-process frames as targets of their own."""
        self._connection.listen(target, lambda method, params: self._on_event(target, method, params), self._handlers)
        send = self._connection.send
        no_bodies = {"maxTotalBufferSize": 0, "maxResourceBufferSize": 0}
        auto_attach = {"autoAttach": True, "waitForDebuggerOnStart": False, "flatten": True}
        return [
            send("Page.enable", target=target),
            send("Network.enable", no_bodies, target=target),
            send("Runtime.enable", target=target),
            send("Log.enable", target=target),
            send("Inspector.enable", target=target),
            send("Target.setAutoAttach", {**auto_attach, "filter": [{"type": "iframe"}]}, target=target),
        ]

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
        for frame in self.state.frames.values():
            self._connection.unlisten(frame.target)
        if not self._has_own_context:
            self._connection.send("Target.closeTarget", {"targetId": self.main_frame})
        elif self.context:
            self._connection.send("Target.disposeBrowserContext", {"browserContextId": self.context})

    # ------------------------------------------------------------------------------------------------------- commands

    def send(self, method: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Send the page a command and return at once. Raises SessionLost."""
        return self._connection.send(method, dict(params or {}), target=self.target)

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, target: str | None = None, deadline: float
    ) -> dict[str, Any]:
        """A command to the page (or to the `target` of one of its frames).

        Raises PageGone when the page crashed meanwhile; CommandFailed, DeadlinePassed or SessionLost.
        """
        answer = self._connection.send(method, dict(params or {}), target=target or self.target)
        self.wait_until(lambda: answer.is_done, deadline=deadline)
        return answer.value()

    def wait_until(self, is_true: Callable[[], bool], *, deadline: float) -> None:
        """Wait for a state of the page. Raises PageGone, DeadlinePassed or SessionLost."""
        self._connection.read_until(lambda: self.state.is_crashed or is_true(), deadline=deadline)
        if self.state.is_crashed and not is_true():
            raise PageGone

    def run(self, function: str, *arguments: Any, frame: str | None = None, deadline: float) -> Any:
        """Call the JavaScript `function` with JSON `arguments` in the isolated world of a frame (default: the top one).

        A promise is awaited. Returns its JSON value. Raises CommandFailed when the frame navigated or refused or the
        function threw, PageGone, DeadlinePassed or SessionLost.
        """
        where = self.state.frames.get(frame or self.main_frame)
        if where is None:
            raise CommandFailed("the frame is gone")
        context = self.world_of(where, deadline=deadline)
        params = {
            "functionDeclaration": encode_text(function),
            "executionContextId": context,
            "arguments": [{"value": argument} for argument in arguments],
            "awaitPromise": True,
            "returnByValue": True,
        }
        return value_of(self.call("Runtime.callFunctionOn", params, target=where.target, deadline=deadline))

    def run_installed(
        self, probe: Installed, options: Mapping[str, Any], *, frame: str | None = None, deadline: float
    ) -> Any:
        """Call an installed probe as `run` calls a function, and raise what it raises."""
        value = self.run(probe.call, options, frame=frame, deadline=deadline)
        return self.run(probe.source, options, frame=frame, deadline=deadline) if value == MISSING else value

    def world_of(self, frame: Frame, *, deadline: float) -> int:
        """The execution context of the isolated world in a frame's present document."""
        if frame.world is None:
            params = {"frameId": frame.id, "worldName": WORLD, "grantUniveralAccess": False}
            made = self.call("Page.createIsolatedWorld", params, target=frame.target, deadline=deadline)
            frame.world = int(made["executionContextId"])
        return frame.world

    def draw_in_full(self, *, deadline: float) -> None:
        """Have the page drawn at its true size from now on. Raises what `call` raises."""
        if not self._is_in_full:
            self.resize(*VIEWPORT, deadline=deadline)

    def resize(self, width: int, height: int, *, deadline: float) -> None:
        """Lay the page out for a viewport of that many CSS pixels, drawn at its true size. Raises what `call` raises."""
        self._is_in_full = True
        self.call("Emulation.setDeviceMetricsOverride", _metrics(width, height), deadline=deadline)

    def click(self, x: float, y: float, *, deadline: float) -> None:
        """Press and release the left mouse button at a place of the viewport. Raises what `call` raises."""
        self.draw_in_full(deadline=deadline)
        for kind, count in (("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 1)):
            params = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": count}
            self.call("Input.dispatchMouseEvent", params, deadline=deadline)

    # --------------------------------------------------------------------------------------------------------- events

    @property
    def has_document(self) -> bool:
        """Whether the document that was navigated to is there, its isolated world announced unless it has none."""
        world = self.state.frames[self.main_frame].world if self.main_frame in self.state.frames else None
        return self.state.documents > 0 and (world is not None or self.state.is_loaded)

    def is_awaiting_data(self, now: float) -> bool:
        """Whether a document, XHR or fetch is under way that is not a long poll."""
        return any(now - started < STALE_REQUEST_S for started in self.state.in_flight.values())

    def _on_event(self, target: str, method: str, params: dict[str, Any]) -> None:
        handler = self._handlers.get(method)
        if handler is not None:
            handler(self, target, params)

    def _on_frame_attached(self, target: str, params: dict[str, Any]) -> None:
        frame_id = params["frameId"]
        known = self.state.frames.get(frame_id)
        if known is None:
            self.state.frames[frame_id] = Frame(id=frame_id, parent=params["parentFrameId"], target=target)

    def _on_frame_detached(self, target: str, params: dict[str, Any]) -> None:
        frame = self.state.frames.get(params["frameId"])
        # "swap": the frame goes on in another process, whose session announces or has announced itself
        if frame is not None and params.get("reason") != "swap" and frame.target == target:
            del self.state.frames[frame.id]

    def _on_frame_navigated(self, target: str, params: dict[str, Any]) -> None:
        found = params["frame"]
        frame = self.state.frames.get(found["id"])
        if frame is None:
            frame = Frame(id=found["id"], parent=found.get("parentId"), target=target)
            self.state.frames[frame.id] = frame
        frame.target, frame.url, frame.world = target, found["url"], None
        if frame.id == self.main_frame:
            self.state.documents += 1
            self.state.last_document_s = time.monotonic()
            self.state.is_loaded = self.state.is_leaving = False
            self.state.scheduled_navigation_s = None

    def _on_context_created(self, target: str, params: dict[str, Any]) -> None:
        context = params["context"]
        if context.get("name") == WORLD:
            frame = self.state.frames.get(context.get("auxData", {}).get("frameId", ""))
            if frame is not None and frame.target == target:
                frame.world = int(context["id"])

    def _on_context_destroyed(self, target: str, params: dict[str, Any]) -> None:
        for frame in self.state.frames.values():
            if frame.target == target and frame.world == params.get("executionContextId"):
                frame.world = None

    def _on_contexts_cleared(self, target: str, params: dict[str, Any]) -> None:
        for frame in self.state.frames.values():
            if frame.target == target:
                frame.world = None

    def _on_requested_navigation(self, target: str, params: dict[str, Any]) -> None:
        if params.get("frameId") == self.main_frame and params.get("disposition", "currentTab") == "currentTab":
            self.state.is_leaving = True

    def _on_stopped(self, target: str, params: dict[str, Any]) -> None:
        if params.get("frameId") == self.main_frame:
            self.state.is_leaving = False

    def _on_load(self, target: str, params: dict[str, Any]) -> None:
        if target == self.target:
            self.state.is_loaded = True

    def _on_scheduled_navigation(self, target: str, params: dict[str, Any]) -> None:
        if params.get("frameId") == self.main_frame:
            self.state.scheduled_navigation_s = float(params.get("delay", 0.0))

    def _on_cleared_navigation(self, target: str, params: dict[str, Any]) -> None:
        if params.get("frameId") == self.main_frame:
            self.state.scheduled_navigation_s = None

    def _on_attached_frame(self, target: str, params: dict[str, Any]) -> None:
        info, child = params["targetInfo"], params["sessionId"]
        frame_id = info["targetId"]
        known = self.state.frames.get(frame_id)
        parent = known.parent if known else info.get("parentFrameId") or self.main_frame
        self.state.frames[frame_id] = Frame(id=frame_id, parent=parent, target=child, url=info.get("url", ""))
        self._enable(child)
        if self._blocked:
            self._connection.send("Network.setBlockedURLs", {"urls": list(self._blocked)}, target=child)

    def _on_detached_frame(self, target: str, params: dict[str, Any]) -> None:
        self._connection.unlisten(params["sessionId"])

    def _on_dialog(self, target: str, params: dict[str, Any]) -> None:
        kind = params.get("type", "dialog")
        self.state.note("dialog", f"{kind}: {params.get('message', '')}")
        # Leaving is our own wish: agree to it. Anything else is dismissed, as a user who only wants to log in would.
        accept = kind == "beforeunload"
        self._connection.send("Page.handleJavaScriptDialog", {"accept": accept}, target=target)

    def _on_request(self, target: str, params: dict[str, Any]) -> None:
        if params.get("type") in TRACKED_REQUESTS:
            self.state.in_flight[params["requestId"]] = time.monotonic()

    def _on_response(self, target: str, params: dict[str, Any]) -> None:
        if params.get("type") != "Document" or params.get("frameId") != self.main_frame:
            return
        response = params["response"]
        self.state.http_status = int(response.get("status", 0)) or None
        headers = {name.lower() for name in response.get("headers", {})}
        self.state.asks_for_login = self.state.http_status == 401 and "www-authenticate" in headers

    def _on_finished(self, target: str, params: dict[str, Any]) -> None:
        self.state.in_flight.pop(params["requestId"], None)

    def _on_failed(self, target: str, params: dict[str, Any]) -> None:
        self.state.in_flight.pop(params["requestId"], None)
        if not params.get("canceled") and params.get("blockedReason") != "inspector":
            self.state.note("network-failure", f"{params.get('type', 'request')}: {params.get('errorText', '')}")

    def _on_exception(self, target: str, params: dict[str, Any]) -> None:
        details = params.get("exceptionDetails", {})
        description = details.get("exception", {}).get("description") or details.get("text", "")
        self.state.note("console-error", description)

    def _on_console(self, target: str, params: dict[str, Any]) -> None:
        if params.get("type") in {"error", "assert"}:
            words = (str(part.get("value", part.get("description", ""))) for part in params.get("args", []))
            self.state.note("console-error", " ".join(words))

    def _on_log_entry(self, target: str, params: dict[str, Any]) -> None:
        entry = params.get("entry", {})
        if entry.get("level") == "error" and entry.get("source") != "javascript":
            kind = "network-failure" if entry.get("source") == "network" else "console-error"
            self.state.note(kind, f"{entry.get('text', '')} {redact_url(entry.get('url', ''))}".strip())

    def _on_download(self, target: str, params: dict[str, Any]) -> None:
        self.state.did_download = True
        self.state.note("download", str(params.get("suggestedFilename", "")))

    def _on_window_open(self, target: str, params: dict[str, Any]) -> None:
        self.state.note("popup", redact_url(params.get("url", "")) or BLANK)
        # The event comes before the window; a renderer that answers again has opened it.
        self._connection.send("Runtime.evaluate", {"expression": "0"}, target=target, then=self._find_popups)

    def _find_popups(self, _answer: Answer) -> None:
        self._connection.send("Target.getTargets", {"filter": [{"type": "page"}]}, then=self._close_popups)

    def _close_popups(self, answer: Answer) -> None:
        for info in answer.result.get("targetInfos", []):
            if info.get("openerId") in self.state.frames:
                self._connection.send("Target.closeTarget", {"targetId": info["targetId"]})

    def _on_crashed(self, target: str, params: dict[str, Any]) -> None:
        if target == self.target:
            self.mark_crashed("the renderer of the page died")
        else:
            self.state.note("crash", "the renderer of a frame died")
            for frame in [frame for frame in self.state.frames.values() if frame.target == target]:
                del self.state.frames[frame.id]

    def mark_crashed(self, text: str) -> None:
        """Take note that nothing can be asked of the page any more."""
        if not self.state.is_crashed:
            self.state.is_crashed = True
            self.state.note("crash", text)

    _handlers: ClassVar[Mapping[str, Callable[[Page, str, dict[str, Any]], None]]] = {
        "Page.frameAttached": _on_frame_attached,
        "Page.frameDetached": _on_frame_detached,
        "Page.frameNavigated": _on_frame_navigated,
        "Page.frameRequestedNavigation": _on_requested_navigation,
        "Page.frameStoppedLoading": _on_stopped,
        "Page.loadEventFired": _on_load,
        "Page.frameScheduledNavigation": _on_scheduled_navigation,
        "Page.frameClearedScheduledNavigation": _on_cleared_navigation,
        "Page.javascriptDialogOpening": _on_dialog,
        "Page.downloadWillBegin": _on_download,
        "Page.windowOpen": _on_window_open,
        "Target.attachedToTarget": _on_attached_frame,
        "Target.detachedFromTarget": _on_detached_frame,
        "Network.requestWillBeSent": _on_request,
        "Network.responseReceived": _on_response,
        "Network.loadingFinished": _on_finished,
        "Network.loadingFailed": _on_failed,
        "Runtime.executionContextCreated": _on_context_created,
        "Runtime.executionContextDestroyed": _on_context_destroyed,
        "Runtime.executionContextsCleared": _on_contexts_cleared,
        "Runtime.exceptionThrown": _on_exception,
        "Runtime.consoleAPICalled": _on_console,
        "Log.entryAdded": _on_log_entry,
        "Inspector.targetCrashed": _on_crashed,
    }


def _metrics(width: int, height: int, *, scale: float = 1.0) -> dict[str, Any]:
    return {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False, "scale": scale}


def value_of(answer: Mapping[str, Any]) -> Any:
    """The JSON value of a Runtime answer. Raises CommandFailed when the JavaScript threw."""
    details = answer.get("exceptionDetails")
    if details is not None:
        text = details.get("exception", {}).get("description") or details.get("text", "it threw")
        raise CommandFailed(f"JavaScript: {text.splitlines()[0]}")
    return answer["result"].get("value")
