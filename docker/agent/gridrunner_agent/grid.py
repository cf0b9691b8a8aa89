"""Selenium Grid as the agents see it: the node's own status, draining it through its hub, and the hub's figures.

Every call is bounded. The drain wants the registration secret and, since 4.48 at least, a content type that names
utf-8: plain `application/json` is answered with HTTP 500 (measured 2026-11).
"""

from __future__ import annotations

import base64
import json
import os
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

TIMEOUT_S = 5.0
"""`/status` took 0.01 to 0.1 s (Grid 4.48, 2026-11-24)."""

MOST_BYTES = 4 << 20

FIGURES_QUERY = "{ grid { sessionQueueSize sessionCount totalSlots nodeCount } }"


class GridUnavailableError(Exception):
    """A hub or node did not answer, or not as Selenium Grid does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """The node as it describes itself; `sessions` are ids."""

    id: str
    is_draining: bool
    sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFigures:
    """What a hub counts: waiting requests, sessions, slots and nodes."""

    queue: int
    sessions: int
    slots: int
    nodes: int


def with_login(url: str, env: Mapping[str, str]) -> str:
    """`url` with the log-in that `env` has for the hub, if there is one."""
    user, password = env.get("SE_ROUTER_USERNAME", ""), env.get("SE_ROUTER_PASSWORD", "")
    if not user:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{quote(user, safe='')}:{quote(password, safe='')}@{parts.netloc}"))


def _make_context() -> ssl.SSLContext | None:
    """What an https hub is checked with: the certificate itself, whatever name it has (we go by address)."""
    ca_file = os.environ.get("GRIDRUNNER_AGENT_HUB_CA")
    if not ca_file:
        return None
    context = ssl.create_default_context(cafile=ca_file)
    context.check_hostname = False
    return context


def read_node(url: str) -> NodeStatus:
    """The status of the node at `url`. Raises GridUnavailableError."""
    value = _ask("GET", f"{url.rstrip('/')}/status").get("value")
    node = value.get("node") if isinstance(value, dict) else None
    if not isinstance(node, dict):
        raise GridUnavailableError(f"{url}: answers, but not as a Selenium node")
    sessions = [slot.get("session") for slot in node.get("slots") or [] if isinstance(slot, dict)]
    return NodeStatus(
        id=str(node.get("nodeId") or node.get("id") or ""),
        is_draining=node.get("availability") == "DRAINING",
        sessions=tuple(str(session["sessionId"]) for session in sessions if isinstance(session, dict)),
    )


def drain_node(hub: str, node_id: str, secret: str) -> None:
    """Have `hub` drain a node; a node that drains already is fine. Raises GridUnavailableError."""
    _ask(
        "POST",
        f"{hub.rstrip('/')}/se/grid/distributor/node/{node_id}/drain",
        {"X-REGISTRATION-SECRET": secret, "Content-Type": "application/json; charset=utf-8"},
        body=b"{}",
    )


def end_session(hub: str, session: str) -> None:
    """End a session. Raises GridUnavailableError."""
    _ask("DELETE", f"{hub.rstrip('/')}/session/{session}")


def read_hub(url: str) -> HubFigures:
    """The figures of the hub at `url`. Raises GridUnavailableError."""
    answer = _ask(
        "POST",
        f"{url.rstrip('/')}/graphql",
        {"Content-Type": "application/json; charset=utf-8"},
        body=json.dumps({"query": FIGURES_QUERY}).encode(),
    )
    try:
        grid = answer["data"]["grid"]
        return HubFigures(
            queue=int(grid["sessionQueueSize"]),
            sessions=int(grid["sessionCount"]),
            slots=int(grid["totalSlots"]),
            nodes=int(grid["nodeCount"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise GridUnavailableError(f"{_hide(url)}: answers, but not as a Selenium hub") from error


def _ask(method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> dict[str, Any]:
    parts = urlsplit(url)
    headers = dict(headers or {})
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    request = urllib.request.Request(_hide(url), data=body, headers=headers, method=method)
    handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    handlers.append(urllib.request.HTTPSHandler(context=_make_context()))
    opener = urllib.request.build_opener(*handlers)
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            data = answer.read(MOST_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            words = " ".join(error.read(300).decode(errors="replace").split())
        raise GridUnavailableError(f"{method} {_hide(url)}: HTTP {error.code} {words}") from error
    except OSError as error:
        raise GridUnavailableError(f"{method} {_hide(url)}: {error}") from error
    try:
        found = json.loads(data or b"{}")
    except ValueError:
        found = {}
    return found if isinstance(found, dict) else {}


def _hide(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))
