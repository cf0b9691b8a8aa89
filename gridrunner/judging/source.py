"""What checks are judged on: the sites and observations of a run.

Invariant: each site is judged on exactly one attempt, and for each site without one there is a sentence that says why.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from gridrunner import codec
from gridrunner.model import Detection, Facts, Observation, Site

_CACHED_SITES = 4  # checks run site by site, so that one is enough; four cover reordering by other plugins


class RunSource(Struct, frozen=True, kw_only=True):
    """What checks are judged on: sites in plan order, and the observation of each that has one.

    `checks` limits the run to these check ids (None: all that pytest collects); `judged` holds (check, site) that are
    left out; with `is_rescored` the detection is made anew from the stored facts, where there are some. `attempts` says
    which attempt is judged where there is no observation (live checks).
    """

    folder: Path
    sites: Mapping[str, Site]
    observations: Mapping[str, Observation]
    checks: frozenset[str] | None = None
    judged: frozenset[tuple[str, str]] = frozenset()
    is_rescored: bool = True
    attempts: Mapping[str, int] = field(default_factory=dict)

    def attempt_of(self, site_id: str) -> int:
        """The attempt that is judged; 1 where nothing says."""
        observation = self.observations.get(site_id)
        return observation.attempt if observation is not None else self.attempts.get(site_id, 1)

    def explain_gap(self, site_id: str) -> str | None:
        """Why the site cannot be judged, in one sentence, or None."""
        observation = self.observations.get(site_id)
        if observation is None:
            return f"not observed: the run has no visit of {site_id}"
        if observation.fault is not None:
            return f"not observed: {observation.fault.kind.value}: {observation.fault.message}"
        return None


@functools.lru_cache(maxsize=_CACHED_SITES)
def read_facts(path: Path) -> Facts:

    return codec.decode(gzip.decompress(path.read_bytes()), dict)


@functools.lru_cache(maxsize=_CACHED_SITES)
def score_facts(path: Path) -> Detection:
    from gridrunner.detection import detect  # noqa: PLC0415 - its vocabularies are loaded where facts are scored

    return detect(read_facts(path))
