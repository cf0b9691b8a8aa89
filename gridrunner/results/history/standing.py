"""Where a site stands after all its runs: broken since when, flapping, behind a wall, slower, gone. Owns the rules;
pure. The invariant: one odd night of a steady site is told as what it is, and of a site that was never steady nothing
is told that a coin would have said as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import StrEnum

from msgspec import Struct

from gridrunner.results.history.statistics import LEAST_PART, Z_95, bound_share, find_last_shift
from gridrunner.results.history.trails import Cell, Trail, level_seconds
from gridrunner.text import count_of

FLAPPING_SHARE = 0.02
"""A site is flapping when its first attempts fail, with 99% confidence, in more than this share of runs. A site that
fails once in fifty nights costs a retry a year; of 4,900 that fail once in 500 nights none gets there in 60 (the test
of planted histories).
"""

DOUBT = 0.01
"""What is less likely than this is not taken for chance."""

LEAST_SPELLS = 2
"""Failures with a pass between them: one of any length is an outage."""

OUTAGE_RUNS = 3
"""Red runs in a row that are an outage: a chart of three such nights is read as one."""

ROT_RUNS = 3
"""Runs in a row in which an address led nowhere: a weekend's maintenance is over by then."""

NEW_RUNS = 3
"""Runs until a site has a history of its own."""

SLOWER_FACTOR = 1.3
"""A page that takes a third longer; less than that is not acted upon (Hunter, ICPE 2023, reports from 5% in
benchmarks of one machine, where noise is a tenth of the web's)."""

SLOWER_S = 0.25
"""What a person can notice: 0.2 to 0.3 s (J. Nielsen, "Response times: the three important limits", 1993)."""


class Standing(StrEnum):
    """Where a site stands, what is to be looked at first on top."""

    NEWLY_BROKEN = "newly-broken"
    NEWLY_BLOCKED = "newly-blocked"
    BROKEN = "broken"
    FLAPPING = "flapping"
    LIST_ROT = "list-rot"
    BLOCKED = "blocked"
    SLOWER = "slower"
    MENDED = "newly-mended"
    NEW = "new"
    UNJUDGED = "unjudged"
    STEADY = "steady"


class SiteStanding(Struct, frozen=True, kw_only=True):
    """`since` is the run (from 0) in which it began to stand so, None for what has no beginning. `says` is one line;
    `is_slower` beside whatever else it is; `failed_first` of `judged` runs, with the bounds of that share.
    """

    standing: Standing
    says: str
    since: int | None = None
    is_slower: bool = False
    judged: int = 0
    failed_first: int = 0
    low: float = 0.0
    high: float = 1.0
    factor: float = 1.0


def judge_trails(trails: Sequence[Trail], runs: int) -> list[SiteStanding]:
    """Where each site of a history of `runs` runs stands, in the order of `trails`."""
    levels = level_seconds(trails)
    doubt = DOUBT / max(1, len(trails))  # Bonferroni: as many sites are asked
    return [judge_trail(trail, runs, levels.get(trail.site, []), doubt) for trail in trails]


def judge_trail(trail: Trail, runs: int, levels: Sequence[tuple[int, float]], doubt: float) -> SiteStanding:
    """Where one site stands. `levels` are the logarithms of its seconds by run; `doubt` what a shift in them may be
    due to chance by.
    """
    judged = trail.judged
    failed = sum(cell.state.first == "failed" for cell in judged)
    low, high = bound_share(failed, len(judged))
    slower = _find_slower(levels, doubt)
    standing, since, says = _decide(trail, judged, runs)
    if slower is not None and standing in {Standing.STEADY, Standing.MENDED}:
        standing, since, says = Standing.SLOWER, slower[0], slower[2]
    return SiteStanding(
        standing=standing,
        says=says,
        since=since,
        is_slower=slower is not None,
        judged=len(judged),
        failed_first=failed,
        low=low,
        high=high,
        factor=slower[1] if slower is not None else 1.0,
    )


def _decide(trail: Trail, judged: Sequence[Cell], runs: int) -> tuple[Standing, int | None, str]:
    walled = _count_last(trail.cells, is_so=lambda cell: cell.state.is_walled)
    if walled:
        first = trail.cells[-walled]
        name = first.state.wall or "a wall"
        if walled == 1 and len(trail.cells) > 1:
            return Standing.NEWLY_BLOCKED, first.run, f"by {name}, and was not in the run before"
        return Standing.BLOCKED, first.run, f"by {name} in the last {count_of(walled, 'run')}"
    gone = _count_last(judged, is_so=lambda cell: cell.state.is_gone)
    if gone >= ROT_RUNS:
        return Standing.LIST_ROT, judged[-gone].run, f"the address led nowhere in the last {count_of(gone, 'run')}"
    red = _count_last(judged, is_so=lambda cell: cell.state.is_red)
    if red and not _explains(judged[:-red], red):
        first = judged[-red]
        if red == len(judged):
            return Standing.BROKEN, first.run, f"in all {count_of(red, 'run')} that are known"
        if red == 1:
            return Standing.NEWLY_BROKEN, first.run, _describe_before(judged[:-1])
        return Standing.BROKEN, first.run, f"for {count_of(red, 'run')}; {_describe_before(judged[:-red])}"
    if _is_flapping(judged):
        return Standing.FLAPPING, None, _describe_flapping(judged)
    if not judged:
        return Standing.UNJUDGED, None, "no run could say anything of it"
    mended = _find_mended(judged)
    if mended:
        return Standing.MENDED, judged[-1].run, f"after {count_of(mended, 'red run')}"
    if len(judged) < NEW_RUNS <= runs - trail.cells[0].run + NEW_RUNS and trail.cells[0].run >= NEW_RUNS:
        return Standing.NEW, trail.cells[0].run, f"{count_of(len(judged), 'run')} so far"
    return Standing.STEADY, None, _describe_first(judged)


def _count_last(cells: Sequence[Cell], is_so: Callable[[Cell], bool]) -> int:
    count = 0
    for cell in reversed(cells):
        if not is_so(cell):
            break
        count += 1
    return count


def _count_spells(judged: Sequence[Cell]) -> tuple[int, int]:
    """Spells in which the first attempts failed, and the runs that they are counted of: a spell counts as one run, and
    an outage not at all. Many nights of one cause are one piece of evidence, not many.
    """
    spells = of = 0
    place = 0
    while place < len(judged):
        red = _count_last(judged[place:][::-1], is_so=lambda cell: cell.state.is_red)
        if red < OUTAGE_RUNS:
            spells += judged[place].state.first == "failed"
            of += 1
        place += max(1, red)
    return spells, of


def _is_flapping(judged: Sequence[Cell]) -> bool:
    spells, of = _count_spells(judged)
    if spells < LEAST_SPELLS:
        return False
    low, _ = bound_share(spells, of)
    if low <= FLAPPING_SHARE:
        return False
    calm = _count_last(judged, is_so=lambda cell: cell.state.first == "passed")
    usual, _ = bound_share(*_count_spells(judged[: len(judged) - calm]))
    return (1 - usual) ** calm >= DOUBT  # so long without a failure: it is over


def _explains(before: Sequence[Cell], red: int) -> bool:
    """Whether what a site did `before` explains that it now was red `red` times in a row."""
    if not _is_flapping(before):
        return False
    share = bound_share(sum(cell.state.is_red for cell in before), len(before), Z_95)[1]
    return share**red >= DOUBT


def _find_mended(judged: Sequence[Cell]) -> int:
    """How many red runs in a row ended with the newest one; 0 where none did."""
    if judged[-1].state.is_red:
        return 0
    before = judged[:-1]
    red = _count_last(before, is_so=lambda cell: cell.state.is_red)
    return 0 if _explains(before[: len(before) - red], red) else red


def _find_slower(levels: Sequence[tuple[int, float]], doubt: float) -> tuple[int, float, str] | None:
    if len(levels) < 2 * LEAST_PART:
        return None
    shift = find_last_shift([value for _, value in levels], most_chance=doubt)
    if shift is None:
        return None
    before_s, after_s = math.exp(shift.before), math.exp(shift.after)
    if after_s < SLOWER_FACTOR * before_s or after_s - before_s < SLOWER_S:
        return None
    return levels[shift.place][0], after_s / before_s, f"{before_s:.1f} s before, {after_s:.1f} s since"


def _describe_before(judged: Sequence[Cell]) -> str:
    return f"{_describe_first(judged)} before"


def _describe_first(judged: Sequence[Cell]) -> str:
    failed = sum(cell.state.first == "failed" for cell in judged)
    return f"failed at first in {failed} of {count_of(len(judged), 'run')}"


def _describe_flapping(judged: Sequence[Cell]) -> str:
    failed = sum(cell.state.first == "failed" for cell in judged)
    low, high = bound_share(failed, len(judged))
    return f"{_describe_first(judged)} ({low:.0%} to {high:.0%})"
