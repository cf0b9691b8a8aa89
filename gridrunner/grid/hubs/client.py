"""A hub as its clients see it: what `/status`, `/readyz` and GraphQL say, and what can be asked of it.

`/status` says `ready: false` when every slot is busy, so capacity is read from the nodes that are UP, and liveness from
`/readyz`. Every call is bounded; what goes wrong is a GridFault that names the hub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from msgspec import Meta, Raw, Struct, field

from gridrunner.browser.options import read_tag
from gridrunner.errors import GridFault, HubUnreachable, UsageError
from gridrunner.grid.hubs.calls import Answer, call, make_pools
from gridrunner.grid.hubs.webdriver import authorization_of, make_context, translated, without_credentials
from gridrunner.grid.secret import read_secret
from gridrunner.grid.status import HubAddress, HubStatus, NodeState, NodeStatus, SessionStatus, SlotStatus
from gridrunner.limits import Count
from gridrunner.text import make_line, redact_url

STATUS_TIMEOUT_S = 10.0
"""`/status` of a hub with two nodes took 0.01 to 0.1 s (Grid 4.48, 2026-11-24)."""

JSON_TYPE = "application/json; charset=utf-8"
"""Plain `application/json` is answered 500, "does not indicate utf-8 encoded json" (Grid 4.48, 2026-11-26)."""

SECRET_HEADER = "X-REGISTRATION-SECRET"

BROWSER = "chrome"
"""Of a slot's stereotype: what sessions of gridrunner ask for. A node that finds drivers itself has slots for browsers
that it does not have, Edge and Firefox among them (Grid 4.48, 2026-11-26)."""

OLDEST_VERSION = (4, 19)
"""Of a hub: 4.19.1 and 4.48 were tried with Chromium 156 and work; 4.7.1 closes the DevTools socket of a session at
once (2026-11-26). What lies between was not tried."""

MOST_SLOTS = 10_000
"""Of a hub: at most about 60 nodes belong to one (docs/design/grid.md), and the largest machines have some hundred
cores."""

_STATES = {"UP": NodeState.UP, "DRAINING": NodeState.DRAINING, "DOWN": NodeState.DOWN}

_UNREACHED_NODE = re.compile(r"\((?:POST|GET|DELETE) (https?://[^/\s)]+)/")
"""In what a hub says when it cannot reach a node: `Connection error (POST http://172.18.0.5:5555/se/grid/node/session)`
(Grid 4.48, 2026-11-24)."""


class HubClient:
    """Asks one hub; safe from several threads. `ca_file`: the certificates (PEM) that an https hub is checked with."""

    def __init__(self, address: HubAddress, *, ca_file: Path | None = None) -> None:
        """Raises UsageError when `ca_file` holds no certificates."""
        self.name = address.name or redact_url(address.url).rstrip("/")
        self._url = without_credentials(address.url).rstrip("/")
        self._authorization = authorization_of(address.url)
        self._secret = address.secret
        if self._secret is None and address.secret_file is not None:
            self._secret = read_secret(address.secret_file)
        self._end_at_node = address.end_at_node
        context = make_context(ca_file)
        self._pool = make_pools(self._url, context=context)

    def is_live(self) -> bool:
        """Whether the hub answers, busy or not, with nodes or without. Never raises.

        A hub under a sub-path has its `/readyz` outside of it, where we may not reach it (Grid 4.48, 2026-11-26).
        """
        try:
            if self._request("GET", "/readyz").status == HTTPStatus.OK:
                return True
            self._status()
        except GridFault:
            return False
        return True

    def nodes(self, *, timeout_s: float = STATUS_TIMEOUT_S) -> tuple[NodeStatus, ...]:
        """The nodes that are registered, with their slots for our browser. Raises HubUnreachable."""
        return tuple(_read_node(node) for node in self._status(timeout_s=timeout_s))

    def count_slots(self) -> int:
        """The sessions that the nodes that are UP have room for, busy or free. Raises HubUnreachable."""
        return count_slots(self.nodes())

    def status(self) -> HubStatus:
        """Everything; a hub that does not answer is a status with `is_up` False. Never raises for what the hub does."""
        shown = redact_url(self._url)
        try:
            nodes = self.nodes()
            version, queue = self._ask_grid()
        except GridFault as error:
            return HubStatus(name=self.name, url=shown, is_up=False, detail=str(error))
        return HubStatus(name=self.name, url=shown, is_up=True, version=version, queue=queue, nodes=nodes)

    def require_supported(self, *, timeout_s: float = STATUS_TIMEOUT_S) -> str:
        """The hub's version, "" where neither it nor its nodes tell. Raises UsageError for one that is too old,
        HubUnreachable for what is not a hub.
        """
        nodes = self.nodes(timeout_s=timeout_s)
        version = self._ask_grid()[0] or next((node.version for node in nodes if node.version), "")
        numbers = re.match(r"(\d+)\.(\d+)", version)
        if numbers is not None and (int(numbers[1]), int(numbers[2])) < OLDEST_VERSION:
            least = ".".join(map(str, OLDEST_VERSION))
            raise UsageError(
                f"{self.name}: Selenium Grid {version.partition(' ')[0]} is too old for gridrunner",
                hint=f"use Selenium Grid {least} or newer; docker/build.sh builds one",
            )
        return version

    def find_node(self, session: str) -> str:
        """The name of the node that a session is on; "" where that cannot be told. Never raises."""
        try:
            return next((node.name for node in self.nodes() if session in _sessions_of(node)), "")
        except GridFault:
            return ""

    def _status(self, *, timeout_s: float = STATUS_TIMEOUT_S) -> tuple[_Node, ...]:
        answer = self._request("GET", "/status", timeout_s=timeout_s)
        status = answer.decode(_StatusAnswer)
        if status is None or status.value.nodes is None:
            message = _message_of(answer)
            if message and answer.decode(_AnyNodes) is None:
                raise HubUnreachable(f"{self.name}: cannot tell its nodes: {message}")
            raise HubUnreachable(f"{self.name}: {_explain_stranger(answer)}", hint=_stranger_hint(answer))
        slots = sum(len(node.slots or ()) for node in status.value.nodes)
        if slots > MOST_SLOTS:
            raise HubUnreachable(f"{self.name}: says that it has {slots:,} slots; no hub has more than {MOST_SLOTS:,}")
        return status.value.nodes

    def _ask_grid(self) -> tuple[str, int]:
        """Version and length of the queue; ("", 0) from a hub without GraphQL."""
        query = json.dumps({"query": "{ grid { version sessionQueueSize } }"}).encode()
        answer = self._request("POST", "/graphql", body=query)
        told = answer.decode(_GraphqlAnswer)
        if told is None:
            return "", 0
        return make_line(told.data.grid.version, 100), told.data.grid.queue

    # ----------------------------------------------------------------------------------------------------------- asking

    def end_session(self, session: str) -> bool:
        """End a session of any client; False when neither hub nor node confirmed it. Never raises.

        A hub that was restarted shows the sessions of its nodes, and ends none of them: 404 (Grid 4.48, 2026-11-26).
        """
        try:
            if self._request("DELETE", f"/session/{quote(session, safe='')}").status == HTTPStatus.OK:
                return True
            if self._end_at_node is None:
                return False
            node = next((node for node in self.nodes() if session in _sessions_of(node)), None)
            return node is not None and self._end_at_node(node.url, session)
        except GridFault:
            return False

    def drain_node(self, node: str) -> None:
        """Give a node no new sessions; it leaves when its last ends. Raises HubUnreachable, UsageError."""
        self._order("POST", f"/se/grid/distributor/node/{quote(node, safe='')}/drain", "drain")

    def remove_node(self, node: str) -> None:
        """Forget a node at once, with its sessions; one that lives comes back by itself. Raises as `drain_node`."""
        self._order("DELETE", f"/se/grid/distributor/node/{quote(node, safe='')}", "remove")

    def evict_unreached_node(self, message: str) -> str | None:
        """Where `message` is a hub's word that it cannot reach a node, have it forget that node: a dead node stays UP
        for up to two minutes and fails every session that it is given in 0.02 s. Returns the node's name. Never raises.
        """
        unreached = _UNREACHED_NODE.search(message)
        if unreached is None or self._secret is None:
            return None
        try:
            node = next((node for node in self.nodes() if node.url == unreached[1]), None)
            if node is None:
                return None
            self.remove_node(node.id)
        except (GridFault, UsageError):
            return None
        return node.name

    def _order(self, method: str, path: str, what: str) -> None:
        if self._secret is None:
            raise UsageError(f"{self.name}: without its registration secret no node can be told to {what}")
        headers = {"Content-Type": JSON_TYPE, SECRET_HEADER: self._secret}
        answer = self._request(method, path, headers=headers)
        if answer.status == HTTPStatus.UNAUTHORIZED:
            raise UsageError(f"{self.name}: refuses our registration secret: another grid made it, or it was changed")
        if answer.status != HTTPStatus.OK:
            raise HubUnreachable(f"{self.name}: cannot {what} the node: HTTP {answer.status} {_message_of(answer)}")

    def _request(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = STATUS_TIMEOUT_S,
    ) -> Answer:
        every = {"Content-Type": JSON_TYPE, **self._authorization, **(headers or {})}
        with translated(self.name):
            return call(self._pool, method, self._url + path, timeout_s=timeout_s, body=body, headers=every)


# ------------------------------------------------------------------------------------------------------------- reading


def count_slots(nodes: Iterable[NodeStatus]) -> int:
    """The sessions that those that are UP have room for, busy or free."""
    return sum(len(node.slots) for node in nodes if node.state is NodeState.UP)


def find_draining_sessions(nodes: Iterable[NodeStatus]) -> set[str]:
    """The ids of sessions on nodes that drain."""
    return {session for node in nodes if node.state is NodeState.DRAINING for session in _sessions_of(node)}


def _sessions_of(node: NodeStatus) -> set[str]:
    return {slot.session.id for slot in node.slots if slot.session is not None}


def _message_of(answer: Answer) -> str:
    told = answer.decode(_MessageAnswer)
    return make_line(told.value.message.split("\n")[0]) if told is not None else ""


def _explain_stranger(answer: Answer) -> str:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return "wants a user and a password, or others than these (HTTP 401)"
    return f"answers, but not as a Selenium Grid hub (HTTP {answer.status})"


def _stranger_hint(answer: Answer) -> str:
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return "write them into the URL: http://user:password@hub:4444"
    return "name the hub itself, as in http://localhost:4444"


# What is read of a hub's answers (Grid 4.19 to 4.48); keys that are not named are skipped, and any may be missing or
# null.


class _Message(Struct, frozen=True, kw_only=True):
    message: str


class _MessageAnswer(Struct, frozen=True, kw_only=True):
    value: _Message


class _GridFigures(Struct, frozen=True, kw_only=True):
    version: str
    queue: Count = field(name="sessionQueueSize")


class _GraphqlData(Struct, frozen=True, kw_only=True):
    grid: _GridFigures


class _GraphqlAnswer(Struct, frozen=True, kw_only=True):
    data: _GraphqlData


class _Session(Struct, frozen=True, kw_only=True):
    id: str | None = field(default=None, name="sessionId")
    start: str | None = None
    capabilities: dict[str, Any] | None = None


class _Stereotype(Struct, frozen=True, kw_only=True):
    browser: str | None = field(default=None, name="browserName")
    browser_version: str | None = field(default=None, name="browserVersion")
    platform: str | None = field(default=None, name="platformName")
    container: str | None = field(default=None, name="se:containerName")


class _SlotId(Struct, frozen=True, kw_only=True):
    id: str | None = None


class _Slot(Struct, frozen=True, kw_only=True):
    id: _SlotId | None = None
    session: _Session | None = None
    stereotype: _Stereotype | None = None


class _Node(Struct, frozen=True, kw_only=True):
    id: str | None = None
    uri: str | None = None
    availability: str | None = None
    version: str | None = None
    most: Annotated[int, Meta(ge=0, le=MOST_SLOTS)] | None = field(default=None, name="maxSessions")
    slots: tuple[_Slot, ...] | None = None


class _StatusValue(Struct, frozen=True, kw_only=True):
    nodes: tuple[_Node, ...] | None = None


class _StatusAnswer(Struct, frozen=True, kw_only=True):
    value: _StatusValue


class _NodesKey(Struct, frozen=True, kw_only=True):
    nodes: Raw


class _AnyNodes(Struct, frozen=True, kw_only=True):
    """Tells a status of another shape from an answer without one."""

    value: _NodesKey


def _read_node(node: _Node) -> NodeStatus:
    slots = [_read_slot(slot) for slot in node.slots or () if _is_ours(slot)]
    busy = [slot for slot in slots if slot.session is not None]
    free = [slot for slot in slots if slot.session is None]
    room = max(len(busy), node.most or len(slots))
    url = node.uri or ""
    return NodeStatus(
        name=_name_of(node, url),
        state=_STATES.get(node.availability or "", NodeState.DOWN),
        id=node.id or "",
        url=url,
        version=make_line(node.version or "", 100),
        browser_version=make_line(_first(slot.browser_version for slot in _stereotypes(node)), 100),
        platform=make_line(_first(slot.platform for slot in _stereotypes(node)), 100),
        slots=tuple((busy + free)[:room]),
    )


def _name_of(node: _Node, url: str) -> str:
    """What the node's image calls it (`se:containerName`), or its host and port."""
    names = (slot.stereotype.container for slot in node.slots or () if slot.stereotype is not None)
    try:
        netloc = urlsplit(url).netloc
    except ValueError:
        netloc = ""
    return make_line(_first(names) or netloc or node.id or "", 200)


def _stereotypes(node: _Node) -> list[_Stereotype]:
    """Of the slots that are for browsers of ours."""
    return [slot.stereotype for slot in node.slots or () if slot.stereotype is not None and _is_ours(slot)]


def _first(words: Iterable[str | None]) -> str:
    return next(filter(None, words), "")


def _is_ours(slot: _Slot) -> bool:
    named = slot.stereotype.browser if slot.stereotype is not None else None
    return (BROWSER if named is None else named).lower() == BROWSER


def _read_slot(slot: _Slot) -> SlotStatus:
    name = (slot.id.id if slot.id is not None else None) or ""
    session = slot.session
    if session is None:
        return SlotStatus(id=name)
    capabilities = session.capabilities or {}
    run, owner = read_tag(capabilities)
    return SlotStatus(
        id=name,
        session=SessionStatus(
            id=session.id or "",
            name=make_line(str(capabilities.get("se:name", "")), 200),
            run=run,
            owner=owner,
            started=make_line(session.start or "", 100),
        ),
    )
