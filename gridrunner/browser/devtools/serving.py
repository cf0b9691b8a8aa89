"""Serves a page's requests out of an archive, by the Fetch domain: real host names and https without a certificate or a
server, through a hub as well, since it goes through the session's own socket.

Service workers have a Fetch domain of their own; what other workers ask for comes by their page's (Chromium 156,
2026-11-30). Web sockets do not come by at all: the resolver rules of a replay lead nowhere (`run.archives`).
"""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from gridrunner.archive.traffic import NOT_IN_ARCHIVE, Answer, Asked, Failure, Served, Silence
from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.overrides import FRAME
from gridrunner.browser.page_state import PageState

_REASONS: Final[Mapping[str, str]] = {
    # Network.ErrorReason of the DevTools protocol, by the names of net/base/net_error_list.h
    "net::ERR_ABORTED": "Aborted",
    "net::ERR_TIMED_OUT": "TimedOut",
    "net::ERR_CONNECTION_TIMED_OUT": "TimedOut",
    "net::ERR_ACCESS_DENIED": "AccessDenied",
    "net::ERR_CONNECTION_CLOSED": "ConnectionClosed",
    "net::ERR_EMPTY_RESPONSE": "ConnectionClosed",
    "net::ERR_CONNECTION_RESET": "ConnectionReset",
    "net::ERR_CONNECTION_REFUSED": "ConnectionRefused",
    "net::ERR_CONNECTION_ABORTED": "ConnectionAborted",
    "net::ERR_CONNECTION_FAILED": "ConnectionFailed",
    "net::ERR_NAME_NOT_RESOLVED": "NameNotResolved",
    "net::ERR_ADDRESS_UNREACHABLE": "AddressUnreachable",
    "net::ERR_BLOCKED_BY_CLIENT": "BlockedByClient",
    "net::ERR_BLOCKED_BY_RESPONSE": "BlockedByResponse",
}
"""Without those that speak of the machine's own network: a replay has none, and they would be charged to it."""


SLICE_MS: Final = 100
"""Of a page's own time, granted at once: it takes a millisecond where nothing happens in it (Chromium 156, 2026-12-01).
"""


class TrafficServer:
    """See `TargetTraffic`. `answer` says what comes of a request."""

    reads = frozenset({"Fetch.requestPaused", "Network.requestWillBeSent", "Emulation.virtualTimeBudgetExpired"})
    owns = frozenset({"Fetch.requestPaused"})
    network: Mapping[str, Any] = {}

    def __init__(self, connection: Connection, state: PageState) -> None:
        self._connection, self._state = connection, state
        self.answer: Callable[[Asked], Served] = lambda _asked: Failure(NOT_IN_ARCHIVE)
        self._silent: set[str] = set()
        self._clock = ""
        self._lets_time_pass = self._is_expired = False

    @property
    def has_silent(self) -> bool:
        """Whether a request is left without an answer for ever."""
        return bool(self._silent)

    def begin_time(self, target: str, started_ms: int) -> None:
        """Have the page's clock begin at a moment, and pass only while it is waited for (`pass_time`)."""
        self._clock = target
        began = {"policy": "pauseIfNetworkFetchesPending", "budget": SLICE_MS, "initialVirtualTime": started_ms / 1000}
        self._connection.send("Emulation.setVirtualTimePolicy", began, target=target)

    @contextlib.contextmanager
    def pass_time(self) -> Iterator[None]:
        """While the page is waited for, its time passes as fast as it has something to do."""
        self._lets_time_pass = True
        if self._is_expired:
            self._is_expired = False
            self._grant(self._clock)
        try:
            yield
        finally:
            self._lets_time_pass = False

    def _grant(self, target: str) -> None:
        policy = "advance" if self._silent else "pauseIfNetworkFetchesPending"
        self._connection.send("Emulation.setVirtualTimePolicy", {"policy": policy, "budget": SLICE_MS}, target=target)

    def set_up(self, target: str, kind: str) -> None:
        """See `TargetTraffic`."""
        if kind in {FRAME, "service_worker"}:
            self._connection.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}]}, target=target)

    def take(self, target: str, method: str, params: dict[str, Any]) -> None:
        """See `TargetTraffic`."""
        if method == "Emulation.virtualTimeBudgetExpired":
            self._is_expired = not self._lets_time_pass
            if self._lets_time_pass:
                self._grant(target)
            return
        if method != "Fetch.requestPaused":
            self._forget_silent(str(params.get("requestId", "")))
            return
        request = params["request"]
        body = request.get("postData")
        asked = Asked(
            method=str(request.get("method", "GET")),
            url=str(request.get("url", "")),
            kind=str(params.get("resourceType") or "Other"),
            headers={str(name): str(text) for name, text in request.get("headers", {}).items()},
            body=str(body) if body is not None else "" if request.get("hasPostData") else None,
        )
        served = self.answer(asked)
        answered = {"requestId": params["requestId"]}
        match served:
            case Silence():
                self._silent.add(str(params.get("networkId", params["requestId"])))
                self._forget_silent(str(params.get("networkId", "")))
                if self._clock:  # it would stand still for what never comes
                    self._grant(self._clock)
            case Failure(error):
                reason = _REASONS.get(error, "Failed")
                self._connection.send("Fetch.failRequest", {**answered, "errorReason": reason}, target=target)
            case Answer(status, headers, content):
                whole = {
                    **answered,
                    "responseCode": status,
                    "responseHeaders": [{"name": name, "value": text} for name, text in headers],
                    "body": base64.b64encode(content).decode(),
                }
                self._connection.send("Fetch.fulfillRequest", whole, target=target)

    def _forget_silent(self, request_id: str) -> None:
        """What is known never to come is not waited for."""
        if request_id in self._silent:
            self._state.in_flight.pop(request_id, None)
