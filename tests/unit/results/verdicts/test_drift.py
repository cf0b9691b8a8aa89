"""The site changed, or we did: every combination of three runs."""

from __future__ import annotations

import itertools

import pytest

from gridrunner.model import Verdict
from gridrunner.results.verdicts.drift import (
    Drift,
    SiteDrift,
    State,
    count_drifts,
    describe_states,
    explain_drift,
    is_broken_by_us,
    state_of,
    tell_drift,
)

G, B, N = State.GOOD, State.BAD, State.NONE

TABLE: dict[tuple[State, State, State | None], Drift] = {
    # reference, replay, live
    (G, G, G): Drift.SAME,
    (G, G, B): Drift.SITE,
    (G, B, B): Drift.BROKE,
    (G, B, G): Drift.BOTH,
    (B, B, B): Drift.SAME,
    (B, B, G): Drift.SITE,
    (B, G, G): Drift.MENDED,
    (B, G, B): Drift.BOTH,
    # the live run is the reference, or says nothing
    **{
        (before, now, live): drift
        for live in (None, N)
        for (before, now), drift in {
            (G, G): Drift.SAME,
            (G, B): Drift.BROKE,
            (B, G): Drift.MENDED,
            (B, B): Drift.SAME,
        }.items()
    },
}


@pytest.mark.parametrize("states", TABLE, ids=str)
def test_each_case_is_told_rightly(states: tuple[State, State, State | None]) -> None:
    assert tell_drift(*states) is TABLE[states]


@pytest.mark.parametrize(
    ("reference", "replay", "live"),
    [states for states in itertools.product(State, State, (*State, None)) if N in states[:2]],
)
def test_nobody_is_accused_without_two_verdicts(reference: State, replay: State, live: State | None) -> None:
    assert tell_drift(reference, replay, live) is Drift.UNKNOWN
    assert not is_broken_by_us(reference, replay)


def test_only_what_passed_on_the_same_pages_can_be_broken() -> None:
    broken = {states for states in TABLE if is_broken_by_us(states[0], states[1])}
    assert {TABLE[states] for states in broken} == {Drift.BROKE, Drift.BOTH}
    assert all(states[:2] == (G, B) for states in broken)


def test_states_are_those_of_verdicts() -> None:
    assert {verdict: state_of(verdict) for verdict in (*Verdict, None)} == {
        Verdict.PASSED: G,
        Verdict.FLAKY: G,
        Verdict.FAILED: B,
        Verdict.ERROR: N,
        Verdict.SKIPPED: N,
        Verdict.NOT_RUN: N,
        None: N,
    }


def test_it_is_said_in_words() -> None:
    site = SiteDrift(site="shop", drift=Drift.BOTH, reference=G, replay=B, live=G)
    assert describe_states(site) == "passed before, failed now; live: passed"
    assert count_drifts([site])[Drift.BOTH] == 1
    assert all(explain_drift(drift) for drift in Drift)
