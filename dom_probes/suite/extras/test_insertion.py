"""A one-click button really put at the insertion point. Run by itself when --try-insertion is given.

What happened is in `observation.probes["insertion"]`; what is concluded in `dom_probes.suite.insertion`.
"""

from __future__ import annotations

from collections.abc import Callable

from dom_probes.suite.applying import apply_judgement
from dom_probes.suite.expectations import Conclusion
from dom_probes.suite.insertion import judge_trial
from gridrunner.model import Expectation, Observation


def test_insertion_really_works(
    expect: Expectation, observation: Observation, record_property: Callable[[str, object], None]
) -> None:
    judgement = judge_trial(expect, observation)
    if judgement.conclusion is Conclusion.PASSED and judgement.message:
        record_property("note", judgement.message)
    apply_judgement(judgement)
