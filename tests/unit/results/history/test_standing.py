"""What a row of runs is called: single rows by hand, and 5,000 sites over 60 nights with planted ones among them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gridrunner.model import FaultKind, Outcome, Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry
from gridrunner.results.history.standing import SiteStanding, Standing, judge_trails
from gridrunner.results.history.trails import make_trails
from tests.support.planted_histories import list_steady, plant_history

WORDS = {
    ".": (Outcome.OBSERVED, Verdict.PASSED, "passed"),
    "~": (Outcome.OBSERVED, Verdict.FLAKY, "failed"),
    "X": (Outcome.OBSERVED, Verdict.FAILED, "failed"),
    "b": (Outcome.BLOCKED, Verdict.SKIPPED, ""),
    "u": (Outcome.UNREACHABLE, Verdict.FAILED, "failed"),
    "e": (FaultKind.SESSION_LOST, Verdict.ERROR, ""),
    "s": (Outcome.OBSERVED, Verdict.SKIPPED, ""),
    "h": (Outcome.OBSERVED, Verdict.SKIPPED, "failed"),  # excused by a quarantine
}
"""A run of one site in one letter; a space is a run without it."""


def stand(row: str, seconds: Sequence[float] = ()) -> SiteStanding:
    """Where a site with the runs of `row` stands, in a history that has another site in every run."""
    runs = []
    for number, letter in enumerate(row):
        took = seconds[number] if seconds else 2.0
        sites = [make("other", ".", 2.0)] + ([] if letter == " " else [make("site", letter, took)])
        runs.append(
            RunEntry(
                run=f"run-{number}",
                started=f"2026-11-{1 + number // 24:02}T{number % 24:02}:00:00+00:00",
                plan="p",
                sites=tuple(sites),
            )
        )
    trails = make_trails(runs)
    (standing,) = [
        stood for trail, stood in zip(trails, judge_trails(trails, len(runs)), strict=True) if trail.site == "site"
    ]
    return standing


def make(name: str, letter: str, seconds: float) -> SiteEntry:
    ended, verdict, first = WORDS[letter]
    wall = "akamai" if letter == "b" else ""
    return SiteEntry(name, (VisitEntry(seconds, ended),), verdict, first, wall=wall, is_held=letter == "h")


@pytest.mark.parametrize(
    ("row", "standing", "since"),
    [
        ("..........", Standing.STEADY, None),
        (".....~....", Standing.STEADY, None),  # one odd night
        ("....XXXX..", Standing.STEADY, None),  # an outage that is over
        (".........X", Standing.NEWLY_BROKEN, 9),
        ("......XXXX", Standing.BROKEN, 6),
        ("......XeXX", Standing.BROKEN, 6),  # a fault of ours is no night of the site
        ("......X XX", Standing.BROKEN, 6),
        ("XXXXX", Standing.BROKEN, 0),
        (".....hhhhh", Standing.BROKEN, 5),
        (".~.~..X.~.", Standing.FLAPPING, None),
        (".X.X..X.~X", Standing.FLAPPING, None),  # red tonight, as on half of its nights
        (".~.~..~.~XXXXXXXXXX", Standing.BROKEN, 9),  # it was flapping, and this is something else
        (".~.~..~.~....................................", Standing.STEADY, None),  # it was
        ("......XXXXXX.", Standing.MENDED, 12),
        (".........b", Standing.NEWLY_BLOCKED, 9),
        (".......bbb", Standing.BLOCKED, 7),
        ("b", Standing.BLOCKED, 0),
        (".......buu", Standing.BROKEN, 8),
        (".......uuu", Standing.LIST_ROT, 7),
        ("        ..", Standing.NEW, 8),
        (".", Standing.STEADY, None),
        ("eees", Standing.UNJUDGED, None),
    ],
)
def test_a_row_of_runs_has_its_name(row: str, standing: Standing, since: int | None) -> None:
    stood = stand(row)
    assert (stood.standing, stood.since) == (standing, since), stood.says
    assert stood.says


def test_a_site_that_got_slower_says_since_when_and_by_how_much() -> None:
    noise = [0.9, 1.1, 1.0, 1.05, 0.95]
    seconds = [2 * noise[number % 5] for number in range(20)] + [3 * noise[number % 5] for number in range(10)]
    stood = stand("." * 30, seconds)
    assert (stood.standing, stood.since, stood.is_slower) == (Standing.SLOWER, 20, True)
    assert stood.says == "2.0 s before, 3.0 s since"
    assert stood.factor == pytest.approx(1.5, rel=0.05)


@pytest.mark.parametrize("factor", [1.1, 0.5])
def test_a_little_slower_or_quicker_is_no_news(factor: float) -> None:
    noise = [0.98, 1.02, 1.0, 1.01, 0.99]
    seconds = [2 * noise[number % 5] for number in range(20)] + [2 * factor * noise[number % 5] for number in range(10)]
    assert stand("." * 30, seconds).standing is Standing.STEADY


def test_what_was_planted_among_5000_sites_is_found_and_nothing_else() -> None:
    planting = plant_history(5_000, 60)
    trails = make_trails(planting.runs)
    stood = dict(zip([trail.site for trail in trails], judge_trails(trails, 60), strict=True))
    found = [(one.site, stood[one.site].standing, stood[one.site].since) for one in planting.planted]
    assert found == [(one.site, one.standing, one.since) for one in planting.planted]
    steady = list(list_steady(planting))
    assert len(steady) > 4_900
    assert {site: stood[site].says for site in steady if stood[site].standing is not Standing.STEADY} == {}
