"""The table of drivers."""

from __future__ import annotations

import pytest

from gridrunner.commands.grid import DRIVERS
from gridrunner.errors import UsageError
from gridrunner.grid.drivers.choosing import DRIVER_MODULES, DriverSettings, make_driver
from gridrunner.grid.drivers.local import LocalDriver


def test_command_line_offers_what_the_table_has() -> None:
    assert tuple(DRIVER_MODULES) == DRIVERS


def test_unknown_driver_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="--driver podman"):
        make_driver("podman", DriverSettings(env={}))


def test_local_has_nothing_to_scale_or_drain() -> None:
    driver = make_driver("local", DriverSettings(env={}))
    assert isinstance(driver, LocalDriver)
    with pytest.raises(UsageError, match="no nodes to scale"):
        driver.scale(3, lambda _text: None)
    with pytest.raises(UsageError, match="no nodes to drain"):
        driver.drain(None, lambda _text: None)
