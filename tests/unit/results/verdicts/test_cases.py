"""The words for how a visit ended, and a case without what is large."""

from __future__ import annotations

import pytest

from gridrunner.model import Fault, FaultKind, Observation, Outcome
from gridrunner.results.verdicts.cases import name_outcome, slim_case
from tests.support.sample_runs import every_record

LOST = Fault(kind=FaultKind.SESSION_LOST, message="gone")


@pytest.mark.parametrize(
    ("observation", "word"),
    [
        (None, ""),
        (Observation(site="a", attempt=1, outcome=Outcome.BLOCKED), Outcome.BLOCKED.value),
        (Observation(site="a", attempt=1, outcome=Outcome.BLOCKED, fault=LOST), FaultKind.SESSION_LOST.value),
        (Observation(site="a", attempt=1), Outcome.OBSERVED.value),
    ],
)
def test_a_fault_goes_before_the_outcome(observation: Observation | None, word: str) -> None:
    assert name_outcome(observation) == word


def test_a_slim_case_keeps_its_verdict_and_words() -> None:
    cases = list(every_record().verdicts())
    with_visit = next(case for case in cases if case.observation is not None and case.observation.detection is not None)
    without = next(case for case in cases if case.observation is None)
    slim = slim_case(with_visit)
    assert slim.observation is not None
    assert (slim.attempts, slim.observation.detection, slim.observation.events) == ((), None, ())
    assert (slim.verdict, slim.reason, slim.observation.url) == (
        with_visit.verdict,
        with_visit.reason,
        with_visit.observation.url if with_visit.observation else None,
    )
    assert slim_case(without) == without._replace(attempts=())
