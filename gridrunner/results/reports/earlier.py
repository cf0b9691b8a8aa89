"""The run before, whose pages are shown beside those of this one."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from gridrunner.model import Observation, Outcome
from gridrunner.results.record import RunRecord


class Earlier(Struct, frozen=True, kw_only=True):
    """An earlier run. `path` leads from the folder of the later one to its folder, and ends in a slash."""

    record: RunRecord
    path: str

    @property
    def link(self) -> str:
        """`path` as a URL."""
        return quote(self.path)

    def find_visit(self, site: str) -> Observation | None:
        """Its visit of a site that says most: the last that saw a page, else the last that got there."""
        visits = [visit for visit in self.record.observations.get(site, ()) if visit.outcome is not None]
        seen = [visit for visit in visits if visit.outcome is Outcome.OBSERVED]
        return next((group[-1] for group in (seen, visits) if group), None)


def make_earlier(record: RunRecord, folder: Path, later: Path) -> Earlier:
    """The run of `record` in `folder`, as seen from the run folder `later`."""
    return Earlier(record=record, path=Path(os.path.relpath(folder, later)).as_posix() + "/")
