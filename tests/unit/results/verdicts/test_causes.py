"""Causes: every outcome and every fault has a key and a title, whatever the site list expected."""

from __future__ import annotations

import pytest

from gridrunner.model import Expectation, Fault, FaultKind, Outcome, Verdict
from gridrunner.results.verdicts.cases import CaseVerdict
from gridrunner.results.verdicts.causes import key_of, title_of
from gridrunner.results.verdicts.settling import is_red, rank_of
from tests.support.sample_runs import FOUND, make_observation, make_site


def failed_by(outcome: Outcome, expected: Outcome = Outcome.OBSERVED) -> CaseVerdict:
    site = make_site("a", expect=Expectation(outcome=expected))
    seen = make_observation("a", outcome=outcome)
    return CaseVerdict(check=FOUND, site=site, verdict=Verdict.FAILED, observation=seen)


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.OBSERVED])
def test_a_visit_that_ended_otherwise_is_the_cause_under_a_title_of_its_own(outcome: Outcome) -> None:
    case = failed_by(outcome)
    assert key_of(case) == f"site.{outcome}"
    titles = {title_of(failed_by(other)) for other in Outcome}
    assert title_of(case) in titles
    assert len(titles) == len(Outcome)


@pytest.mark.parametrize("outcome", Outcome)
def test_a_visit_that_ended_as_expected_is_no_cause(outcome: Outcome) -> None:
    case = failed_by(outcome, expected=outcome)
    assert (key_of(case), title_of(case)) == ("check.test_login_is_found", "Check failed: login is found")


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_is_ours_by_name(kind: FaultKind) -> None:
    fault = Fault(kind=kind, message="x")
    case = CaseVerdict(check=FOUND, site=make_site("a"), verdict=Verdict.ERROR, fault=fault)
    assert (key_of(case), title_of(case)) == (f"fault.{kind}", f"Fault of ours: {kind.replace('-', ' ')}")


@pytest.mark.parametrize("verdict", Verdict)
def test_what_is_red_has_a_cause_and_comes_before_all_that_is_not(verdict: Verdict) -> None:
    case = CaseVerdict(check=FOUND, site=make_site("a"), verdict=verdict)
    assert bool(key_of(case)) == (is_red(verdict) or verdict is Verdict.FLAKY)
    if is_red(verdict):
        assert all(rank_of(verdict) < rank_of(other) for other in Verdict if not is_red(other))
