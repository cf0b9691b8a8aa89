"""The table of a grid: what a reader must be able to tell from it."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from gridrunner.grid.status import GridStatus, HubStatus, NodeState, NodeStatus, SessionStatus, SlotStatus
from gridrunner.terminal.grid_table import describe_totals, render_status

NOW = datetime(2026, 11, 26, 12, 0, 0, tzinfo=UTC)
OURS = SessionStatus(id="0123456789abcdef", run="20261126-115800-ab12", started="2026-11-26T11:58:00+00:00")
STRANGE = SessionStatus(id="fedcba", name="[red]somebody's\x1b[2J")
GRID = GridStatus(
    name="gridrunner",
    driver="docker",
    hubs=(
        HubStatus(
            name="hub-1",
            url="http://127.0.0.1:4444",
            is_up=True,
            version="4.48.0 (revision abc)",
            queue=3,
            nodes=(
                NodeStatus(
                    name="node-1",
                    state=NodeState.UP,
                    slots=(SlotStatus(session=OURS), SlotStatus(session=STRANGE), SlotStatus()),
                ),
                NodeStatus(name="node-2", state=NodeState.STOPPED, detail="its container ended with 137"),
            ),
        ),
        HubStatus(name="hub-2", url="http://127.0.0.1:4445", is_up=False),
    ),
)


def render(status: GridStatus) -> list[list[str]]:
    console = Console(width=160, record=True, file=None, quiet=False, color_system=None)
    with console.capture() as captured:
        console.print(render_status(status, now=NOW))
    return [line.split() for line in captured.get().splitlines()]


def test_totals() -> None:
    assert describe_totals(GRID) == "grid gridrunner (docker): 2 hubs, 2 nodes, 2 of 3 slots busy, 3 waiting"


def test_every_session_says_whose_it_is_and_for_how_long() -> None:
    rows = render(GRID)
    assert ["node-1", "up", "2/3", "0123456789ab", "run", "20261126-115800-ab12", "2", "min", "00", "s"] in rows


def test_texts_of_strangers_are_no_markup_and_steer_no_terminal() -> None:
    words = " ".join(word for row in render(GRID) for word in row)
    assert "[red]somebody's" in words
    assert "\x1b" not in words


def test_what_is_wrong_stands_beside_the_node_or_hub() -> None:
    rows = render(GRID)
    assert ["node-2", "stopped", "0/0", "its", "container", "ended", "with", "137"] in rows
    assert ["hub-2", "http://127.0.0.1:4445", "does", "not", "answer"] in rows


def test_grid_that_is_not_up() -> None:
    assert render(GridStatus(name="mine", driver="docker", detail="nothing is marked with it")) == [
        ["grid", "mine", "(docker)", "is", "not", "up:", "nothing", "is", "marked", "with", "it"]
    ]
