"""Fitting one scorer with scikit-learn and writing it as the JSON that `gridrunner.detection.weights` reads.

A logistic regression: under cross-validation by site, boosted trees and their mean with it made more errors (36 against
44 of 858 pages with the same features, 2026-11-24), and every weight can be read. Everything is seeded: the same
examples give the same file. Invariant: scaling is folded into the weights, so that run time needs no statistics of the
training set.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct

from gridrunner.detection.training.examples import Example
from gridrunner.detection.training.signs import sign_of
from gridrunner.detection.weights import Scorer, read_scorer

FOLDS: Final = 10
CERTAIN: Final = 4.0
"""Log-odds of what every example is (0.98): what was never seen otherwise is still not certain."""
SEED: Final = 20261124


class Recipe(Struct, frozen=True, kw_only=True):
    """How a scorer is fitted. `strength` is the C of the logistic regression on standardised features; values were
    chosen by cross-validation by site on the development corpus, 2026-11-24.
    """

    strength: float
    signs: str = ""
    """The table of `training.signs` that the weights keep to; "": they are free."""


def fit_scorer(
    examples: Sequence[Example], recipe: Recipe, points: Sequence[tuple[float, float]] = ()
) -> dict[str, Any]:
    """The scorer learnt from all examples, in its JSON form, with `points` as its calibration."""
    import numpy as np  # noqa: PLC0415 - scikit-learn and numpy are the `train` extra, never needed at run time

    names = sorted({name for example in examples for name in example.features})
    rows = np.array([[example.features.get(name, 0.0) for name in names] for example in examples])
    truths = np.array([example.truth for example in examples])
    if len(set(truths.tolist())) < 2:  # a small corpus may hold no example of a kind: then it is said of nothing
        return {"intercept": CERTAIN if truths.any() else -CERTAIN, "weights": {}, "points": []}
    weights_of_rows = np.array([example.weight for example in examples])
    observed = rows[weights_of_rows == 1.0]  # made-up examples do not set the scale
    mean, scale = observed.mean(axis=0), observed.std(axis=0)
    scale[scale == 0] = 1.0
    signs = [sign_of(recipe.signs, name) for name in names]
    coefficients, offset = _fit_logistic((rows - mean) / scale, truths, weights_of_rows, recipe.strength, signs)
    weights = coefficients / scale
    intercept = float(offset - (weights * mean).sum())
    found: dict[str, Any] = {
        "intercept": round(intercept, 5),
        "weights": {
            name: round(float(value), 5) for name, value in zip(names, weights, strict=True) if abs(value) > 1e-4
        },
        "points": [[round(score, 4), round(chance, 4)] for score, chance in points],
    }
    return found


def _fit_logistic(rows: Any, truths: Any, row_weights: Any, strength: float, signs: Sequence[int]) -> tuple[Any, float]:
    """Coefficients and intercept of the logistic regression with an L2 penalty whose coefficients keep to `signs`.

    The objective is scikit-learn's: half the square of the coefficients plus `strength` times the weighted log loss.
    """
    import numpy as np  # noqa: PLC0415
    from scipy.optimize import minimize  # noqa: PLC0415
    from scipy.special import expit  # noqa: PLC0415

    targets = 2.0 * truths - 1.0

    def loss(found: Any) -> tuple[float, Any]:
        margins = targets * (rows @ found[:-1] + found[-1])
        slopes = -row_weights * targets * expit(-margins)
        value = 0.5 * found[:-1] @ found[:-1] + strength * float(row_weights @ np.logaddexp(0.0, -margins))
        return value, np.append(found[:-1] + strength * (rows.T @ slopes), strength * slopes.sum())

    bounds = [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None) for sign in signs]
    start = np.zeros(rows.shape[1] + 1)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)], options={"maxiter": 3000}
    )
    return found.x[:-1], float(found.x[-1])


def folds_of(sites: Sequence[str], seed: int = SEED) -> dict[str, int]:
    """Which fold each site is held out in; the same sites and seed give the same folds."""
    import numpy as np  # noqa: PLC0415

    names = sorted(set(sites))
    order = np.random.RandomState(seed).permutation(len(names))
    return {names[int(index)]: place % FOLDS for place, index in enumerate(order)}


def fit_fold_scorers(examples: Sequence[Example], recipe: Recipe, folds: dict[str, int]) -> list[Scorer]:
    """One scorer a fold, learnt without that fold's sites."""
    return [
        read_scorer(fit_scorer([each for each in examples if folds[each.site] != fold], recipe))
        for fold in range(FOLDS)
    ]


def make_rarer(points: Sequence[tuple[float, float]], odds: float) -> list[tuple[float, float]]:
    """A calibration for a world where what is looked for is `odds` times as rare as among the examples."""
    return [(score, chance / (chance + odds * (1.0 - chance))) for score, chance in points]


def fit_points(
    scores: Sequence[float], truths: Sequence[bool], weights: Sequence[float] | None = None
) -> list[tuple[float, float]]:
    """The calibration: probabilities for held-out scores, by Platt's logistic through all of them, as a table of
    points.

    A logistic has two parameters and cannot follow the noise of a few hundred pages, as isotonic regression does.
    """
    import numpy as np  # noqa: PLC0415
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    if len(set(truths)) < 2:
        return []
    model = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(np.array(scores).reshape(-1, 1), np.array(truths, dtype=int), sample_weight=weights)
    slope, offset = float(model.coef_[0][0]), float(model.intercept_[0])
    grid = [step / 4 for step in range(-48, 49)]
    return [(score, float(1 / (1 + np.exp(-(slope * score + offset))))) for score in grid]
