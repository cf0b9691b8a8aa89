"""The trained weights: reading `data/weights.json`, scoring features with it, and saying why.

A scorer is a logistic regression over named features, followed by a calibration that turns its score into a
probability. scikit-learn trains it (`gridrunner.detection.training`); here it is plain arithmetic. Invariant: a feature
that the file does not name counts nothing, and one that it names and the page lacks counts as 0.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec import Struct


class Scorer(Struct, frozen=True, kw_only=True):
    """A trained score. `weights` are for raw features (scaling is folded in); `points` calibrate: (score, probability)
    pairs in ascending order, straight lines between them.
    """

    intercept: float
    weights: Mapping[str, float]
    points: tuple[tuple[float, float], ...]

    def raw_score(self, features: Mapping[str, float]) -> float:
        """The log-odds before calibration."""
        total, weights = self.intercept, self.weights
        for name, value in features.items():
            if value:  # most of a page's features are 0
                total += weights.get(name, 0.0) * value
        return total

    def probability(self, features: Mapping[str, float]) -> float:
        """The calibrated probability, 0 to 1."""
        return _interpolate(self.points, self.raw_score(features))

    def reasons(self, features: Mapping[str, float], count: int) -> list[tuple[str, float]]:
        """The features that moved the score most, as (name, log-odds), strongest first."""
        moved = [(name, weight * value) for name, weight in self.weights.items() if (value := features.get(name))]
        return sorted((each for each in moved if abs(each[1]) > 0.05), key=lambda each: -abs(each[1]))[:count]


class Weights(Struct, frozen=True, kw_only=True):
    """Everything that was trained. `login` scores groups with a password, `step` those without one; `kinds` scores each
    kind of form that is not a login; `version` names the training.
    """

    version: str
    login: Scorer
    step: Scorer
    username: Scorer
    password_new: Scorer
    kinds: Mapping[str, Scorer]


def _interpolate(points: Sequence[tuple[float, float]], score: float) -> float:
    if not points:
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))
    if score <= points[0][0]:
        return points[0][1]
    for (left, low), (right, high) in itertools.pairwise(points):
        if score <= right:
            return low + (high - low) * (score - left) / (right - left) if right > left else high
    return points[-1][1]


def read_scorer(raw: Mapping[str, Any]) -> Scorer:
    """A scorer from its JSON form."""
    return Scorer(
        intercept=float(raw["intercept"]),
        weights={str(name): float(weight) for name, weight in raw["weights"].items()},
        points=tuple((float(score), float(chance)) for score, chance in raw.get("points") or ()),
    )


def read_weights(text: str) -> Weights:
    """Weights from the text of a weights file."""
    raw = json.loads(text)
    return Weights(
        version=str(raw["version"]),
        login=read_scorer(raw["login"]),
        step=read_scorer(raw["step"]),
        username=read_scorer(raw["username"]),
        password_new=read_scorer(raw["password_new"]),
        kinds={str(kind): read_scorer(scorer) for kind, scorer in raw["kinds"].items()},
    )


@cache
def shipped_weights() -> Weights:
    """The weights that come with gridrunner."""
    return read_weights((files("gridrunner.detection") / "data" / "weights.json").read_text(encoding="utf-8"))
