"""Expected durations: what history says, and what stands in for it."""

from __future__ import annotations

import pytest

from gridrunner.model import Site
from gridrunner.planning.durations import (
    DEFAULT_VISIT_S,
    Basis,
    PastVisit,
    expect_durations,
    find_early_sites,
    percentile,
)


def site(name: str, timeout_s: float | None = None) -> Site:
    return Site(id=name, url=f"https://{name}.example/", visit_timeout_s=timeout_s)


def past(*seconds: float, timed_out_at: int | None = None) -> tuple[PastVisit, ...]:
    return tuple(PastVisit(duration_s=each, is_timed_out=at == timed_out_at) for at, each in enumerate(seconds))


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([5.0], 90, 5.0), ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 90, 9), ([3, 1, 2], 50, 2), ([3, 1, 2], 0, 1)],
)
def test_percentile_is_the_nearest_rank(values: list[float], percent: float, expected: float) -> None:
    assert percentile(values, percent) == expected


def test_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 90)


def test_a_known_site_gets_the_90th_percentile_of_its_recent_visits() -> None:
    history = {"a": past(*range(1, 11), 99.0)}  # the eleventh is too old to count
    assert expect_durations(history, [site("a")])["a"].expected_s == 9
    assert expect_durations(history, [site("a")])["a"].basis is Basis.HISTORY


def test_a_site_that_timed_out_lately_gets_its_deadline() -> None:
    history = {"own": past(1.0, 12.0, timed_out_at=1), "run": past(30.0, timed_out_at=0)}
    expected = expect_durations(history, [site("own", 12.0), site("run")], default_timeout_s=40.0)
    assert (expected["own"].expected_s, expected["own"].basis) == (12.0, Basis.TIMED_OUT)
    assert (expected["run"].expected_s, expected["run"].basis) == (40.0, Basis.TIMED_OUT)


def test_a_time_out_before_the_last_three_visits_is_forgotten() -> None:
    history = {"a": past(2.0, 2.0, 2.0, 2.0, timed_out_at=3)}
    assert expect_durations(history, [site("a")])["a"].basis is Basis.HISTORY


def test_nothing_is_expected_to_take_longer_than_its_deadline() -> None:
    assert expect_durations({"a": past(50.0)}, [site("a", 20.0)])["a"].expected_s == 20.0


def test_an_unknown_site_gets_the_median_of_the_known_and_an_early_place() -> None:
    history = {"a": past(1.0), "b": past(2.0), "c": past(9.0), "elsewhere": past(100.0)}
    expected = expect_durations(history, [site(name) for name in ("a", "b", "c", "new")])
    assert (expected["new"].expected_s, expected["new"].basis) == (2.0, Basis.MEDIAN)
    assert not expected["new"].is_known
    assert find_early_sites(expected) == {"new"}


def test_when_nothing_is_known_all_are_equal() -> None:
    expected = expect_durations({}, [site("a"), site("b")])
    assert {duration.expected_s for duration in expected.values()} == {DEFAULT_VISIT_S}
    assert find_early_sites(expected) == frozenset()
