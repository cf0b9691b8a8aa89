"""Which sites a quarantine would be for, and which could leave theirs. Pure; it proposes, and people decide."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from gridrunner.results.history.standing import SiteStanding, Standing
from gridrunner.results.history.trails import Trail
from gridrunner.text import count_of

WELL_RUNS = 10
"""Runs in a row that passed at first until a quarantine can go: a site that fails in a third of its runs does that once
in sixty times.
"""

LEAST_BROKEN = 3
"""Red runs after which a broken site is proposed: before, it may be being mended."""


class Proposal(Struct, frozen=True, kw_only=True):
    """A site and why, in one line that may stand in a site list for all to read."""

    site: str
    reason: str


def propose_quarantines(
    trails: Sequence[Trail], stood: Sequence[SiteStanding], *, are_broken_wanted: bool
) -> list[Proposal]:
    """Sites that are flapping and in no quarantine: their failures are noise in every run. Broken ones only when they
    are wanted: they are to be mended, and a quarantine hides that.
    """
    proposals = []
    for trail, standing in zip(trails, stood, strict=True):
        is_broken = standing.standing is Standing.BROKEN and _count_red(trail) >= LEAST_BROKEN
        is_wanted = standing.standing is Standing.FLAPPING or (are_broken_wanted and is_broken)
        if is_wanted and not trail.newest.is_quarantined:
            proposals.append(Proposal(site=trail.site, reason=f"{standing.standing}: {standing.says}"))
    return proposals


def propose_releases(trails: Sequence[Trail], *, well_runs: int = WELL_RUNS) -> list[Proposal]:
    """Sites in quarantine that passed at first in their last `well_runs` runs."""
    releases = []
    for trail in trails:
        last = trail.judged[-well_runs:]
        is_well = len(last) == well_runs and all(cell.state.first == "passed" for cell in last)
        if trail.newest.is_quarantined and is_well:
            reason = f"passed at first in its last {count_of(well_runs, 'run')}"
            releases.append(Proposal(site=trail.site, reason=reason))
    return releases


def _count_red(trail: Trail) -> int:
    count = 0
    for cell in reversed(trail.judged):
        if not cell.state.is_red:
            break
        count += 1
    return count
