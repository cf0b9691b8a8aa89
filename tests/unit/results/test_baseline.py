"""Baselines and quarantine: what fails a run, what is only told, and where it is told."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from junitparser import JUnitXml
from msgspec.structs import replace
from rich.console import Console

from gridrunner import codec
from gridrunner.errors import RunFolderError, UsageError
from gridrunner.model import Quarantine, Status, Verdict
from gridrunner.planning.plan import hash_debt
from gridrunner.results.baseline import baseline_of, describe_comparison, excuse_known
from gridrunner.results.journal.events import Event, Judged
from gridrunner.results.record import RunRecord, build_record, exit_code_of
from gridrunner.results.reports.ci import list_annotations
from gridrunner.results.reports.ci_system import CiSystem
from gridrunner.results.reports.json_report import RunFigures, read_baseline, read_figures
from gridrunner.results.reports.summary import render_summary
from gridrunner.results.reports.terminal import print_run_summary
from gridrunner.results.verdicts.causes import list_quarantined
from gridrunner.run.publishing import Publisher
from tests.support.reports import compare_runs, write_json, write_junit
from tests.support.sample_runs import (
    CHECKS,
    FIELDS,
    FOUND,
    make_header,
    make_plan_of,
    make_result,
    make_site,
    write_run,
)

HELD = Quarantine(owner="ann", reason="they rebuild", until=date(2026, 12, 31), checks=("test_login_is_found",))

P, F, S, E = Status.PASSED, Status.FAILED, Status.SKIPPED, Status.ERROR


def judge(statuses: Mapping[str, tuple[Status, ...]], run: str = "now", **quarantines: Quarantine) -> RunRecord:
    """A run of CHECKS[:2]: a site name to the statuses of both; fewer are owed."""
    sites = [make_site(name, line, quarantine=quarantines.get(name)) for line, name in enumerate(statuses, start=5)]
    plan = make_plan_of(sites, CHECKS[:2])
    events: list[Event] = [
        Judged(result=make_result(check, name, status))
        for name, given in statuses.items()
        for check, status in zip(CHECKS, given, strict=False)
    ]
    return build_record(plan, make_header(plan, run=run), events)


def print_to_text(record: RunRecord, **given: object) -> str:
    out = io.StringIO()
    print_run_summary(record, Path("runs/x"), Console(file=out, width=100), **given)  # type: ignore[arg-type]
    return out.getvalue()


# ------------------------------------------------------------------------------------------------------------ baselines

BEFORE = {"same": (F, P), "fixed": (F, P), "broke": (P, P), "fine": (P, P), "gone": (F, F)}
NOW = {"same": (F, P), "fixed": (P, P), "broke": (F, P), "fine": (P, P), "new": (P, P)}


def test_a_run_is_split_into_newly_broken_newly_fixed_and_still_failing() -> None:
    baseline = baseline_of(judge(BEFORE, "before"))
    record = excuse_known(judge(NOW), baseline)
    comparison = compare_runs(record, baseline)
    assert [(case.check, case.site.id) for case in comparison.newly_broken] == [(FOUND, "broke")]
    assert [(case.check, case.site.id) for case in comparison.newly_fixed] == [(FOUND, "fixed")]
    assert [(case.check, case.site.id) for case in comparison.still_failing] == [(FOUND, "same")]
    assert (comparison.unknown, comparison.compared) == (2, 10)
    text = "against before: 1 newly broken, 1 newly fixed, 1 still failing; 2 of 10 are new"
    assert describe_comparison(comparison) == text


@pytest.mark.parametrize(
    ("before", "now", "code"),
    [
        ((F, P), (F, P), 0),  # still failing
        ((F, P), (F, F), 1),  # the same site, another check
        ((P, P), (F, P), 1),
        ((S, P), (F, P), 1),  # skipped before: not known to fail
        ((E, P), (F, P), 1),  # our own fault before: not known to fail
        ((), (F, P), 1),  # owed before
        ((F, F), (F,), 3),  # what is owed stays owed
        ((F, F), (F, E), 3),  # what is ours stays ours
        ((F, F), (P, P), 0),
    ],
)
def test_only_what_is_newly_broken_fails(before: tuple[Status, ...], now: tuple[Status, ...], code: int) -> None:
    record = judge({"a": now})
    assert exit_code_of(excuse_known(record, baseline_of(judge({"a": before})))) == code


def test_a_site_that_is_new_and_fails_is_newly_broken() -> None:
    baseline = baseline_of(judge({"other": (P, P)}))
    record = excuse_known(judge({"a": (F, P)}), baseline)
    assert exit_code_of(record) == 1
    text = describe_comparison(compare_runs(record, baseline))
    assert text.endswith("1 newly broken, 0 newly fixed, 0 still failing; it knows none of these checks and sites")


def test_a_failure_in_quarantine_counts_as_failing_in_a_baseline() -> None:
    baseline = baseline_of(judge({"a": (F, P)}, a=HELD))
    assert exit_code_of(excuse_known(judge({"a": (F, P)}), baseline)) == 0


def test_the_new_failure_stands_for_a_site_before_the_known_one() -> None:
    record = excuse_known(judge({"a": (F, F)}), baseline_of(judge({"a": (F, P)})))
    (group,) = record.digest().groups
    assert (group.cases[0].check, group.is_known) == (FIELDS, False)


def test_summary_terminal_and_annotations_tell_new_from_known(tmp_path: Path) -> None:
    baseline = baseline_of(judge(BEFORE, "before"))
    record = excuse_known(judge(NOW), baseline)
    comparison = compare_runs(record, baseline)
    markdown = render_summary(record, comparison=comparison)
    assert markdown.startswith("## ❌ Failed")
    assert "Checks at sites against before\\: 1 newly broken, 1 newly fixed, 1 still failing" in markdown
    headings = [line for line in markdown.splitlines() if line.startswith("### ")]
    assert headings == [
        "### Check failed\\: login is found (1)",
        "### Still failing\\: Check failed\\: login is found (1)",
        "### Newly fixed (1)",
    ]
    text = print_to_text(record, comparison=comparison)
    assert "known    same   login is found" in text
    assert "baseline against before: 1 newly broken, 1 newly fixed, 1 still failing" in text
    (line,) = list_annotations(record, str)
    assert "title=broke%3A login is found" in line
    write_junit(record, tmp_path)
    xml = JUnitXml.fromfile(str(tmp_path / "junit.xml"))
    assert (xml.failures, xml.skipped) == (1, 1)
    assert 'message="known: fails in the baseline as well: failed at same"' in (tmp_path / "junit.xml").read_text()


def test_nothing_newly_broken_is_not_called_all_passed() -> None:
    baseline = baseline_of(judge({"a": (F, P)}, "before"))
    record = excuse_known(judge({"a": (F, P)}), baseline)
    assert render_summary(record, comparison=compare_runs(record, baseline)).startswith("## ✅ Nothing newly broken")


# ----------------------------------------------------------------------------------------------------------- quarantine


def test_a_failure_in_quarantine_is_skipped_with_its_reason_and_kept() -> None:
    record = judge({"a": (F, P)}, a=HELD)
    case = next(record.verdicts())
    assert (case.verdict, case.held) == (Verdict.SKIPPED, "failed at a")
    assert case.reason == "quarantined until 2026-12-31 by ann: they rebuild"
    (site,) = record.site_verdicts()
    assert (site.verdict, exit_code_of(record)) == (Verdict.SKIPPED, 0)


@pytest.mark.parametrize(
    ("statuses", "verdicts", "code"),
    [
        ((F, F), (Verdict.SKIPPED, Verdict.FAILED), 1),  # another check is not in quarantine
        ((E, P), (Verdict.ERROR, Verdict.PASSED), 3),  # a fault of ours stays one
        ((P, P), (Verdict.PASSED, Verdict.PASSED), 0),
        ((), (Verdict.NOT_RUN, Verdict.NOT_RUN), 3),
    ],
)
def test_a_quarantine_holds_failures_of_its_checks_only(
    statuses: tuple[Status, ...], verdicts: tuple[Verdict, ...], code: int
) -> None:
    record = judge({"a": statuses}, a=HELD)
    assert tuple(case.verdict for case in record.verdicts()) == verdicts
    assert exit_code_of(record) == code


@pytest.mark.parametrize("name", [FOUND, "test_login_is_found"])
def test_checks_are_named_by_function_or_whole_id(name: str) -> None:
    assert exit_code_of(judge({"a": (F, P)}, a=replace(HELD, checks=(name,)))) == 0
    assert exit_code_of(judge({"a": (F, F)}, a=replace(HELD, checks=()))) == 0


def test_a_quarantine_that_is_not_needed_any_more_is_told() -> None:
    record = judge({"heals": (P, P), "fails": (F, P), "owed": (), "free": (P, P)}, heals=HELD, fails=HELD, owed=HELD)
    found = list_quarantined(record.site_verdicts())
    assert [case.site.id for case in found.held] == ["fails"]
    assert [case.site.id for case in found.passing] == ["heals"]
    text = print_to_text(record)
    assert "quarantine 1 failure skipped, see report.html" in text
    assert "quarantine no longer needed by heals (sites/some.yaml:5)" in text
    markdown = render_summary(record)
    assert "### In quarantine (1)" in markdown
    assert "quarantined until 2026\\-12\\-31 by ann\\: they rebuild \\(failed at fails\\)" in markdown
    assert "### In quarantine, but passing (1)" in markdown
    assert "- `heals` `sites/some.yaml:5` quarantined until 2026" in markdown


def test_junit_skips_what_is_in_quarantine_and_tells_what_came_out(tmp_path: Path) -> None:
    write_junit(judge({"a": (F, P), "b": (P, P)}, a=HELD, b=HELD), tmp_path)
    text = (tmp_path / "junit.xml").read_text()
    assert '<skipped message="quarantined until 2026-12-31 by ann: they rebuild" />' in text
    assert '<property name="real_verdict" value="failed" /><property name="real_message" value="failed at a" />' in text
    assert '<property name="real_verdict" value="passed" /><property name="quarantine" value="quarantined until' in text
    assert "<failure" not in text


def test_the_hash_of_a_plan_does_not_cover_quarantines(tmp_path: Path) -> None:
    plain, held = make_site("a"), make_site("a", quarantine=HELD)
    assert hash_debt([plain], CHECKS) == hash_debt([held], CHECKS)
    plan = make_plan_of([held])
    folder = write_run(tmp_path / "run", plan, [])
    assert read_baseline(folder).run == "run-1"


# ------------------------------------------------------------------------------------------------------- JSON and files


def test_the_json_holds_totals_verdicts_and_exit_code(tmp_path: Path) -> None:
    baseline = baseline_of(judge({"a": (F, P), "b": (P, P)}, "before"))
    record = excuse_known(judge({"a": (F, P), "b": (F, P), "c": (F, P)}, c=HELD), baseline)
    found = json.loads(write_json(record, previous=baseline))
    assert (found["format"], found["run"], found["exit_code"]) == (1, "now", 1)
    assert found["totals"]["checks"] == {
        "passed": 3,
        "flaky": 0,
        "failed": 2,
        "error": 0,
        "skipped": 1,
        "not-run": 0,
    }
    assert found["baseline"]["newly_broken"] == [{"check": FOUND, "site": "b"}]
    site = found["sites"][2]
    assert (site["id"], site["url"], site["verdict"]) == ("c", "https://c.example/login", "skipped")
    assert site["checks"][0]["quarantined"].startswith("quarantined until 2026-12-31")
    assert site["checks"][0]["reason"] == "failed at c"
    assert found["sites"][0]["checks"][0]["known"] is True


def test_a_baseline_is_read_from_a_run_folder_or_its_json(tmp_path: Path) -> None:
    record = judge({"a": (F, P), "b": (F, P)}, "before", b=HELD)
    write_json(record, tmp_path / "run.json")
    assert read_baseline(tmp_path / "run.json") == baseline_of(record)
    folder = write_run(tmp_path / "run", record.plan, [Judged(result=make_result(FOUND, "a", F))], run="before")
    assert read_baseline(folder).cases[FOUND, "a"] is Verdict.FAILED


def test_what_is_no_baseline_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such run or file"):
        read_baseline(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunFolderError, match=r"plan\.json"):
        read_baseline(tmp_path / "empty")
    for text in ("", "{", "[]", '{"format": 1}', "\udcff"):
        (tmp_path / "x.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(UsageError, match=r"x\.json is no JSON of a run"):
            read_figures(tmp_path / "x.json")
    (tmp_path / "x.json").write_text('{"format": 9}')
    with pytest.raises(UsageError, match=r"has format 9; this gridrunner reads up to 1"):
        read_figures(tmp_path / "x.json")


def test_the_same_run_gives_the_same_bytes() -> None:
    record = judge(NOW)
    first, second = write_json(record), write_json(judge(NOW))
    assert first == second
    assert [site.id for site in codec.decode(first, RunFigures).sites] == list(NOW)


def test_publishing_keeps_terminal_files_and_exit_code_together(tmp_path: Path) -> None:
    record = judge(NOW)
    events = [Judged(result=result) for case in record.verdicts() for result in case.attempts]
    folder = write_run(tmp_path / "run", record.plan, events)
    out = io.StringIO()
    publisher = Publisher(
        ci=CiSystem.JENKINS, env={}, baseline=baseline_of(judge({**BEFORE, "broke": (F, P)})), json=tmp_path / "x.json"
    )
    assert publisher.publish(folder, Console(file=out, width=100)) == 0
    assert "(exit 0)" in out.getvalue()
    assert read_figures(tmp_path / "x.json").exit_code == 0
    assert "Nothing newly broken" in (folder / "summary.md").read_text()
    assert JUnitXml.fromfile(str(folder / "junit.xml")).failures == 0
