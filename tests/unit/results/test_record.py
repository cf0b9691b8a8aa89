from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.errors import RunFolderError
from gridrunner.model import Fault, FaultKind, Status, Verdict
from gridrunner.planning.shards import cut_shard
from gridrunner.results.journal.events import Event, Faulted, Judged, Observed, Resumed, RunEnded, VisitStarted
from gridrunner.results.journal.planfile import read_plan, write_plan
from gridrunner.results.record import build_record, exit_code_of, load_run, took_part
from gridrunner.results.verdicts.causes import DETECTOR_CHECK_FILE
from gridrunner.results.verdicts.settling import exit_code_for, settle, worst
from tests.support.sample_runs import (
    CHECKS,
    EVERY_SITES,
    FIELDS,
    FOUND,
    POINT,
    every_events,
    every_plan,
    every_record,
    make_header,
    make_observation,
    make_plan_of,
    make_result,
    make_site,
    pass_site,
    write_run,
)

P, F, E, S = Status.PASSED, Status.FAILED, Status.ERROR, Status.SKIPPED


@pytest.mark.parametrize(
    ("attempts", "verdict"),
    [
        ([], Verdict.NOT_RUN),
        ([(P, False)], Verdict.PASSED),
        ([(F, False)], Verdict.FAILED),
        ([(S, False)], Verdict.SKIPPED),
        ([(E, False)], Verdict.ERROR),
        ([(E, True)], Verdict.ERROR),
        ([(F, False), (P, False)], Verdict.FLAKY),
        ([(F, False), (F, False)], Verdict.FAILED),
        ([(P, False), (F, False)], Verdict.FAILED),
        ([(E, True), (P, False)], Verdict.PASSED),
        ([(F, False), (E, True)], Verdict.FAILED),
        ([(P, False), (E, True)], Verdict.PASSED),
        ([(P, False), (E, False)], Verdict.ERROR),
        ([(F, False), (S, False)], Verdict.FAILED),
        ([(F, False), (E, True), (P, False)], Verdict.FLAKY),
        ([(E, False), (P, False)], Verdict.PASSED),
    ],
)
def test_the_last_attempt_that_reached_the_site_decides(attempts: list[tuple[Status, bool]], verdict: Verdict) -> None:
    assert settle(attempts) is verdict


def test_the_worst_check_is_the_sites_verdict() -> None:
    assert worst([Verdict.PASSED, Verdict.ERROR, Verdict.FAILED]) is Verdict.FAILED
    assert worst([Verdict.PASSED, Verdict.SKIPPED]) is Verdict.PASSED
    assert worst([Verdict.FLAKY, Verdict.NOT_RUN]) is Verdict.NOT_RUN
    assert worst([]) is Verdict.NOT_RUN


@pytest.mark.parametrize(
    ("verdicts", "was_interrupted", "code"),
    [
        ([Verdict.PASSED, Verdict.FLAKY, Verdict.SKIPPED], False, 0),
        ([Verdict.PASSED, Verdict.FAILED], False, 1),
        ([Verdict.FAILED, Verdict.ERROR], False, 3),
        ([Verdict.FAILED, Verdict.NOT_RUN], False, 3),
        ([], False, 4),
        ([Verdict.FAILED, Verdict.NOT_RUN], True, 130),
        ([Verdict.FAILED], True, 1),
        ([], True, 130),
    ],
)
def test_exit_codes_are_those_of_the_contract(verdicts: list[Verdict], was_interrupted: bool, code: int) -> None:
    assert exit_code_for(verdicts, was_interrupted=was_interrupted) == code


def test_a_limit_that_was_reached_is_a_failure_and_owes_nothing() -> None:
    assert exit_code_for([Verdict.FAILED, Verdict.NOT_RUN], was_limited=True) == 1
    assert exit_code_for([Verdict.FAILED, Verdict.NOT_RUN, Verdict.ERROR], was_limited=True) == 3


def test_nothing_that_took_part_is_nothing_and_no_pass() -> None:
    assert exit_code_for([Verdict.SKIPPED], took_part=False) == 4
    assert exit_code_for([Verdict.NOT_RUN], took_part=False) == 3


LOGIN, DETECTOR, OWN = (
    "test_login_form.py::test_a",
    f"{DETECTOR_CHECK_FILE}::test_your_detector_agrees",
    "mine.py::test_a",
)


@pytest.mark.parametrize(
    ("checks", "busy", "has_part"),
    [
        ([LOGIN], [], False),
        ([LOGIN], [LOGIN], True),
        ([LOGIN, DETECTOR], [LOGIN], False),
        ([LOGIN, DETECTOR], [LOGIN, DETECTOR], True),
        ([OWN, DETECTOR], [OWN], True),  # the probe is there for the own check
    ],
)
def test_a_detector_beside_the_shipped_checks_has_to_take_part(
    checks: list[str], busy: list[str], has_part: bool
) -> None:
    assert took_part(checks, busy) is has_part


def test_every_planned_case_has_one_verdict_in_plan_order() -> None:
    cases = list(every_record().verdicts())
    assert [(case.site.id, case.check) for case in cases] == [(site, check) for site in EVERY_SITES for check in CHECKS]
    by_site = {site: tuple(case.verdict.value for case in cases if case.site.id == site) for site in EVERY_SITES}
    assert by_site == {
        "passing": ("passed", "passed", "passed"),
        "flaky": ("flaky", "passed", "passed"),
        "failing": ("failed", "skipped", "passed"),
        "down": ("failed", "skipped", "skipped"),
        "lost": ("error", "error", "error"),
        "broken-check": ("passed", "error", "passed"),
        "skipping": ("skipped", "skipped", "skipped"),
        "unreached": ("not-run", "not-run", "not-run"),
        "unfinished": ("not-run", "not-run", "not-run"),
    }


def test_each_verdict_says_why() -> None:
    reasons = {(case.site.id, case.check): case.reason for case in every_record().verdicts()}
    assert reasons["passing", FOUND] == ""
    assert reasons["flaky", FOUND] == "no login form, expected one"
    assert reasons["failing", FOUND] == "still no login form"
    assert reasons["lost", POINT] == "the session ended while the site was visited"
    assert reasons["broken-check", FIELDS] == "NameError: name 'x' is not defined"
    assert reasons["unreached", FOUND] == "planned, but never visited"
    assert reasons["unfinished", FOUND] == "the run ended while the site was being visited"


def test_sites_and_totals_add_up() -> None:
    record = every_record()
    verdicts = {site.site.id: site.verdict for site in record.site_verdicts()}
    assert verdicts["failing"] is Verdict.FAILED
    assert verdicts["skipping"] is Verdict.SKIPPED
    totals = record.totals()
    assert sum(totals.sites.values()) == len(EVERY_SITES)
    assert sum(totals.cases.values()) == len(EVERY_SITES) * len(CHECKS)
    assert (totals.wall_s, totals.busy_s, totals.slots, totals.sessions, totals.faults) == (12.0, 18.0, 2, 1, 1)
    assert totals.utilisation == pytest.approx(0.75)
    assert totals.failed_first == 3
    assert exit_code_of(record) == 3


def test_later_results_of_an_attempt_replace_earlier_ones() -> None:
    plan = make_plan_of([make_site("a")])
    events = [*pass_site("a"), Judged(result=make_result(FOUND, "a", Status.FAILED))]
    record = build_record(plan, make_header(plan), events)
    assert next(record.verdicts()).verdict is Verdict.FAILED
    assert [len(case.attempts) for case in record.verdicts() if case.site.id == "a" and case.check == FOUND] == [1]
    assert exit_code_of(record) == 1


def test_results_out_of_order_are_sorted_by_attempt() -> None:
    plan = make_plan_of([make_site("a")], [FOUND])
    events: list[Event] = [
        Judged(result=make_result(FOUND, "a", attempt=2)),
        Judged(result=make_result(FOUND, "a", Status.FAILED, attempt=1)),
    ]
    assert next(build_record(plan, make_header(plan), events).verdicts()).verdict is Verdict.FLAKY


def test_what_the_plan_does_not_owe_is_counted_and_not_judged() -> None:
    plan = make_plan_of([make_site("a")])
    events = [*pass_site("a"), *pass_site("stranger"), Judged(result=make_result("other.py::test_x", "a"))]
    record = build_record(plan, make_header(plan), events)
    assert record.unplanned == 4
    assert record.warnings == ("4 results are for sites or checks that are not in the plan",)
    assert exit_code_of(record) == 0


def test_a_shard_owes_its_own_sites_only() -> None:
    plan = cut_shard(make_plan_of([make_site(name) for name in "abcd"]), 1, 2)
    assert plan.shard_sites is not None
    events = [event for site in plan.shard_sites for event in pass_site(site)]
    record = build_record(plan, make_header(plan), events)
    assert tuple(site.site.id for site in record.site_verdicts()) == plan.shard_sites
    assert exit_code_of(record) == 0


def test_a_fault_in_the_way_is_ours_until_a_later_visit_gets_through() -> None:
    plan = make_plan_of([make_site("a")], [FOUND])
    fault = Fault(kind=FaultKind.SESSION_NOT_CREATED, message="no session on hub-1")
    events: list[Event] = [Faulted(fault=fault, site="a")]
    case = next(build_record(plan, make_header(plan), events).verdicts())
    assert (case.verdict, case.reason, case.fault) == (Verdict.ERROR, "no session on hub-1", fault)
    events.append(Observed(observation=make_observation("a", 2)))
    case = next(build_record(plan, make_header(plan), events).verdicts())
    assert (case.verdict, case.reason) == (Verdict.NOT_RUN, "visited, but the run ended before this check judged it")


def test_an_interruption_ends_130_until_nothing_is_owed() -> None:
    plan = make_plan_of([make_site("a")])
    events: list[Event] = [VisitStarted(site="a", attempt=1), RunEnded(exit_code=130, reason="interrupted")]
    assert exit_code_of(build_record(plan, make_header(plan), events)) == 130
    events += [
        Resumed(started="2026-11-24T09:00:00+00:00"),
        *pass_site("a", started_s=5.0),
        RunEnded(exit_code=0, at_s=9),
    ]
    record = build_record(plan, make_header(plan), events)
    assert exit_code_of(record) == 0
    assert record.observations["a"][0].started_s == 3605.0
    assert record.last_at_s == 3609.0


def test_a_killed_run_is_incomplete() -> None:
    plan = make_plan_of([make_site("a"), make_site("b")])
    assert exit_code_of(build_record(plan, make_header(plan), pass_site("a"))) == 3


def test_load_run_reads_what_was_written(tmp_path: Path) -> None:
    folder = write_run(tmp_path, every_plan(), every_events())
    assert list(load_run(folder).verdicts()) == list(every_record().verdicts())


def test_plan_and_journal_must_belong_together(tmp_path: Path) -> None:
    folder = write_run(tmp_path, every_plan(), [])
    write_plan(folder / "plan.json", make_plan_of([make_site("other")]))
    with pytest.raises(RunFolderError, match="run run-1 belongs to plan"):
        load_run(folder)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "is not a plan"),
        (b"\xff", "is not a plan"),
        (b'{"format":1}', "is not a plan: Object missing required field `plan`"),
        (b'{"format":2,"plan":{}}', "plan format 2; this gridrunner reads up to 1"),
    ],
)
def test_a_plan_that_cannot_be_read_is_named(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "plan.json").write_bytes(data)
    with pytest.raises(RunFolderError) as caught:
        read_plan(tmp_path / "plan.json")
    assert what in str(caught.value)


def test_a_plan_changed_by_hand_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    write_plan(path, every_plan())
    assert read_plan(path) == every_plan()
    path.write_bytes(path.read_bytes().replace(b"passing.example", b"elsewhere.example"))
    with pytest.raises(RunFolderError, match="was changed after it was planned"):
        read_plan(path)
    with pytest.raises(RunFolderError, match="cannot be read: No such file"):
        read_plan(tmp_path / "none.json")
