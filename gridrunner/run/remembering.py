"""Runs that are over, kept for the planning of later ones and for `gridrunner history`."""

from __future__ import annotations

import os
from pathlib import Path

from gridrunner.archive.traffic import ARCHIVE_PROBE
from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.file import KEPT_RUNS, open_history
from gridrunner.results.history.packing import make_entry
from gridrunner.results.journal.lines import JOURNAL_NAME
from gridrunner.results.record import RunRecord
from gridrunner.terminal.console import Say

RUNS_LOOKED_AT = 60
"""Two months of nights: what a strip shows on a screen, and where a share of 5% is told from one of 1%."""


def is_replay(record: RunRecord) -> bool:
    """Whether the run asked an archive: that says what a change of ours does, not how the sites fare, and is no night
    of theirs.
    """
    first = next(iter(record.observations.values()), ())
    return any(ARCHIVE_PROBE in visit.probes for visit in first)


def remember_run(path: Path, record: RunRecord, say: Say, *, folder: Path | None = None, group: str = "") -> RunEntry:
    """Add a run, whose folder is `folder`, to the history at `path`, and forget what is older than the newest
    KEPT_RUNS; what is kept of the run. A history that cannot be used is warned of, and costs nothing else.
    """
    entry = make_entry(record, place=place_of(folder, path), group=group)
    if not is_replay(record):
        remember_entry(path, entry, say)
    return entry


def remember_entry(path: Path, entry: RunEntry, say: Say) -> None:
    """As `remember_run`, for what is kept of it."""
    with open_history(path, lambda text: say(f"warning: {text}")) as history:
        history.add_entry(entry)
        history.prune(keep=KEPT_RUNS)


def read_runs(path: Path, say: Say) -> list[RunEntry]:
    """The newest runs of the history at `path`, oldest first; a history that cannot be used is warned of and has
    none.
    """
    with open_history(path, lambda text: say(f"warning: {text}")) as history:
        return history.entries(newest=RUNS_LOOKED_AT)


LOOKED_BACK = 3
"""Runs among which the one before is looked for: it may have been made elsewhere."""


def find_folder_before(path: Path, entry: RunEntry, say: Say) -> Path | None:
    """The folder of the newest run before `entry` in the history at `path`, where it is on this machine."""
    with open_history(path, lambda text: say(f"warning: {text}")) as history:
        known = history.entries(newest=LOOKED_BACK)
    own = {entry.run, *entry.merged_from}
    for before in reversed(known):
        folder = path.parent / before.place
        is_earlier = before.run not in own and before.started <= entry.started
        if is_earlier and before.place and (folder / JOURNAL_NAME).is_file():
            return folder
    return None


def place_of(folder: Path | None, history: Path) -> str:
    """Where a run folder is, as seen from the history: both may be carried to another machine together."""
    if folder is None:
        return ""
    absolute, root = (Path(os.path.abspath(path)) for path in (folder, history.parent))  # noqa: PTH100 - links stay
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else absolute.as_posix()
