"""report.html as text: what it holds, what it may run, what it leaves out. tests/browser/test_report.py opens it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from junitparser import JUnitXml
from msgspec.structs import replace

from gridrunner.model import PageEvent, Status
from gridrunner.results.baseline import baseline_of
from gridrunner.results.journal.events import Event, Judged, Observed
from gridrunner.results.record import RunRecord, build_record, load_run
from gridrunner.results.reports.earlier import make_earlier
from gridrunner.results.reports.html import data as report_data
from gridrunner.results.reports.html import page as report_page
from gridrunner.results.reports.html.assembling import embed_json
from gridrunner.results.reports.protocol import ReportRequest
from gridrunner.results.reports.render import write_reports
from tests.support.reports import write_html
from tests.support.sample_runs import (
    FOUND,
    HOSTILE,
    every_events,
    every_plan,
    every_record,
    fuzz,
    make_header,
    make_observation,
    make_plan_of,
    make_result,
    make_site,
    pass_site,
    write_run,
)


def write(record: RunRecord, folder: Path, previous: RunRecord | None = None) -> str:
    baseline = baseline_of(previous) if previous is not None else None
    write_html(record, folder, baseline)
    return (folder / "report.html").read_text(encoding="utf-8")


def block(html: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="data-{name}">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_every_site_has_a_row_and_failed_ones_have_details_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = write(every_record(), tmp_path)
    rows = block(html, "rows")
    assert [(row["id"], row["verdict"]) for row in rows][:3] == [
        ("passing", "passed"),
        ("flaky", "flaky"),
        ("failing", "failed"),
    ]
    assert rows[2]["why"] == "still no login form"
    assert rows[2]["cause"] == "Check failed: login is found"
    assert set(block(html, "details")) == {str(index) for index in range(9)}
    monkeypatch.setattr(report_data, "DETAILS_BYTES", 6_000)
    html = write(every_record(), tmp_path)
    assert "2" in block(html, "details")
    assert "0" not in block(html, "details")
    assert len(block(html, "rows")) == 9


def test_details_show_what_was_found_and_how_to_run_it_again(tmp_path: Path) -> None:
    detail = block(write(every_record(), tmp_path), "details")["2"]
    assert (detail["list"], detail["source"]) == ("sites/some.yaml", "sites/some.yaml:7")
    assert detail["pages"][0]["shot"] == "evidence/failing/shot-2.webp"
    assert detail["pages"][0]["url"] == "https://failing.example/login"
    form = detail["pages"][0]["found"]["forms"][0]
    assert form["username"]["box"] == [480, 330, 400, 40]
    assert [tried["attempt"] for tried in detail["tries"]] == [1, 2]
    assert detail["checks"][0]["tries"][0]["details"] == "Traceback of no login form, expected one"


def test_only_our_code_may_run_and_nothing_is_asked_for(tmp_path: Path) -> None:
    html = write(every_record(), tmp_path)
    code = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert code is not None
    digest = base64.b64encode(hashlib.sha256(code[1].encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none';")
    assert not re.search(r'(?:src|href)="(?!#)', html)
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|DOMParser|fetch\(", code[1]
    )


def test_small_pictures_are_inlined_and_others_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("flaky/shot-1.webp", "failing/shot-2.webp"):
        path = tmp_path / "evidence" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"RIFF" + name.encode() * 10)
    pictures = block(write(every_record(), tmp_path), "pictures")
    assert list(pictures) == ["evidence/failing/shot-2.webp", "evidence/flaky/shot-1.webp"]
    assert pictures["evidence/failing/shot-2.webp"].startswith("data:image/webp;base64,UklGR")
    monkeypatch.setattr(report_page, "INLINE_LIMIT", 300)
    assert list(block(write(every_record(), tmp_path), "pictures")) == ["evidence/failing/shot-2.webp"]


def test_no_picture_from_outside_the_run_folder_is_inlined(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"secret")
    run = tmp_path / "run"
    (run / "evidence").mkdir(parents=True)
    (run / "evidence" / "link.png").symlink_to(tmp_path / "secret.png")
    plan = make_plan_of([make_site(name) for name in "abc"], [FOUND])
    paths = {"a": "../secret.png", "b": "evidence/link.png", "c": str(tmp_path / "secret.png")}
    events = [Observed(observation=make_observation(site, screenshot_path=path)) for site, path in paths.items()]
    assert block(write(build_record(plan, make_header(plan), events), run), "pictures") == {}


def test_a_previous_run_shows_what_is_new(tmp_path: Path) -> None:
    plan = every_plan()
    names = [planned.site.id for planned in plan.sites if planned.site.id != "passing"]
    before = build_record(plan, make_header(plan, run="before"), [event for name in names for event in pass_site(name)])
    html = write(every_record(), tmp_path, before)
    changes = {row["id"]: row.get("change") for row in block(html, "rows")}
    assert block(html, "run")["previous"] == "before"
    assert changes["failing"] == "broken"
    assert changes["passing"] == "fixed"
    assert changes["flaky"] is None


def test_a_site_that_failed_has_what_the_run_before_saw(tmp_path: Path) -> None:
    plan = every_plan()
    names = [planned.site.id for planned in plan.sites]
    visits: list[Event] = [event for name in names for event in pass_site(name)]
    shot = make_observation("failing", 2, screenshot_path="evidence/failing/a b.webp")
    before = build_record(plan, make_header(plan, run="before"), [*visits, Observed(observation=shot)])
    earlier = make_earlier(before, tmp_path / "runs" / "be fore", tmp_path / "runs" / "now")
    write_html(every_record(), tmp_path / "runs" / "now", None, earlier)
    html = (tmp_path / "runs" / "now" / "report.html").read_text(encoding="utf-8")
    details = block(html, "details")
    seen = {name: details[str(place)].get("before") for place, name in enumerate(names)}
    assert [name for name, kept in seen.items() if kept] == ["flaky", "failing", "down"]
    assert (seen["failing"]["run"], seen["failing"]["report"]) == ("before", "../be%20fore/report.html")
    assert seen["failing"]["page"]["shot"] == "../be fore/evidence/failing/a b.webp"
    assert seen["down"]["tried"]["outcome"] == "observed"


def attack(text: str) -> RunRecord:
    site = make_site("a", tags=(text,), locale=text, url=f"javascript:{text}")
    plan = make_plan_of([site], [FOUND])
    events: list[Event] = [
        Observed(
            observation=make_observation(
                "a", title=text, hub=text, detail=text, events=(PageEvent(kind=text, text=text),), screenshot_path=text
            )
        ),
        Judged(result=replace(make_result(FOUND, "a", Status.FAILED, message=text or "x"), details=text)),
    ]
    return build_record(plan, make_header(plan, run=text), events, warnings=[text])


@fuzz(200)
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
@example(text=HOSTILE.replace("\ud800", ""))
@example(text="@CODE@ @DETAILS@ </script><!--<script>")
def test_no_text_leaves_its_data_block(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    html = write(attack(text), folder)
    assert html.lower().count("<script") == html.lower().count("</script") == 6
    assert "<!--" not in html
    assert "\u2028" not in html
    assert len(block(html, "rows")) == 1
    assert block(html, "details")["0"]["pages"][0]["attempt"] == 1
    for name in ("run", "timeline", "pictures"):
        block(html, name)


def test_json_is_the_same_after_escaping() -> None:
    value = {"text": "</script><!-- & \u2028\u2029 é 😀 \\u003c"}
    assert json.loads(embed_json(value)) == value
    assert b"<" not in embed_json(value)


def test_render_writes_every_file_and_a_second_junit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = write_run(tmp_path / "runs" / "x", every_plan(), every_events())
    write_reports(ReportRequest(record=load_run(run), folder=run, junit_copy=tmp_path / "out" / "junit.xml"))
    assert {path.name for path in run.iterdir()} >= {"junit.xml", "report.html", "summary.md", "timeline.json"}
    assert "[[ATTACHMENT|runs/x/evidence/failing/shot-1.webp]]" in (tmp_path / "out" / "junit.xml").read_text()
    assert JUnitXml.fromfile(str(run / "junit.xml")).tests == 27
    assert not list(run.glob(".*.part"))
