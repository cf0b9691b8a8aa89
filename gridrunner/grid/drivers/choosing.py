"""Which driver stands for a kind of grid: the one table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.grid.drivers.protocol import GridDriver

DEFAULT_NAME = "gridrunner"
"""The name of a grid whose user gives it none; everything that is made for it is marked with its name."""


class DriverSettings(Struct, frozen=True, kw_only=True):
    """What drivers are made from; each reads what concerns it. `env` is the process's environment."""

    env: Mapping[str, str]
    name: str = DEFAULT_NAME
    hub_image: str | None = None
    node_image: str | None = None
    has_internet: bool = False
    first_port: int | None = None
    timeout_s: float = 120.0
    fleet: Path | None = None
    host_address: str | None = None
    scale_timeout_s: float = 600.0


DRIVER_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "local": "gridrunner.grid.drivers.local",
        "docker": "gridrunner.grid.drivers.docker.driver",
        "aws": "gridrunner.grid.drivers.aws.driver",
    }
)
"""A module a driver, loaded when it is asked for (boto3 alone takes half a second); each has `make_driver(settings)`."""


def make_driver(kind: str, settings: DriverSettings) -> GridDriver:
    """The driver for `kind`. Raises UsageError for a kind that there is not."""
    if kind not in DRIVER_MODULES:
        raise UsageError(f"--driver {kind}: no such driver", hint=f"one of {', '.join(DRIVER_MODULES)}")
    try:
        module = import_module(DRIVER_MODULES[kind])
    except ModuleNotFoundError as error:
        if error.name != DRIVER_MODULES[kind]:
            raise
        raise UsageError(f"--driver {kind}: this version cannot bring up such a grid") from error
    factory: Callable[[DriverSettings], GridDriver] = module.make_driver
    return factory(settings)
