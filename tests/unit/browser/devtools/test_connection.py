"""A session's DevTools socket against a fake hub's: what is sent when, who gets what, and how it ends."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from gridrunner.browser.devtools.connection import Answer, Connection
from gridrunner.browser.port import CommandFailed, DeadlinePassed
from gridrunner.errors import SessionLost
from tests.support.command_line import wait_until
from tests.support.fake_hub import FakeGrid, open_hub
from tests.support.websocket_server import PING, PONG, TEXT, FrameReader, accept_of, make_frame

WAIT_S = 60.0


@pytest.fixture
def hub() -> Iterator[FakeGrid]:
    with open_hub(visit_s=0.0) as grid:
        yield grid


@pytest.fixture
def connection(hub: FakeGrid) -> Iterator[Connection]:
    made = connect(hub, hub.take_slot())
    yield made
    made.close()


def connect(hub: FakeGrid, session: str) -> Connection:
    return Connection(f"{hub.url.replace('http', 'ws')}/session/{session}/se/cdp", label="test")


def soon() -> float:
    return time.monotonic() + WAIT_S


def open_tab(connection: Connection) -> str:
    """The DevTools session of a new tab in a context of its own."""
    context = connection.call("Target.createBrowserContext", deadline=soon())["browserContextId"]
    target = connection.call(
        "Target.createTarget", {"url": "about:blank", "browserContextId": context}, deadline=soon()
    )
    attached = connection.call("Target.attachToTarget", {"targetId": target["targetId"]}, deadline=soon())
    return str(attached["sessionId"])


def test_commands_sent_without_waiting_are_answered_while_another_is_awaited(connection: Connection) -> None:
    answers: list[Answer] = []
    first = [connection.send("Target.createBrowserContext", then=answers.append) for _ in range(3)]
    assert not any(answer.is_done for answer in first)
    connection.call("Target.setDiscoverTargets", {"discover": True}, deadline=soon())
    assert answers == first
    assert len({answer.value()["browserContextId"] for answer in first}) == 3


def test_a_callback_may_send_what_is_answered_in_the_same_wait(connection: Connection) -> None:
    chain: list[Answer] = []

    def go_on(answer: Answer) -> None:
        place = {"url": "about:blank", "browserContextId": answer.value()["browserContextId"]}
        chain.append(connection.send("Target.createTarget", place))

    connection.send("Target.createBrowserContext", then=go_on)
    connection.read_until(lambda: bool(chain) and chain[0].is_done, deadline=soon())
    assert chain[0].value()["targetId"]


def test_only_the_events_that_somebody_asked_for_are_handed_on(connection: Connection) -> None:
    target = open_tab(connection)
    events: list[tuple[str, dict[str, Any]]] = []
    connection.listen(target, lambda method, params: events.append((method, params)), {"Page.loadEventFired"})
    connection.send("Page.navigate", {"url": "https://one.example/login"}, target=target)
    connection.read_until(lambda: bool(events), deadline=soon())
    assert [method for method, _ in events] == ["Page.loadEventFired"]
    connection.unlisten(target)
    connection.send("Page.navigate", {"url": "https://two.example/login"}, target=target)
    ready = connection.send("Page.createIsolatedWorld", {}, target=target)
    connection.wait([ready], deadline=soon())
    assert len(events) == 1


def test_events_that_come_by_the_dozen_bring_only_what_is_read(connection: Connection) -> None:
    target = open_tab(connection)
    params_of: dict[str, dict[str, Any]] = {}
    methods = {"Network.requestWillBeSent", "Network.responseReceived", "Network.loadingFinished"}

    def keep_first(method: str, params: dict[str, Any]) -> None:
        params_of.setdefault(method, params)

    connection.listen(target, keep_first, methods)
    connection.send("Page.navigate", {"url": "https://one.example/login"}, target=target)
    connection.read_until(lambda: params_of.keys() == methods, deadline=soon())
    assert params_of["Network.requestWillBeSent"].keys() == {"requestId", "type", "frameId", "loaderId", "request"}
    received = params_of["Network.responseReceived"]
    assert (received["type"], received["response"]["status"]) == ("Document", 200)
    assert received["response"].keys() == {"status", "headers"}


def test_what_is_flushed_arrives_though_nobody_waits(hub: FakeGrid) -> None:
    session = hub.take_slot()
    connection = connect(hub, session)
    try:
        connection.send("Target.createBrowserContext")
        connection.flush()
        connection.flush()
        (peer,) = hub._hub.sessions[session].peers
        wait_until(lambda: peer.browser is not None and peer.browser.contexts == 1, "one context was made")
    finally:
        connection.close()


def test_a_refused_command_is_told_in_the_browsers_words(connection: Connection) -> None:
    with pytest.raises(CommandFailed, match=r"Browser\.nonsense: 'Browser\.nonsense' wasn't found"):
        connection.call("Browser.nonsense", deadline=soon())


def test_silence_ends_at_the_deadline(connection: Connection) -> None:
    with pytest.raises(DeadlinePassed):
        connection.read_until(lambda: False, deadline=time.monotonic() + 0.02)


def test_a_socket_that_is_broken_from_another_thread_ends_the_wait(connection: Connection) -> None:
    threading.Thread(target=connection.abort, daemon=True).start()
    with pytest.raises(SessionLost):
        connection.read_until(lambda: False, deadline=soon())
    connection.abort()


def test_nothing_can_be_sent_on_a_closed_socket(connection: Connection) -> None:
    connection.close()
    connection.send("Target.createBrowserContext")
    with pytest.raises(SessionLost):
        connection.flush()
    connection.close()


def test_a_session_that_ends_is_lost(hub: FakeGrid, connection: Connection) -> None:
    hub.kill()
    with pytest.raises(SessionLost):
        connection.call("Target.createBrowserContext", deadline=soon())


def test_a_socket_on_which_nothing_comes_is_pinged_while_an_answer_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxies cut what is idle; the answer comes after the second ping and not before."""
    monkeypatch.setattr("gridrunner.browser.devtools.connection.PING_S", 0.02)
    pings: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer:
                head = b""
                while b"\r\n\r\n" not in head:
                    head += peer.recv(65536)
                key = re.search(rb"(?i)sec-websocket-key: *(\S+)", head)
                assert key is not None
                peer.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    b"Sec-WebSocket-Accept: " + accept_of(key[1].decode()).encode() + b"\r\n\r\n"
                )
                reader = FrameReader()
                while data := peer.recv(65536):
                    for opcode, payload in reader.feed(data):
                        if opcode == PING:
                            pings.append(payload)
                            peer.sendall(make_frame(PONG, payload))
                            if len(pings) == 2:
                                peer.sendall(make_frame(TEXT, b'{"id":1,"result":{"product":"late"}}'))

        threading.Thread(target=serve, daemon=True).start()
        connection = Connection(f"ws://127.0.0.1:{listener.getsockname()[1]}/", label="test")
        assert connection.call("Browser.getVersion", deadline=soon()) == {"product": "late"}
        connection.close()
    assert len(pings) >= 2
