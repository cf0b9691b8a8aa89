"""What checks are judged on: the sites and observations of a run.

Invariant: each site is judged on exactly one attempt, and for each site without one there is a sentence that says why.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from gridrunner import codec
from gridrunner.errors import RunFolderError
from gridrunner.foreign import MOST_FACTS_BYTES, read_gzip
from gridrunner.model import Detection, Facts, Observation, Outcome, Site
from gridrunner.results.journal.evidence import find_evidence

_CACHED_SITES = 4  # checks run site by site, so that one is enough; four cover reordering by other plugins


class RunSource(Struct, frozen=True, kw_only=True):
    """What checks are judged on: sites in plan order, and the observation of each that has one.

    `checks` limits the run to these check ids (None: all that pytest collects); `judged` holds (check, site) that are
    left out; without `fails_blocked` sites behind a wall are skipped; with `is_rescored` the detection is made anew
    from the stored facts, where there are some. `attempts` says which attempt is judged where there is no observation
    (live checks).
    """

    folder: Path
    sites: Mapping[str, Site]
    observations: Mapping[str, Observation]
    checks: frozenset[str] | None = None
    judged: frozenset[tuple[str, str]] = frozenset()
    is_rescored: bool = True
    fails_blocked: bool = False
    attempts: Mapping[str, int] = field(default_factory=dict)

    def attempt_of(self, site_id: str) -> int:
        """The attempt that is judged; 1 where nothing says."""
        observation = self.observations.get(site_id)
        return observation.attempt if observation is not None else self.attempts.get(site_id, 1)

    def explain_wall(self, site_id: str) -> str | None:
        """Why nothing can be said of a site that a wall kept us from, or None: unless the list expects the wall."""
        observation = self.observations.get(site_id)
        if self.fails_blocked or observation is None or observation.outcome is not Outcome.BLOCKED:
            return None
        is_expected = self.sites[site_id].expect.outcome is Outcome.BLOCKED
        return None if is_expected else observation.detail or "blocked"

    def explain_gap(self, site_id: str) -> str | None:
        """Why the site cannot be judged, in one sentence, or None."""
        observation = self.observations.get(site_id)
        if observation is None:
            return f"not observed: the run has no visit of {site_id}"
        if observation.fault is not None:
            return f"not observed: {observation.fault.kind.value}: {observation.fault.message}"
        return None


@functools.lru_cache(maxsize=_CACHED_SITES)
def read_facts(folder: Path, name: str) -> Facts:
    """The facts that an observation of the run in `folder` calls `name`. Raises RunFolderError where that is no
    evidence of the run, or no facts.
    """
    path = find_evidence(folder, name)
    if path is None:
        raise RunFolderError(f"{name[:200]}: the evidence of the run has no such file")
    try:
        return codec.decode(read_gzip(path, most_bytes=MOST_FACTS_BYTES), dict)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be read: {error.strerror}") from error
    except codec.BrokenJsonError as error:
        raise RunFolderError(f"{path} holds no facts: {error}") from error


@functools.lru_cache(maxsize=_CACHED_SITES)
def score_facts(folder: Path, name: str) -> Detection:
    """What the scorer makes of them today. Raises as `read_facts`."""
    from gridrunner.detection import detect  # noqa: PLC0415 - its vocabularies are loaded where facts are scored

    return detect(read_facts(folder, name))
