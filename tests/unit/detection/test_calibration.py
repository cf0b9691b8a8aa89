"""The table of confidences."""

from __future__ import annotations

from gridrunner.detection.calibration import calibrate


def test_verdicts_are_counted_by_their_confidence() -> None:
    rows = calibrate([(0.95, True), (0.97, False), (0.62, True), (0.6, False), (1.0, True)])
    assert [(row.low, row.count, row.right) for row in rows] == [(0.6, 2, 1), (0.95, 3, 2)]
    assert rows[0].mean == 0.61
    assert calibrate([]) == ()
