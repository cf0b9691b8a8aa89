"""What CI systems are told: GitHub's commands and summary within its limits, GitLab's sections and attachments."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from gridrunner.model import Plan, Site, SourceLine, Status
from gridrunner.planning.shards import cut_shard
from gridrunner.results.journal.events import Event, Judged, Observed
from gridrunner.results.record import RunRecord, build_record
from gridrunner.results.reports.ci import (
    ANNOTATIONS_LIMIT,
    SUMMARY_FILE_LIMIT,
    fit_summary,
    format_command,
    list_annotations,
    make_ci_report,
)
from gridrunner.results.reports.ci_system import CiLog, CiSystem, choose_ci, find_attachment_base
from gridrunner.results.reports.protocol import ReportRequest
from gridrunner.results.reports.render import write_reports
from gridrunner.results.reports.summary import render_summary
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

COMMAND = re.compile(r"\s*::([a-z-]+)(?: ([^:]*))?::(.*)")
"""`ActionCommand.TryParseV2` of actions/runner: after leading blanks, `::name properties::data`; properties hold no
colon once they are escaped."""


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """As GitHub's runner takes a command apart (`ActionCommand.cs`)."""
    match = COMMAND.fullmatch(line)
    assert match is not None, line
    name, given, data = match.groups()
    pairs = (pair.split("=", 1) for pair in (given or "").split(",") if "=" in pair)
    escapes = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
    properties = {key: _unescape(value, *escapes) for key, value in pairs}
    return name, properties, _unescape(data, *escapes[:2], escapes[-1])


def _unescape(text: str, *escapes: tuple[str, str]) -> str:
    for escape, character in escapes:
        text = text.replace(escape, character)
    return text


def fail_sites(count: int, message: str = "no login form", *, plan: Plan | None = None) -> RunRecord:
    names = [f"site-{index:03}" for index in range(count)]
    plan = plan or make_plan_of([make_site(name, line) for line, name in enumerate(names, start=3)], [FOUND])
    events = [Judged(result=make_result(FOUND, name, Status.FAILED, message=message)) for name in names]
    return build_record(plan, make_header(plan), events)


def report(record: RunRecord, env: Mapping[str, str], system: CiSystem = CiSystem.GITHUB) -> tuple[list[str], str]:
    log = io.StringIO()
    said = io.StringIO()
    request = ReportRequest(
        record=record,
        folder=Path("runs/x"),
        ci=CiLog(system=system, env=env, log=log, clock=lambda: 1_700_000_000.9),
        console=Console(file=said, width=200),
    )
    write_reports(request, [make_ci_report])
    return log.getvalue().splitlines(), said.getvalue().strip().removeprefix("warning: ")


# ------------------------------------------------------------------------------------------------------------ choosing


@pytest.mark.parametrize(
    ("env", "system"),
    [
        ({"GITHUB_ACTIONS": "true"}, CiSystem.GITHUB),
        ({"GITLAB_CI": "true"}, CiSystem.GITLAB),
        ({"JENKINS_URL": "https://ci.example/"}, CiSystem.JENKINS),
        ({"CI": "true"}, CiSystem.NONE),
        ({"GITHUB_ACTIONS": "false"}, CiSystem.NONE),
        ({"JENKINS_URL": ""}, CiSystem.NONE),
    ],
)
def test_the_environment_tells_the_system(env: dict[str, str], system: CiSystem) -> None:
    assert choose_ci("auto", env) is system


def test_a_name_beats_the_environment() -> None:
    assert choose_ci("none", {"GITHUB_ACTIONS": "true"}) is CiSystem.NONE
    assert choose_ci("gitlab", {}) is CiSystem.GITLAB


# ---------------------------------------------------------------------------------------------------------- annotations


def test_values_are_escaped_as_the_toolkit_does() -> None:
    line = format_command("error", "50% off\r\nnext: a,b", file="sites/a,b.yaml", line="7", title="x: 100%")
    assert line == "::error file=sites/a%2Cb.yaml,line=7,title=x%3A 100%25::50%25 off%0D%0Anext: a,b"
    assert format_command("warning", "m", file="", title="") == "::warning::m"


def test_each_failed_site_is_an_error_on_its_line_of_the_list() -> None:
    commands = [read_command(line) for line in list_annotations(every_record(), lambda file: f"repo/{file}")]
    assert [(name, given.get("file"), given.get("line"), given["title"]) for name, given, _ in commands] == [
        ("error", None, None, "2 sites not run"),
        ("error", "repo/sites/some.yaml", "7", "failing: login is found"),
        ("error", "repo/sites/some.yaml", "8", "down: login is found"),
        ("error", "repo/sites/some.yaml", "10", "broken-check: fields are right"),
        ("error", "repo/sites/some.yaml", "9", "lost: Fault of ours: session lost"),
        ("warning", "repo/sites/some.yaml", "6", "flaky: flaky"),
    ]
    assert commands[0][2] == "planned, but never visited: unreached, unfinished"
    assert commands[1][2] == "still no login form"
    assert commands[-1][2] == "login is found passed only when tried again: no login form, expected one"


def test_ten_errors_are_shown_and_of_more_the_last_counts_the_others() -> None:
    assert len(list_annotations(fail_sites(10), str)) == ANNOTATIONS_LIMIT
    lines = list_annotations(fail_sites(250), str)
    assert len(lines) == ANNOTATIONS_LIMIT
    assert read_command(lines[-1])[2] == "241 more went wrong: see the summary of this step, or report.html"


def test_a_big_cause_does_not_take_all_annotations() -> None:
    names = [f"site-{index}" for index in range(40)]
    plan = make_plan_of([make_site(name) for name in [*names, "other"]], CHECKS[:2])
    events: list[Event] = [Judged(result=make_result(FOUND, name, Status.FAILED)) for name in names]
    events += [Judged(result=make_result(CHECKS[0], "other")), Judged(result=make_result(CHECKS[1], "other"))]
    events += [Judged(result=make_result(CHECKS[1], "other", Status.FAILED))]
    titles = [
        read_command(line)[1]["title"] for line in list_annotations(build_record(plan, make_header(plan), events), str)
    ]
    assert "other: fields are right" in titles


def test_a_green_run_annotates_nothing() -> None:
    plan = make_plan_of([make_site("a")])
    assert list_annotations(build_record(plan, make_header(plan), pass_site("a")), str) == []


@fuzz(300)
@given(text=st.text(st.characters(exclude_categories=()), max_size=120))
@example(text=HOSTILE)
@example(text="::error file=x,line=1::pwned\n::stop-commands::x\r::add-mask::y")
@example(text="a%0A::set-output name=x::y")
def test_a_hostile_text_stays_inside_its_annotation(text: str) -> None:
    site = Site(id="a", url="https://a.example/", source=SourceLine(file="l,i:s\nt.yaml", line=3))
    plan = make_plan_of([site], [FOUND])
    events: list[Event] = [
        Observed(observation=make_observation("a", title=text)),
        Judged(result=make_result(FOUND, "a", Status.FAILED, message=text)),
    ]
    (line,) = list_annotations(build_record(plan, make_header(plan), events), str)
    assert len(line.splitlines()) == 1
    name, properties, data = read_command(line)
    assert name == "error"
    assert properties == {"file": "l,i:s\nt.yaml", "line": "3", "title": "a: login is found"}
    assert "\n" not in data


# --------------------------------------------------------------------------------------------------------------- GitHub


def test_github_gets_annotations_from_the_root_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tools" / "sites").mkdir(parents=True)
    (tmp_path / "tools" / "sites" / "some.yaml").touch()
    monkeypatch.chdir(tmp_path / "tools")
    lines, warning = report(every_record(), {"GITHUB_WORKSPACE": str(tmp_path)})
    assert (read_command(lines[1])[1]["file"], warning) == ("tools/sites/some.yaml", "")
    lines, _ = report(every_record(), {"GITHUB_WORKSPACE": str(tmp_path / "elsewhere")})
    assert "file" not in read_command(lines[1])[1]


def test_the_step_summary_is_appended(tmp_path: Path) -> None:
    path = tmp_path / "summary.md"
    path.write_text("what another command wrote\n")
    assert report(every_record(), {"GITHUB_STEP_SUMMARY": str(path)})[1] == ""
    assert path.read_text().startswith("what another command wrote\n\n## ⚠️ Incomplete")


def test_the_step_summary_never_passes_a_mebibyte(tmp_path: Path) -> None:
    checks = [f"test_{index}.py::test_{index}" for index in range(12)]
    names = [f"site-{index:04}" for index in range(12 * 200)]
    plan = make_plan_of([make_site(name) for name in names], checks)
    events = [
        Judged(result=make_result(checks[index % 12], name, Status.FAILED, message="|" * 200))
        for index, name in enumerate(names)
    ]
    record = build_record(plan, make_header(plan), events)
    path = tmp_path / "summary.md"
    assert len(render_summary(record, 1 << 30).encode()) > SUMMARY_FILE_LIMIT
    for used in (0, SUMMARY_FILE_LIMIT // 2, SUMMARY_FILE_LIMIT - 5000, SUMMARY_FILE_LIMIT - 1200):
        path.write_bytes(b"x" * used)
        _, warning = report(record, {"GITHUB_STEP_SUMMARY": str(path)})
        assert path.stat().st_size <= SUMMARY_FILE_LIMIT
        assert (path.stat().st_size > used) == (warning == "")
    path.write_bytes(b"x" * SUMMARY_FILE_LIMIT)
    _, warning = report(record, {"GITHUB_STEP_SUMMARY": str(path)})
    assert warning == "the step summary has no room left: 1048576 bytes of 1048576 are used"
    assert fit_summary(record, SUMMARY_FILE_LIMIT) == ""


def test_a_summary_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    _, warning = report(every_record(), {"GITHUB_STEP_SUMMARY": str(tmp_path / "none" / "summary.md")})
    assert warning == "the step summary could not be written: No such file or directory"


def test_a_shard_leaves_annotations_and_summary_to_its_merge(tmp_path: Path) -> None:
    plan = make_plan_of([make_site(f"site-{index:03}") for index in range(4)], [FOUND])
    record = fail_sites(4, plan=cut_shard(plan, 1, 2))
    path = tmp_path / "summary.md"
    assert report(record, {"GITHUB_STEP_SUMMARY": str(path)}) == ([], "")
    assert not path.exists()


@pytest.mark.parametrize("system", [CiSystem.GITLAB, CiSystem.JENKINS, CiSystem.NONE])
def test_nobody_else_gets_commands(system: CiSystem) -> None:
    assert report(every_record(), {"GITHUB_STEP_SUMMARY": "/nonexistent/x"}, system) == ([], "")


# --------------------------------------------------------------------------------------------- sections and attachments


def fold(system: CiSystem) -> str:
    log = io.StringIO()
    reporter = CiLog(system=system, env={}, log=log, clock=lambda: 1_700_000_000.9)
    with reporter.fold("gridrunner_visits", "Visits"):
        log.write("inside\n")
    return log.getvalue()


def test_sections_of_the_log() -> None:
    assert fold(CiSystem.GITHUB) == "::group::Visits\ninside\n::endgroup::\n"
    assert fold(CiSystem.GITLAB) == (
        "\x1b[0Ksection_start:1700000000:gridrunner_visits[collapsed=true]\r\x1b[0KVisits\n"
        "inside\n"
        "\x1b[0Ksection_end:1700000000:gridrunner_visits\r\x1b[0K\n"
    )
    assert fold(CiSystem.JENKINS) == fold(CiSystem.NONE) == "inside\n"


def test_attachments_are_named_as_each_system_reads_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("out/run")
    assert find_attachment_base(CiSystem.GITLAB, {"CI_PROJECT_DIR": str(tmp_path)}, folder) == "out/run"
    elsewhere = {"CI_PROJECT_DIR": "/nonexistent/project"}
    assert find_attachment_base(CiSystem.GITLAB, elsewhere, folder) == f"{tmp_path}/out/run"
    assert find_attachment_base(CiSystem.JENKINS, {}, folder) == f"{tmp_path}/out/run"
    assert find_attachment_base(CiSystem.GITHUB, {}, folder) is None
    assert find_attachment_base(CiSystem.GITLAB, {}, folder) is None


def test_a_project_behind_a_symbolic_link_is_still_the_project(tmp_path: Path) -> None:
    (tmp_path / "real" / "out").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    env = {"CI_PROJECT_DIR": str(tmp_path / "link")}
    assert find_attachment_base(CiSystem.GITLAB, env, tmp_path / "real" / "out") == "out"
