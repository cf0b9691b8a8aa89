"""`gridrunner grid up|status|scale|drain|reap|down`: one function a command, the same for every driver."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping

from msgspec.structs import replace
from rich.console import Console
from rich.live import Live

from gridrunner import codec
from gridrunner.errors import ExitCode
from gridrunner.grid.drivers.choosing import make_driver
from gridrunner.grid.drivers.protocol import GridDriver, GridSize, Say
from gridrunner.grid.status import GridStatus
from gridrunner.run.hubs import driver_settings, make_say
from gridrunner.settings.loading import RunConfig
from gridrunner.terminal.grid_table import render_status

WATCH_S = 2.0
"""A status of two hubs took 0.05 s (Grid 4.48, 2026-11-26); every two seconds costs a busy hub nothing."""


def bring_up(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Bring the grid up and show it. Raises GridFault, UsageError."""
    settings = replace(
        driver_settings(config, env),
        has_internet=arguments.internet,
        first_port=arguments.port,
        timeout_s=arguments.timeout,
    )
    size = GridSize(hubs=arguments.hubs, nodes=arguments.nodes, slots_per_node=arguments.slots_per_node)
    _print(make_driver(arguments.driver, settings).up(size, _say()))
    return ExitCode.OK


def show_status(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Show the grid once, or until Ctrl-C; 3 when it is not up or a hub of it does not answer."""
    driver = make_driver(arguments.driver, driver_settings(config, env))
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


def scale(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Have so many nodes, and show the grid. Raises GridFault, UsageError."""
    _print(_driver(config, env, arguments).scale(arguments.nodes, _say()))
    return ExitCode.OK


def drain(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Drain a node or all, and show the grid. Raises GridFault, UsageError."""
    _print(_driver(config, env, arguments).drain(None if arguments.is_all else arguments.node, _say()))
    return ExitCode.OK


def reap(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """End the sessions of runs that are over. Raises GridFault."""
    _driver(config, env, arguments).reap(arguments.runs, _say())
    return ExitCode.OK


def take_down(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Take the grid down. Raises GridFault."""
    _driver(config, env, arguments).down(_say())
    return ExitCode.OK


def _driver(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> GridDriver:
    return make_driver(arguments.driver, driver_settings(config, env))


def _say() -> Say:
    return make_say(Console(stderr=True))


def _print(status: GridStatus) -> None:
    Console(highlight=False).print(render_status(status))
