from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner.results.history.statistics import (
    LEAST_PART,
    Z_95,
    Z_99,
    bound_share,
    find_last_shift,
    find_shift,
    student_tails,
)


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [
        # Newcombe, "Two-sided confidence intervals for the single proportion", Stat. Med. 17 (1998), table I
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilsons_interval_is_the_published_one(count: int, of: int, low: float, high: float) -> None:
    assert bound_share(count, of, Z_95) == pytest.approx((low, high), abs=5e-5)


@given(of=st.integers(1, 500), share=st.floats(0, 1), z=st.sampled_from([Z_95, Z_99]))
def test_an_interval_holds_its_share_and_stays_within_0_and_1(of: int, share: float, z: float) -> None:
    count = round(share * of)
    low, high = bound_share(count, of, z)
    assert 0 <= low <= count / of <= high <= 1


def test_nothing_counted_says_nothing() -> None:
    assert bound_share(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("value", "freedom", "chance"),
    # the two-sided 5%, 1% and 0.1% points of any table of Student's t
    [
        *((12.7062, 1, 0.05), (4.3027, 2, 0.05), (3.1824, 3, 0.05), (2.7764, 4, 0.05), (2.0423, 30, 0.05)),
        *((63.6567, 1, 0.01), (5.8409, 3, 0.01), (3.1693, 10, 0.01), (2.6603, 60, 0.01), (3.5510, 40, 0.001)),
    ],
)
def test_students_tails_are_those_of_the_tables(value: float, freedom: int, chance: float) -> None:
    assert student_tails(value, freedom) == pytest.approx(chance, rel=1e-3)
    assert student_tails(-value, freedom) == student_tails(value, freedom)


def test_a_shift_is_found_where_it_is() -> None:
    rng = random.Random(3)
    values = [rng.gauss(0, 0.2) for _ in range(40)] + [rng.gauss(0.6, 0.2) for _ in range(8)]
    shift = find_shift(values)
    assert shift is not None
    assert abs(shift.place - 40) <= 1
    assert shift.before == pytest.approx(0, abs=0.1)
    assert shift.after == pytest.approx(0.6, abs=0.15)
    assert shift.chance < 1e-6


def test_rows_that_never_moved_have_shifts_as_often_as_chance_allows() -> None:
    rng = random.Random(5)
    rows = [[rng.gauss(0, 1) for _ in range(30)] for _ in range(2_000)]
    found = sum(find_shift(row, most_chance=0.01) is not None for row in rows)
    assert found <= 20  # 1% of 2,000; the bound is conservative


@pytest.mark.parametrize("values", [[], [1.0] * (2 * LEAST_PART - 1), [1.0] * 50, [0.1 + 0.2] * 30])
def test_too_few_values_or_none_that_differ_have_no_shift(values: list[float]) -> None:
    assert find_shift(values) is None


def test_a_step_without_noise_is_a_shift() -> None:
    shift = find_shift([0.0] * 10 + [1.0] * 10)
    assert shift is not None
    assert (shift.place, shift.before, shift.after, shift.chance) == (10, 0.0, 1.0, 0.0)


def test_one_odd_night_is_no_shift() -> None:
    rng = random.Random(7)
    values = [rng.gauss(0, 0.1) for _ in range(60)]
    values[58] = math.log(30)
    assert find_shift(values) is None


def test_the_last_of_several_shifts_is_told() -> None:
    rng = random.Random(9)
    values = [rng.gauss(level, 0.1) for level in (0, 1, 0.4) for _ in range(20)]
    shift = find_last_shift(values)
    assert shift is not None
    assert abs(shift.place - 40) <= 1
    assert shift.after < shift.before
