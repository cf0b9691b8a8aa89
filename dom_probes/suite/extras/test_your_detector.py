"""The detector of a probe or an extension against the site list, or against ours where the list says nothing.

Run by itself when --probe or --extension is given. A probe takes part when it returns `{login: true or false, username:
CSS or null, password: CSS or null}`; one that throws fails. What is compared is in `dom_probes.suite.comparison`.
"""

from __future__ import annotations

from collections.abc import Callable

from dom_probes.suite.applying import apply_judgement
from dom_probes.suite.comparison import judge_detectors
from dom_probes.suite.expectations import Conclusion
from gridrunner.model import Detection, Expectation, Observation


def test_your_detector_agrees(
    expect: Expectation,
    observation: Observation,
    detection: Detection | None,
    record_property: Callable[[str, object], None],
) -> None:
    judgement = judge_detectors(expect, observation, detection)
    if judgement.conclusion is Conclusion.PASSED:
        record_property("note", judgement.message)
    apply_judgement(judgement)
