"""`gridrunner grid up|status|scale|drain|reap|down`: one function per command, the same for every driver."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

from msgspec.structs import replace
from rich.console import Console
from rich.live import Live

from gridrunner import codec
from gridrunner.commands.parsing import Command, add_settings, count_of, duration_of, say, settings_of
from gridrunner.errors import ExitCode
from gridrunner.grid.drivers.choosing import make_driver
from gridrunner.grid.drivers.protocol import GridDriver, GridSize
from gridrunner.grid.drivers.table import DEFAULT_DRIVER, DRIVER_NAMES, DRIVERS
from gridrunner.grid.status import GridStatus
from gridrunner.run.choosing import driver_settings
from gridrunner.terminal.grid_table import render_status

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

WATCH_S = 2.0
"""A status of two hubs took 0.05 s (Grid 4.48, 2026-11-26); every two seconds costs a busy hub nothing."""


def bring_up(arguments: argparse.Namespace) -> int:
    """Bring the grid up and show it. Raises GridFault, UsageError."""
    settings = replace(
        driver_settings(settings_of(arguments), os.environ),
        has_internet=arguments.internet,
        first_port=arguments.port,
        timeout_s=arguments.timeout,
    )
    size = GridSize(hubs=arguments.hubs, nodes=arguments.nodes, slots_per_node=arguments.slots_per_node)
    _print(make_driver(arguments.driver, settings).up(size, say))
    return ExitCode.OK


def show_status(arguments: argparse.Namespace) -> int:
    """Show the grid once, or until Ctrl-C; 3 when it is not up or a hub of it does not answer."""
    driver = _driver(arguments)
    if arguments.watch and not arguments.as_json:
        return _watch(driver)
    status = driver.status()
    if arguments.as_json:
        print(codec.encode(status).decode())
    else:
        _print(status)
    return ExitCode.OK if status.hubs and all(hub.is_up for hub in status.hubs) else ExitCode.INCOMPLETE


def _watch(driver: GridDriver) -> int:
    with Live(render_status(driver.status()), console=Console(highlight=False), auto_refresh=False) as live:
        try:
            while True:
                time.sleep(WATCH_S)
                live.update(render_status(driver.status()), refresh=True)
        except KeyboardInterrupt:
            return ExitCode.OK


def scale(arguments: argparse.Namespace) -> int:
    """Have so many nodes, and show the grid. Raises GridFault, UsageError."""
    _print(_driver(arguments).scale(arguments.nodes, say))
    return ExitCode.OK


def drain(arguments: argparse.Namespace) -> int:
    """Drain a node or all, and show the grid. Raises GridFault, UsageError."""
    _print(_driver(arguments).drain(None if arguments.is_all else arguments.node, say))
    return ExitCode.OK


def reap(arguments: argparse.Namespace) -> int:
    """End the sessions of runs that are over. Raises GridFault."""
    _driver(arguments).reap(arguments.runs, say)
    return ExitCode.OK


def take_down(arguments: argparse.Namespace) -> int:
    """Take the grid down. Raises GridFault."""
    _driver(arguments).down(say)
    return ExitCode.OK


def _driver(arguments: argparse.Namespace) -> GridDriver:
    return make_driver(arguments.driver, driver_settings(settings_of(arguments), os.environ))


def _print(status: GridStatus) -> None:
    Console(highlight=False).print(render_status(status))


# -------------------------------------------------------------------------------------------------------------- parsers


def _configure_up(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--hubs", type=count_of, default=1, metavar="N", help="default 1; at most 60 nodes each")
    parser.add_argument("--nodes", type=count_of, default=2, metavar="N", help="of all hubs together (default 2)")
    parser.add_argument(
        "--slots-per-node", type=count_of, default=1, metavar="N", help="sessions at once per node (default 1)"
    )
    parser.add_argument(
        "--internet", action="store_true", help="nodes reach the internet; without it only this machine"
    )
    parser.add_argument(
        "--port",
        type=count_of,
        metavar="N",
        help="of the first hub on 127.0.0.1, the others follow; default: free ones",
    )
    parser.add_argument(
        "--timeout", type=duration_of, default=120.0, metavar="TIME", help="time limit of the wait (default 2m)"
    )


def _configure_status(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", dest="as_json", action="store_true", help="print it as JSON, for scripts")
    parser.add_argument("--watch", action="store_true", help="show it until Ctrl-C, anew every two seconds")


def _configure_scale(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--nodes", type=count_of, required=True, metavar="N", help="of all hubs together")


def _configure_drain(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("node", nargs="?", metavar="NODE", help="a name that `grid status` shows")
    which.add_argument("--all", dest="is_all", action="store_true", help="every node")


def _configure_reap(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--run", dest="runs", action="append", default=[], metavar="ID", help="and those of this run; repeatable"
    )


def _configure_down(_parser: argparse.ArgumentParser) -> None:
    """It has no arguments of its own."""


def _command(
    execute: Callable[[argparse.Namespace], int], configure: Callable[[argparse.ArgumentParser], None]
) -> Command:
    def configure_all(parser: argparse.ArgumentParser) -> None:
        configure(parser)
        parser.add_argument(
            "--driver",
            choices=tuple(DRIVERS),
            default=DEFAULT_DRIVER,
            metavar="NAME",
            help=f"{DRIVER_NAMES} (default {DEFAULT_DRIVER})",
        )
        add_settings(parser, "grid_name", "hub_image", "node_image", "hub_ca", "fleet", "scale_timeout")

    return Command(configure=configure_all, execute=execute, epilog=EXAMPLES)


UP = _command(bring_up, _configure_up)
STATUS = _command(show_status, _configure_status)
SCALE = _command(scale, _configure_scale)
DRAIN = _command(drain, _configure_drain)
REAP = _command(reap, _configure_reap)
DOWN = _command(take_down, _configure_down)
