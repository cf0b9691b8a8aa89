"""A Selenium hub as a grid's status shows it: one reading of `/status`, and of the queue by GraphQL."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import urllib3

from gridrunner.errors import GridFault
from gridrunner.grid.drivers import HubStatus, NodeState, NodeStatus, SessionStatus, SlotStatus
from gridrunner.grid.webdriver import authorization_of, translated, without_credentials

TIMEOUT_S = 10.0
"""`/status` of a hub with two nodes took 0.01 to 0.1 s (Grid 4.48, 2026-11-24)."""

_STATES = {"UP": NodeState.UP, "DRAINING": NodeState.DRAINING, "DOWN": NodeState.DOWN}
_RUN = re.compile(r"gridrunner (\S+)")


def read_hub_status(name: str, url: str) -> HubStatus:
    """The hub at `url`; one that does not answer has `is_up` False and says why in `detail`. Never raises for what the
    grid does.
    """
    shown = without_credentials(url)
    try:
        with translated(name):
            answer = urllib3.request(
                "GET", f"{shown.rstrip('/')}/status", headers=authorization_of(url), timeout=TIMEOUT_S, retries=False
            )
            value = answer.json()["value"]
            nodes = tuple(_read_node(node) for node in value["nodes"])
    except GridFault as error:
        return HubStatus(name=name, url=shown, is_up=False, detail=str(error))
    except (ValueError, KeyError, TypeError, AttributeError):
        return HubStatus(name=name, url=shown, is_up=False, detail="answers, but not as a Selenium Grid hub")
    version = next((node.version for node in nodes if node.version), "")
    return HubStatus(name=name, url=shown, is_up=True, version=version, queue=_read_queue(name, url), nodes=nodes)


def _read_node(node: Mapping[str, Any]) -> NodeStatus:
    identity = str(node.get("id") or node.get("nodeId") or "")
    return NodeStatus(
        name=identity[:8],
        id=identity,
        url=str(node.get("uri") or node.get("externalUri") or ""),
        state=_STATES.get(str(node.get("availability")), NodeState.DOWN),
        version=str(node.get("version") or ""),
        slots=tuple(_read_slot(slot) for slot in node.get("slots") or []),
    )


def _read_slot(slot: Mapping[str, Any]) -> SlotStatus:
    session = slot.get("session")
    identity = slot.get("id")
    number = str(identity.get("id") or "") if isinstance(identity, dict) else ""
    if not isinstance(session, dict):
        return SlotStatus(id=number)
    capabilities = session.get("capabilities") or {}
    name = str(capabilities.get("se:name") or "")
    run = _RUN.match(name)
    return SlotStatus(
        id=number,
        session=SessionStatus(
            id=str(session.get("sessionId") or ""),
            name=name,
            run=run[1] if run else "",
            started=str(session.get("start") or ""),
        ),
    )


def _read_queue(name: str, url: str) -> int:
    """Requests that wait; 0 where the hub does not say."""
    try:
        with translated(name):
            answer = urllib3.request(
                "POST",
                f"{without_credentials(url).rstrip('/')}/graphql",
                headers={**authorization_of(url), "Content-Type": "application/json; charset=utf-8"},
                body=json.dumps({"query": "{ grid { sessionQueueSize } }"}),
                timeout=TIMEOUT_S,
                retries=False,
            )
            return int(answer.json()["data"]["grid"]["sessionQueueSize"])
    except (GridFault, ValueError, KeyError, TypeError):
        return 0


def drain_node(hub: str, url: str, node_id: str, secret: str) -> None:
    """Have the hub drain a node: it ends its sessions, gets no new ones, and leaves. Raises GridFault.

    The content type has to name utf-8: Grid 4.48 answers plain `application/json` with HTTP 500 (2026-11).
    """
    with translated(hub):
        answer = urllib3.request(
            "POST",
            f"{without_credentials(url).rstrip('/')}/se/grid/distributor/node/{node_id}/drain",
            headers={
                **authorization_of(url),
                "X-REGISTRATION-SECRET": secret,
                "Content-Type": "application/json; charset=utf-8",
            },
            timeout=TIMEOUT_S,
            retries=False,
        )
    if answer.status == 401:
        raise GridFault(f"{hub}: does not take our registration secret for draining node {node_id}")
    if answer.status >= 400:
        raise GridFault(f"{hub}: refuses to drain node {node_id}: HTTP {answer.status}")


def end_session(hub: str, url: str, session: str) -> None:
    """End a session, whoever's it is. Raises GridFault."""
    with translated(hub):
        urllib3.request(
            "DELETE",
            f"{without_credentials(url).rstrip('/')}/session/{session}",
            headers=authorization_of(url),
            timeout=TIMEOUT_S,
            retries=False,
        )
