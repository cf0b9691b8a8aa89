"""Accounts: attempts, faults, refunds, and exactly one result a check."""

from __future__ import annotations

from gridrunner.dispatch.machine.attempts import Attempts
from gridrunner.dispatch.machine.ledger import Ledger, Next
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Result, Status

CHECKS = ("found", "fields")
LOST = Fault(kind=FaultKind.SESSION_LOST, message="died")


def make_books(
    *,
    retries: int = 1,
    fault_retries: int = 2,
    before: dict[str, int] | None = None,
    excused: tuple[tuple[str, str], ...] = (),
) -> tuple[Ledger, Attempts]:
    ledger = Ledger(["a", "b"], CHECKS, retries=retries, excused=excused)
    attempts = Attempts(["a", "b"], ledger, fault_retries=fault_retries, uncharged_retries=8, before=before or {})
    return ledger, attempts


def observe(attempts: Attempts, site: str = "a") -> int:
    attempt = attempts.start(site)
    assert attempts.end(Observation(site=site, attempt=attempt, outcome=Outcome.OBSERVED)) is Next.WAIT
    return attempt


def judge(ledger: Ledger, attempt: int, *statuses: Status, site: str = "a") -> Next:
    step = Next.IGNORED
    for check, status in zip(CHECKS, statuses, strict=True):
        step = ledger.take_result(Result(check=check, site=site, attempt=attempt, status=status))
    return step


def final_statuses(ledger: Ledger, site: str = "a") -> list[Status]:
    final = ledger.final_of(site)
    return [result.status for result in final.results] if final is not None else []


def test_a_site_that_passes_is_finished_with_its_last_check() -> None:
    ledger, attempts = make_books()
    attempt = observe(attempts)
    assert ledger.take_result(Result(check="found", site="a", attempt=attempt, status=Status.PASSED)) is Next.WAIT
    assert ledger.find_unjudged_checks(Observation(site="a", attempt=attempt)) == ("fields",)
    assert ledger.take_result(Result(check="fields", site="a", attempt=attempt, status=Status.PASSED)) is Next.FINISHED
    assert final_statuses(ledger) == [Status.PASSED, Status.PASSED]
    assert (ledger.reckon().missing, ledger.open_count) == (("b",), 1)


def test_a_failing_verdict_is_confirmed_once() -> None:
    ledger, attempts = make_books()
    assert judge(ledger, observe(attempts), Status.PASSED, Status.FAILED) is Next.RETRY
    assert judge(ledger, observe(attempts), Status.PASSED, Status.FAILED) is Next.FINISHED
    assert final_statuses(ledger) == [Status.PASSED, Status.FAILED]
    assert ledger.failed_sites == 1


def test_a_failure_that_its_owner_knows_of_is_neither_tried_again_nor_counted() -> None:
    ledger, attempts = make_books(excused=(("fields", "a"),))
    assert judge(ledger, observe(attempts), Status.PASSED, Status.FAILED) is Next.FINISHED
    assert final_statuses(ledger) == [Status.PASSED, Status.FAILED]
    assert ledger.failed_sites == 0
    assert judge(ledger, observe(attempts, "b"), Status.PASSED, Status.FAILED, site="b") is Next.RETRY
    other, attempts = make_books(excused=(("fields", "a"),))
    assert judge(other, observe(attempts), Status.FAILED, Status.FAILED) is Next.RETRY


def test_a_pass_after_a_failure_is_no_failure() -> None:
    ledger, attempts = make_books()
    judge(ledger, observe(attempts), Status.FAILED, Status.PASSED)
    assert judge(ledger, observe(attempts), Status.PASSED, Status.PASSED) is Next.FINISHED
    assert final_statuses(ledger) == [Status.PASSED, Status.PASSED]
    assert ledger.failed_sites == 0


def test_a_skip_after_a_failure_leaves_the_failure() -> None:
    ledger, attempts = make_books()
    judge(ledger, observe(attempts), Status.FAILED, Status.PASSED)
    judge(ledger, observe(attempts), Status.SKIPPED, Status.PASSED)
    assert final_statuses(ledger) == [Status.FAILED, Status.PASSED]


def test_an_error_of_ours_is_not_retried() -> None:
    ledger, attempts = make_books()
    assert judge(ledger, observe(attempts), Status.ERROR, Status.PASSED) is Next.FINISHED
    assert ledger.failed_sites == 0


def test_without_retries_the_first_verdict_stands() -> None:
    ledger, attempts = make_books(retries=0)
    assert judge(ledger, observe(attempts), Status.FAILED, Status.FAILED) is Next.FINISHED


def test_repeated_late_and_unknown_results_do_not_count() -> None:
    ledger, attempts = make_books()
    attempt = observe(attempts)
    passed = Result(check="found", site="a", attempt=attempt, status=Status.PASSED)
    assert ledger.take_result(passed) is Next.WAIT
    for stray in (
        passed,
        Result(check="found", site="a", attempt=attempt + 1, status=Status.FAILED),
        Result(check="other", site="a", attempt=attempt, status=Status.FAILED),
        Result(check="found", site="nowhere", attempt=1, status=Status.FAILED),
        Result(check="found", site="b", attempt=1, status=Status.FAILED),
    ):
        assert ledger.take_result(stray) is Next.IGNORED
    assert ledger.take_result(Result(check="fields", site="a", attempt=attempt, status=Status.PASSED)) is Next.FINISHED
    assert ledger.take_result(passed) is Next.IGNORED


def test_dead_sessions_are_charged_until_the_site_ends_as_our_error() -> None:
    ledger, attempts = make_books(fault_retries=2)
    steps = [attempts.lose("a", attempts.start("a"), LOST, is_charged=True) for _ in range(3)]
    assert steps == [Next.RETRY, Next.RETRY, Next.FINISHED]
    assert final_statuses(ledger) == [Status.ERROR, Status.ERROR]
    final = ledger.final_of("a")
    assert final is not None
    assert final.results == final.entered
    assert ledger.failed_sites == 0
    assert all("session-lost: died (3 visits lost)" in result.message for result in final.results)


def test_a_verdict_that_cannot_be_confirmed_for_faults_stands() -> None:
    ledger, attempts = make_books(fault_retries=0)
    judge(ledger, observe(attempts), Status.FAILED, Status.PASSED)
    assert attempts.lose("a", attempts.start("a"), LOST, is_charged=True) is Next.FINISHED
    assert final_statuses(ledger) == [Status.FAILED, Status.PASSED]
    final = ledger.final_of("a")
    assert final is not None
    assert final.entered == ()


def test_a_refund_takes_the_charge_back() -> None:
    _ledger, attempts = make_books(fault_retries=1)
    attempts.lose("a", attempts.start("a"), LOST, is_charged=True)
    attempts.refund("a")
    assert attempts.lose("a", attempts.start("a"), LOST, is_charged=True) is Next.RETRY


def test_faults_of_the_grid_end_as_well() -> None:
    _ledger, attempts = make_books(fault_retries=0)
    steps = [attempts.lose("a", attempts.start("a"), LOST, is_charged=False) for _ in range(9)]
    assert steps == [Next.RETRY] * 8 + [Next.FINISHED]


def test_of_two_visits_at_once_the_first_counts() -> None:
    ledger, attempts = make_books()
    first, second = attempts.start("a"), attempts.start("a")
    assert not attempts.is_alone("a")
    assert attempts.end(Observation(site="a", attempt=second, outcome=Outcome.OBSERVED)) is Next.WAIT
    assert attempts.end(Observation(site="a", attempt=first, outcome=Outcome.OBSERVED)) is Next.IGNORED
    assert judge(ledger, second, Status.FAILED, Status.PASSED) is Next.RETRY
    assert attempts.end(Observation(site="a", attempt=first, outcome=Outcome.OBSERVED)) is Next.IGNORED


def test_a_lost_visit_costs_nothing_while_another_runs() -> None:
    _ledger, attempts = make_books(fault_retries=0)
    first, second = attempts.start("a"), attempts.start("a")
    assert attempts.lose("a", first, LOST, is_charged=True) is Next.IGNORED
    assert attempts.lose("a", second, LOST, is_charged=True) is Next.FINISHED


def test_a_visit_that_we_ended_is_owed_again() -> None:
    _ledger, attempts = make_books()
    assert attempts.give_back("a", attempts.start("a")) is Next.RETRY
    assert attempts.give_back("a", 99) is Next.IGNORED


def test_settling_lets_an_unconfirmed_failure_stand() -> None:
    ledger, attempts = make_books()
    judge(ledger, observe(attempts), Status.FAILED, Status.PASSED)
    assert ledger.settle("a")
    assert not ledger.settle("a")
    assert not ledger.settle("b")
    assert ledger.reckon().finished.keys() == {"a"}


def test_what_was_visited_and_not_judged_is_known() -> None:
    ledger, attempts = make_books()
    observe(attempts)
    assert (ledger.reckon().missing, ledger.reckon().unjudged) == (("a", "b"), ("a",))


def test_numbers_go_on_after_those_of_an_earlier_run() -> None:
    _ledger, attempts = make_books(before={"a": 3})
    assert (attempts.start("a"), attempts.start("b"), attempts.count) == (4, 1, 2)
