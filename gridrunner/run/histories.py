"""The history that a command of `gridrunner history` is about: a file, or a store with a copy of it on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from gridrunner.errors import NothingToRun, RunFolderError, UsageError
from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.file import KEPT_RUNS, History, open_history
from gridrunner.results.history.packing import make_entry
from gridrunner.results.record import load_run
from gridrunner.results.reports.html.page import REPORT_NAME
from gridrunner.results.reports.html.past import PastRun
from gridrunner.run.remembering import is_replay, place_of
from gridrunner.settings.loading import Settings
from gridrunner.terminal.console import Say

if TYPE_CHECKING:
    from gridrunner.results.store.s3 import RunStore


class SharedHistory:
    """An open history. What is changed is changed in the store as well, where there is one."""

    def __init__(self, path: Path, history: History, store: RunStore | None) -> None:
        self.path = path
        self._history = history
        self._store = store

    def entries(self, *, newest: int = KEPT_RUNS) -> list[RunEntry]:
        """As of the history."""
        return self._history.entries(newest=newest)

    def find_report(self, entry: RunEntry, page: Path) -> PastRun:
        """Where the report and the pictures of a run are, as links from `page`: where the entry says, or in a folder of
        the run's name beside the history.
        """
        beside = self.path.parent
        for folder in (beside / entry.place if entry.place else None, beside / Path(entry.run).name):
            if folder is not None and (folder / REPORT_NAME).is_file():
                base = quote(Path(os.path.relpath(folder, page.parent)).as_posix())
                return PastRun(report=f"{base}/{REPORT_NAME}", shots=f"{base}/", place=str(folder))
        return PastRun(place=entry.place)

    def import_run(self, folder: Path) -> bool:
        """Remember the run in `folder`. Raises RunFolderError, AwsRefused and AwsFault."""
        record = load_run(folder)
        if is_replay(record):
            raise RunFolderError(f"{folder}: is a replay, which is no night of the sites")
        entry = make_entry(record, place=place_of(folder, self.path))
        if self._store is not None:
            from gridrunner.run.shelving import put_entry  # noqa: PLC0415 - boto3 takes half a second

            put_entry(self._store, entry)
        return self._history.add_entry(entry)

    def prune(self, *, keep: int, since: str = "") -> int:
        """Forget all but the newest runs, and what began before `since`; how many entries went here or, where there is
        a store, there. Raises AwsRefused and AwsFault.
        """
        forgotten = self._history.prune(keep=keep, since=since)
        if self._store is None:
            return forgotten
        from gridrunner.run.shelving import prune_store  # noqa: PLC0415 - boto3 takes half a second

        kept = self._history.entries()
        return prune_store(self._store, kept[0].started if kept else "9999")


@contextmanager
def open_shared_history(settings: Settings, say: Say, *, is_new_allowed: bool = False) -> Iterator[SharedHistory]:
    """The history that the settings name: of --store, of which a copy is kept under --out, else the file of --history.
    Raises UsageError for one that cannot be used, NothingToRun for one that is not there, AwsRefused and AwsFault.
    """
    path, store = settings.store.history, None
    if settings.store.url is not None and not settings.is_given("history"):
        from gridrunner.run.shelving import HISTORY_COPY, sync_history  # noqa: PLC0415 - boto3 takes half a second
        from gridrunner.run.storing import make_store  # noqa: PLC0415 - the same

        store = make_store(settings.store.url, settings.fleet.file)
        path = settings.output.out / HISTORY_COPY
        sync_history(store, path, say)
    if not path.is_file() and not is_new_allowed:
        hint = "every `gridrunner run` adds to it, and `gridrunner history import RUN` what there is already"
        raise NothingToRun(f"{path}: there is no history yet", hint=hint)
    with open_history(path, _refuse) as history:
        yield SharedHistory(path, history, store)


def _refuse(problem: str) -> None:
    raise UsageError(problem)
