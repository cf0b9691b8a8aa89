"""A grid as people read it: one table of hubs, nodes, slots and sessions. Texts from hubs are never read as markup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_never

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from gridrunner.grid.status import GridStatus, HubStatus, NodeState, NodeStatus, SessionStatus
from gridrunner.terminal.progress import clean
from gridrunner.text import count_of, format_seconds


def render_status(status: GridStatus, *, now: datetime | None = None) -> RenderableType:
    """The table, under a line with the sums. `now` is the time that ages of sessions are counted to."""
    if not status.hubs:
        why = f": {clean(status.detail)}" if status.detail else ""
        return Text(f"grid {status.name} ({status.driver}) is not up{why}")
    now = now or datetime.now(UTC)
    table = Table("hub", "node", "state", "slots", "session", "of", "for", box=None, pad_edge=False)
    for hub in status.hubs:
        _add_hub(table, hub, now)
    return Group(Text(describe_totals(status)), table)


def describe_totals(status: GridStatus) -> str:
    """`grid gridrunner (docker): 2 hubs, 4 nodes, 3 of 4 slots busy, 1 waits`."""
    queue = sum(hub.queue for hub in status.hubs)
    waiting = f", {queue} waiting" if queue else ""
    return (
        f"grid {status.name} ({status.driver}): {_count(len(status.hubs), 'hub')}, "
        f"{_count(len(status.nodes), 'node')}, "
        f"{len(status.sessions)} of {count_of(status.slots_up, 'slot')} busy{waiting}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _add_hub(table: Table, hub: HubStatus, now: datetime) -> None:
    state = Text("up", style="green") if hub.is_up else Text("does not answer", style="red")
    queue = f"{hub.queue} waiting" if hub.queue else ""
    version = hub.version.partition(" ")[0]
    table.add_row(Text(hub.name), Text(hub.url, style="dim"), state, Text(version), queue, Text(clean(hub.detail)), "")
    for node in hub.nodes:
        _add_node(table, node, now)


def _add_node(table: Table, node: NodeStatus, now: datetime) -> None:
    sessions = [slot.session for slot in node.slots if slot.session is not None]
    state, busy = Text(node.state, style=_style_of(node.state)), f"{len(sessions)}/{len(node.slots)}"
    first = _session_cells(sessions[0], now) if sessions else (Text(""), Text(clean(node.detail)), Text(""))
    table.add_row("", Text(node.name), state, busy, *first)
    for session in sessions[1:]:
        table.add_row("", "", "", "", *_session_cells(session, now))


def _session_cells(session: SessionStatus, now: datetime) -> tuple[Text, Text, Text]:
    whose = f"run {session.run}" if session.run else session.name or "another client"
    return Text(session.id[:12]), Text(clean(whose)), Text(_age(session.started, now))


def _age(started: str, now: datetime) -> str:
    try:
        began = datetime.fromisoformat(started)
    except ValueError:
        return ""
    return format_seconds(max(0.0, (now - began).total_seconds()), is_rough=True)


def _style_of(state: NodeState) -> str:
    match state:
        case NodeState.UP:
            return "green"
        case NodeState.DRAINING:
            return "yellow"
        case NodeState.STARTING:
            return "cyan"
        case NodeState.DOWN | NodeState.STOPPED:
            return "red"
        case _:
            assert_never(state)
