"""summary.md, the terminal's lines, the timeline, and the escaping that they share."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from gridrunner.model import Status, Verdict
from gridrunner.results.journal.events import Event, Judged, Observed
from gridrunner.results.record import RunRecord, build_record
from gridrunner.results.reports.protocol import ReportRequest
from gridrunner.results.reports.render import write_reports
from gridrunner.results.reports.summary import SIZE_LIMIT, make_summary, render_summary
from gridrunner.results.reports.terminal import print_run_summary
from gridrunner.text import (
    cap_text,
    clean_text,
    escape_markdown,
    format_seconds,
    make_line,
    make_log_line,
    quote_code,
)
from tests.support.reports import write_timeline
from tests.support.sample_runs import (
    CHECKS,
    FOUND,
    HOSTILE,
    every_record,
    fuzz,
    make_header,
    make_observation,
    make_plan_of,
    make_result,
    make_site,
    pass_site,
)


def fail_with(text: str) -> RunRecord:
    plan = make_plan_of([make_site("a")], [FOUND])
    events: list[Event] = [
        Observed(observation=make_observation("a", title=text, hub=text, slot=text)),
        Judged(result=make_result(FOUND, "a", Status.FAILED, message=text)),
    ]
    return build_record(plan, make_header(plan), events, warnings=[text])


def print_to_text(record: RunRecord, folder: Path, *, width: int = 80, is_terminal: bool = False) -> str:
    out = io.StringIO()
    colors: Literal["truecolor"] | None = "truecolor" if is_terminal else None
    console = Console(file=out, width=width, force_terminal=is_terminal, color_system=colors)
    print_run_summary(record, folder, console)
    return out.getvalue()


def test_the_summary_shows_totals_failures_flaky_and_slowest() -> None:
    text = render_summary(every_record())
    assert text.startswith("## ⚠️ Incomplete · gridrunner run\\-1\n")
    assert "| sites | 1 | 1 | 2 | 2 | 1 | 2 | 9 |" in text
    assert "12.0 s wall time · 18.0 s of visits · 2 slots · 75% busy · 1 fault of the grid" in text
    assert "### Check failed\\: login is found (1)\n" in text
    assert "| `failing` | login is found | still no login form | `sites/some.yaml:7` |" in text
    assert "### Fault of ours\\: session lost (1)" in text
    assert "6 results are owed in all. Nothing is known of: `unreached`, `unfinished`" in text
    assert "### Flaky (1)" in text
    assert "| `flaky` | 4.0 s | 2 | flaky |" in text


def test_causes_come_failures_first_then_by_size() -> None:
    groups = every_record().digest().groups
    assert [(group.key, group.verdict, len(group.cases)) for group in groups] == [
        ("check.test_login_is_found", Verdict.FAILED, 1),
        ("site.unreachable", Verdict.FAILED, 1),
        ("error.test_fields_are_right", Verdict.ERROR, 1),
        ("fault.session-lost", Verdict.ERROR, 1),
        ("fault.not-run", Verdict.NOT_RUN, 2),
    ]


def test_a_large_summary_stays_under_githubs_limit_and_says_what_is_gone(tmp_path: Path) -> None:
    names = [f"site-{index:05}" for index in range(3000)]
    checks = [f"test_{index}.py::test_{index}" for index in range(40)]
    plan = make_plan_of([make_site(name) for name in names], checks)
    events = [
        Judged(result=make_result(check, name, Status.FAILED, message="|" * 200)) for check in checks for name in names
    ]
    record = build_record(plan, make_header(plan), events)
    write_reports(ReportRequest(record=record, folder=tmp_path), [make_summary])
    data = (tmp_path / "summary.md").read_bytes()
    assert len(data) < SIZE_LIMIT < 1 << 20
    assert "_and 2800 more_" in data.decode()
    short = render_summary(record, 20_000)
    assert len(short.encode()) < 20_000
    assert re.search(r"\d+ further sections are left out here", short)


def test_the_terminal_says_what_failed_why_and_where_the_report_is(tmp_path: Path) -> None:
    (tmp_path / "report.html").touch()
    text = print_to_text(every_record(), tmp_path, width=100)
    assert "failed   failing       login is found: still no login form" in text
    assert "not-run  unreached     planned, but never visited" in text
    assert "9 sites: 1 passed 1 flaky 2 failed 2 error 1 skipped 2 not-run in 12.0 s, 2 slots 75% busy (exit 3)" in text
    assert f"report   {tmp_path}/report.html" in text
    assert f"resume   gridrunner run --resume {tmp_path}" in text


def test_a_big_cause_does_not_hide_a_small_one(tmp_path: Path) -> None:
    names = [f"site-{index}" for index in range(50)]
    plan = make_plan_of([make_site(name) for name in [*names, "last"]], CHECKS)
    events: list[Event] = [Judged(result=make_result(CHECKS[0], name, Status.FAILED)) for name in names]
    text = print_to_text(build_record(plan, make_header(plan), events), tmp_path, width=100)
    assert "and 38 more: Check failed: login is found" in text
    assert "planned, but never visited" in text
    assert len(text.splitlines()) < 24


def test_a_green_run_is_one_line(tmp_path: Path) -> None:
    plan = make_plan_of([make_site("a")])
    text = print_to_text(build_record(plan, make_header(plan), pass_site("a")), tmp_path)
    assert text == "1 site: 1 passed in 2.0 s, 2 slots 50% busy (exit 0)\n"


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80) | st.lists(
    st.sampled_from(
        ["::", "##", "\x1b[", "\x1b]0;", "\x07", "[", "]", "|", "`", "<", "@", "\n", "\r", "x", "\u2028", "\x9b"]
    )
).map("".join)


@fuzz(400)
@given(text=ANY_TEXT)
@example(text=HOSTILE)
def test_no_text_leaves_its_place_in_terminal_or_markdown(text: str) -> None:
    record = fail_with(text)
    printed = print_to_text(record, Path("runs/x"), width=60)
    markdown = render_summary(record)
    for shown in (printed, markdown):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]", shown)
        lines = shown.splitlines()
        assert not any(re.match(r"\s*::.*?::", line) for line in lines)
        assert not any("##[" in line or "##vso[" in line for line in lines)
    assert not re.search(r"<(?!/?details>|/?summary>)", markdown)
    assert len(re.findall(r"^\| `a` \|", markdown, re.MULTILINE)) == 2
    row = next(line for line in markdown.splitlines() if line.startswith("| `a` |"))
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 5
    assert not re.search(r"@\w", markdown)


def test_markup_of_rich_is_shown_as_it_is(tmp_path: Path) -> None:
    assert "[red]x[/red] [/]" in print_to_text(fail_with("[red]x[/red] [/]"), tmp_path, is_terminal=True)


def test_each_escape_by_value() -> None:
    assert clean_text("a\x1b[31mb\x1b]8;;http://x\x07c\x1b\\d\r\ne\rf\x00\ufffe\tg") == "abcd\ne\nf\tg"
    assert make_line("  a \n b\u2028c\u202e ") == "a b c"
    assert make_line("abcdef", 4) == "abc…"
    assert cap_text("a" * 10, 4) == "aa … [6 characters left out] … aa"
    assert make_log_line("net::ERR_FAILED") == "net::ERR_FAILED"
    assert make_log_line("::error::x ##[x]") == ": :error: :x # #[x]"
    assert escape_markdown("a|b <b> *c* @me #1 //x") == "a\\|b &lt;b&gt; \\*c\\* @\u200bme \\#\u200b1 /\u200b/x"
    assert quote_code("a`b|c") == "`a'b\\|c`"
    assert quote_code("") == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 ms"), (0.3404, "340 ms"), (4.24, "4.2 s"), (99.9, "99.9 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_seconds_for_people(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_the_timeline_has_a_lane_a_slot_and_is_json(tmp_path: Path) -> None:
    write_timeline(every_record(), tmp_path)
    trace = json.loads((tmp_path / "timeline.json").read_text())["traceEvents"]
    names = {row["args"]["name"] for row in trace if row["name"] == "thread_name"}
    assert names == {"slot-1", "slot-2"}
    (visit,) = [row for row in trace if row["name"] == "passing"]
    assert (visit["ph"], visit["ts"], visit["dur"], visit["args"]["outcome"]) == ("X", 1_000_000, 2_000_000, "observed")
    assert any(row["name"] == "fault: session-lost" for row in trace)
    first = (tmp_path / "timeline.json").read_bytes()
    write_timeline(replace(every_record(), warnings=()), tmp_path)
    assert (tmp_path / "timeline.json").read_bytes() == first
    plan = make_plan_of([make_site("a")])
    write_timeline(build_record(plan, make_header(plan), []), tmp_path)
    assert json.loads((tmp_path / "timeline.json").read_text())["traceEvents"] == []
