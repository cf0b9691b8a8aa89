"""What history.html is told; tests/browser/test_history_page.py opens it."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner import codec
from gridrunner.model import Outcome, Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry
from gridrunner.results.reports.html import past
from gridrunner.results.reports.html.past import BASE64, PastRun, describe_past, encode_seconds
from gridrunner.results.reports.html.past_page import write_history_page
from tests.support.planted_histories import plant_history


def decode_seconds(code: str) -> float:
    level = BASE64.index(code[0]) * 64 + BASE64.index(code[1])
    return past.LEAST_S * math.exp((level - 1) / (past.SECONDS_LEVELS - 2) * math.log(past.MOST_S / past.LEAST_S))


@given(seconds=st.floats(past.LEAST_S, past.MOST_S))
def test_seconds_come_back_within_a_third_of_a_percent(seconds: float) -> None:
    assert decode_seconds(encode_seconds(seconds)) == pytest.approx(seconds, rel=0.0034)


@pytest.mark.parametrize(("seconds", "code"), [(None, "AA"), (0.0, "AB"), (1e9, "__")])
def test_seconds_beyond_the_ends_and_none_have_codes(seconds: float | None, code: str) -> None:
    assert encode_seconds(seconds) == code


def blocks(page: Path) -> dict[str, Any]:
    html = page.read_text(encoding="utf-8")
    found = re.findall(r'<script type="application/json" id="data-(\w+)">(.*?)</script>', html, re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def test_each_site_is_a_row_with_a_cell_for_every_run(tmp_path: Path) -> None:
    planting = plant_history(200, 30, each=2)
    write_history_page(planting.runs, [PastRun()] * 30, tmp_path / "history.html")
    data = blocks(tmp_path / "history.html")
    assert [len(row["cells"]) for row in data["rows"]] == [30] * 200
    assert [len(row["seconds"]) for row in data["rows"]] == [60] * 200
    (broken,) = [row for row in data["rows"] if row["id"] == "broken-1"]
    looks = [data["about"]["states"][letter][0] for letter in broken["cells"]]
    assert set(looks[: broken["since"]]) == {"passed", "flaky"}
    assert looks[broken["since"] :] == ["failed"] * (30 - broken["since"])
    place = data["rows"].index(broken)
    assert data["notes"][str(place)]["29"] == [
        "Check failed: login is found",
        "no login form found, expected one",
        "evidence/broken-1/shot-2.webp",
    ]
    assert [run["judged"] + run["walled"] for run in data["about"]["runs"]] == [200] * 30
    tables = {table["title"]: table["rows"] for table in data["about"]["rates"]}
    assert sum(rate["sites"] for rate in tables["By locale"]) == 200
    assert [rate["name"] for rate in tables["By version of gridrunner"]] == ["0.1.0"]
    assert {rate["walled"] for rate in tables["By the vendor of a wall"]} != {0}
    assert all(rate["low"] <= rate["passed"] / rate["judged"] <= rate["high"] for rate in tables["By tag"])


def test_notes_are_of_what_stands_worst_first_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    planting = plant_history(60, 24, each=2)
    all_notes = describe_past(planting.runs, [PastRun()] * 24).notes
    monkeypatch.setattr(past, "NOTES_BYTES", 400)
    data = describe_past(planting.runs, [PastRun()] * 24)
    rows = [codec.decode(row, dict) for row in data.rows]
    kept = [rows[int(place)]["id"] for place in data.notes]
    assert 0 < len(kept) < len(all_notes)
    assert all(name.startswith("newly-broken") for name in kept)


def test_as_many_states_as_there_can_be_have_letters_that_stand_anywhere(tmp_path: Path) -> None:
    """A page may be seen by hundreds of walls."""
    sites = tuple(
        [
            SiteEntry(f"s-{n}", (VisitEntry(1.0, Outcome.BLOCKED),), Verdict.SKIPPED, wall=f"vendor-{n}")
            for n in range(600)
        ]
    )
    run = RunEntry(run="r", started="2026-11-30T01:00:00+00:00", plan="p", sites=sites)
    write_history_page([run], [PastRun()], tmp_path / "history.html")
    data = blocks(tmp_path / "history.html")
    assert [data["about"]["states"][row["cells"]][4] for row in data["rows"]] == [f"vendor-{n}" for n in range(600)]
    assert all(len(letter) == 1 and letter.isprintable() for letter in data["about"]["states"])


def test_only_our_code_may_run_and_nothing_is_asked_for(tmp_path: Path) -> None:
    write_history_page(plant_history(20, 24, each=1).runs[:3], [PastRun()] * 3, tmp_path / "history.html")
    html = (tmp_path / "history.html").read_text(encoding="utf-8")
    code = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert code is not None
    assert not re.search(r'(?:src|href)="(?!#)', html)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|DOMParser|fetch\(", code[1]
    )
