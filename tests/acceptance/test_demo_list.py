"""The demo list, whole and once: what `make run` shows to a stranger."""

from __future__ import annotations

import json
import re

import pytest

from tests.acceptance.conftest import DEMO_LIST, DEMO_TIMEOUT_S, DemoRun
from tests.support.command_line import CommandLine
from tests.support.run_folders import events_of, failure_messages, owed_cases, read_cases, read_plan

pytestmark = pytest.mark.browser

LEAST_SITES = 48
LEAST_LOCALES = 20


def test_every_site_passes(demo_run: DemoRun) -> None:
    assert failure_messages(demo_run.folder / "junit.xml") == {}
    assert demo_run.ended.code == 0, demo_run.ended.stderr


def test_it_is_as_large_as_promised(demo_run: DemoRun) -> None:
    sites = [planned["site"] for planned in read_plan(demo_run.folder)["sites"]]
    assert len(sites) >= LEAST_SITES
    assert len({site["locale"] for site in sites}) >= LEAST_LOCALES
    assert f"{len(sites)} sites: " in demo_run.ended.words


def test_junit_has_every_check_and_site_exactly_once(demo_run: DemoRun) -> None:
    found = read_cases(demo_run.folder / "junit.xml")
    assert set(found) == owed_cases(demo_run.folder)
    assert "error" not in found.values()


def test_junit_is_written_a_second_time_where_asked(demo_run: DemoRun) -> None:
    copy = demo_run.project.folder / "ci" / "junit.xml"
    assert read_cases(copy) == read_cases(demo_run.folder / "junit.xml")


def test_every_visit_that_began_is_accounted_for(demo_run: DemoRun) -> None:
    started = [(event["site"], event["attempt"]) for event in events_of(demo_run.folder, "visit-started")]
    seen = [event["observation"] for event in events_of(demo_run.folder, "observation")]
    assert sorted(started) == sorted((each["site"], each["attempt"]) for each in seen)
    assert [each["fault"] for each in seen if each["fault"]] == []


def test_run_folder_holds_what_the_contract_names(demo_run: DemoRun) -> None:
    names = {path.name for path in demo_run.folder.iterdir()}
    assert {
        "plan.json",
        "journal.jsonl",
        "evidence",
        "report.html",
        "junit.xml",
        "summary.md",
        "timeline.json",
    } <= names


def test_report_is_one_file_that_asks_nobody(demo_run: DemoRun) -> None:
    page = (demo_run.folder / "report.html").read_text(encoding="utf-8")
    loaded = re.findall(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=[\"']?([^\"'\s>]+)", page)
    assert [address for address in loaded if not address.startswith("data:")] == []


def test_nothing_is_left_behind(demo_run: DemoRun) -> None:
    assert demo_run.left_behind == []


def test_history_knows_the_run(demo_run: DemoRun) -> None:
    shown = demo_run.project.run("history", "show")
    assert (shown.code, shown.stderr) == (0, "")
    assert shown.stdout.startswith("1 run, ")
    assert "slowest" in shown.stdout


def test_report_is_rendered_again_byte_for_byte(demo_run: DemoRun) -> None:
    folder = demo_run.folder
    names = ("report.html", "junit.xml", "summary.md", "timeline.json")
    before = {name: (folder / name).read_bytes() for name in names}
    for name in names:
        (folder / name).unlink()
    again = demo_run.project.run("report", folder)
    assert again.code == 0, again.stderr
    assert {name: (folder / name).read_bytes() for name in names} == before


def test_timeline_is_json(demo_run: DemoRun) -> None:
    assert json.loads((demo_run.folder / "timeline.json").read_text(encoding="utf-8"))


def test_full_chromium_comes_to_the_same_verdicts(project: CommandLine) -> None:
    """The browser of those who have no headless shell."""
    few = ["--select", "locale:de", "--select", "locale:ja", "--browser", "chromium"]
    ended = project.run("run", "--sites", DEMO_LIST, "--slots", "1", *few, timeout_s=DEMO_TIMEOUT_S)
    assert ended.code == 0, ended.stderr
    assert len(events_of(project.run_folder, "observation")) >= 4
