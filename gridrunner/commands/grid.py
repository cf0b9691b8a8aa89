"""`gridrunner grid …` on the command line: the parsers, and one thin function a command (see `grid_command`)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gridrunner.commands.parsing import add_setting, parser_of
from gridrunner.grid.drivers.table import DEFAULT_DRIVER, DRIVER_NAMES, DRIVERS
from gridrunner.settings.loading import SETTINGS, load_config
from gridrunner.settings.values import BadValue, parse_duration

EXAMPLES = """\
examples:
  gridrunner grid up --hubs 2 --nodes 4         two hubs with two Chrome nodes each, in containers of this machine
  gridrunner run --sites sites/demo.yaml --grid docker
  gridrunner grid status --watch                hubs, nodes, slots, sessions and whose they are
  gridrunner grid scale --nodes 8               more nodes; fewer are drained first
  gridrunner grid down
  gridrunner grid scale --driver aws --fleet fleet.json --nodes 20
                                                a fleet that terraform made; waits until the nodes are registered
"""

_SHARED = frozenset({"grid_name", "hub_image", "node_image", "fleet", "scale_timeout"})


def add_grid_commands(commands: Any) -> None:
    """`grid up|status|scale|drain|reap|down`."""
    grid = parser_of(commands, "grid", "bring a grid up, look at it, scale it, take it down", epilog=EXAMPLES)
    inner = grid.add_subparsers(title="commands", metavar="COMMAND", required=True)

    up = _command(inner, "up", "bring a grid up, or to another size; returns when it is ready", _up, epilog=EXAMPLES)
    up.add_argument("--hubs", type=_count, default=1, metavar="N", help="default 1; at most 60 nodes each")
    up.add_argument("--nodes", type=_count, default=2, metavar="N", help="of all hubs together (default 2)")
    up.add_argument("--slots-per-node", type=_count, default=1, metavar="N", help="sessions at once a node (default 1)")
    up.add_argument("--internet", action="store_true", help="nodes reach the internet; without it only this machine")
    up.add_argument(
        "--port", type=_count, metavar="N", help="of the first hub on 127.0.0.1, the others follow; default: free ones"
    )
    up.add_argument("--timeout", type=_duration, default=120.0, metavar="TIME", help="bound of the wait (default 2m)")

    status = _command(inner, "status", "hubs, nodes, slots, sessions and whose they are, queues", _status)
    status.add_argument("--json", dest="as_json", action="store_true", help="print it as JSON, for scripts")
    status.add_argument("--watch", action="store_true", help="show it until Ctrl-C, anew every two seconds")

    scale = _command(inner, "scale", "more nodes, or fewer: those that go end their sessions first", _scale)
    scale.add_argument("--nodes", type=_count, required=True, metavar="N", help="of all hubs together")

    drain = _command(inner, "drain", "let a node end its sessions and leave; it gets no new ones", _drain)
    which = drain.add_mutually_exclusive_group(required=True)
    which.add_argument("node", nargs="?", metavar="NODE", help="a name that `grid status` shows")
    which.add_argument("--all", dest="is_all", action="store_true", help="every node")

    reap = _command(inner, "reap", "end the sessions of runs that are over; those of others stay", _reap)
    reap.add_argument(
        "--run", dest="runs", action="append", default=[], metavar="ID", help="and those of this run; repeatable"
    )

    _command(inner, "down", "take the grid down; only what was made by `grid up` or a run is touched", _down)


def _command(
    inner: Any, name: str, description: str, function: Callable[[argparse.Namespace], int], epilog: str | None = None
) -> argparse.ArgumentParser:
    parser = parser_of(inner, name, description, function, epilog)
    parser.add_argument(
        "--driver",
        choices=tuple(DRIVERS),
        default=DEFAULT_DRIVER,
        metavar="NAME",
        help=f"{DRIVER_NAMES} (default {DEFAULT_DRIVER})",
    )
    for setting in SETTINGS:
        if setting.key in _SHARED:
            add_setting(parser, setting)
    return parser


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"takes a whole number of 1 or more, not {text}")
    return int(text)


def _duration(text: str) -> float:
    try:
        return parse_duration(text)
    except BadValue as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _up(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.grid_actions import bring_up

    return bring_up(_config(arguments), os.environ, arguments)


def _status(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.grid_actions import show_status

    return show_status(_config(arguments), os.environ, arguments)


def _scale(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.grid_actions import scale

    return scale(_config(arguments), os.environ, arguments)


def _drain(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.grid_actions import drain

    return drain(_config(arguments), os.environ, arguments)


def _reap(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.grid_actions import reap

    return reap(_config(arguments), os.environ, arguments)


def _down(arguments: argparse.Namespace) -> int:
    from gridrunner.commands.grid_actions import take_down

    return take_down(_config(arguments), os.environ, arguments)


def _config(arguments: argparse.Namespace) -> Any:
    shared = {key: value for key, value in vars(arguments).items() if key in _SHARED}
    return load_config(shared, os.environ, Path.cwd())
