"""The DevTools side of a browser that is not there: what a visit of gridrunner asks, answered from canned facts.

Owns what pages there are and what their browser says about them, and no socket: messages come in by `FakeBrowser.take`
and go out by its `send`, and what takes time is handed to `later`. The events of a page and their sizes are those that
Chromium 156 gave for a page of the demo list (recorded 2026-11-24); `login_facts.json` is what the collector made of
it.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gridrunner.browser.devtools.events import WORLD
from gridrunner.browser.installed import Installed

GARDEN_PATH = "/garden"
"""Pages whose path begins like this have no form; every other page is a login."""

_LOGIN_FACTS: dict[str, Any] = json.loads(
    Path(__file__).with_name("login_facts.json").read_text(encoding="utf-8"),
)
_GARDEN_FACTS: dict[str, Any] = {
    **_LOGIN_FACTS,
    "title": "Garden",
    "lang": "en",
    "fields": [],
    "buttons": [],
    "groups": [],
    "links": [],
    "headings": [{"order": 1, "tag": "h1", "text": "Roses", "hidden": ""}],
    "elements": 1,
}
_PICTURE = base64.b64encode(
    b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0"
).decode()
"""One transparent pixel as lossless WebP."""

_READY, _COLLECT, _FIND = Installed.READY.call, Installed.COLLECT.call, Installed.FIND.call

_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36"
_HINTS = {"sec-ch-ua": '"Chromium";v="156"', "sec-ch-ua-mobile": "?0", "sec-ch-ua-platform": '"Linux"'}
_REQUEST_HEADERS = {"User-Agent": _AGENT, "Upgrade-Insecure-Requests": "1", **_HINTS}
_SENT_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Connection": "keep-alive",
    "Sec-Fetch-Dest": "document",
    "Sec-Fetch-Mode": "navigate",
    **_REQUEST_HEADERS,
}
_RESPONSE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Length": "2561",
    "Content-Type": "text/html; charset=utf-8",
    "Date": "Tue, 24 Nov 2026 03:44:33 GMT",
    "Server": "nginx",
}
_TIMING = {
    **dict.fromkeys(("proxyStart", "proxyEnd", "sslStart", "sslEnd", "workerStart", "workerReady"), -1),
    **dict.fromkeys(("dnsStart", "dnsEnd", "connectStart", "connectEnd", "sendStart", "sendEnd"), 0.447),
    **dict.fromkeys(("pushStart", "pushEnd"), 0),
    "requestTime": 6836.543017,
    "receiveHeadersStart": 2.078,
    "receiveHeadersEnd": 2.131,
}
_KINDS = ("Stylesheet", "Script", "Image", "Script", "Fetch", "Font")


class _Command(msgspec.Struct):
    id: int
    method: str
    params: dict[str, Any] = {}
    session: str = msgspec.field(default="", name="sessionId")


_DECODER = msgspec.json.Decoder(_Command)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one navigation does: the document comes after `document_s`, the form `rest_s` later, with `requests` more
    requests in between. `hangs`: no document ever comes. `drops`: the socket breaks once the document has come.
    """

    document_s: float = 0.0
    rest_s: float = 0.0
    requests: int = 2
    hangs: bool = False
    drops: bool = False


@dataclass(slots=True)
class _Tab:
    """A page of one context: `target` is its target and main frame, `session` the DevTools session attached to it."""

    context: str
    target: str
    session: str = ""
    url: str = "about:blank"
    is_ready: bool = True
    worlds: int = 1
    questions: list[int] = field(default_factory=list)


class FakeBrowser:
    """One DevTools connection with its contexts and tabs, all of which end with it."""

    def __init__(
        self,
        *,
        send: Callable[[bytes], object],
        later: Callable[[float, Callable[[], None]], Any],
        drop: Callable[[], None],
        pace_of: Callable[[str], Pace],
    ) -> None:
        """`send` takes one message, `later` runs a function after some seconds, `drop` breaks the connection, and
        `pace_of` says how the navigation to a URL goes (asked once for each).
        """
        self._send, self._later, self._drop, self._pace_of = send, later, drop, pace_of
        self._numbers = itertools.count(1)
        self._tabs: dict[str, _Tab] = {}
        self._by_session: dict[str, _Tab] = {}
        self._contexts: set[str] = set()

    @property
    def contexts(self) -> int:
        """Contexts that were made and not disposed of."""
        return len(self._contexts)

    def take(self, data: bytes) -> None:
        """One message of the client."""
        command = _DECODER.decode(data)
        handler = _HANDLERS.get(command.method)
        tab = self._by_session.get(command.session)
        if command.session and tab is None:
            self._refuse(command, "Session with given id not found.", code=-32001)
        elif handler is not None:
            handler(self, command, tab)
        elif command.method in _SILENT:
            self._answer(command, {})
        else:
            self._refuse(command, f"'{command.method}' wasn't found", code=-32601)

    # ----------------------------------------------------------------------------------------------- the browser itself

    def _create_context(self, command: _Command, _tab: _Tab | None) -> None:
        context = self._new_id()
        self._contexts.add(context)
        self._answer(command, {"browserContextId": context})

    def _dispose_context(self, command: _Command, _tab: _Tab | None) -> None:
        context = command.params["browserContextId"]
        if context not in self._contexts:
            self._refuse(command, f"Failed to find context with id {context}")
            return
        self._contexts.discard(context)
        for tab in [tab for tab in self._tabs.values() if tab.context == context]:
            del self._tabs[tab.target]
            self._by_session.pop(tab.session, None)
            self._emit("", "Target.detachedFromTarget", {"sessionId": tab.session, "targetId": tab.target})
        self._answer(command, {})

    def _create_target(self, command: _Command, _tab: _Tab | None) -> None:
        tab = _Tab(context=command.params.get("browserContextId", ""), target=self._new_id())
        self._tabs[tab.target] = tab
        self._answer(command, {"targetId": tab.target})

    def _attach(self, command: _Command, _tab: _Tab | None) -> None:
        tab = self._tabs.get(command.params["targetId"])
        if tab is None:
            self._refuse(command, "No target with given id found")
            return
        tab.session = self._new_id()
        self._by_session[tab.session] = tab
        attached = {"sessionId": tab.session, "targetInfo": self._describe(tab), "waitingForDebugger": False}
        self._emit("", "Target.attachedToTarget", attached)
        self._answer(command, {"sessionId": tab.session})

    def _describe(self, tab: _Tab) -> dict[str, Any]:
        return {
            "targetId": tab.target,
            "type": "page",
            "title": tab.url,
            "url": tab.url,
            "attached": bool(tab.session),
            "canAccessOpener": False,
            "browserContextId": tab.context,
        }

    # --------------------------------------------------------------------------------------------------------- one page

    def _navigate(self, command: _Command, tab: _Tab | None) -> None:
        assert tab is not None
        url = command.params["url"]
        pace = self._pace_of(url)
        tab.is_ready = False
        loader = self._new_id()
        frame = {"frameId": tab.target}
        self._emit(tab.session, "Page.frameStartedNavigating", {**frame, "url": url, "loaderId": loader})
        self._emit(tab.session, "Page.frameStartedLoading", frame)
        self._emit_request(tab, loader, loader, url, "Document", url)
        if not pace.hangs:
            self._later(pace.document_s, lambda: self._commit(command, tab, url, loader, pace))

    def _commit(self, command: _Command, tab: _Tab, url: str, loader: str, pace: Pace) -> None:
        if tab.session not in self._by_session:
            return  # thrown away meanwhile
        tab.url = url
        self._emit_response(tab, loader, loader, url, "Document")
        self._answer(command, {"frameId": tab.target, "loaderId": loader, "isDownload": False})
        if pace.drops:
            self._later(pace.rest_s / 2, self._drop)
        self._emit(tab.session, "Runtime.executionContextsCleared", {})
        frame = {
            "id": tab.target,
            "loaderId": loader,
            "url": url,
            "securityOrigin": "://".join(urlsplit(url)[:2]),
            "mimeType": "text/html",
            "secureContextType": "Secure",
            "gatedAPIFeatures": [],
        }
        self._emit(tab.session, "Page.frameNavigated", {"frame": frame, "type": "Navigation"})
        self._emit_end(tab, loader)
        self._emit_world(tab, "")
        self._emit_world(tab, WORLD)  # of the script that every tab is given
        first = pace.requests // 2
        self._emit_requests(tab, loader, url, range(first))
        self._later(pace.rest_s, lambda: self._finish_load(tab, loader, url, range(first, pace.requests)))

    def _finish_load(self, tab: _Tab, loader: str, url: str, requests: range) -> None:
        if tab.session not in self._by_session:
            return
        self._emit_requests(tab, loader, url, requests)
        self._emit(tab.session, "Page.domContentEventFired", {"timestamp": 6836.586396})
        self._emit(tab.session, "Page.loadEventFired", {"timestamp": 6836.587053})
        self._emit(tab.session, "Page.frameStoppedLoading", {"frameId": tab.target})
        tab.is_ready = True
        for question in tab.questions:
            self._answer_ready(question, tab)
        tab.questions.clear()

    def _emit_requests(self, tab: _Tab, loader: str, page: str, numbers: range) -> None:
        for number in numbers:
            kind = _KINDS[number % len(_KINDS)]
            request, url = f"2233.{number}", f"{page}/asset-{number}"
            self._emit_request(tab, loader, request, url, kind, page)
            self._emit_response(tab, loader, request, url, kind)
            self._emit_end(tab, request)

    def _emit_request(self, tab: _Tab, loader: str, request: str, url: str, kind: str, page: str) -> None:
        sent = {
            "requestId": request,
            "loaderId": loader,
            "documentURL": page,
            "request": {"url": url, "method": "GET", "headers": _REQUEST_HEADERS, "mixedContentType": "none"},
            "timestamp": 6836.541879,
            "wallTime": 1795491873.681749,
            "initiator": {"type": "parser", "url": page, "lineNumber": 5, "columnNumber": 49},
            "redirectHasExtraInfo": False,
            "type": kind,
            "frameId": tab.target,
            "hasUserGesture": False,
        }
        self._emit(tab.session, "Network.requestWillBeSent", sent)
        extra = {"requestId": request, "associatedCookies": [], "headers": _SENT_HEADERS}
        self._emit(tab.session, "Network.requestWillBeSentExtraInfo", extra)

    def _emit_response(self, tab: _Tab, loader: str, request: str, url: str, kind: str) -> None:
        response = {
            "url": url,
            "status": 200,
            "statusText": "OK",
            "headers": _RESPONSE_HEADERS,
            "mimeType": "text/html",
            "charset": "utf-8",
            "connectionReused": True,
            "remoteIPAddress": "127.0.0.1",
            "encodedDataLength": 197,
            "timing": _TIMING,
            "protocol": "http/1.1",
            "securityState": "secure",
        }
        received = {
            "requestId": request,
            "loaderId": loader,
            "timestamp": 6836.548525,
            "type": kind,
            "response": response,
            "hasExtraInfo": True,
            "frameId": tab.target,
        }
        self._emit(tab.session, "Network.responseReceived", received)
        headers = {"requestId": request, "blockedCookies": [], "headers": _RESPONSE_HEADERS, "statusCode": 200}
        self._emit(tab.session, "Network.responseReceivedExtraInfo", headers)

    def _emit_end(self, tab: _Tab, request: str) -> None:
        data = {"requestId": request, "timestamp": 6836.55586, "dataLength": 2561, "encodedDataLength": 0}
        self._emit(tab.session, "Network.dataReceived", data)
        done = {"requestId": request, "timestamp": 6836.546811, "encodedDataLength": 2758}
        self._emit(tab.session, "Network.loadingFinished", done)

    def _emit_world(self, tab: _Tab, name: str) -> int:
        tab.worlds += 1
        world = {
            "id": tab.worlds,
            "origin": tab.url,
            "name": name,
            "uniqueId": f"7796171349040393197.{tab.worlds}",
            "auxData": {"isDefault": not name, "type": "isolated" if name else "default", "frameId": tab.target},
        }
        self._emit(tab.session, "Runtime.executionContextCreated", {"context": world})
        return tab.worlds

    def _create_world(self, command: _Command, tab: _Tab | None) -> None:
        assert tab is not None
        world = self._emit_world(tab, command.params.get("worldName", ""))
        self._answer(command, {"executionContextId": world})

    def _call_function(self, command: _Command, tab: _Tab | None) -> None:
        assert tab is not None
        function = command.params["functionDeclaration"]
        if function == _READY:
            if tab.is_ready:
                self._answer_ready(command.id, tab)
            else:
                tab.questions.append(command.id)
        elif function == _COLLECT:
            self._answer_value(command.id, tab, {**_facts_of(tab.url), "url": tab.url})
        elif function == _FIND:
            segments = command.params["arguments"][0]["value"]["segments"]
            self._answer_value(command.id, tab, _find(tab.url, " >>> ".join(segments)))
        else:
            self._answer_value(command.id, tab, None)

    def _answer_ready(self, number: int, tab: _Tab) -> None:
        facts = _facts_of(tab.url)
        by = "quiet" if facts is _GARDEN_FACTS else "found"
        self._answer_value(
            number, tab, {"by": by, "waits": {}, "awaited": "", "is_loaded": True, "facts": {**facts, "url": tab.url}}
        )

    def _answer_value(self, number: int, tab: _Tab, value: Any) -> None:
        message = {"id": number, "result": {"result": {"type": "object", "value": value}}, "sessionId": tab.session}
        self._send(_encode(message))

    def _get_document(self, command: _Command, _tab: _Tab | None) -> None:
        self._answer(command, {"root": {"nodeId": 1, "backendNodeId": 1, "localName": "", "children": []}})

    def _capture(self, command: _Command, _tab: _Tab | None) -> None:
        self._answer(command, {"data": _PICTURE})

    # --------------------------------------------------------------------------------------------------------- messages

    def _answer(self, command: _Command, result: Mapping[str, Any]) -> None:
        message: dict[str, Any] = {"id": command.id, "result": result}
        if command.session:
            message["sessionId"] = command.session
        self._send(_encode(message))

    def _refuse(self, command: _Command, text: str, *, code: int = -32000) -> None:
        self._send(_encode({"id": command.id, "error": {"code": code, "message": text}}))

    def _emit(self, session: str, method: str, params: Mapping[str, Any]) -> None:
        message: dict[str, Any] = {"method": method, "params": params}
        if session:
            message["sessionId"] = session
        self._send(_encode(message))

    def _new_id(self) -> str:
        return f"{next(self._numbers):032X}"


def _facts_of(url: str) -> dict[str, Any]:
    return _GARDEN_FACTS if urlsplit(url).path.startswith(GARDEN_PATH) else _LOGIN_FACTS


def _find(url: str, selector: str) -> dict[str, Any] | None:
    facts = _facts_of(url)
    for element in (*facts["fields"], *facts["buttons"]):
        if element["selector"] == selector:
            box = element["box"]
            middle = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
            return {
                "selector": selector,
                **middle,
                "width": box["width"],
                "height": box["height"],
                "content_x": box["x"],
                "content_y": box["y"],
                "rest": [],
            }
    return None


_HANDLERS: dict[str, Callable[[FakeBrowser, _Command, _Tab | None], None]] = {
    "Target.createBrowserContext": FakeBrowser._create_context,
    "Target.disposeBrowserContext": FakeBrowser._dispose_context,
    "Target.createTarget": FakeBrowser._create_target,
    "Target.attachToTarget": FakeBrowser._attach,
    "Page.navigate": FakeBrowser._navigate,
    "Page.createIsolatedWorld": FakeBrowser._create_world,
    "Page.captureScreenshot": FakeBrowser._capture,
    "Runtime.callFunctionOn": FakeBrowser._call_function,
    "DOM.getDocument": FakeBrowser._get_document,
}

_SILENT = frozenset(
    {
        "Browser.setDownloadBehavior",
        "Browser.grantPermissions",
        "Emulation.setDeviceMetricsOverride",
        "Emulation.setGeolocationOverride",
        "Emulation.setLocaleOverride",
        "Emulation.setTimezoneOverride",
        "Emulation.setUserAgentOverride",
        "Inspector.enable",
        "Log.enable",
        "Network.enable",
        "Network.setBlockedURLs",
        "Page.addScriptToEvaluateOnNewDocument",
        "Page.enable",
        "Page.handleJavaScriptDialog",
        "Page.setLifecycleEventsEnabled",
        "Runtime.enable",
        "Target.closeTarget",
        "Target.setAutoAttach",
        "Target.setDiscoverTargets",
    }
)
"""Commands that are answered with nothing. Anything else is refused as Chromium refuses what it does not know, so that
a change of what visits ask for shows here.
"""
