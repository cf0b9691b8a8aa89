from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from junitparser import Failure, JUnitXml
from lxml import etree

from gridrunner import cli
from gridrunner.cli import main
from gridrunner.commands.merge import execute_merge
from gridrunner.errors import UsageError
from gridrunner.results.merging.junit import merge_junit
from gridrunner.results.merging.junit_walk import MOST_BYTES
from tests.support.sample_runs import every_events, every_plan, fuzz, write_run

PYTEST = """<?xml version="1.0"?><testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1"
 skipped="0" tests="3" time="1.5" timestamp="2026-11-24T08:00:00+00:00" hostname="runner-1"><properties>
<property name="ci" value="yes"/></properties>
<testcase classname="test_a" name="test_1" time="0.5"/><testcase classname="test_a" name="test_p[a.com]" time="0.5"/>
<testcase classname="test_a" name="test_2" time="0.5"><failure message="assert 0">trace</failure></testcase>
</testsuite></testsuites>"""
AGAIN = (
    PYTEST.replace("08:00", "09:00")
    .replace("runner-1", "runner-2")
    .replace('<failure message="assert 0">trace</failure>', "")
)
PLAYWRIGHT = """<testsuites id="" name="" tests="2"><testsuite name="login.spec.ts" hostname="chromium" tests="1"
 failures="0" errors="0" timestamp="2026-11-24T08:00:00.000Z">
<testcase name="logs in" classname="login.spec.ts" time="1"/></testsuite>
<testsuite name="login.spec.ts" hostname="firefox" tests="1" failures="1" errors="0"
 timestamp="2026-11-24T08:00:00.000Z">
<testcase name="logs in" classname="login.spec.ts" time="1"><failure message="no" type="FAILURE"/></testcase>
</testsuite></testsuites>"""
GO = """<testsuite name="pkg" tests="1" failures="0" errors="0" time="0.01">
<testcase classname="pkg" name="TestX" time="0.01"/></testsuite>"""
JEST = """<testsuites name="jest tests"><testsuite name="s" tests="1"><testcase classname=" t" name=" t" time="0.1">
<skipped/></testcase></testsuite></testsuites>"""
RERUN = """<testsuite name="pytest" tests="2"><testcase classname="t" name="flaky"/><testcase classname="t"
 name="flaky">
<failure message="twice"/></testcase></testsuite>"""


def write(folder: Path, **texts: str) -> list[Path]:
    paths = []
    for name, text in texts.items():
        paths.append(folder / f"{name}.xml")
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def read(path: Path) -> dict[tuple[str | None, str | None, str | None], bool]:
    return {
        (suite.hostname, case.classname, case.name): any(isinstance(result, Failure) for result in case.result)
        for suite in JUnitXml.fromfile(str(path))
        for case in suite
    }


def test_files_of_every_tool_become_one(tmp_path: Path) -> None:
    files = write(tmp_path, pytest=PYTEST, playwright=PLAYWRIGHT, go=GO, jest=JEST)
    outcome = merge_junit(files, tmp_path / "out" / "junit.xml")
    assert (outcome.cases, outcome.failed, outcome.duplicates, outcome.exit_code) == (7, 2, 0, 1)
    merged = JUnitXml.fromfile(str(tmp_path / "out" / "junit.xml"))
    assert (merged.tests, merged.failures, merged.skipped) == (7, 2, 1)
    assert [suite.name for suite in merged] == ["pytest", "login.spec.ts", "login.spec.ts", "pkg", "s"]
    found = read(tmp_path / "out" / "junit.xml")
    assert found["firefox", "login.spec.ts", "logs in"]
    assert not found["chromium", "login.spec.ts", "logs in"]


FOREIGN = Path(__file__).parent / "foreign"
"""What pytest 9, Jest 29 with jest-junit 16, Playwright 1.48, Node 20's test runner, Surefire 2.22 with one rerun, and
Go 1.19 with gotestsum 1.8 wrote of a few tests that were made for this (2026-11-26). Edited by hand: the name of the
machine, and Surefire's properties, which tell of it."""


@pytest.mark.parametrize(
    ("tool", "cases", "failures", "errors", "skipped"),
    [
        ("pytest", 5, 1, 1, 1),
        ("jest", 3, 1, 0, 1),
        ("playwright", 8, 2, 0, 2),
        ("node", 4, 1, 0, 1),
        ("surefire", 5, 1, 1, 1),
        ("go", 5, 1, 0, 1),
    ],
)
def test_what_tools_really_write_is_taken_case_by_case(
    tmp_path: Path, tool: str, cases: int, failures: int, errors: int, skipped: int
) -> None:
    path = FOREIGN / f"{tool}.xml"
    assert path.read_text(encoding="utf-8").count("<testcase ") == cases
    outcome = merge_junit([path], tmp_path / "junit.xml")
    assert (outcome.cases, outcome.failed, outcome.duplicates) == (cases, failures + errors, 0)
    merged = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert (merged.tests, merged.failures, merged.errors, merged.skipped) == (cases, failures, errors, skipped)
    again = merge_junit([tmp_path / "junit.xml", path], tmp_path / "again.xml")
    assert (again.cases, again.failed, again.duplicates) == (cases, failures + errors, cases)


def test_cases_of_nested_suites_and_of_none_keep_their_place(tmp_path: Path) -> None:
    merge_junit([FOREIGN / "node.xml"], tmp_path / "junit.xml")
    found = {(suite.name, case.name) for suite in JUnitXml.fromfile(str(tmp_path / "junit.xml")) for case in suite}
    assert found == {
        ("cart", "adds up"),
        ("cart > discounts", "takes 10 % off <ten> & more"),
        ("", "orders"),
        ("", "asks the stock service"),
    }


def test_all_tools_together_lose_nothing_and_attempts_stay(tmp_path: Path) -> None:
    outcome = merge_junit(sorted(FOREIGN.glob("*.xml")), tmp_path / "junit.xml")
    assert (outcome.cases, outcome.failed, outcome.exit_code, outcome.unreadable) == (30, 9, 1, ())
    text = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert [text.count(f"<{tag} ") for tag in ("flakyFailure", "rerunFailure", "rerunError")] == [1, 1, 1]


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY e SYSTEM "{secret}">]>',
        '<!DOCTYPE x [<!ENTITY a "ha">'
        + "".join(f'<!ENTITY {two} "{f"&{one};" * 99}">' for one, two in ("ab", "bc", "cd", "de"))
        + "]>",
    ],
)
def test_entities_of_a_file_lead_nowhere(tmp_path: Path, declared: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the-secret", encoding="utf-8")
    text = declared.replace("{secret}", secret.as_uri()) + '<testsuite name="s"><testcase name="&e;"/></testsuite>'
    files = write(tmp_path, good=GO, bad=text)
    outcome = merge_junit(files, tmp_path / "junit.xml")
    written = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert "the-secret" not in written
    assert len(written) < 10_000
    assert outcome.cases == 2 or outcome.exit_code == 3


def test_suites_nested_two_hundred_deep_are_read(tmp_path: Path) -> None:
    deep = '<testsuite name="s">' * 200 + '<testcase name="t"/>' + "</testsuite>" * 200
    outcome = merge_junit(write(tmp_path, deep=deep), tmp_path / "junit.xml")
    assert (outcome.cases, outcome.exit_code) == (1, 0)


def test_of_attempts_the_newer_wins_in_either_order(tmp_path: Path) -> None:
    one, two = write(tmp_path, first=PYTEST, second=AGAIN)
    for order in ([one, two], [two, one]):
        outcome = merge_junit(order, tmp_path / "junit.xml", are_attempts=True)
        assert (outcome.cases, outcome.failed, outcome.duplicates, outcome.exit_code) == (3, 0, 3, 0)


def test_of_files_that_nobody_calls_attempts_no_pass_hides_a_failure(tmp_path: Path) -> None:
    """As Python 3.11 and 3.12 of one matrix write them: on two machines, or on one."""
    one, apart, same = write(tmp_path, py311=PYTEST, py312=AGAIN, on_one_machine=AGAIN.replace("runner-2", "runner-1"))
    for order in ([one, apart], [apart, one]):
        outcome = merge_junit(order, tmp_path / "junit.xml")
        assert (outcome.cases, outcome.failed, outcome.duplicates, outcome.exit_code) == (6, 1, 0, 1)
    for order in ([one, same], [same, one]):
        outcome = merge_junit(order, tmp_path / "junit.xml")
        assert (outcome.cases, outcome.failed, outcome.duplicates, outcome.exit_code) == (3, 1, 3, 1)


@pytest.mark.parametrize(
    ("told_apart_by", "other"),
    [("host", PLAYWRIGHT.replace('"chromium"', '"webkit"')), ("properties", PYTEST.replace('"yes"', '"no"'))],
)
def test_projects_are_told_apart(tmp_path: Path, told_apart_by: str, other: str) -> None:
    first = PLAYWRIGHT if told_apart_by == "host" else PYTEST
    outcome = merge_junit(write(tmp_path, one=first, two=other), tmp_path / "junit.xml")
    assert outcome.cases == {"host": 3, "properties": 6}[told_apart_by]


SUITE_ERRORS = {
    "element": '<testsuites><testsuite name="s" tests="0"><error message="beforeAll failed">x</error></testsuite>'
    "</testsuites>",
    "failure element": '<testsuites><testsuite name="s"><failure>no</failure></testsuite></testsuites>',
    "outside of suites": '<testsuites><error message="no config"/><testsuite name="s"/></testsuites>',
    "count": '<testsuites><testsuite name="s" errors="1" tests="0"/></testsuites>',
    "count of failures": '<testsuite name="s" failures="1" tests="1"><testcase name="a" status="failed"/></testsuite>',
    "count of all": '<testsuites errors="1"><testsuite name="s"><testcase name="a"/></testsuite></testsuites>',
    "count of a nested suite": '<testsuite name="o"><testsuite name="s" errors="1"/><testcase name="a"/></testsuite>',
}


@pytest.mark.parametrize("text", SUITE_ERRORS.values(), ids=SUITE_ERRORS.keys())
def test_an_error_of_a_suite_counts_once_and_stays(tmp_path: Path, text: str) -> None:
    good, bad = write(tmp_path, good=GO, bad=text)
    for order in ([good, bad], [bad, good]):
        outcome = merge_junit(order, tmp_path / "junit.xml")
        assert (outcome.failed, outcome.exit_code) == (1, 1)
    again = merge_junit([tmp_path / "junit.xml"], tmp_path / "again.xml")
    assert (again.failed, again.exit_code) == (1, 1)


def test_a_suite_that_starts_at_the_second_attempt_is_no_error_any_more(tmp_path: Path) -> None:
    first = '<testsuite name="s" errors="1" timestamp="2026-11-24T08:00:00"/>'
    second = '<testsuite name="s" timestamp="2026-11-24T09:00:00"><testcase name="a"/></testsuite>'
    files = write(tmp_path, first=first, second=second)
    assert merge_junit(files, tmp_path / "junit.xml").exit_code == 1
    for order in (files, files[::-1]):
        outcome = merge_junit(order, tmp_path / "junit.xml", are_attempts=True)
        assert (outcome.cases, outcome.failed, outcome.exit_code) == (1, 0, 0)


def test_files_that_are_none_or_without_measure_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.xml")
    (tmp_path / "folder.xml").mkdir()
    (tmp_path / "endless.xml").symlink_to("/dev/zero")
    with (tmp_path / "huge.xml").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    deep = "<a>" * 200_000 + "</a>" * 200_000
    files = write(
        tmp_path, good=GO, deep=f'<testsuite><testcase name="t"><failure>{deep}</failure></testcase></testsuite>'
    )
    odd = [tmp_path / f"{name}.xml" for name in ("pipe", "folder", "endless", "huge")]
    outcome = merge_junit([*odd, *files], tmp_path / "junit.xml")
    assert (outcome.cases, outcome.exit_code) == (1, 3)
    assert [line.partition(": ")[2] for line in outcome.unreadable] == [
        "[Errno 22] is a pipe, not a file: '" + str(odd[0]) + "'",
        "[Errno 21] is a folder, not a file: '" + str(odd[1]) + "'",
        "[Errno 22] is a device, not a file: '" + str(odd[2]) + "'",
        "[Errno 27] has 128 MiB; at most 128 MiB are read: '" + str(odd[3]) + "'",
        "elements are nested more than 1000 deep",
    ]


def test_a_rerun_within_a_file_hides_no_failure(tmp_path: Path) -> None:
    outcome = merge_junit(write(tmp_path, rerun=RERUN), tmp_path / "junit.xml")
    assert (outcome.cases, outcome.failed, outcome.duplicates, outcome.exit_code) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    "bad", ["", "<testsuites><testsuite", "<html/>", "\x00\x01", '<?xml version="1.0" encoding="x-no"?><a/>']
)
def test_one_bad_file_is_named_and_costs_only_itself(tmp_path: Path, bad: str) -> None:
    files = write(tmp_path, good=PYTEST, bad=bad)
    outcome = merge_junit([*files, tmp_path / "none.xml"], tmp_path / "junit.xml")
    assert (outcome.cases, outcome.exit_code) == (3, 3)
    assert [line.partition(": ")[0] for line in outcome.unreadable] == [str(files[1]), str(tmp_path / "none.xml")]
    nothing = merge_junit(files[1:], tmp_path / "junit.xml")
    assert (nothing.cases, nothing.exit_code, len(nothing.unreadable)) == (0, 3, 1)


def test_files_without_a_case_are_nothing_to_run(tmp_path: Path) -> None:
    outcome = merge_junit(write(tmp_path, empty='<testsuites name="x"/>'), tmp_path / "junit.xml")
    assert (outcome.cases, outcome.exit_code) == (0, 4)


@fuzz(300)
@given(data=st.data())
def test_files_damaged_anywhere_are_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.getbasetemp()
    good, bad = write(folder, good=GO, bad=PYTEST)
    content = bad.read_bytes()
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    bad.write_bytes(content[:start] + data.draw(st.binary(max_size=20)) + content[end:])
    outcome = merge_junit([good, bad], folder / "junit.xml")
    assert outcome.cases >= 1
    assert JUnitXml.fromfile(str(folder / "junit.xml")).tests == outcome.cases


def test_the_merge_command_merges_files_or_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = write(tmp_path, good=PYTEST, bad="<")
    assert execute_merge([], tmp_path / "out", files) == 3
    said = capsys.readouterr()
    assert "3 cases, 1 failed, 0 duplicates dropped (exit 3)" in said.out
    assert "merge: not read: " in said.err
    run = write_run(tmp_path / "run", every_plan(), every_events())
    assert execute_merge([run], tmp_path / "merged", []) == 3
    said = capsys.readouterr()
    assert "9 results of 3 sites are missing: lost, unreached, unfinished" in said.err
    names = {path.name for path in (tmp_path / "merged").iterdir()}
    assert names == {"plan.json", "journal.jsonl", "junit.xml", "report.html", "summary.md", "timeline.json"}
    with pytest.raises(UsageError, match="merge takes run folders or --junit files"):
        execute_merge([], tmp_path / "out", [])


def test_the_report_command_renders_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "run", every_plan(), every_events())
    assert cli.main(["report", str(run)]) == 0
    first = {path.name: path.read_bytes() for path in run.iterdir()}
    assert cli.main(["report", str(run)]) == 0
    assert {path.name: path.read_bytes() for path in run.iterdir()} == first
    assert "9 sites" in capsys.readouterr().out


def test_the_report_command_renders_junit_for_strict_readers(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", every_plan(), every_events())
    schema = etree.XMLSchema(etree.parse(Path(__file__).parents[3] / "support" / "junit-10.xsd"))
    assert main(["report", str(run)]) == 0
    assert not schema.validate(etree.parse(run / "junit.xml"))
    assert main(["report", str(run), "--strict-junit"]) == 0
    schema.assertValid(etree.parse(run / "junit.xml"))
