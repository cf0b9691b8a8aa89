"""Each reader's rules are tested the way it reads; sources as in `gridrunner.results.reports.junit`."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from msgspec.structs import replace

from gridrunner.errors import RunFolderError
from gridrunner.model import Status, Verdict
from gridrunner.results.journal.events import Event, Judged, Observed
from gridrunner.results.record import RunRecord, build_record
from gridrunner.results.reports.junit import name_classes
from gridrunner.text import DETAILS_LIMIT
from tests.support.reports import write_junit
from tests.support.sample_runs import (
    CHECKS,
    EVERY_SITES,
    FOUND,
    HOSTILE,
    every_events,
    every_record,
    fuzz,
    make_header,
    make_observation,
    make_plan_of,
    make_result,
    make_site,
    pass_site,
)

# The schema's own header names its source and commit.
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parents[3] / "support" / "junit-10.xsd"))


def write(record: RunRecord, folder: Path, *, strict: bool = False, attachment_base: str = "") -> ET.Element:
    return ET.parse(write_junit(record, folder, strict=strict, attachment_base=attachment_base)).getroot()


def find(root: ET.Element, function: str, site: str) -> ET.Element:
    (case,) = [case for case in root.iter("testcase") if case.get("name") == f"{function}[{site}]"]
    return case


def child_of(case: ET.Element, tag: str) -> ET.Element:
    child = case.find(tag)
    assert child is not None
    return child


def test_every_case_occurs_once_for_junitparser(tmp_path: Path) -> None:
    write_junit(every_record(), tmp_path)
    parsed = junitparser.JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    cases = [case for suite in parsed for case in suite]
    assert len(cases) == len({(case.classname, case.name) for case in cases}) == len(EVERY_SITES) * len(CHECKS)
    # not-run counts as an error: JUnit has no word for it, and absent it would be green
    totals = every_record().totals().cases
    assert (parsed.tests, parsed.failures) == (27, totals[Verdict.FAILED])
    assert parsed.errors == totals[Verdict.ERROR] + totals[Verdict.NOT_RUN]
    assert sum(suite.tests for suite in parsed) == 27
    assert sum(suite.skipped for suite in parsed) == totals[Verdict.SKIPPED]


def test_what_a_check_recorded_of_itself_is_a_property(tmp_path: Path) -> None:
    noted = (("steps", "7"), ("took_s", '"/><x'), ('a"b', "<&>"), ("url", "not ours"))
    result = replace(make_result(CHECKS[1], "good"), properties=noted)
    plan = make_plan_of([make_site("good")])
    record = build_record(plan, make_header(plan), [Judged(result=result)])
    case = find(write(record, tmp_path), "test_fields_are_right", "good")
    assert [(item.get("name"), item.get("value")) for item in case.iter("property")] == list(noted)


def test_counts_agree_with_what_stands_in_the_file(tmp_path: Path) -> None:
    root = write(every_record(), tmp_path)
    for suite in root.iter("testsuite"):
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == sum(case.find("failure") is not None for case in cases)
        assert int(suite.get("errors", "")) == sum(case.find("error") is not None for case in cases)
        assert int(suite.get("skipped", "")) == sum(case.find("skipped") is not None for case in cases)


def test_attempts_are_children_as_surefire_writes_them(tmp_path: Path) -> None:
    root = write(every_record(), tmp_path)
    failing = find(root, "test_login_is_found", "failing")
    assert [child.tag for child in failing] == ["properties", "failure", "rerunFailure", "system-out"]
    assert child_of(failing, "failure").attrib == {
        "type": "check.test_login_is_found",
        "message": "no login form, expected one",
    }
    assert child_of(failing, "failure").text == "attempt 1\nTraceback of no login form, expected one"
    assert child_of(failing, "rerunFailure").get("message") == "still no login form"
    assert failing.findtext("rerunFailure/stackTrace") == "attempt 2\nTraceback of still no login form"
    flaky = find(root, "test_login_is_found", "flaky")
    assert [child.tag for child in flaky] == ["properties", "flakyFailure", "system-out"]
    assert child_of(flaky, "flakyFailure").get("type") == "check.test_login_is_found"
    passing = find(root, "test_login_is_found", "passing")
    assert [child.tag for child in passing] == ["properties"]


def test_our_faults_are_errors_and_sites_verdicts_failures(tmp_path: Path) -> None:
    root = write(every_record(), tmp_path)
    kinds = {
        (case.get("name"), child.tag, child.get("type"))
        for case in root.iter("testcase")
        for child in case
        if child.tag in {"error", "failure"}
    }
    assert ("test_login_is_found[lost]", "error", "fault.session-lost") in kinds
    assert ("test_login_is_found[unreached]", "error", "fault.not-run") in kinds
    assert ("test_fields_are_right[broken-check]", "error", "error.test_fields_are_right") in kinds
    assert ("test_login_is_found[down]", "failure", "site.unreachable") in kinds
    unreached = child_of(find(root, "test_login_is_found", "unreached"), "error")
    assert unreached.get("message") == "not run: planned, but never visited"


def test_jenkins_finds_no_host_in_the_package(tmp_path: Path) -> None:
    # hudson.tasks.junit.CaseResult: the package is what stands before the last dot of classname
    plan = make_plan_of([make_site("login.bank.de")])
    root = write(build_record(plan, make_header(plan), pass_site("login.bank.de")), tmp_path)
    classnames = {case.get("classname", "") for case in root.iter("testcase")}
    assert classnames == {"gridrunner.test_login_form", "gridrunner.test_insertion_point"}
    assert {name.rpartition(".")[0] for name in classnames} == {"gridrunner"}
    assert find(root, "test_login_is_found", "login.bank.de") is not None


def test_files_of_one_stem_keep_apart() -> None:
    names = name_classes(["a/test_x.py::test_1", "b/test_x.py::test_1", "my.checks.py::test_1", "../c.py::test_1"])
    assert list(names.values()) == [
        "gridrunner.a-test_x",
        "gridrunner.b-test_x",
        "gridrunner.my_checks",
        "gridrunner.c",
    ]
    collided = name_classes(["a/b-c.py::t", "a-b/c.py::t", "x/b-c.py::t", "y/c.py::t"])
    assert len(set(collided.values())) == 4


def test_gitlab_finds_one_attachment_on_its_own_line(tmp_path: Path) -> None:
    # gitlab lib/gitlab/ci/parsers/test/junit.rb: ATTACHMENT_TAG_REGEX = /\[\[ATTACHMENT\|(?<path>.+?)\]\]/, the first
    # match
    root = write(every_record(), tmp_path, attachment_base="runs/run-1")
    output = find(root, "test_login_is_found", "failing").findtext("system-out") or ""
    assert re.findall(r"^\[\[ATTACHMENT\|(.+?)\]\]$", output, re.MULTILINE) == [
        "runs/run-1/evidence/failing/shot-1.webp"
    ]
    assert find(root, "test_login_is_found", "passing").find("system-out") is None
    plain = write(every_record(), tmp_path)
    assert "[[ATTACHMENT|evidence/failing/shot-1.webp]]" in (
        find(plain, "test_login_is_found", "failing").findtext("system-out") or ""
    )


def test_the_line_of_the_site_list_and_the_visit_are_there(tmp_path: Path) -> None:
    case = find(write(every_record(), tmp_path), "test_login_is_found", "flaky")
    assert (case.get("file"), case.get("line")) == ("sites/some.yaml", "6")
    properties = {item.get("name"): item.get("value") for item in case.iter("property")}
    assert properties["hub"] == "http://hub-1:4444"
    assert properties["node"] == "node-a"
    assert properties["attempts"] == "2"
    assert properties["ready_by"] == "found"
    assert properties["outcome"] == "observed"
    assert properties["visit_s"] == "2.000"


def test_the_query_of_a_site_s_address_stands_in_no_report(tmp_path: Path) -> None:
    plan = make_plan_of([make_site("shop", url="https://shop.example/login?session=SECRET#SECRET")])
    record = build_record(plan, make_header(plan), pass_site("shop"))
    write(record, tmp_path)
    text = next(tmp_path.rglob("*.xml")).read_text()
    assert "https://shop.example/login" in text
    assert "SECRET" not in text


def test_seconds_are_fixed_point_and_counted_once(tmp_path: Path) -> None:
    root = write(every_record(), tmp_path)
    times = [element.get("time", "") for element in root.iter() if element.get("time")]
    assert all(re.fullmatch(r"[0-9]+\.[0-9]+", time) for time in times)
    assert find(root, "test_login_is_found", "flaky").get("time") == "4.000"
    assert find(root, "test_fields_are_right", "flaky").get("time") == "0.000040"
    assert root.get("time") == "12.000"
    assert sum(float(suite.get("time", "")) for suite in root) == pytest.approx(18.0, abs=0.01)


def test_strict_is_valid_for_jenkins_and_the_default_is_not(tmp_path: Path) -> None:
    write(every_record(), tmp_path, strict=True)
    SCHEMA.assertValid(etree.parse(tmp_path / "junit.xml"))
    assert "hub=http://hub-1:4444" in (tmp_path / "junit.xml").read_text()
    write(every_record(), tmp_path)
    assert not SCHEMA.validate(etree.parse(tmp_path / "junit.xml"))


def test_the_same_record_gives_the_same_bytes_in_any_order_of_events(tmp_path: Path) -> None:
    first = write_junit(every_record(), tmp_path / "1").read_bytes()
    plan = every_record().plan
    events = sorted(every_events(), key=lambda event: not isinstance(event, Observed))
    assert write_junit(build_record(plan, make_header(plan), events), tmp_path / "2").read_bytes() == first


def test_long_explanations_are_cut_with_a_note(tmp_path: Path) -> None:
    plan = make_plan_of([make_site("a")], [FOUND])
    long = replace(make_result(FOUND, "a", Status.FAILED, message="m" * 5000), details="d" * 200_000)
    root = write(build_record(plan, make_header(plan), [Judged(result=long)]), tmp_path)
    failure = root.find(".//failure")
    assert failure is not None
    assert len(failure.get("message", "")) == 500
    assert len(failure.text or "") < DETAILS_LIMIT + 100
    assert "characters left out" in (failure.text or "")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(RunFolderError, match="cannot be written"):
        write_junit(every_record(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["junit.xml"]


def attack(text: str) -> RunRecord:
    site = make_site("a", tags=(text,), locale=text, url=f"https://a.example/{text}")
    plan = make_plan_of([site], [FOUND, f"{text}.py::test_{text}"])
    failed = replace(make_result(FOUND, "a", Status.FAILED, message=text or "x"), details=text)
    events: list[Event] = [
        Observed(observation=make_observation("a", title=text, hub=text, screenshot_path=f"evidence/a/{text}.png")),
        Judged(result=failed),
    ]
    return build_record(plan, make_header(plan, run=text), events)


@fuzz(300)
@given(text=st.text(st.characters(exclude_categories=()), max_size=60) | st.just(HOSTILE))
def test_no_text_breaks_the_xml(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "hostile"
    text = text.encode("utf-16", "replace").decode("utf-16", "replace")
    for strict in (False, True):
        path = write_junit(attack(text), folder, strict=strict)
        tree = etree.parse(path)
        assert len(tree.findall(".//testcase")) == 2
        assert {element.tag for element in tree.iter()} <= {
            "testsuites", "testsuite", "testcase", "properties", "property", "failure", "error", "system-out"
        }  # fmt: skip
        data = path.read_text()
        assert "\x1b" not in data
        if strict:
            SCHEMA.assertValid(tree)
