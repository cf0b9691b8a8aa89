"""Whatever a hub answers, and however slowly, the client ends in a GridFault: in time, in bounded memory,
in one sentence.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner.browser.devtools import connection as devtools
from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.messages import MOST_MESSAGE_BYTES
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import GridFault, SessionLost
from gridrunner.grid.hubs.calls import MOST_ANSWER_BYTES
from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.hubs.webdriver import devtools_fallback, devtools_url, open_session
from gridrunner.grid.status import HubAddress
from tests.support.fake_hub import open_hub
from tests.support.hub_answers import make_node
from tests.support.lying_hub import LyingHub, Reply, drip, drip_for_ever, make_head, open_lying_hub, pour, say_nothing
from tests.support.sample_runs import fuzz

SHORT_S = 0.4
"""Time of a call to a hub that stalls: long for a machine that is busy, and short for a test."""

OPTIONS = make_options(SessionOptions(name="test"), None)
DEEP = b'{"value":' + b"[" * 2_000_000
HUGE = MOST_ANSWER_BYTES + (1 << 20)
GOOD = json.dumps({"value": {"nodes": [make_node()]}}).encode()


@pytest.fixture
def hub() -> Iterator[LyingHub]:
    with open_lying_hub() as lying:
        lying.say("GET", "/status", GOOD)
        yield lying


def status_of(**node: Any) -> dict[str, Any]:
    return {"value": {"nodes": [{**make_node(), **node}]}}


def slot_of(**slot: Any) -> dict[str, Any]:
    return status_of(slots=[{**make_node()["slots"][0], **slot}])


STATUS: dict[str, Any] = {
    "nodes are text": {"value": {"nodes": "many"}},
    "nodes are null": {"value": {"nodes": None}},
    "nodes are a number": {"value": {"nodes": 5}},
    "a node is text": {"value": {"nodes": ["node"]}},
    "a node is null": {"value": {"nodes": [None]}},
    "maxSessions is text": status_of(maxSessions="x"),
    "maxSessions is a fraction": status_of(maxSessions=1.5),
    "maxSessions is below nothing": status_of(maxSessions=-1),
    "maxSessions is beyond all": status_of(maxSessions=10**30),
    "slots are a number": status_of(slots=5),
    "slots are text": status_of(slots="x"),
    "a slot is null": status_of(slots=[None]),
    "slots beyond all": status_of(slots=[{}] * 10_001),
    "the stereotype is a list": slot_of(stereotype=[]),
    "the stereotype is text": slot_of(stereotype="chrome"),
    "the browser is a number": slot_of(stereotype={"browserName": 5}),
    "the session is text": slot_of(session="s"),
    "capabilities are a list": slot_of(session={"sessionId": "s", "capabilities": []}),
    "the slot's id is text": slot_of(id="slot"),
    "the URI is a number": status_of(uri=5),
    "the availability is a list": status_of(availability=["UP"]),
    "a list": [],
    "null": None,
    "text": "status",
    "no value": {},
    "the value is a list": {"value": []},
    "nested without end": DEEP,
    "no JSON": b"<html>",
    "nothing": b"",
    "no UTF-8": b'{"value": "\xff\xfe"}',
    "NaN": b'{"value": {"nodes": NaN}}',
}


@pytest.mark.parametrize("answer", STATUS.values(), ids=STATUS.keys())
def test_a_status_of_another_shape_is_a_fault(hub: LyingHub, answer: Any) -> None:
    hub.say("GET", "/status", answer)
    client = HubClient(HubAddress(url=hub.url, name="hub"))
    with pytest.raises(GridFault, match=r"^hub: "):
        client.nodes()
    assert not client.status().is_up


def test_what_may_be_missing_is_none(hub: LyingHub) -> None:
    hub.say("GET", "/status", {"value": {"nodes": [{}, status_of(uri=None, version=None)["value"]["nodes"][0]]}})
    nodes = HubClient(HubAddress(url=hub.url)).nodes()
    assert [len(node.slots) for node in nodes] == [0, 1]


STALLS: dict[str, Callable[[], Reply]] = {
    "a byte at a time": lambda: drip(make_head(len(GOOD)) + GOOD),
    "a head at a time": lambda: drip_for_ever(b"HTTP/1.1 200 OK\r\nX: "),
    "a body without end": lambda: drip_for_ever(make_head(None)),
    "a body that is late": lambda: drip_for_ever(make_head(1000)),
    "chunks without end": lambda: drip_for_ever(
        make_head(None).replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    ),
    "silence": say_nothing,
}


@pytest.mark.parametrize("stall", STALLS.values(), ids=STALLS.keys())
def test_a_call_ends_in_time_however_slowly_its_answer_comes(hub: LyingHub, stall: Callable[[], Reply]) -> None:
    hub.send("GET", "/status", stall)
    hub.send("POST", "/session", stall)
    with pytest.raises(GridFault, match="hub: no answer in time"):
        HubClient(HubAddress(url=hub.url, name="hub")).nodes(timeout_s=SHORT_S)
    with pytest.raises(GridFault, match="hub: no answer in time"):
        open_session(hub.url, OPTIONS, hub="hub", timeout_s=SHORT_S)


@pytest.mark.parametrize("size", [HUGE, None])
def test_an_answer_is_of_bounded_size(hub: LyingHub, size: int | None) -> None:
    hub.send("GET", "/status", lambda: pour(make_head(size), HUGE))
    hub.send("POST", "/session", lambda: pour(make_head(size), HUGE))
    with pytest.raises(GridFault, match="its answer has more than 16 MiB"):
        HubClient(HubAddress(url=hub.url, name="hub")).nodes()
    with pytest.raises(GridFault, match="its answer has more than 16 MiB"):
        open_session(hub.url, OPTIONS, hub="hub", timeout_s=20)


SESSIONS: dict[str, Any] = {
    "a list": [],
    "null": None,
    "the value is text": {"value": "session"},
    "no id": {"value": {"capabilities": {}}},
    "the id is a number": {"value": {"sessionId": 5, "capabilities": {}}},
    "the id is a path": {"value": {"sessionId": "../../x", "capabilities": {}}},
    "the id is a line": {"value": {"sessionId": "a\r\nb", "capabilities": {}}},
    "capabilities are text": {"value": {"sessionId": "s", "capabilities": "x"}},
    "capabilities are a number": {"value": {"sessionId": "s", "capabilities": 5}},
    "se:cdp is a number": {"value": {"sessionId": "s", "capabilities": {"se:cdp": 5}}},
    "se:cdp is not an address": {"value": {"sessionId": "s", "capabilities": {"se:cdp": "ws://[::bad"}}},
    "se:cdp is a line": {"value": {"sessionId": "s", "capabilities": {"se:cdp": "ws://h/a\x00b c"}}},
    "chromeOptions are text": {"value": {"sessionId": "s", "capabilities": {"goog:chromeOptions": "x"}}},
    "the address is a number": {
        "value": {"sessionId": "s", "capabilities": {"goog:chromeOptions": {"debuggerAddress": 5}}}
    },
    "the address is none": {
        "value": {"sessionId": "s", "capabilities": {"goog:chromeOptions": {"debuggerAddress": "x:y"}}}
    },
    "nested without end": DEEP,
    "no JSON": b"OK",
}


@pytest.mark.parametrize("answer", SESSIONS.values(), ids=SESSIONS.keys())
def test_a_session_of_another_shape_is_a_fault(hub: LyingHub, tmp_path: Path, answer: Any) -> None:
    hub.say("POST", "/session", answer)
    with pytest.raises(GridFault):
        reach(hub.url, tmp_path).open_session(slot="slot-1", timeout_s=5)


@pytest.mark.parametrize("status", [400, 404, 500])
@pytest.mark.parametrize(
    "answer",
    [
        [],
        None,
        "x",
        {"value": []},
        {"value": {"message": []}},
        {"value": {"error": 5}},
        DEEP,
        b"",
        {"value": {"alert": 5}},
    ],
)
def test_an_error_of_another_shape_is_a_fault(hub: LyingHub, status: int, answer: Any) -> None:
    hub.say("POST", "/session", answer, status)
    with pytest.raises(GridFault):
        open_session(hub.url, OPTIONS, hub="hub", timeout_s=5)


def test_redirects_are_followed_without_credentials_and_not_for_ever(hub: LyingHub) -> None:
    with open_lying_hub() as other:
        other.say("POST", "/session", {"value": {"sessionId": "s", "capabilities": {}}})
        target = f"HTTP/1.1 307 Go\r\nLocation: {other.url}/session\r\nContent-Length: 0\r\n\r\n".encode()
        hub.send("POST", "/session", lambda: [target])
        assert open_session(hub.url, OPTIONS, hub="hub", timeout_s=5).id == "s"
        back = f"HTTP/1.1 307 Go\r\nLocation: {hub.url}/session\r\nContent-Length: 0\r\n\r\n".encode()
        other.send("POST", "/session", lambda: [back])
        with pytest.raises(GridFault, match="does not speak WebDriver"):
            open_session(hub.url, OPTIONS, hub="hub", timeout_s=5)
        assert len(other.asked) + len(hub.asked) == 2 + 6


def reach(url: str, folder: Path) -> RemoteHub:
    return RemoteHub(
        address=HubAddress(url=url),
        options=SessionOptions(name="test"),
        settings=VisitSettings(),
        store=EvidenceStore(run_folder=folder),
    )


# -------------------------------------------------------------------------------------------------------------- sockets


def frame(payload: bytes, first: int = 0x81, size: int | None = None) -> bytes:
    return bytes([first, 127]) + (len(payload) if size is None else size).to_bytes(8) + payload


def fragments() -> Iterator[bytes]:
    yield frame(b"", 0x01)
    block = b"\x00\x00" * (1 << 15)  # empty parts of a message that never ends
    while True:
        yield block


def large_fragments() -> Iterator[bytes]:
    part = frame(b" " * (1 << 20), 0x00)
    yield frame(b"{", 0x01)
    while True:
        yield part


SOCKETS: dict[str, Callable[[], Reply]] = {
    "a frame of 1 GiB": lambda: [frame(b"{", size=1 << 30)],
    "a frame of all bytes": lambda: [frame(b"{", size=(1 << 63) - 1)],
    "a frame that is a little too large": lambda: [frame(b"{", size=MOST_MESSAGE_BYTES + 1)],
    "fragments without end": large_fragments,
    "empty fragments without end": fragments,
    "no JSON": lambda: [frame(b"hello")],
    "no UTF-8": lambda: [frame(b'{"id":1,"result":{"a":"\xff"}}')],
    "a list": lambda: [frame(b"[]")],
    "null": lambda: [frame(b"null")],
    "the id is text": lambda: [frame(b'{"id":"1"}')],
    "the result is a number": lambda: [frame(b'{"id":1,"result":5}')],
    "the result has nothing": lambda: [frame(b'{"id":1,"result":{}}')],
    "the error is text": lambda: [frame(b'{"id":1,"error":"no"}')],
    "nested without end": lambda: [frame(b'{"id":1,"result":' + b"[" * 5_000_000)],
    "an event of another shape": lambda: [frame(b'{"method":"Page.frameAttached","params":[]}')],
    "an event without what it tells": lambda: [frame(b'{"method":"Page.frameAttached","params":{}}')],
    "the end": lambda: [b"\x88\x00"],
}


@pytest.mark.parametrize("reply", SOCKETS.values(), ids=SOCKETS.keys())
def test_a_socket_that_carries_no_devtools_is_a_lost_session(hub: LyingHub, reply: Callable[[], Reply]) -> None:
    hub.socket = reply
    connection = Connection(hub.url.replace("http", "ws") + "/cdp", label="slot-1")
    connection.listen("", lambda _method, params: params["frameId"], {"Page.frameAttached"})
    try:
        with pytest.raises(SessionLost, match=r"^slot-1: "):
            connection.call("Runtime.evaluate", deadline=time.monotonic() + 20)
    finally:
        connection.close()


def test_a_handshake_that_drips_ends_in_time(hub: LyingHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devtools, "CONNECT_TIMEOUT_S", SHORT_S)
    hub.send("GET", "/cdp", lambda: drip_for_ever(b"HTTP/1.1 101 Switching Protocols\r\nX: "))
    hub.socket = say_nothing
    url = hub.url.replace("http", "ws") + "/cdp"
    monkeypatch.setattr(
        "tests.support.lying_hub._read_head", lambda connection: connection.recv(65536) and ("GET", "/cdp", "")
    )
    with pytest.raises(SessionLost, match="no DevTools socket"):
        Connection(url, label="slot-1")


# ---------------------------------------------------------------------------------------------------------- any shape

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def replace_part(value: Any, data: st.DataObject) -> Any:
    """`value` with one part, somewhere in it, of another shape."""
    if isinstance(value, dict) and value and data.draw(st.booleans()):
        key = data.draw(st.sampled_from(sorted(value)))
        return {**value, key: replace_part(value[key], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        return [replace_part(value[0], data), *value[1:]]
    return data.draw(JSON)


SESSION = {
    "value": {
        "sessionId": "s",
        "capabilities": {"se:cdp": "ws://h:1/s/cdp", "goog:chromeOptions": {"debuggerAddress": "h:0"}},
    }
}


@fuzz(40)
@given(data=st.data())
def test_any_shape_is_an_answer_or_a_fault(hub_of_all: LyingHub, data: st.DataObject) -> None:
    hub = hub_of_all
    hub.say("GET", "/status", replace_part(status_of(), data))
    hub.say("POST", "/graphql", data.draw(JSON))
    hub.say("POST", "/session", replace_part(SESSION, data), data.draw(st.sampled_from([200, 200, 200, 500])))
    client = HubClient(HubAddress(url=hub.url, name="hub"))
    with suppress(GridFault):
        client.count_slots()
    client.status()
    with suppress(GridFault):
        client.require_supported()
    with suppress(GridFault):
        session = open_session(hub.url, OPTIONS, hub="hub", timeout_s=5)
        devtools_url(session, hub.url)
        devtools_fallback(session, hub.url)


@pytest.fixture(scope="module")
def hub_of_all() -> Iterator[LyingHub]:
    with open_lying_hub() as hub:
        yield hub


def test_one_bad_hub_of_several_costs_its_own_slots(hub: LyingHub, tmp_path: Path) -> None:
    hub.say("GET", "/status", {"value": {"nodes": 5}})
    with open_hub(slots=3) as good:
        hubs = [reach(url, tmp_path) for url in (hub.url, good.url)]
        slots = []
        for one in hubs:
            try:
                slots.append(one.slots())
            except GridFault:
                slots.append(0)
    assert slots == [0, 3]
