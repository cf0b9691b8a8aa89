"""Paths in JSON, and what is said of values that are none."""

from __future__ import annotations

import json
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


class Odd:
    """No type of the model."""


def test_a_type_that_json_has_no_form_for_is_named() -> None:
    with pytest.raises(codec.DecodeError, match="Odd has no form in JSON"):
        codec.convert("x", Odd)


def test_half_a_surrogate_pair_is_replaced_wherever_it_stands() -> None:
    value = {"half \ud83d": ["\ud800", ("a \udfff b", 1)], "whole": "\U0001f600", "path": Path("file-\udce4")}
    assert json.loads(codec.encode(value)) == {
        "half \ufffd": ["\ufffd", ["a \ufffd b", 1]],
        "whole": "\U0001f600",
        "path": "file-\ufffd",
    }


def test_json_that_nests_too_deeply_or_is_no_utf_8_is_broken() -> None:
    with pytest.raises(codec.BrokenJsonError, match="nested too deeply"):
        codec.decode(b"[" * 100_000, list)
    with pytest.raises(codec.BrokenJsonError, match="UTF-8"):
        codec.decode(b'"\xff"', str)
