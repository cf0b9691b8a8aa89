"""Runs that are over, kept for the planning of later ones."""

from __future__ import annotations

from pathlib import Path

from gridrunner.results.history import open_history
from gridrunner.results.record import RunRecord
from gridrunner.terminal.console import Say


def remember_run(path: Path, record: RunRecord, say: Say, *, keep: int | None = None) -> None:
    """Add a run to the history at `path`, and forget all but the newest `keep` runs (None: none is forgotten). A
    history that cannot be used is warned of, and costs nothing else.
    """
    with open_history(path, lambda text: say(f"warning: {text}")) as history:
        history.add_run(record)
        if keep is not None:
            history.prune(keep=keep)
