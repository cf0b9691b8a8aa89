"""What has happened on a page so far, as plain data: its frames, its requests, its newest answer, its events.

The speaker of a protocol writes it (`browser.devtools.events`), a visit reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from gridrunner.model import PageEvent

EVENT_LIMIT = 60
"""Events kept per page. A console error per frame in a loop must not fill the journal."""

TEXT_LIMIT = 400
"""Characters kept of a page's own text in an event."""

EXTENSION_ERROR = "extension-error"
"""The kind of an event: what the user's own extension threw or wrote. It is never the site's."""

HOST_LIMIT = 100
"""Characters that are kept of a host."""

STALE_REQUEST_S = 8.0
"""A request without an answer for this long is taken for a long poll: no login form waits for it."""

SLOW_REQUEST_S = 0.2
"""A request that took this long may be named as what a page waited for."""

DATA_KINDS = frozenset({"Document", "XHR", "Fetch"})
"""Requests that a page may still build its form from; images, beacons and event streams say nothing about that."""

BUILDING_KINDS = DATA_KINDS | {"Script"}
"""The same of a document that is not loaded yet. A script put into a loaded one is counted by what it changes."""


@dataclass(slots=True)
class PageFrame:
    """A frame of the page; `parent` is the id of the one that it stands in, None for the top frame."""

    id: str
    parent: str | None
    url: str = ""


class Request(Struct, frozen=True, kw_only=True):
    """A request under way: what kind of thing it asks for (DevTools' ResourceType), from where (`url`, its beginning),
    and for which document of which frame; `target` reports on it.
    """

    kind: str
    url: str
    sent_s: float
    frame: str
    document: str
    target: str

    @property
    def host(self) -> str:
        """Host and port of the address; its scheme where it has none. Read of the few requests that are named."""
        scheme, _, rest = self.url.partition(":")
        host = rest.removeprefix("//").partition("/")[0].partition("?")[0].rpartition("@")[2]
        return (host if rest.startswith("//") else scheme)[:HOST_LIMIT]


class Slow(Struct, frozen=True, kw_only=True):
    """A request that took long, and how long."""

    request: Request
    took_s: float


@dataclass(slots=True)
class PageState:
    """What has happened on a page so far. `in_flight`: its requests that have not ended, by id; `slow`: those that
    took long and have ended; `dead_hosts`: whose name or connection timed out; `headers` (names in lower case) and
    `address` are of the newest answer for the page itself; `opened` is where the newest window was to lead.
    """

    frames: Mapping[str, PageFrame] = field(default_factory=dict)
    in_flight: dict[str, Request] = field(default_factory=dict)
    slow: list[Slow] = field(default_factory=list)
    dead_hosts: set[str] = field(default_factory=set)
    documents: int = 0
    last_document_s: float = 0.0
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    asks_for_login: bool = False
    is_refused_by_proxy: bool = False
    is_loaded: bool = False
    is_navigating: bool = False
    is_crashed: bool = False
    did_download: bool = False
    opened: str = ""
    scheduled_navigation_s: float | None = None
    events: list[PageEvent] = field(default_factory=list)

    def note(self, kind: str, text: str) -> None:
        """Keep an event, while there is room for it."""
        if len(self.events) < EVENT_LIMIT:
            self.events.append(PageEvent(kind=kind, text=text[:TEXT_LIMIT]))

    def end_request(self, request_id: str, now: float) -> None:
        """An answer came, or none will; what took long is kept, while there is room for it."""
        request = self.in_flight.pop(request_id, None)
        if request is not None and now - request.sent_s >= SLOW_REQUEST_S and len(self.slow) < EVENT_LIMIT:
            self.slow.append(Slow(request=request, took_s=now - request.sent_s))

    def longest_request(self, kinds: frozenset[str], now: float) -> Request | None:
        """The request of these kinds that has taken longest, whether it has ended or not."""
        running = [Slow(request=request, took_s=now - request.sent_s) for request in self.in_flight.values()]
        asked = [slow for slow in (*self.slow, *running) if slow.request.kind in kinds]
        longest = max(asked, key=lambda slow: slow.took_s, default=None)
        return longest.request if longest is not None else None

    def oldest_request(self, kinds: frozenset[str], now: float) -> Request | None:
        """The request of these kinds that is under way longest and is no long poll."""
        asked = [request for request in self.in_flight.values() if request.kind in kinds]
        return min(
            (request for request in asked if now - request.sent_s < STALE_REQUEST_S),
            key=lambda request: request.sent_s,
            default=None,
        )

    def mark_crashed(self, text: str) -> None:
        """Take note that nothing can be asked of the page any more."""
        if not self.is_crashed:
            self.is_crashed = True
            self.note("crash", text)
