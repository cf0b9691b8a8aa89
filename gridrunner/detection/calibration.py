"""How far a confidence can be believed: the share of right verdicts at each; pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

BINS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Edges of the table, finer where most verdicts are: nine in ten are above 0.9."""


class CalibrationRow(Struct, frozen=True, kw_only=True):
    """The verdicts with a confidence from `low` up to `high`: how many, their mean confidence, and how many were
    right.
    """

    low: float
    high: float
    count: int
    mean: float
    right: int


def calibrate(verdicts: Iterable[tuple[float, bool]]) -> tuple[CalibrationRow, ...]:
    """The table of (confidence, is right) pairs; bins without a verdict are left out."""
    pairs = sorted(verdicts)
    rows = []
    for low, high in itertools.pairwise(BINS):
        inside = [(each, is_right) for each, is_right in pairs if low <= each < high or each == high == BINS[-1]]
        if inside:
            mean = sum(each for each, _ in inside) / len(inside)
            right = sum(is_right for _, is_right in inside)
            rows.append(CalibrationRow(low=low, high=high, count=len(inside), mean=mean, right=right))
    return tuple(rows)
