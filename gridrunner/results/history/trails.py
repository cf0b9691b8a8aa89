"""The runs of a history turned by site: for each site what became of it, run by run. Pure. The invariant: a trail has
at most one cell a run, in the order of the runs, and none where the site took no part.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from gridrunner.model import Outcome, Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry

WALLS = frozenset({Outcome.BLOCKED, Outcome.REFUSED})

GONE_STATUSES = frozenset({404, 410})
"""HTTP's words for an address that leads nowhere: RFC 9110, sections 15.5.5 and 15.5.11."""

ROTTEN = "http-gone"
"""The outcome of a visit that ended with one of them."""

LEAST_S = 0.01
"""Seconds of a visit are told with two decimals; a logarithm wants more than zero."""


class State(NamedTuple):
    """What became of a site in a run, without figures: thousands of cells share a few dozen of them. `outcome` is of
    the last visit, a FaultKind where that was lost, or ROTTEN; `first` as in SiteEntry.
    """

    verdict: Verdict
    outcome: str
    first: str
    wall: str
    is_held: bool

    @property
    def is_red(self) -> bool:
        """Whether the site failed, be it that a quarantine excuses it."""
        return self.verdict is Verdict.FAILED or self.is_held

    @property
    def is_walled(self) -> bool:
        """Whether a wall stood where the page should have been; where the list expects one, the site passes."""
        return self.outcome in WALLS and self.verdict in {Verdict.FAILED, Verdict.SKIPPED}

    @property
    def is_gone(self) -> bool:
        """Whether the address led nowhere."""
        return self.outcome in {Outcome.UNREACHABLE, ROTTEN} and (self.is_red or self.verdict is Verdict.SKIPPED)

    @property
    def is_judged(self) -> bool:
        """Whether the run says anything of the site's own doing: no fault of ours, no wall, nothing left out."""
        return self.first != "" and not self.is_walled


class Cell(NamedTuple):
    """A site in the run at `run`, which counts from 0; `seconds` is of its last visit that was no fault, else None."""

    run: int
    state: State
    seconds: float | None
    tries: int


class Note(NamedTuple):
    """What is said of a cell that is not plain green."""

    cause: str
    why: str
    shot: str


class Trail(Struct, kw_only=True):
    """A site through the runs. `newest` is what its last run knew of it."""

    site: str
    newest: SiteEntry
    cells: list[Cell]
    notes: dict[int, Note]

    @property
    def judged(self) -> list[Cell]:
        """The cells that say something of the site."""
        return [cell for cell in self.cells if cell.state.is_judged]


def make_trails(runs: Sequence[RunEntry]) -> list[Trail]:
    """A trail for each site of `runs`, which are oldest first; the sites of the newest run come first, in its order."""
    trails: dict[str, Trail] = {}
    states: dict[State, State] = {}
    for number, run in enumerate(runs):
        for site in run.sites:
            trail = trails.get(site.site)
            if trail is None:
                trail = trails[site.site] = Trail(site=site.site, newest=site, cells=[], notes={})
            elif trail.cells and trail.cells[-1].run == number:
                continue  # the same site twice in one run: shards that do not fit together
            trail.newest = site
            state = _name_state(site)
            state = states.setdefault(state, state)
            trail.cells.append(Cell(number, state, _find_seconds(site), len(site.visits)))
            if site.cause or site.shot:
                trail.notes[number] = Note(site.cause, site.why, site.shot)
    places = {site.site: place for place, site in enumerate(runs[-1].sites)} if runs else {}
    return sorted(trails.values(), key=lambda trail: (places.get(trail.site, len(places)), trail.site))


def _name_state(site: SiteEntry) -> State:
    outcome = site.visits[-1].ended if site.visits else ""
    if outcome == Outcome.HTTP_ERROR and site.status in GONE_STATUSES:
        outcome = ROTTEN
    wall = site.wall if outcome == Outcome.BLOCKED else ""
    return State(site.verdict, outcome, site.first, wall, site.is_held)


def _find_seconds(site: SiteEntry) -> float | None:
    for visit in reversed(site.visits):
        if not visit.is_faulted:
            return visit.seconds
    return None


def level_seconds(trails: Sequence[Trail]) -> dict[str, list[tuple[int, float]]]:
    """(run, logarithm of seconds) of each site's plain visits, by site, less what the whole run was slower or faster
    by: a slow night of the machine that visits is not a site's.
    """
    logs = {
        trail.site: [
            (cell.run, math.log(max(LEAST_S, cell.seconds)))
            for cell in trail.cells
            if cell.seconds is not None and cell.state.outcome == Outcome.OBSERVED
        ]
        for trail in trails
    }
    of_run: dict[int, list[float]] = {}
    for rows in logs.values():
        if len(rows) > 1:
            usual = statistics.median([value for _, value in rows])
            for run, value in rows:
                of_run.setdefault(run, []).append(value - usual)
    excess = {run: statistics.median(values) for run, values in of_run.items() if len(values) >= _SITES_OF_A_LEVEL}
    return {site: [(run, value - excess.get(run, 0.0)) for run, value in rows] for site, rows in logs.items()}


_SITES_OF_A_LEVEL = 20
"""Sites from which a run's own pace can be told: fewer, and what a few sites did together would be taken for it."""
