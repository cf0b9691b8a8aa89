"""A Selenium Grid hub without browsers: WebDriver sessions, `/status`, and the DevTools socket of each session.

`open_hub` runs one on a thread of the test; `python -m tests.support.fake_hub` runs one in a process of its own, so
that what it costs is not charged to gridrunner. What it does is a `Behaviour`, which may be changed while it runs;
`kill` and `revive` are those of the whole hub. Hundreds of sessions share one event loop.

Owns HTTP, the sessions and their slots; what a page is and says is `fake_devtools`. Invariant: a session holds its slot
from the moment that its creation was granted until it is deleted, times out, or the hub is killed.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from tests.support.fake_devtools import FakeBrowser, Pace
from tests.support.websocket_server import CLOSE, PING, PONG, TEXT, FrameReader, accept_of, make_frame

T = TypeVar("T")

NODE_ADDRESS = "10.255.255.1:4444"
"""What the hub writes into `se:cdp`: an address that only its nodes know. A client has to put its own in place of
it."""

SLOTS_PER_NODE = 4
THREAD_TIMEOUT_S = 10.0
KILL_ROUNDS = 4
"""Turns of the event loop until a connection that was just being accepted is there to be dropped, and then is
closed."""


class NewSession(StrEnum):
    """What a New Session command comes to."""

    CREATED = "created"
    REFUSED = "refused"  # as a node does whose browser does not start
    BROKEN = "broken"  # as a proxy does that has lost its hub: 500 and no JSON
    HANGS = "hangs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a hub behaves; times in seconds.

    A visit takes `visit_s`, or is drawn around it (log-normal, `visit_sigma`), with `requests` requests besides the
    document; a session takes `session_s` to be made; `slowness` multiplies both. `refusals` sessions are refused before
    `new_session` holds. A session beyond `slots` waits `queue_s` in the hub's queue and is refused then. A session that
    nobody is connected to is ended after `session_timeout_s`. `drops` and `hangs` say how many visits of URLs that
    contain the key lose their socket, or never get an answer; `drop_share` loses a share of all first visits (a second
    loss of the same URL would be luck, and three of them end in an error by design). `credentials` ("user:password"):
    whoever does not send them is turned away.
    """

    slots: int = 4
    visit_s: float = 0.02
    visit_sigma: float = 0.0
    requests: int = 2
    session_s: float = 0.005
    slowness: float = 1.0
    new_session: NewSession = NewSession.CREATED
    refusals: int = 0
    queue_s: float = 300.0
    session_timeout_s: float = 300.0
    drops: Mapping[str, int] = field(default_factory=dict)
    hangs: Mapping[str, int] = field(default_factory=dict)
    drop_share: float = 0.0
    credentials: str = ""


@dataclass(slots=True)
class Figures:
    """What a hub has seen: `visits` by URL; when each began, as (seconds after the hub, URL); and how many sessions."""

    visits: Counter[str] = field(default_factory=Counter)
    begun: list[tuple[float, str]] = field(default_factory=list)
    sessions_made: int = 0
    sessions_refused: int = 0
    most_sessions: int = 0
    most_contexts: int = 0
    sockets_dropped: int = 0
    names: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class _Session:
    id: str
    name: str
    peers: set[_Peer] = field(default_factory=set)
    expiry: asyncio.TimerHandle | None = None


class _Hub:
    """The hub itself: everything in here happens on its event loop."""

    def __init__(self, behaviour: Behaviour, *, port: int, seed: int) -> None:
        self.behaviour = behaviour
        self.port = port
        self.figures = Figures()
        self.sessions: dict[str, _Session] = {}
        self._reserved = 0
        self._waiting: list[asyncio.Future[None]] = []
        self._peers: set[_Peer] = set()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._rng = random.Random(seed)
        self._used: Counter[str] = Counter()
        self._refused = 0
        self._born_s = time.monotonic()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Peer(self), "127.0.0.1", self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def waiting(self) -> int:
        return sum(not turn.done() for turn in self._waiting)

    async def kill(self) -> None:
        """As `kill -9` of the hub: its port is closed, every connection breaks, every session is forgotten."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for _ in range(KILL_ROUNDS):
            for peer in list(self._peers):
                peer.drop()
            await asyncio.sleep(0)
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for session in list(self.sessions.values()):
            self.forget(session)

    # -------------------------------------------------------------------------------------------------------- WebDriver

    def connect(self, peer: _Peer) -> None:
        self._peers.add(peer)

    def disconnect(self, peer: _Peer) -> None:
        self._peers.discard(peer)
        session = peer.session
        if session is None:
            return
        session.peers.discard(peer)
        if not session.peers and session.id in self.sessions:
            self._expect_client(session)

    def answer(self, peer: _Peer, method: str, path: str, body: bytes) -> None:
        """One HTTP request, answered on `peer` now or later."""
        parts = path.removeprefix("/wd/hub").split("?")[0].strip("/").split("/")
        match method, parts:
            case "GET", ["status"]:
                peer.reply(200, {"value": self._describe()})
            case "GET", ["readyz"]:
                peer.reply(200, {"value": True})
            case "POST", ["session"]:
                task = asyncio.get_running_loop().create_task(self._create(peer, body))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case _, ["session", name, *rest] if name in self.sessions:
                session = self.sessions[name]
                if method == "DELETE" and not rest:
                    self.forget(session)
                peer.reply(200, {"value": None})
            case _, ["session", name, *_]:
                peer.fail(404, "invalid session id", f"Cannot find session with id: {name}")
            case _:
                peer.fail(404, "unknown command", f"Unable to find handler for ({method}) /{'/'.join(parts)}")

    async def _create(self, peer: _Peer, body: bytes) -> None:
        behaviour = self.behaviour
        wanted = NewSession.REFUSED if self._refused < behaviour.refusals else behaviour.new_session
        if wanted is NewSession.HANGS:
            return
        if wanted is not NewSession.CREATED:
            self._refused += 1
            self.figures.sessions_refused += 1
            if wanted is NewSession.REFUSED:
                peer.fail(500, "session not created", "Could not start a new session. Could not start a browser.")
            else:
                peer.reply_text(500, "<html><h1>500 Internal Server Error</h1></html>")
            return
        if not await self._take_slot(behaviour.queue_s):
            self.figures.sessions_refused += 1
            peer.fail(500, "session not created", "Could not start a new session. New session request timed out")
            return
        try:
            await asyncio.sleep(behaviour.session_s * behaviour.slowness)
        finally:
            self._reserved -= 1
        asked = json.loads(body).get("capabilities", {}).get("alwaysMatch", {})
        session = self.add_session(str(asked.get("se:name", "")))
        self.figures.sessions_made += 1
        self.figures.names.append(session.name)
        capabilities = {
            "browserName": "chrome",
            "browserVersion": "156.0.0.0",
            "platformName": "linux",
            "goog:chromeOptions": {"debuggerAddress": "localhost:33001"},
            "se:cdp": f"ws://{NODE_ADDRESS}/session/{session.id}/se/cdp",
            "se:cdpVersion": "156.0.0.0",
            "se:containerName": f"node-{self.figures.sessions_made % max(1, self._nodes()) + 1}",
            "se:name": session.name,
        }
        if not peer.reply(200, {"value": {"sessionId": session.id, "capabilities": capabilities}}):
            self.forget(session)  # whoever asked is gone: the Grid ends such a session as well

    def add_session(self, name: str = "") -> _Session:
        """A session that holds a slot from now on."""
        session = _Session(id=uuid.uuid4().hex, name=name)
        self.sessions[session.id] = session
        self.figures.most_sessions = max(self.figures.most_sessions, len(self.sessions))
        self._expect_client(session)
        return session

    async def _take_slot(self, queue_s: float) -> bool:
        end_s = time.monotonic() + queue_s
        while len(self.sessions) + self._reserved >= self.behaviour.slots:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await asyncio.wait_for(turn, max(0.0, end_s - time.monotonic()))
            except TimeoutError:
                return False
        self._reserved += 1
        return True

    def forget(self, session: _Session) -> None:
        self.sessions.pop(session.id, None)
        if session.expiry is not None:
            session.expiry.cancel()
        for peer in list(session.peers):
            peer.drop()
        while self._waiting:
            turn = self._waiting.pop(0)
            if not turn.done():
                turn.set_result(None)
                return

    def _expect_client(self, session: _Session) -> None:
        if session.expiry is not None:
            session.expiry.cancel()
        loop = asyncio.get_running_loop()
        session.expiry = loop.call_later(self.behaviour.session_timeout_s, self.forget, session)

    def _nodes(self) -> int:
        return -(-self.behaviour.slots // SLOTS_PER_NODE)

    def _describe(self) -> dict[str, Any]:
        """`/status` as Selenium Grid 4.48 gives it."""
        names = iter(list(self.sessions))
        left, nodes = self.behaviour.slots, []
        for number in range(1, self._nodes() + 1):
            count = min(SLOTS_PER_NODE, left)
            left -= count
            slots = [_describe_slot(number, place, next(names, None)) for place in range(count)]
            nodes.append(
                {
                    "id": f"node-{number}",
                    "uri": f"http://10.255.255.{number % 250 + 2}:5555",
                    "maxSessions": count,
                    "availability": "UP",
                    "version": "4.48.0",
                    "slots": slots,
                }
            )
        is_ready = len(self.sessions) + self._reserved < self.behaviour.slots
        message = "Selenium Grid ready." if is_ready else "Selenium Grid not ready."
        return {"ready": is_ready, "message": message, "nodes": nodes}

    # --------------------------------------------------------------------------------------------------------- DevTools

    def open_socket(self, peer: _Peer, session: _Session) -> FakeBrowser:
        """The DevTools side of a websocket that was opened for `session`."""
        session.peers.add(peer)
        peer.session = session
        if session.expiry is not None:
            session.expiry.cancel()
        loop = asyncio.get_running_loop()
        return FakeBrowser(
            send=lambda data: peer.write(make_frame(TEXT, data)),
            later=loop.call_later,
            drop=lambda: self._drop(peer),
            pace_of=lambda url: self._begin_visit(peer, url),
        )

    def _drop(self, peer: _Peer) -> None:
        self.figures.sockets_dropped += 1
        peer.drop()

    def _begin_visit(self, peer: _Peer, url: str) -> Pace:
        figures, behaviour = self.figures, self.behaviour
        figures.visits[url] += 1
        figures.begun.append((time.monotonic() - self._born_s, url))
        figures.most_contexts = max(figures.most_contexts, peer.browser.contexts if peer.browser else 0)
        seconds = behaviour.visit_s * behaviour.slowness
        if behaviour.visit_sigma:
            seconds *= self._rng.lognormvariate(0.0, behaviour.visit_sigma)
        return Pace(
            document_s=seconds * 0.6,
            rest_s=seconds * 0.4,
            requests=behaviour.requests,
            hangs=self._is_one_of("hang", url, behaviour.hangs),
            drops=self._is_one_of("drop", url, behaviour.drops) or self._is_drawn(url),
        )

    def _is_drawn(self, url: str) -> bool:
        return self.figures.visits[url] == 1 and self._rng.random() < self.behaviour.drop_share

    def _is_one_of(self, what: str, url: str, counts: Mapping[str, int]) -> bool:
        for part, count in counts.items():
            key = f"{what} {part}"
            if part in url and self._used[key] < count:
                self._used[key] += 1
                return True
        return False


class _Peer(asyncio.Protocol):
    """One connection: HTTP with keep-alive, and a websocket once it was upgraded."""

    def __init__(self, hub: _Hub) -> None:
        self._hub = hub
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._frames: FrameReader | None = None
        self.browser: FakeBrowser | None = None
        self.session: _Session | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._hub.connect(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._hub.disconnect(self)

    def write(self, data: bytes) -> bool:
        """Send bytes; False where nobody is there any more."""
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(data)
        return True

    def drop(self) -> None:
        """Break the connection."""
        if self._transport is not None:
            self._transport.abort()

    def reply(self, status: int, value: Any) -> bool:
        return self.reply_text(status, json.dumps(value), kind="application/json; charset=utf-8")

    def reply_text(self, status: int, text: str, *, kind: str = "text/html", extra: str = "") -> bool:
        body = text.encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        return self.write(head.encode() + body)

    def fail(self, status: int, error: str, message: str) -> None:
        self.reply(status, {"value": {"error": error, "message": message, "stacktrace": ""}})

    def data_received(self, data: bytes) -> None:
        if self._frames is None:
            self._buffer += data
            self._read_requests()
        else:
            self._read_frames(data)

    def _read_requests(self) -> None:
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            lines = self._buffer[:end].decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            size = int(headers.get("content-length", 0))
            if len(self._buffer) < end + 4 + size:
                return
            body = bytes(self._buffer[end + 4 : end + 4 + size])
            del self._buffer[: end + 4 + size]
            method, path, _ = lines[0].split(" ", 2)
            if not self._is_allowed(headers):
                self.reply_text(401, "no", extra='WWW-Authenticate: Basic realm="grid"\r\n')
            elif headers.get("upgrade", "").lower() == "websocket":
                self._upgrade(path, headers)
                return
            else:
                self._hub.answer(self, method, path, body)

    def _is_allowed(self, headers: Mapping[str, str]) -> bool:
        wanted = self._hub.behaviour.credentials
        return not wanted or headers.get("authorization") == f"Basic {base64.b64encode(wanted.encode()).decode()}"

    def _upgrade(self, path: str, headers: Mapping[str, str]) -> None:
        match path.split("/"):
            case ["", "session", name, "se", "cdp"] if name in self._hub.sessions:
                self.browser = self._hub.open_socket(self, self._hub.sessions[name])
            case _:
                self.reply_text(404, "no such session")
                return
        self._frames = FrameReader()
        accept = accept_of(headers["sec-websocket-key"])
        head = "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.write(f"{head}Sec-WebSocket-Accept: {accept}\r\n\r\n".encode())
        rest, self._buffer = bytes(self._buffer), bytearray()
        self._read_frames(rest)

    def _read_frames(self, data: bytes) -> None:
        assert self._frames is not None
        assert self.browser is not None
        for opcode, payload in self._frames.feed(data):
            if opcode == TEXT:
                self.browser.take(payload)
            elif opcode == PING:
                self.write(make_frame(PONG, payload))
            elif opcode == CLOSE:
                self.write(make_frame(CLOSE, payload))
                if self._transport is not None:
                    self._transport.close()
                return


def _describe_slot(node: int, place: int, session: str | None) -> dict[str, Any]:
    taken = {"sessionId": session, "start": "2026-11-24T00:00:00Z"} if session else None
    return {
        "id": {"hostId": f"node-{node}", "id": f"slot-{place}"},
        "lastStarted": "2026-11-24T00:00:00Z",
        "session": taken,
        "stereotype": {"browserName": "chrome", "platformName": "linux"},
    }


class FakeGrid:
    """A hub on a thread of this process, as a test handles it. Make it with `open_hub`."""

    def __init__(self, hub: _Hub, loop: asyncio.AbstractEventLoop) -> None:
        self._hub, self._loop = hub, loop

    @property
    def url(self) -> str:
        """Where it is reached; the same after `revive`."""
        return f"http://127.0.0.1:{self._hub.port}"

    @property
    def figures(self) -> Figures:
        """What it has seen so far, over all its lives."""
        return self._hub.figures

    @property
    def waiting(self) -> int:
        """New sessions that wait in its queue."""
        return self._hub.waiting

    @property
    def sessions(self) -> int:
        """Sessions that exist now."""
        return len(self._hub.sessions)

    def change(self, **changes: Any) -> None:
        """Behave otherwise from now on."""

        def apply() -> None:
            self._hub.behaviour = replace(self._hub.behaviour, **changes)

        self._call(apply)

    def kill(self) -> None:
        """The hub is gone, and every session with it."""
        asyncio.run_coroutine_threadsafe(self._hub.kill(), self._loop).result(THREAD_TIMEOUT_S)

    def revive(self) -> None:
        """It is there again, on the same port and without sessions."""
        asyncio.run_coroutine_threadsafe(self._hub.start(), self._loop).result(THREAD_TIMEOUT_S)

    def take_slot(self) -> str:
        """Let somebody else have a session; returns its id."""
        return self._call(self._hub.add_session).id

    def end_session(self, session: str) -> None:
        """End a session, whoever has it."""
        self._call(lambda: self._hub.forget(self._hub.sessions[session]))

    def _call(self, function: Callable[[], T]) -> T:
        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(THREAD_TIMEOUT_S)


@contextmanager
def open_hub(behaviour: Behaviour | None = None, *, port: int = 0, seed: int = 1, **changes: Any) -> Iterator[FakeGrid]:
    """A hub on a thread until the block ends; `changes` go over `behaviour`."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake-hub", daemon=True)
    thread.start()
    hub = _Hub(replace(behaviour or Behaviour(), **changes), port=port, seed=seed)
    grid = FakeGrid(hub, loop)
    try:
        grid.revive()
        yield grid
    finally:
        grid.kill()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(THREAD_TIMEOUT_S)
        loop.close()


async def _serve(behaviour: Behaviour, *, port: int, seed: int) -> Figures:
    """A hub until standard input ends; says its URL first."""
    hub = _Hub(behaviour, port=port, seed=seed)
    await hub.start()
    print(f"http://127.0.0.1:{hub.port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await hub.kill()
    return hub.figures


def main(arguments: Sequence[str] | None = None) -> int:
    """A hub in a process of its own: its URL on the first line, and when standard input ends its figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.fake_hub", description=__doc__.split(":", 1)[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    for each in fields(Behaviour):
        if isinstance(each.default, (int, float, str)):
            option = "--" + each.name.replace("_", "-")
            parser.add_argument(option, type=type(each.default), default=each.default)
    options = vars(parser.parse_args(arguments))
    port, seed = options.pop("port"), options.pop("seed")
    figures = asyncio.run(_serve(Behaviour(**options), port=port, seed=seed))
    print(json.dumps({each.name: getattr(figures, each.name) for each in fields(figures)}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
