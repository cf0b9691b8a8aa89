"""How long a visit will take, as earlier visits tell it. Owns the rule; the invariant: every site has an expectation.

Faults are not visits: the caller leaves out of a history what the grid, not the site, made long or short.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from gridrunner.model import Site
from gridrunner.planning.constants import VISIT_TIMEOUT_S

DEFAULT_VISIT_S = 5.0
"""Seconds of a visit when nothing is known of any site: the middle of the durations that
tests/benchmarks/dispatch/makespan.py simulates (lognormal around 5 s)."""

RECENT_VISITS = 10
"""Visits of a site that count, newest first. With 10, the 90th percentile still forgives one odd slow visit."""

LATELY_VISITS = 3
"""A site that timed out in this many newest visits is expected to do so again. Three
visits forget a single bad day after two good ones."""

EXPECTED_PERCENTILE = 90.0
"""Longest-first needs a pessimistic guess: a mean lets an unpredicted slow site land last."""


class PastVisit(Struct, frozen=True, kw_only=True):
    """One earlier visit of a site that ended without a fault; `duration_s` is what its slot was busy for."""

    duration_s: float
    is_timed_out: bool = False


PastVisits = Mapping[str, Sequence[PastVisit]]
"""Earlier visits by site id, newest first."""


class Basis(StrEnum):
    """Where an expected duration comes from."""

    HISTORY = "history"  # the 90th percentile of recent visits
    TIMED_OUT = "timed-out"  # the deadline, because it timed out lately
    MEDIAN = "median"  # an unknown site: the median of the known
    DEFAULT = "default"  # nothing is known of any site


class ExpectedDuration(Struct, frozen=True, kw_only=True):
    """The seconds a visit is expected to take, and why."""

    expected_s: float
    basis: Basis

    @property
    def is_known(self) -> bool:
        """Whether the site itself was seen before."""
        return self.basis in {Basis.HISTORY, Basis.TIMED_OUT}


def percentile(values: Iterable[float], percent: float) -> float:
    """The nearest-rank percentile (`percent` 0 to 100) of `values`. Raises ValueError when there are none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("a percentile of no values")
    rank = max(1, math.ceil(percent / 100 * len(ordered)))
    return ordered[rank - 1]


def expect_duration(
    past: Sequence[PastVisit], site: Site, *, default_timeout_s: float = VISIT_TIMEOUT_S
) -> ExpectedDuration | None:
    """What `past` (newest first) tells of `site`; None when it tells nothing. Never longer than the site's deadline:
    its own `visit_timeout_s`, else `default_timeout_s`, the run's.
    """
    deadline_s = site.visit_timeout_s or default_timeout_s
    if not past:
        return None
    if any(visit.is_timed_out for visit in past[:LATELY_VISITS]):
        return ExpectedDuration(expected_s=deadline_s, basis=Basis.TIMED_OUT)
    seconds = percentile((visit.duration_s for visit in past[:RECENT_VISITS]), EXPECTED_PERCENTILE)
    return ExpectedDuration(expected_s=min(seconds, deadline_s), basis=Basis.HISTORY)


def expect_durations(
    history: PastVisits,
    sites: Sequence[Site],
    *,
    default_timeout_s: float = VISIT_TIMEOUT_S,
    default_s: float = DEFAULT_VISIT_S,
) -> dict[str, ExpectedDuration]:
    """The expected duration of every site by id. An unknown site gets the median of the known ones of this list, or
    `default_s` when none is known; see `find_early_sites` for its place in the queue.
    """
    known = {
        site.id: expected
        for site in sites
        if (expected := expect_duration(history.get(site.id, ()), site, default_timeout_s=default_timeout_s))
        is not None
    }
    if known:
        median_s = statistics.median(expected.expected_s for expected in known.values())
        unknown = ExpectedDuration(expected_s=median_s, basis=Basis.MEDIAN)
    else:
        unknown = ExpectedDuration(expected_s=default_s, basis=Basis.DEFAULT)
    return {site.id: known.get(site.id, unknown) for site in sites}


def find_early_sites(expected: Mapping[str, ExpectedDuration]) -> frozenset[str]:
    """The ids that deserve an early place in the queue: never seen, while others were. An unknown site may be the
    longest of all, and early is where that costs nothing.
    """
    return frozenset(site for site, duration in expected.items() if duration.basis is Basis.MEDIAN)
