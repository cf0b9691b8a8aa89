"""Makes the driver of a kind of grid, by the table of them (`grid.drivers.table`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

from msgspec import Struct

from gridrunner.errors import UsageError, extra_required
from gridrunner.grid.drivers.protocol import GridDriver
from gridrunner.grid.drivers.table import DEFAULT_GRID_NAME, DRIVER_NAMES, DRIVERS, SCALE_TIMEOUT_S


class DriverSettings(Struct, frozen=True, kw_only=True):
    """What drivers are made from; each reads what concerns it. `env` is the process's environment."""

    env: Mapping[str, str]
    name: str = DEFAULT_GRID_NAME
    hub_image: str | None = None
    node_image: str | None = None
    has_internet: bool = False
    first_port: int | None = None
    timeout_s: float = 120.0
    fleet: Path | None = None
    hub_ca: Path | None = None
    host_address: str | None = None
    scale_timeout_s: float = SCALE_TIMEOUT_S


def make_driver(kind: str, settings: DriverSettings) -> GridDriver:
    """The driver for `kind`. Raises UsageError for a kind that there is not."""
    row = DRIVERS.get(kind)
    if row is None:
        raise UsageError(f"--driver {kind}: no such driver", hint=f"one of {DRIVER_NAMES}")
    with extra_required(kind, f"--grid {kind}"):
        factory: Callable[[DriverSettings], GridDriver] = import_module(row.module).make_driver
        return factory(settings)
