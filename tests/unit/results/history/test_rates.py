from __future__ import annotations

from gridrunner.model import FaultKind, Outcome, Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry
from gridrunner.results.history.rates import Rate, count_runs, list_rates
from gridrunner.results.history.trails import make_trails


def make_site(
    name: str, verdict: Verdict, first: str, ended: str = Outcome.OBSERVED, seconds: float = 2.0, **about: str
) -> SiteEntry:
    return SiteEntry(name, (VisitEntry(seconds, ended),), verdict, first, **about)  # type: ignore[arg-type]


RUNS = [
    RunEntry(
        run=f"run-{night}",
        started=f"2026-11-0{night}T01:00:00+00:00",
        plan="p",
        sites=(
            make_site("good", Verdict.PASSED, "passed", locale="de"),
            make_site("odd", Verdict.FLAKY, "failed", locale="de", seconds=4.0),
            make_site("bad", Verdict.FAILED, "failed", locale="fr", seconds=6.0),
            make_site("walled", Verdict.SKIPPED, "", Outcome.BLOCKED, locale="fr", wall="akamai"),
            make_site("lost", Verdict.ERROR, "", FaultKind.SESSION_LOST, locale="fr"),
        ),
    )
    for night in (1, 2)
]


def test_sites_are_counted_by_what_they_share() -> None:
    german, french = sorted(
        list_rates(make_trails(RUNS), lambda trail, _: [trail.newest.locale]), key=lambda rate: rate.name
    )
    assert (german.sites, german.visits, german.judged, german.passed, german.failed_first) == (2, 4, 4, 4, 2)
    assert (german.low > 0.3, german.high, german.median_s) == (True, 1.0, 3.0)
    assert (french.sites, french.judged, french.passed, french.walled) == (3, 2, 0, 2)


def test_only_the_runs_that_are_asked_for_count_and_most_sites_come_first() -> None:
    rates = list_rates(make_trails(RUNS), lambda trail, _: [trail.newest.locale], since=1)
    assert [(rate.name, rate.visits) for rate in rates] == [("fr", 3), ("de", 2)]
    (walled,) = list_rates(make_trails(RUNS), lambda _, cell: [cell.state.wall] if cell.state.wall else [])
    assert walled == Rate(
        name="akamai",
        sites=1,
        visits=2,
        judged=0,
        passed=0,
        failed_first=0,
        walled=2,
        median_s=2.0,
        low=0.0,
        high=1.0,
    )


def test_each_run_has_its_figures() -> None:
    first, second = count_runs(make_trails(RUNS), RUNS)
    assert first == second
    assert first.verdicts == {"passed": 1, "flaky": 1, "failed": 1, "error": 1, "skipped": 1}
    assert (first.judged, first.passed, first.failed_first, first.flaky, first.walled) == (3, 2, 2, 1, 1)
    assert (first.median_s, first.p90_s) == (4.0, 6.0)
    assert [figures.median_s for figures in count_runs([], RUNS)] == [0.0, 0.0]
