"""What differs between a live run and replays: the site changed, or we did. Pure.

Three runs are compared, site by site: the reference (the version before, on the recorded pages), the replay (this
version, on the same pages) and the live run (this version, on today's pages). Reference and replay saw the same pages,
so what differs between them is ours; replay and live run are the same version, so what differs there is the site's.
Where the live run made the archive, it is the reference, and only what is ours can be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

from msgspec import Struct

from gridrunner.model import Verdict


class Drift(StrEnum):
    """What happened to a site, in words."""

    BROKE = "your change broke it"
    MENDED = "your change mended it"
    BOTH = "both: your change and the site"
    SITE = "the site changed"
    SAME = "nothing changed"
    UNKNOWN = "cannot be told"


class State(StrEnum):
    """Of a site in one run."""

    GOOD = "passed"
    BAD = "failed"
    NONE = "no verdict"


GOOD: Final = frozenset({Verdict.PASSED, Verdict.FLAKY})


def state_of(verdict: Verdict | None) -> State:
    """What a run says of a site. What was skipped, lost to a fault or not run says nothing."""
    if verdict in GOOD:
        return State.GOOD
    return State.BAD if verdict is Verdict.FAILED else State.NONE


class SiteDrift(Struct, frozen=True, kw_only=True):
    """A site in the three runs; `live` None: the live run is the reference. `differences` are sentences: what the
    replay came to otherwise than the reference, then the live run otherwise than the replay.
    """

    site: str
    drift: Drift
    reference: State
    replay: State
    live: State | None = None
    is_broken: bool = False
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def tell_drift(reference: State, replay: State, live: State | None) -> Drift:
    """Which of the cases it is. No verdict in one of the two runs that are ours tells nothing: none is blamed."""
    if State.NONE in {reference, replay}:
        return Drift.UNKNOWN
    did_we_change = replay is not reference
    did_site_change = live is not None and live is not State.NONE and live is not replay
    match (did_we_change, did_site_change):
        case (True, True):
            return Drift.BOTH
        case (True, False):
            return Drift.BROKE if replay is State.BAD else Drift.MENDED
        case (False, True):
            return Drift.SITE
        case _:
            return Drift.SAME


def is_broken_by_us(reference: State, replay: State) -> bool:
    """Whether the change is to blame, whatever the site did meanwhile: on the same pages it passed before."""
    return reference is State.GOOD and replay is State.BAD


ORDER: Final[Sequence[Drift]] = (Drift.BROKE, Drift.BOTH, Drift.SITE, Drift.MENDED, Drift.UNKNOWN, Drift.SAME)
"""What is to be looked at first."""


def count_drifts(sites: Sequence[SiteDrift]) -> Mapping[Drift, int]:
    """How many sites of each case, in ORDER."""
    return {drift: sum(site.drift is drift for site in sites) for drift in ORDER}


def describe_states(site: SiteDrift) -> str:
    """What the three runs say: `passed before, failed now; live: failed`."""
    live = f"; live: {site.live}" if site.live is not None else ""
    return f"{site.reference} before, {site.replay} now{live}"


def explain_drift(drift: Drift) -> str:
    """What to do about it, in one sentence."""
    match drift:
        case Drift.BROKE:
            return "on the same pages it passed before: look at your change"
        case Drift.BOTH:
            return "your change made a difference on the recorded pages, and today's are others"
        case Drift.SITE:
            return "your version says the same of the recorded pages: look at the site, and record it anew"
        case Drift.MENDED:
            return "on the same pages it failed before"
        case Drift.UNKNOWN:
            return "one of the runs has no verdict: skipped, a fault, or not replayed"
        case Drift.SAME:
            return "the same verdict in every run"
        case _:
            assert_never(drift)
