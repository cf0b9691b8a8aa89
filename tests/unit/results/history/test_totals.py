"""What a history says in plain figures."""

from __future__ import annotations

from gridrunner.model import FaultKind, Outcome, Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry
from gridrunner.results.history.totals import (
    count_totals,
    list_flakiest,
    list_most_faulted,
    list_site_stats,
    list_slowest,
)


def make_night(number: int, **sites: SiteEntry) -> RunEntry:
    started = f"2026-11-{number:02}T01:00:00+00:00"
    return RunEntry(run=f"night-{number}", started=started, plan="plan", sites=tuple(sites.values()))


def make_site(name: str, *visits: VisitEntry, verdict: Verdict = Verdict.PASSED, first: str = "passed") -> SiteEntry:
    return SiteEntry(site=name, visits=visits, verdict=verdict, first=first)


SEEN = Outcome.OBSERVED
NIGHTS = [
    make_night(
        1,
        flaky=make_site("flaky", VisitEntry(1.0, SEEN), VisitEntry(2.0, SEEN), verdict=Verdict.FLAKY, first="failed"),
        slow=make_site("slow", VisitEntry(9.0, FaultKind.NETWORK), VisitEntry(8.0, SEEN)),
    ),
    make_night(
        2,
        flaky=make_site("flaky", VisitEntry(1.0, SEEN)),
        slow=make_site("slow", VisitEntry(30.0, Outcome.TIMED_OUT), verdict=Verdict.FAILED, first="failed"),
        stopped=make_site("stopped", VisitEntry(1.0, FaultKind.INTERRUPTED), verdict=Verdict.NOT_RUN, first=""),
    ),
]


def test_figures_of_each_site() -> None:
    flaky, slow, stopped = list_site_stats(NIGHTS)
    assert (flaky.runs, flaky.visits, flaky.flaky, flaky.flaky_share, flaky.failed_first) == (2, 3, 1, 0.5, 1)
    assert (slow.faults, slow.timed_out, slow.failed, slow.failed_first, slow.p90_s) == (1, 1, 1, 1, 30.0)
    # a run that was stopped is no fault, and a site that was never judged counts the nights that it was owed in
    assert (stopped.runs, stopped.visits, stopped.faults, stopped.p90_s) == (1, 1, 0, None)


def test_figures_of_all() -> None:
    totals = count_totals(2, list_site_stats(NIGHTS))
    assert (totals.runs, totals.sites, totals.visits, totals.faults) == (2, 3, 7, 1)
    assert (totals.first_attempt_failure_rate, totals.flaky_rate) == (2 / 5, 1 / 5)
    assert count_totals(0, []).flaky_rate == 0.0


def test_rankings_name_only_those_that_have_what_is_ranked() -> None:
    stats = list_site_stats(NIGHTS)
    assert [stat.site for stat in list_slowest(stats)] == ["slow", "flaky"]
    assert [stat.site for stat in list_slowest(stats, limit=1)] == ["slow"]
    assert [stat.site for stat in list_flakiest(stats)] == ["flaky"]
    assert [stat.site for stat in list_most_faulted(stats)] == ["slow"]
