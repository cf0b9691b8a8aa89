"""Shares with what they leave uncertain, and the place at which a row of figures moved. Pure: numbers in, numbers out.

Nothing here knows of sites. The two questions are old ones and have standard answers, which are named beside the code;
both hold for few values, which is what a history of nights has.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from msgspec import Struct

Z_95 = 1.9600
Z_99 = 2.5758
"""Quantiles of the normal distribution for two-sided intervals of 95% and 99%. 99% decides: a list of 5,000 sites asks
5,000 times."""

LEAST_PART = 5
"""Values on either side of a shift. With fewer, one odd night on a steady site is a shift of its own."""

MOST_SHIFTS = 8
"""Shifts that are looked for in one row: more of them are a restless site, whose last one says no more."""


def bound_share(count: int, of: int, z: float = Z_99) -> tuple[float, float]:
    """The Wilson score interval of the share `count` / `of`: (0, 1) where nothing was counted.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927). Recommended
    for small numbers, beside the equal-tailed Jeffreys interval of a beta distribution, by Brown, Cai and DasGupta,
    "Interval estimation for a binomial proportion", Statistical Science 16 (2001).
    """
    if of <= 0:
        return 0.0, 1.0
    share, square = count / of, z * z
    middle = share + square / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    scale = 1 + square / of
    low, high = (middle - reach) / scale, (middle + reach) / scale
    return (0.0 if count == 0 else max(0.0, low)), (1.0 if count == of else min(1.0, high))


def student_tails(value: float, freedom: int) -> float:
    """The probability that Student's t with `freedom` degrees of freedom is as far from 0 as `value`, on either side.

    The finite series of Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 and 26.7.4.
    """
    angle = math.atan(abs(value) / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    is_odd = freedom % 2 == 1
    term = cosine if is_odd else 1.0
    total = 0.0 if freedom == 1 else term
    for step in range(3 if is_odd else 2, freedom - 1, 2):
        term *= (step - 1) / step * cosine * cosine
        total += term
    inside = (angle + sine * total) * 2 / math.pi if is_odd else sine * total
    return max(0.0, 1.0 - inside)


class Shift(Struct, frozen=True, kw_only=True):
    """A row of figures moved at `place`, which is the first of the new level. `before` and `after` are medians,
    `chance` how probable it is to see such a thing in a row that never moved.
    """

    place: int
    before: float
    after: float
    chance: float


def find_shift(values: Sequence[float], *, most_chance: float = 0.01) -> Shift | None:
    """The most marked shift of level in `values`; None where chance explains it as well.

    Of all places to cut, the one with the largest t of two samples: the likelihood ratio test for a shift of the mean
    of normal values, with Bonferroni's bound over the places. K. J. Worsley, "On the likelihood ratio test for a shift
    in location of normal populations", JASA 74 (1979). Give it logarithms where what matters is a factor.
    """
    count = len(values)
    if count < 2 * LEAST_PART:
        return None
    mean = sum(values) / count
    spread = sum([(value - mean) ** 2 for value in values])
    left, best, place = 0.0, 0.0, 0
    for index in range(1, count - LEAST_PART + 1):
        left += values[index - 1] - mean
        between = left * left * count / (index * (count - index))
        if index >= LEAST_PART and between > best:
            best, place = between, index
    rest = spread - best
    if place == 0 or best <= 1e-12:
        return None
    score = math.sqrt((count - 2) * best / rest) if rest > 1e-12 else math.inf
    places = count - 2 * LEAST_PART + 1
    chance = min(1.0, places * (student_tails(score, count - 2) if math.isfinite(score) else 0.0))
    if chance > most_chance:
        return None
    return Shift(
        place=place,
        before=statistics.median(values[:place]),
        after=statistics.median(values[place:]),
        chance=chance,
    )


def find_last_shift(values: Sequence[float], *, most_chance: float = 0.01) -> Shift | None:
    """The newest shift in `values`: the most marked one, then the most marked one after it, and so on."""
    last: Shift | None = None
    start = 0
    for _ in range(MOST_SHIFTS):
        shift = find_shift(values[start:], most_chance=most_chance)
        if shift is None:
            break
        last = Shift(place=start + shift.place, before=shift.before, after=shift.after, chance=shift.chance)
        start = last.place
    return last
