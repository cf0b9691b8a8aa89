"""How likely a score is, learnt from examples."""

from __future__ import annotations

from gridrunner.detection.training.fit import make_rarer


def test_what_is_rarer_is_less_likely() -> None:
    points = make_rarer([(-1.0, 0.0), (0.0, 0.5), (1.0, 0.75), (2.0, 1.0)], 3.0)
    assert points == [(-1.0, 0.0), (0.0, 0.25), (1.0, 0.5), (2.0, 1.0)]
