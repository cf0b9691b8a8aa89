"""What a history says of sites in plain figures: durations, faults, how often a first attempt failed. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from gridrunner.model import FaultKind, Outcome, Verdict
from gridrunner.planning.durations import EXPECTED_PERCENTILE, RECENT_VISITS, percentile
from gridrunner.results.history.entries import RunEntry, SiteEntry, list_past_seconds


class SiteStats(Struct, frozen=True, kw_only=True):
    """What the history says of a site. `p90_s` is over its newest visits without a fault, None when there is none;
    `failed_first` counts the runs in which its first judged attempt failed, whatever a retry said then.
    """

    site: str
    runs: int
    visits: int
    faults: int
    timed_out: int
    p90_s: float | None
    failed: int
    flaky: int
    failed_first: int

    @property
    def flaky_share(self) -> float:
        """The share (0 to 1) of its runs that were flaky."""
        return self.flaky / self.runs if self.runs else 0.0


class HistoryTotals(Struct, frozen=True, kw_only=True):
    """The whole history. `first_attempt_failure_rate` is the share (0 to 1) of judged (run, site) whose first attempt
    failed: what retries hide.
    """

    runs: int
    sites: int
    visits: int
    faults: int
    first_attempt_failure_rate: float
    flaky_rate: float


def list_site_stats(entries: Iterable[RunEntry]) -> list[SiteStats]:
    """Every site of the history, by id; `entries` are oldest first."""
    nights: dict[str, list[SiteEntry]] = defaultdict(list)
    for entry in entries:
        for site in entry.sites:
            nights[site.site].append(site)
    return [_count_site(site, nights[site]) for site in sorted(nights)]


def _count_site(site: str, nights: Sequence[SiteEntry]) -> SiteStats:
    visits = [visit for night in nights for visit in night.visits]
    recent_s = [seconds for seconds, _ in list_past_seconds(visits)][:RECENT_VISITS]
    return SiteStats(
        site=site,
        runs=sum(night.verdict is not Verdict.NOT_RUN for night in nights) or len(nights),
        visits=len(visits),
        faults=sum(visit.is_faulted and visit.ended != FaultKind.INTERRUPTED for visit in visits),
        timed_out=sum(visit.ended == Outcome.TIMED_OUT for visit in visits),
        p90_s=percentile(recent_s, EXPECTED_PERCENTILE) if recent_s else None,
        failed=sum(night.verdict is Verdict.FAILED for night in nights),
        flaky=sum(night.verdict is Verdict.FLAKY for night in nights),
        failed_first=sum(night.first == "failed" for night in nights),
    )


def count_totals(runs: int, stats: Sequence[SiteStats]) -> HistoryTotals:
    """The figures of a whole history of `runs` runs."""
    judged = sum(stat.runs for stat in stats)
    return HistoryTotals(
        runs=runs,
        sites=len(stats),
        visits=sum(stat.visits for stat in stats),
        faults=sum(stat.faults for stat in stats),
        first_attempt_failure_rate=sum(stat.failed_first for stat in stats) / judged if judged else 0.0,
        flaky_rate=sum(stat.flaky for stat in stats) / judged if judged else 0.0,
    )


def list_slowest(stats: Sequence[SiteStats], limit: int = 10) -> list[SiteStats]:
    """The sites whose newest visits take longest, longest first."""
    timed = [stat for stat in stats if stat.p90_s is not None]
    return sorted(timed, key=lambda stat: (-(stat.p90_s or 0.0), stat.site))[:limit]


def list_flakiest(stats: Sequence[SiteStats], limit: int = 10) -> list[SiteStats]:
    """The sites with the highest share of flaky runs; none that never was."""
    flaky = [stat for stat in stats if stat.flaky]
    return sorted(flaky, key=lambda stat: (-stat.flaky_share, -stat.flaky, stat.site))[:limit]


def list_most_faulted(stats: Sequence[SiteStats], limit: int = 10) -> list[SiteStats]:
    """The sites whose visits were lost to faults most often; none that never was."""
    return sorted([stat for stat in stats if stat.faults], key=lambda stat: (-stat.faults, stat.site))[:limit]
