"""Paths in JSON, and what is said of values that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner import codec
from gridrunner.browser.options import SessionOptions
from gridrunner.grid.hubs.live import LiveGrid

GRID = LiveGrid(options=SessionOptions(name="x"), hub_ca=Path("/etc/ca.pem"))


def test_paths_come_back_as_they_were() -> None:
    assert codec.decode(codec.encode(GRID), LiveGrid) == GRID


def test_path_that_is_a_number_is_named_with_its_place() -> None:
    with pytest.raises(codec.DecodeError, match=r"Expected `str` for a path, got `int` - at `\$\.hub_ca`"):
        codec.decode(b'{"options": {"name": "x"}, "hub_ca": 5}', LiveGrid)


def test_what_has_no_form_in_json_is_a_defect_of_ours() -> None:
    with pytest.raises(TypeError, match="object has no form in JSON"):
        codec.encode({"a": object()})
