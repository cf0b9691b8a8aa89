"""Hears a page's traffic by the events of the Network domain; nothing is intercepted, so nothing waits for it.

Bodies are asked for when they are whole. The browser keeps them outside of the renderers (`enableDurableMessages`), or
those of a document that leaves at once would be gone with it. A request may be announced by the page and answered in
its worker, so requests go by their number, whichever session tells of them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gridrunner.archive.traffic import Asked, HeaderList, Heard
from gridrunner.browser.devtools.connection import Answer, Connection
from gridrunner.browser.devtools.overrides import FRAME

MOST_BODY_BYTES: Final = 8 << 20
"""Of one body, in the browser: as an archive keeps (`archive.writing.RecordLimits`)."""

MOST_BODIES_BYTES: Final = 64 << 20
"""Of a page's bodies that wait to be asked for: twice what is kept of a site."""

MOST_SENT_BYTES: Final = 1 << 18
"""Of the body of a request: what `archive.shapes` looks at."""

_HTTP: Final = ("http://", "https://")


@dataclass(slots=True)
class _Request:
    """A request under way."""

    asked: Asked
    number: int
    target: str
    status: int = 0
    reason: str = ""
    headers: HeaderList = ()
    media_type: str = ""
    is_asked_for: bool = False


class TrafficRecorder:
    """See `TargetTraffic`. What was heard goes to `keep`, what cannot be had to `lack`."""

    reads = frozenset(
        {"Network.requestWillBeSent", "Network.responseReceived", "Network.loadingFinished", "Network.loadingFailed"}
        | {"Network.webSocketCreated", "Network.dataReceived"}
    )
    owns: frozenset[str] = frozenset()
    network: Mapping[str, Any] = {
        "maxTotalBufferSize": MOST_BODIES_BYTES,
        "maxResourceBufferSize": MOST_BODY_BYTES,
        "maxPostDataSize": MOST_SENT_BYTES,
        "enableDurableMessages": True,
    }

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.keep: Callable[[Heard], None] = lambda _heard: None
        self.lack: Callable[[str], None] = lambda _what: None
        self._requests: dict[str, _Request] = {}
        self._streams: dict[str, list[bytes]] = {}
        self._count = 0
        self._awaited = 0

    @property
    def is_settled(self) -> bool:
        """Whether no body that was asked for is awaited."""
        return self._awaited == 0

    def set_up(self, target: str, kind: str) -> None:
        """See `TargetTraffic`."""
        if kind != FRAME:
            self._connection.send("Network.enable", dict(self.network), target=target)

    def take(self, target: str, method: str, params: dict[str, Any]) -> None:
        """See `TargetTraffic`."""
        match method:
            case "Network.requestWillBeSent":
                self._on_request(target, params)
            case "Network.responseReceived":
                self._on_response(target, params)
            case "Network.dataReceived":
                if params["requestId"] in self._streams and params.get("data"):
                    self._streams[params["requestId"]].append(_unpack(str(params["data"])))
            case "Network.loadingFinished":
                self._on_finished(target, params["requestId"])
            case "Network.loadingFailed":
                self._on_failed(params)
            case "Network.webSocketCreated":
                self.lack("websocket")
            case _:
                pass

    def ask_for_the_rest(self) -> None:
        """The visit is over: bodies that were not reported whole are asked for. A document that left at once is one."""
        for request_id, request in list(self._requests.items()):
            if request.status and not request.is_asked_for:
                self._ask_for(request_id, request, is_whole=False)

    def end(self) -> None:
        """Keep what is under way as it is."""
        for request in self._requests.values():
            self._tell(request, b"", is_whole=False)
        self._requests.clear()

    def _on_request(self, target: str, params: dict[str, Any]) -> None:
        request_id, request = params["requestId"], params["request"]
        known = self._requests.pop(request_id, None)
        redirect = params.get("redirectResponse")
        if known is not None and redirect is not None:
            _read_response(known, redirect)
            self._tell(known, b"")
        url = str(request.get("url", ""))
        if not url.startswith(_HTTP):
            return
        self._count += 1
        body = request.get("postData")
        asked = Asked(
            method=str(request.get("method", "GET")),
            url=url,
            kind=str(params.get("type") or "Other"),
            headers={str(name): str(text) for name, text in request.get("headers", {}).items()},
            body=str(body) if body is not None else "" if request.get("hasPostData") else None,
        )
        self._requests[request_id] = _Request(asked, self._count, target)

    def _on_response(self, target: str, params: dict[str, Any]) -> None:
        request = self._requests.get(params["requestId"])
        if request is None:
            return
        response = params["response"]
        if response.get("fromServiceWorker"):  # what the worker asked for is told by its own session
            del self._requests[params["requestId"]]
            return
        _read_response(request, response)
        request.target = target
        if request.asked.kind == "Document":  # one that never ends is shown as far as it came
            self._streams[params["requestId"]] = []
            streaming = {"requestId": params["requestId"]}
            self._connection.send(
                "Network.streamResourceContent",
                streaming,
                target=target,
                then=lambda answer: self._on_streaming(params["requestId"], answer),
            )

    def _on_streaming(self, request_id: str, answer: Answer) -> None:
        if answer.error is None and request_id in self._streams:
            self._streams[request_id].insert(0, _unpack(str(answer.result.get("bufferedData", ""))))

    def _on_finished(self, target: str, request_id: str) -> None:
        request = self._requests.get(request_id)
        if request is None or not request.status:
            return
        request.target = target
        self._ask_for(request_id, request)

    def _ask_for(self, request_id: str, request: _Request, *, is_whole: bool = True) -> None:
        request.is_asked_for = True
        self._awaited += 1

        def on_body(answer: Answer) -> None:
            self._awaited -= 1
            self._requests.pop(request_id, None)
            streamed = b"".join(self._streams.pop(request_id, ()))
            text = str(answer.result.get("body", ""))
            if answer.error is not None or not text:
                self._tell(request, streamed, is_whole=is_whole)
            elif answer.result.get("base64Encoded"):
                self._tell(request, _unpack(text), is_whole=is_whole)
            else:
                self._tell(request, text.encode("utf-8", "replace"), is_text=True, is_whole=is_whole)

        asked = {"requestId": request_id}
        self._connection.send("Network.getResponseBody", asked, target=request.target, then=on_body)

    def _on_failed(self, params: dict[str, Any]) -> None:
        request = self._requests.get(params["requestId"])
        error = str(params.get("errorText", ""))
        # The browser refused it itself and will again, or the last of too many redirects will be one too many again.
        if request is None or request.is_asked_for:
            return
        if request.status and request.asked.kind == "Document":  # a file to download, or a page that left at once
            self._ask_for(params["requestId"], request)
            return
        del self._requests[params["requestId"]]
        if params.get("blockedReason") or error == "net::ERR_TOO_MANY_REDIRECTS":
            return
        if request.status:
            self._tell(request, b"", is_whole=False)
        else:
            self._tell(request, b"", error="" if params.get("canceled") else error)

    def _tell(
        self, request: _Request, body: bytes, *, is_text: bool = False, is_whole: bool = True, error: str = ""
    ) -> None:
        self.keep(
            Heard(
                asked=request.asked,
                number=request.number,
                status=request.status,
                reason=request.reason,
                headers=request.headers,
                body=body[:MOST_BODY_BYTES],
                text_type=request.media_type if is_text and body else "",
                is_whole=is_whole,
                error=error,
            )
        )


def _read_response(request: _Request, response: dict[str, Any]) -> None:
    request.status = int(response.get("status", 0))
    request.reason = str(response.get("statusText", ""))
    request.headers = tuple((str(name), str(text)) for name, text in response.get("headers", {}).items())
    request.media_type = str(response.get("mimeType", ""))


def _unpack(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""
