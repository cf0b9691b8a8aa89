"""Probabilities read off the calibration; weights for what is measured."""

from __future__ import annotations

from typing import Any

import pytest

from gridrunner.detection.features import measure_group
from gridrunner.detection.snapshot import Group, read_snapshot
from gridrunner.detection.weights import Scorer, shipped_weights
from tests.support.page_facts import button, field, form, page, whole


def group_of(*members: dict[str, Any], **more: Any) -> Group:
    return read_snapshot(whole(page(form(*members, **more)))).groups[0]


def test_probabilities_are_read_off_the_calibration() -> None:
    scorer = Scorer(intercept=0.0, weights={"a": 2.0, "b": -1.0}, points=((-2.0, 0.1), (2.0, 0.9)))
    assert scorer.raw_score({"a": 1.0, "unknown": 5.0}) == 2.0
    assert scorer.probability({"a": 1.0}) == pytest.approx(0.9)
    assert scorer.probability({}) == pytest.approx(0.5)
    assert scorer.probability({"b": 9.0}) == pytest.approx(0.1)
    assert scorer.reasons({"a": 1.0, "b": 1.0}, 1) == [("a", 2.0)]


def test_every_weight_is_for_a_feature_that_is_measured() -> None:
    measured = set(measure_group(group_of(field(name="u"), field("password", name="p"), button("x"))))
    assert set(shipped_weights().login.weights) <= measured
