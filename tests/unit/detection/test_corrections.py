"""Corrections of labels: what a file says of a page goes before its label, and a broken file is said by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gridrunner.detection.corrections import parse_corrections
from gridrunner.detection.training.examples import read_pages
from gridrunner.errors import UsageError
from tests.support.page_facts import login, page, whole

SHIPPED = Path(__file__).parents[3] / "gridrunner/detection/training/corrections.json"


def test_a_correction_goes_before_the_label(tmp_path: Path) -> None:
    facts, patch = tmp_path / "facts.jsonl", tmp_path / "patch.json"
    line = {
        "id": "a",
        "site": "s",
        "kind": "other",
        "login_present": False,
        "facts": whole(page(login())),
        "labels": {},
    }
    facts.write_text(json.dumps(line) + "\n")
    right = {"kind": "login+signup", "login_present": True, "reason": "it shows one"}
    patch.write_text(json.dumps({"source": "read by hand", "pages": {"a": right}}))
    (corrected,) = read_pages(facts, None, parse_corrections(patch.read_text(), str(patch)))
    (original,) = read_pages(facts, None)
    assert [(each.kind, each.login_present) for each in (original, corrected)] == [
        ("other", False),
        ("login+signup", True),
    ]
    assert [each.is_login for each in original.groups] == [False]
    assert [each.is_login for each in corrected.groups] == [None]


@pytest.mark.parametrize("text", ["", "[]", '{"source": "x", "pages": {"a": {"kind": "login"}}}'])
def test_a_broken_file_is_named(text: str) -> None:
    with pytest.raises(UsageError, match=r"patch\.json: no corrections of labels"):
        parse_corrections(text, "patch.json")


def test_each_correction_of_ours_says_why() -> None:
    found = parse_corrections(SHIPPED.read_text(), str(SHIPPED))
    assert len(found) == 20
    assert all(len(each.reason) > 20 for each in found.values())
    assert all(each.kind.startswith("login") == each.login_present for each in found.values())
