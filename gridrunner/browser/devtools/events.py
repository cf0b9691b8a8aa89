"""What the events of a page and of its out-of-process frames say, kept as plain state for those who wait.

A handler per event (`_HANDLERS`); what is not named there is not even decoded (`devtools.connection`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from gridrunner.browser.devtools.connection import Answer, Connection
from gridrunner.browser.devtools.extensions import describe_error, is_of_extension
from gridrunner.browser.devtools.overrides import FRAME
from gridrunner.browser.devtools.traffic import TargetTraffic
from gridrunner.browser.page_state import BUILDING_KINDS, EXTENSION_ERROR, PageFrame, PageState, Request
from gridrunner.text import redact_url

DEAD_HOST_S = 3.0
"""A host that could not be reached for this long is dead for the run. Where a resolver does not answer, a name is given
up after 5 s at the earliest (resolv.conf(5), timeout); a name that does not exist is known within a second."""

_NEVER_REACHED = frozenset(
    {
        "net::ERR_NAME_NOT_RESOLVED",
        "net::ERR_CONNECTION_TIMED_OUT",
        "net::ERR_ADDRESS_UNREACHABLE",
        "net::ERR_INTERNET_DISCONNECTED",  # the name of a time-out on machines that have loopback only
    }
)

URL_LIMIT = 400
"""Characters that are kept of the address of a request."""

WORLD = "gridrunner"
"""The isolated world that probes run in: page scripts neither see them nor can redefine what they call."""

TRACKED_KINDS = BUILDING_KINDS | {"Image", "Stylesheet"}
"""Requests that are kept in the book: what a page is built from, and what holds up its load event."""


@dataclass(slots=True)
class ServedFrame(PageFrame):
    """A frame and the DevTools session that serves it; `world`: its present document's isolated world, if known."""

    target: str = ""
    world: int | None = None


class PageEvents:
    """Listens to the DevTools sessions of one page. `serve` is told of each frame that goes on in another process, so
    that its session is asked for its events as well. What is done with its traffic is told of everything it `reads`.
    """

    def __init__(self, connection: Connection, serve: Callable[[str, str], None]) -> None:
        self._connection, self._serve = connection, serve
        self.traffic: TargetTraffic | None = None
        self.main_frame = self.target = ""
        self.frames: dict[str, ServedFrame] = {}
        self._workers: set[str] = set()
        self.state = PageState(frames=self.frames)
        self.refuses: Callable[[str], bool] = lambda _url: False
        self.credentials: tuple[str, str] | None = None
        self._is_told = False

    def begin(self, *, main_frame: str, target: str) -> None:
        """The page's tab is there, served by the DevTools session `target`."""
        self.main_frame, self.target = main_frame, target
        self.frames[main_frame] = ServedFrame(id=main_frame, parent=None, target=target)

    def listen(self, target: str) -> None:
        """Take the events of a DevTools session."""
        handlers, traffic = self._HANDLERS, self.traffic

        def on_event(method: str, params: dict[str, Any]) -> None:
            handlers[method](self, target, params)

        if traffic is None:
            self._connection.listen(target, on_event, handlers)
            return
        reads, own = traffic.reads, handlers.keys() - traffic.owns

        def on_both(method: str, params: dict[str, Any]) -> None:
            if method in own:
                handlers[method](self, target, params)
            if method in reads:
                traffic.take(target, method, params)

        self._connection.listen(target, on_both, own | reads, whole=reads)

    def end(self) -> None:
        """Take no more events."""
        for target in (*(frame.target for frame in self.frames.values()), *self._workers):
            self._connection.unlisten(target)

    def _on_frame_attached(self, target: str, params: dict[str, Any]) -> None:
        frame_id = params["frameId"]
        known = self.frames.get(frame_id)
        if known is None:
            self.frames[frame_id] = ServedFrame(id=frame_id, parent=params["parentFrameId"], target=target)

    def _on_frame_detached(self, target: str, params: dict[str, Any]) -> None:
        frame = self.frames.get(params["frameId"])
        # "swap": the frame goes on in another process, whose session announces or has announced itself
        if frame is not None and params.get("reason") != "swap" and frame.target == target:
            self._forget(lambda request: request.frame == frame.id or self._stands_in(request.frame, frame.id))
            del self.frames[frame.id]

    def _on_frame_navigated(self, target: str, params: dict[str, Any]) -> None:
        described = params["frame"]
        frame = self.frames.get(described["id"])
        if frame is None:
            frame = ServedFrame(id=described["id"], parent=described.get("parentId"), target=target)
            self.frames[frame.id] = frame
        frame.target, frame.url, frame.world = target, described["url"], None
        document = described.get("loaderId", "")
        self._forget(
            lambda request: (
                (request.frame == frame.id and request.document != document) or self._stands_in(request.frame, frame.id)
            )
        )
        if frame.id == self.main_frame:
            self.state.documents += 1
            self.state.last_document_s = time.monotonic()
            self.state.is_loaded = self.state.is_navigating = False
            self.state.scheduled_navigation_s = None

    def _on_context_created(self, target: str, params: dict[str, Any]) -> None:
        context = params["context"]
        if context.get("name") == WORLD:
            frame = self.frames.get(context.get("auxData", {}).get("frameId", ""))
            if frame is not None and frame.target == target:
                frame.world = int(context["id"])

    def _on_context_destroyed(self, target: str, params: dict[str, Any]) -> None:
        for frame in self.frames.values():
            if frame.target == target and frame.world == params.get("executionContextId"):
                frame.world = None

    def _on_contexts_cleared(self, target: str, params: dict[str, Any]) -> None:
        for frame in self.frames.values():
            if frame.target == target:
                frame.world = None

    def _on_requested_navigation(self, target: str, params: dict[str, Any]) -> None:
        if params.get("frameId") == self.main_frame and params.get("disposition", "currentTab") == "currentTab":
            self.state.is_navigating = True

    def _on_stopped(self, target: str, params: dict[str, Any]) -> None:
        frame_id = params.get("frameId", "")
        # Its document has come or failed, whichever process said so, if one did before it was listened to.
        self._forget(lambda request: request.frame == frame_id and request.kind == "Document")
        if frame_id == self.main_frame:
            self.state.is_navigating = False

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
        if info.get("type", FRAME) != FRAME:
            self._listen_to_worker(child)
            self._serve(child, info["type"])
            return
        frame_id = info["targetId"]
        known = self.frames.get(frame_id)
        parent = known.parent if known else info.get("parentFrameId") or self.main_frame
        self._forget(lambda request: request.frame == frame_id)  # they end in a session that was not listened to yet
        self.frames[frame_id] = ServedFrame(id=frame_id, parent=parent, target=child, url=info.get("url", ""))
        self._serve(child, FRAME)

    def _listen_to_worker(self, target: str) -> None:
        """A worker says that it has one of its own, and what it asks for; nothing of it is a frame or a form."""
        traffic = self.traffic
        reads = traffic.reads if traffic is not None else frozenset()

        def on_event(method: str, params: dict[str, Any]) -> None:
            if method == "Target.attachedToTarget":
                self._on_attached_frame(target, params)
            elif traffic is not None and method in reads:
                traffic.take(target, method, params)

        self._workers.add(target)
        self._connection.listen(target, on_event, {"Target.attachedToTarget", *reads}, whole=reads)

    def _on_detached_frame(self, target: str, params: dict[str, Any]) -> None:
        self._forget(lambda request: request.target == params["sessionId"])
        self._connection.unlisten(params["sessionId"])

    def _on_paused(self, target: str, params: dict[str, Any]) -> None:
        url, request = params["request"]["url"], {"requestId": params["requestId"]}
        if not url.startswith("http://") or not self.refuses(url):
            self._connection.send("Fetch.continueRequest", request, target=target)
            return
        self.state.note("network-failure", f"leads to a private address that no list names: {redact_url(url)}")
        self._connection.send("Fetch.failRequest", {**request, "errorReason": "AddressUnreachable"}, target=target)

    def _on_auth_required(self, target: str, params: dict[str, Any]) -> None:
        """A proxy gets what it wants once; asked again, it does not take it. A site's own question is left to it."""
        answer: dict[str, str] = {"response": "Default"}
        if params["authChallenge"].get("source") == "Proxy" and self.credentials is not None:
            answer = {"response": "CancelAuth"}
            if not self._is_told:
                user, password = self.credentials
                answer = {"response": "ProvideCredentials", "username": user, "password": password}
            self.state.is_refused_by_proxy = self._is_told
            self._is_told = True
        params = {"requestId": params["requestId"], "authChallengeResponse": answer}
        self._connection.send("Fetch.continueWithAuth", params, target=target)

    def _on_dialog(self, target: str, params: dict[str, Any]) -> None:
        kind = params.get("type", "dialog")
        self.state.note("dialog", f"{kind}: {params.get('message', '')}")
        # Leaving is our own wish: agree to it. Anything else is dismissed, as a user who only wants to log in would.
        accept = kind == "beforeunload"
        self._connection.send("Page.handleJavaScriptDialog", {"accept": accept}, target=target)

    def _on_request(self, target: str, params: dict[str, Any]) -> None:
        kind = params.get("type")
        if kind not in TRACKED_KINDS:
            return
        in_flight, request_id = self.state.in_flight, params["requestId"]
        redirected = in_flight.get(request_id)
        in_flight[request_id] = Request(
            kind=kind,
            url=params.get("request", {}).get("url", "")[:URL_LIMIT],
            sent_s=redirected.sent_s if redirected is not None else time.monotonic(),
            frame=params.get("frameId", ""),
            document=params.get("loaderId", ""),
            target=target,
        )

    def _stands_in(self, frame_id: str, outer: str) -> bool:
        """Whether a frame stands in another one, however deep."""
        frame = self.frames.get(frame_id)
        while frame is not None and frame.parent is not None:
            if frame.parent == outer:
                return True
            frame = self.frames.get(frame.parent)
        return False

    def _forget(self, is_over: Callable[[Request], bool]) -> None:
        """Strike out requests that are no longer waited for."""
        in_flight = self.state.in_flight
        for request_id in [request_id for request_id, request in in_flight.items() if is_over(request)]:
            del in_flight[request_id]

    def _on_response(self, target: str, params: dict[str, Any]) -> None:
        if params.get("type") != "Document" or params.get("frameId") != self.main_frame:
            return
        response = params["response"]
        self.state.http_status = int(response.get("status", 0)) or None
        self.state.headers = {name.lower(): str(text) for name, text in response.get("headers", {}).items()}
        self.state.address = str(response.get("remoteIPAddress", "")).strip("[]")
        self.state.asks_for_login = self.state.http_status == 401 and "www-authenticate" in self.state.headers

    def _on_finished(self, target: str, params: dict[str, Any]) -> None:
        self.state.end_request(params["requestId"], time.monotonic())

    def _on_failed(self, target: str, params: dict[str, Any]) -> None:
        now = time.monotonic()
        request = self.state.in_flight.get(params["requestId"])
        if request is not None and now - request.sent_s >= DEAD_HOST_S and params.get("errorText") in _NEVER_REACHED:
            self.state.dead_hosts.add(request.host)
        self.state.end_request(params["requestId"], now)
        if not params.get("canceled") and params.get("blockedReason") != "inspector":
            self.state.note("network-failure", f"{params.get('type', 'request')}: {params.get('errorText', '')}")

    def _on_exception(self, target: str, params: dict[str, Any]) -> None:
        details = params.get("exceptionDetails", {})
        kind = EXTENSION_ERROR if is_of_extension(details, url=details.get("url", "")) else "console-error"
        self.state.note(kind, describe_error("Runtime.exceptionThrown", params))

    def _on_console(self, target: str, params: dict[str, Any]) -> None:
        if params.get("type") in {"error", "assert"}:
            kind = EXTENSION_ERROR if is_of_extension(params) else "console-error"
            self.state.note(kind, describe_error("Runtime.consoleAPICalled", params))

    def _on_log_entry(self, target: str, params: dict[str, Any]) -> None:
        entry = params.get("entry", {})
        if entry.get("level") == "error" and entry.get("source") != "javascript":
            kind = "network-failure" if entry.get("source") == "network" else "console-error"
            if is_of_extension(entry, url=entry.get("url", "")):
                kind = EXTENSION_ERROR
            self.state.note(kind, f"{entry.get('text', '')} {redact_url(entry.get('url', ''))}".strip())

    def _on_download(self, target: str, params: dict[str, Any]) -> None:
        self.state.did_download = True
        self.state.note("download", str(params.get("suggestedFilename", "")))

    def _on_window_open(self, target: str, params: dict[str, Any]) -> None:
        self.state.opened = str(params.get("url", ""))
        self.state.note("popup", redact_url(params.get("url", "")) or "about:blank")
        # The event comes before the window; a renderer that answers again has opened it.
        self._connection.send("Runtime.evaluate", {"expression": "0"}, target=target, then=self._find_popups)

    def _find_popups(self, _answer: Answer) -> None:
        self._connection.send("Target.getTargets", {"filter": [{"type": "page"}]}, then=self._close_popups)

    def _close_popups(self, answer: Answer) -> None:
        for info in answer.result.get("targetInfos", []):
            if info.get("openerId") in self.frames:
                self._connection.send("Target.closeTarget", {"targetId": info["targetId"]})

    def _on_crashed(self, target: str, params: dict[str, Any]) -> None:
        if target == self.target:
            self.state.mark_crashed("the renderer of the page died")
        else:
            self.state.note("crash", "the renderer of a frame died")
            self._forget(lambda request: request.target == target)
            for frame_id in [frame.id for frame in self.frames.values() if frame.target == target]:
                del self.frames[frame_id]

    _HANDLERS: ClassVar[Mapping[str, Callable[[PageEvents, str, dict[str, Any]], None]]] = {
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
        "Fetch.requestPaused": _on_paused,
        "Fetch.authRequired": _on_auth_required,
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
