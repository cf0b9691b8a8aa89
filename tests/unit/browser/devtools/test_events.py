"""What a page's events come to, played by hand."""

from __future__ import annotations

from typing import Any, cast

import pytest
from msgspec.structs import replace

from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.events import DEAD_HOST_S, WORLD, PageEvents
from tests.support.fake_connection import FakeConnection

TAB, FRAME = "tab-session", "frame-session"


class Played:
    """A page whose top frame is "top", served by TAB."""

    def __init__(self) -> None:
        self.connection, self.served, self.kinds = FakeConnection(), list[str](), list[str]()
        self.events = PageEvents(cast("Connection", self.connection), self._serve)
        self.events.begin(main_frame="top", target=TAB)
        self.events.listen(TAB)

    def _serve(self, target: str, kind: str) -> None:
        self.served.append(target)
        self.kinds.append(kind)
        if kind == "iframe":
            self.events.listen(target)

    def world(self) -> int | None:
        return self.events.frames["top"].world

    def is_navigating(self) -> bool:
        return self.events.state.is_navigating

    def tell(self, method: str, target: str = TAB, **params: Any) -> None:
        self.connection.tell(method, target, **params)


@pytest.fixture
def played() -> Played:
    return Played()


def test_new_document_has_no_world_until_it_is_announced(played: Played) -> None:
    context = {"id": 4, "name": WORLD, "auxData": {"frameId": "top"}}
    played.tell("Runtime.executionContextCreated", context=context)
    assert played.world() == 4
    played.tell("Page.frameNavigated", frame={"id": "top", "url": "http://a/"})
    assert played.world() is None
    assert (played.events.state.frames["top"].url, played.events.state.documents) == ("http://a/", 1)


def test_world_of_the_page_itself_is_not_ours(played: Played) -> None:
    played.tell("Runtime.executionContextCreated", context={"id": 4, "name": "", "auxData": {"frameId": "top"}})
    assert played.world() is None


def test_frame_that_goes_on_in_another_process_is_served_from_there(played: Played) -> None:
    played.tell("Page.frameAttached", frameId="inner", parentFrameId="top")
    played.tell("Page.frameDetached", frameId="inner", reason="swap")
    played.tell("Target.attachedToTarget", sessionId=FRAME, targetInfo={"targetId": "inner", "url": "http://b/"})
    assert played.served == [FRAME]
    frame = played.events.state.frames["inner"]
    assert (frame.parent, frame.url, played.events.frames["inner"].target) == ("top", "http://b/", FRAME)


def test_renderer_of_a_frame_that_dies_takes_its_frames_and_not_the_page(played: Played) -> None:
    played.tell("Target.attachedToTarget", sessionId=FRAME, targetInfo={"targetId": "inner", "parentFrameId": "top"})
    played.tell("Inspector.targetCrashed", FRAME)
    assert set(played.events.state.frames) == {"top"}
    assert not played.events.state.is_crashed
    played.tell("Inspector.targetCrashed")
    assert played.events.state.is_crashed


def test_navigation_of_a_new_window_is_not_the_page_s_own(played: Played) -> None:
    played.tell("Page.frameRequestedNavigation", frameId="top", disposition="newTab")
    assert not played.is_navigating()
    played.tell("Page.frameRequestedNavigation", frameId="top", disposition="currentTab")
    assert played.is_navigating()
    played.tell("Page.frameStoppedLoading", frameId="top")
    assert not played.is_navigating()


def test_only_data_is_awaited_and_what_we_refuse_is_no_failure(played: Played) -> None:
    played.tell("Network.requestWillBeSent", requestId="1", type="Ping")
    played.tell("Network.requestWillBeSent", requestId="2", type="XHR")
    assert set(played.events.state.in_flight) == {"2"}
    played.tell("Network.loadingFailed", requestId="2", type="XHR", errorText="net::ERR", blockedReason="inspector")
    assert (played.events.state.in_flight, played.events.state.events) == ({}, [])


@pytest.mark.parametrize(("kind", "is_accepted"), [("beforeunload", True), ("alert", False)])
def test_leaving_is_agreed_to_and_other_dialogs_are_dismissed(played: Played, kind: str, is_accepted: bool) -> None:
    played.tell("Page.javascriptDialogOpening", type=kind, message="?")
    assert played.connection.sent == [("Page.handleJavaScriptDialog", {"accept": is_accepted})]


def test_query_of_a_failed_request_is_not_kept(played: Played) -> None:
    entry = {"level": "error", "source": "network", "text": "404", "url": "http://u:p@a.example/x?token=1"}
    played.tell("Log.entryAdded", entry=entry)
    assert [event.text for event in played.events.state.events] == ["404 http://a.example/x"]


def test_ended_page_takes_no_more_events(played: Played) -> None:
    played.tell("Target.attachedToTarget", sessionId=FRAME, targetInfo={"targetId": "inner", "parentFrameId": "top"})
    played.events.end()
    assert played.connection.listeners == {}


def test_a_document_is_asked_for_unless_it_is_refused(played: Played) -> None:
    played.events.refuses = lambda url: "private" in url
    for name in ("public", "private"):
        played.tell("Fetch.requestPaused", requestId=name, request={"url": f"http://{name}.example/a?b=c"})
    sent = [command for command in played.connection.sent if command[0].startswith("Fetch.")]
    assert sent == [
        ("Fetch.continueRequest", {"requestId": "public"}),
        ("Fetch.failRequest", {"requestId": "private", "errorReason": "AddressUnreachable"}),
    ]
    [event] = played.events.state.events
    assert event.text == "leads to a private address that no list names: http://private.example/a"


def ask(
    played: Played, request_id: str, *, target: str = TAB, frame: str = "top", document: str = "D1", **more: Any
) -> None:
    params = {"type": "Fetch", "request": {"url": "https://api.test/x"}, **more}
    played.tell("Network.requestWillBeSent", target, requestId=request_id, frameId=frame, loaderId=document, **params)


def under_way(played: Played) -> set[str]:
    return set(played.events.state.in_flight)


def test_request_is_known_by_kind_and_host_until_it_ends(played: Played) -> None:
    ask(played, "1")
    ask(played, "2", type="Ping")
    assert [(request.kind, request.host) for request in played.events.state.in_flight.values()] == [
        ("Fetch", "api.test")
    ]
    played.tell("Network.loadingFailed", requestId="1", errorText="net::ERR_NAME_NOT_RESOLVED")
    assert under_way(played) == set()


@pytest.mark.parametrize(
    ("took_s", "error", "dead"),
    [
        (DEAD_HOST_S, "net::ERR_NAME_NOT_RESOLVED", {"api.test"}),
        (DEAD_HOST_S, "net::ERR_CONNECTION_TIMED_OUT", {"api.test"}),
        (DEAD_HOST_S, "net::ERR_INTERNET_DISCONNECTED", {"api.test"}),
        (0.0, "net::ERR_NAME_NOT_RESOLVED", set()),
        (DEAD_HOST_S, "net::ERR_ABORTED", set()),
    ],
)
def test_host_is_dead_that_could_not_be_reached_for_long(
    played: Played, took_s: float, error: str, dead: set[str]
) -> None:
    ask(played, "1")
    sent = played.events.state.in_flight["1"]
    played.events.state.in_flight["1"] = replace(sent, sent_s=sent.sent_s - took_s)
    played.tell("Network.loadingFailed", requestId="1", errorText=error)
    assert played.events.state.dead_hosts == dead


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://user:secret@cdn.test:8443/a?b", "cdn.test:8443"),
        ("https://cdn.test?b", "cdn.test"),
        ("data:text/html,x", "data"),
        ("", ""),
    ],
)
def test_host_of_a_request(played: Played, url: str, host: str) -> None:
    ask(played, "1", request={"url": url})
    assert played.events.state.in_flight["1"].host == host


def test_redirects_do_not_make_a_request_younger(played: Played) -> None:
    ask(played, "1")
    sent_s = played.events.state.in_flight["1"].sent_s
    ask(played, "1", request={"url": "https://other.test/"})
    assert (played.events.state.in_flight["1"].sent_s, played.events.state.in_flight["1"].host) == (
        sent_s,
        "other.test",
    )


def test_requests_of_a_frame_that_left_are_awaited_no_more(played: Played) -> None:
    played.tell("Page.frameAttached", frameId="outer", parentFrameId="top")
    played.tell("Page.frameAttached", frameId="inner", parentFrameId="outer")
    ask(played, "1", frame="outer")
    ask(played, "2", frame="inner")
    ask(played, "3")
    played.tell("Page.frameDetached", frameId="outer", reason="remove")
    assert under_way(played) == {"3"}


def test_requests_of_the_last_document_are_awaited_no_more(played: Played) -> None:
    played.tell("Page.frameAttached", frameId="inner", parentFrameId="top")
    ask(played, "1")
    ask(played, "2", frame="inner")
    ask(played, "D2", type="Document", document="D2")
    played.tell("Page.frameNavigated", frame={"id": "top", "url": "http://b/", "loaderId": "D2"})
    assert under_way(played) == {"D2"}


def test_requests_of_a_frame_that_went_to_another_process_are_awaited_no_more(played: Played) -> None:
    played.tell("Page.frameAttached", frameId="inner", parentFrameId="top")
    ask(played, "D2", type="Document", frame="inner", document="D2")
    info = {"targetId": "inner", "url": "http://b/", "parentFrameId": "top"}
    played.tell("Target.attachedToTarget", targetInfo=info, sessionId=FRAME)
    assert under_way(played) == set()


@pytest.mark.parametrize(
    ("method", "target", "params"),
    [("Target.detachedFromTarget", TAB, {"sessionId": FRAME}), ("Inspector.targetCrashed", FRAME, {})],
)
def test_requests_of_a_process_that_went_are_awaited_no_more(
    played: Played, method: str, target: str, params: dict[str, Any]
) -> None:
    info = {"targetId": "inner", "url": "http://b/", "parentFrameId": "top"}
    played.tell("Target.attachedToTarget", targetInfo=info, sessionId=FRAME)
    ask(played, "1", target=FRAME, frame="inner")
    played.tell(method, target, **params)
    assert under_way(played) == set()


def test_document_that_failed_before_it_was_listened_to_is_not_awaited_once_its_frame_stopped(played: Played) -> None:
    played.tell("Page.frameAttached", frameId="inner", parentFrameId="top")
    ask(played, "D2", type="Document", frame="inner", document="D2")
    ask(played, "1", frame="inner")
    played.tell("Page.frameStoppedLoading", frameId="inner")
    assert under_way(played) == {"1"}
