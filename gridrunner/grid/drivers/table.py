"""The kinds of grid: one row each. A new kind is its module and its row here; commands, `--help`, errors and runs read
it.

It imports nothing of ours, so that every layer may read it, and no driver is loaded for it (boto3 alone takes 0.5 s).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct

LOCAL = "local"
"""Browsers of this machine, which a run starts by itself; it is also what their hub is called in results."""

DOCKER = "docker"
AWS = "aws"

DEFAULT_DRIVER = DOCKER
"""What `gridrunner grid` means without --driver: the one kind that it can bring up without an account anywhere."""

DEFAULT_GRID_NAME = "gridrunner"
"""The name of a grid whose user gives it none; everything that is made for it is marked with its name."""

SCALE_TIMEOUT_S = 600.0
"""How long a fleet's nodes are waited for: an instance takes one to three minutes."""

REPLACEMENT_S = 300.0
"""How long a run on a fleet waits with no node at all: an instance that spot took is replaced within minutes."""


class DriverRow(Struct, frozen=True, kw_only=True):
    """One kind of grid, as --grid and --driver name it.

    `module` has `make_driver(settings)`; `place` says in a few words where the browsers are, "" where the name does.
    `is_opened`: the driver opens it for a run (False: runs start the browsers themselves). `is_fleet`: --fleet
    describes it, --scale raises it, and its machines are paid for by the minute. `outage_limit_s`: how long a run on it
    waits with no node at all, None for the dispatcher's own limit.
    """

    name: str
    module: str
    place: str = ""
    is_opened: bool = True
    is_fleet: bool = False
    outage_limit_s: float | None = None


_ROWS = (
    DriverRow(
        name=LOCAL,
        module="gridrunner.grid.drivers.local",
        place="browsers of this machine, no Java",
        is_opened=False,
    ),
    DriverRow(name=DOCKER, module="gridrunner.grid.drivers.docker.driver"),
    DriverRow(name=AWS, module="gridrunner.grid.drivers.aws.driver", is_fleet=True, outage_limit_s=REPLACEMENT_S),
)

DRIVERS: Mapping[str, DriverRow] = MappingProxyType({row.name: row for row in _ROWS})
"""The rows by name, in the order in which people read them."""

DRIVER_NAMES = ", ".join(DRIVERS)
"""For sentences: `local, docker, aws`."""

DRIVER_PLACES = ", ".join(f"{row.name} ({row.place})" if row.place else row.name for row in _ROWS)
"""The same, with where their browsers are."""


def drivers_of(places: Iterable[str]) -> tuple[DriverRow, ...]:
    """The kinds of grid that --grid names, each once; its other values are the URLs of hubs."""
    return tuple(DRIVERS[place] for place in dict.fromkeys(places) if place in DRIVERS)


def hub_urls_of(places: Iterable[str]) -> tuple[str, ...]:
    """What --grid names besides kinds of grid: the URLs of hubs."""
    return tuple(place for place in places if place not in DRIVERS)


def names_fleet(places: Iterable[str]) -> bool:
    """Whether --grid names a fleet: something that --scale raises and that is paid for by the minute."""
    return any(row.is_fleet for row in drivers_of(places))


def outage_limit_of(places: Iterable[str]) -> float | None:
    """How long a run waits with no node at all: the longest that a kind of its grids asks for; None when none does."""
    return max((row.outage_limit_s for row in drivers_of(places) if row.outage_limit_s is not None), default=None)
