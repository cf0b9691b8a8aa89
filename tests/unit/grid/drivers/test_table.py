"""The table of drivers, and what runs and commands ask of it."""

from __future__ import annotations

import ast
from importlib import import_module
from pathlib import Path

import pytest

from gridrunner.errors import UsageError
from gridrunner.grid.drivers import table
from gridrunner.grid.drivers.choosing import DriverSettings, make_driver
from gridrunner.grid.drivers.local import LocalDriver
from gridrunner.grid.drivers.table import DRIVERS, drivers_of, hub_urls_of, names_fleet, outage_limit_of


@pytest.mark.parametrize("name", DRIVERS)
def test_row_is_kept_by_its_name_and_its_module_makes_drivers(name: str) -> None:
    row = DRIVERS[name]
    assert row.name == name
    assert callable(import_module(row.module).make_driver)


def test_table_can_be_read_by_every_layer_as_it_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(table.__file__).read_text(encoding="utf-8"))
    imported = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in imported if (name or "").startswith("gridrunner")] == []


def test_places_are_told_apart_as_kinds_and_urls_of_hubs() -> None:
    places = ("docker", "http://hub-1:4444", "local", "docker", "http://hub-2:4444")
    assert [row.name for row in drivers_of(places)] == ["docker", "local"]
    assert hub_urls_of(places) == ("http://hub-1:4444", "http://hub-2:4444")


def test_only_a_fleet_is_raised_and_paid_for() -> None:
    assert names_fleet(("local", "aws"))
    assert not names_fleet(("local", "docker", "http://aws:4444"))


def test_run_waits_as_long_for_nodes_as_the_most_patient_of_its_grids() -> None:
    assert outage_limit_of(("local", "aws")) == 300.0
    assert outage_limit_of(("local", "docker")) is None


def test_unknown_driver_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="--driver podman") as caught:
        make_driver("podman", DriverSettings(env={}))
    assert caught.value.hint == "one of local, docker, aws"


def test_local_has_nothing_to_scale_or_drain() -> None:
    driver = make_driver("local", DriverSettings(env={}))
    assert isinstance(driver, LocalDriver)
    with pytest.raises(UsageError, match="no nodes to scale"):
        driver.scale(3, lambda _text: None)
    with pytest.raises(UsageError, match="no nodes to drain"):
        driver.drain(None, lambda _text: None)
