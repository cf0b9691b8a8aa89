"""The login-form detection suite: one observation of one site, six questions.

An example for checks of your own, too: a check is a pytest test that asks for `site`, `expect`, `observation`,
`detection` or `facts`; `gridrunner run --checks my_checks.py` runs it for every site. What each one concludes, and in
which words, is in `dom_probes.suite.expectations`.
"""

from __future__ import annotations

from collections.abc import Callable

from dom_probes.suite import expectations
from dom_probes.suite.applying import apply_judgement
from dom_probes.suite.expectations import Conclusion
from gridrunner.model import Detection, Expectation, Observation, Site

RecordProperty = Callable[[str, object], None]


def test_visit_ended_as_expected(site: Site, observation: Observation) -> None:
    apply_judgement(expectations.judge_visit(site, observation))


def test_login_form_is_found_or_rightly_absent(
    expect: Expectation, observation: Observation, detection: Detection | None, record_property: RecordProperty
) -> None:
    judgement = expectations.judge_login(expect, observation, detection)
    if judgement.conclusion is Conclusion.PASSED and judgement.message:
        record_property("note", judgement.message)
    apply_judgement(judgement)


def test_expected_fields_are_found(expect: Expectation, observation: Observation, detection: Detection | None) -> None:
    apply_judgement(expectations.judge_fields(expect, observation, detection))


def test_insertion_point_is_usable(expect: Expectation, observation: Observation, detection: Detection | None) -> None:
    apply_judgement(expectations.judge_insertion_point(expect, observation, detection))


def test_sso_providers_are_found(expect: Expectation, observation: Observation, detection: Detection | None) -> None:
    apply_judgement(expectations.judge_sso(expect, observation, detection))


def test_nothing_is_broken_on_the_page(
    expect: Expectation, observation: Observation, detection: Detection | None
) -> None:
    apply_judgement(expectations.judge_damage(expect, observation, detection))
