"""How the sites of a history fare by what they have in common, and how its runs went one after another. Pure."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from gridrunner.model import Outcome, Verdict
from gridrunner.planning.durations import percentile
from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.statistics import Z_95, bound_share
from gridrunner.results.history.trails import Cell, Trail

LATELY = 10
"""Runs that count as now: a share of 200 sites over ten nights is known to within 2%."""


class Rate(Struct, frozen=True, kw_only=True):
    """Sites that share something, over some runs: of `judged` (site, run), `passed` in the end and `failed_first`;
    `walled` of `visits` ended at a wall. `low` and `high` bound the share that passed, with 95% confidence.
    """

    name: str
    sites: int
    visits: int
    judged: int
    passed: int
    failed_first: int
    walled: int
    median_s: float
    low: float
    high: float


class RunFigures(Struct, frozen=True, kw_only=True):
    """A run in figures: sites by verdict; of `judged` ones, `failed_first` and those that passed when tried again;
    those behind a wall; seconds of visits.
    """

    verdicts: dict[str, int]
    judged: int
    passed: int
    failed_first: int
    flaky: int
    walled: int
    median_s: float
    p90_s: float


def list_rates(
    trails: Sequence[Trail], name_cell: Callable[[Trail, Cell], Iterable[str]], *, since: int = 0
) -> list[Rate]:
    """The rate of each name that `name_cell` has for a cell, from the run `since` on; most sites first."""
    cells: dict[str, list[Cell]] = defaultdict(list)
    sites: dict[str, set[str]] = defaultdict(set)
    for trail in trails:
        for cell in trail.cells:
            if cell.run >= since:
                for name in name_cell(trail, cell):
                    cells[name].append(cell)
                    sites[name].add(trail.site)
    return sorted(
        [_count(name, len(sites[name]), cells[name]) for name in cells], key=lambda rate: (-rate.sites, rate.name)
    )


def _count(name: str, sites: int, cells: Sequence[Cell]) -> Rate:
    judged = [cell.state for cell in cells if cell.state.is_judged]
    passed = sum(not state.is_red for state in judged)
    seconds = [cell.seconds for cell in cells if cell.seconds is not None]
    low, high = bound_share(passed, len(judged), Z_95)
    return Rate(
        name=name,
        sites=sites,
        visits=len(cells),
        judged=len(judged),
        passed=passed,
        failed_first=sum(state.first == "failed" for state in judged),
        walled=sum(cell.state.is_walled for cell in cells),
        median_s=round(statistics.median(seconds), 2) if seconds else 0.0,
        low=low,
        high=high,
    )


def count_runs(trails: Sequence[Trail], runs: Sequence[RunEntry]) -> list[RunFigures]:
    """The figures of each run."""
    cells: list[list[Cell]] = [[] for _ in runs]
    for trail in trails:
        for cell in trail.cells:
            cells[cell.run].append(cell)
    return [_count_run(of_run) for of_run in cells]


def _count_run(cells: Sequence[Cell]) -> RunFigures:
    judged = [cell.state for cell in cells if cell.state.is_judged]
    seconds = [cell.seconds for cell in cells if cell.seconds is not None and cell.state.outcome == Outcome.OBSERVED]
    verdicts = Counter(cell.state.verdict for cell in cells)
    return RunFigures(
        verdicts={str(verdict): verdicts[verdict] for verdict in Verdict if verdicts[verdict]},
        judged=len(judged),
        passed=sum(not state.is_red for state in judged),
        failed_first=sum(state.first == "failed" for state in judged),
        flaky=verdicts[Verdict.FLAKY],
        walled=sum(cell.state.is_walled for cell in cells),
        median_s=round(statistics.median(seconds), 2) if seconds else 0.0,
        p90_s=round(percentile(seconds, 90), 2) if seconds else 0.0,
    )
