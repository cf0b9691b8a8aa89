"""The table of confidences."""

from __future__ import annotations

from gridrunner.detection.calibration import calibrate
from gridrunner.detection.training.fit import make_rarer


def test_verdicts_are_counted_by_their_confidence() -> None:
    rows = calibrate([(0.95, True), (0.97, False), (0.62, True), (0.6, False), (1.0, True)])
    assert [(row.low, row.count, row.right) for row in rows] == [(0.6, 2, 1), (0.95, 3, 2)]
    assert rows[0].mean == 0.61
    assert calibrate([]) == ()


def test_what_is_rarer_is_less_likely() -> None:
    points = make_rarer([(-1.0, 0.0), (0.0, 0.5), (1.0, 0.75), (2.0, 1.0)], 3.0)
    assert points == [(-1.0, 0.0), (0.0, 0.25), (1.0, 0.5), (2.0, 1.0)]
