from __future__ import annotations

from gridrunner.model import Fault, FaultKind, Result, Site, Status, Verdict
from gridrunner.results.verdicts.cases import CaseVerdict, SiteState, judge_site
from gridrunner.results.verdicts.causes import group_culprits, list_culprits
from gridrunner.results.verdicts.shortfalls import ShortfallCounter, describe_shortfalls

BANK = Site(id="bank", url="https://bank.example/")


def case(verdict: Verdict, reason: str = "", fault: Fault | None = None) -> CaseVerdict:
    return CaseVerdict(check="mine.py::test_boom", site=BANK, verdict=verdict, reason=reason, fault=fault)


def lines(*cases: CaseVerdict, damaged: tuple[str, ...] = ()) -> list[str]:
    counter = ShortfallCounter()
    for seen in cases:
        counter.add(seen)
    return list(describe_shortfalls(counter.finish(), damaged))


def test_each_reason_for_exit_code_3_is_told_with_its_first_case() -> None:
    lost = Fault(kind=FaultKind.SESSION_LOST, message="died")
    assert lines(
        case(Verdict.NOT_RUN, "never visited"),
        case(Verdict.ERROR, "KeyError: 'kaboom'"),
        case(Verdict.FAILED, "no"),
        case(Verdict.ERROR, "KeyError: 'later'"),
        case(Verdict.ERROR, "died", lost),
        damaged=("runs/2: cut off",),
    ) == [
        "2 results from a broken check, the first: boom on bank: KeyError: 'kaboom'",
        "1 result lost to a fault, the first: boom on bank: died",
        "1 result missing, the first: boom on bank: never visited",
        "1 part of the run could not be read, the first: runs/2: cut off",
    ]


def test_a_complete_run_has_no_reason() -> None:
    assert lines(case(Verdict.PASSED), case(Verdict.FAILED), case(Verdict.SKIPPED), case(Verdict.FLAKY)) == []


def titles(statuses: dict[str, Status]) -> list[str]:
    row = [(Result(check=check, site="bank", attempt=1, status=said),) for check, said in statuses.items()]
    site = judge_site(BANK, list(statuses), SiteState(row=row), frozenset())
    return [group.title for group in group_culprits(list_culprits(site))]


def test_every_failed_check_of_the_users_own_and_every_broken_one_is_told() -> None:
    told = titles({"mine.py::test_a": Status.FAILED, "mine.py::test_b": Status.FAILED, "mine.py::test_c": Status.ERROR})
    assert told == ["Check failed: a", "Check failed: b", "Check broken: c"]


def test_shipped_checks_that_fail_of_one_cause_are_told_once() -> None:
    shipped = "test_login_form.py"
    told = titles({f"{shipped}::test_form": Status.FAILED, f"{shipped}::test_fields": Status.FAILED})
    assert told == ["Check failed: form"]
