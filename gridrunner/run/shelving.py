"""The history in a store and the copy of it on this machine, which planning and `gridrunner history` read."""

from __future__ import annotations

from pathlib import Path

from gridrunner import codec
from gridrunner.results.history.entries import STAMP_LENGTH, RunEntry, name_entry
from gridrunner.results.history.file import ENTRIES_PER_RUN, KEPT_RUNS, open_history
from gridrunner.results.history.packing import is_newer, pack_entry, unpack_entry
from gridrunner.results.store.s3 import RunStore
from gridrunner.results.store.shelf import EntryShelf
from gridrunner.terminal.console import Say

HISTORY_COPY = "history-of-store.sqlite"
"""Under --out: the copy of the store's history."""


def sync_history(store: RunStore, path: Path, say: Say) -> None:
    """Bring the copy at `path` up to what the store has; what it knows already is not asked for again. Raises
    AwsRefused and AwsFault.
    """
    shelf = EntryShelf(store)
    if not path.exists():
        old = shelf.read_old()
        if old is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(old)
    with open_history(path, lambda text: say(f"warning: {text}")) as history:
        known = history.names()
        newest = shelf.names()[-KEPT_RUNS * ENTRIES_PER_RUN :]
        for data in shelf.read([name for name in newest if name not in known]):
            try:
                history.add_entry(unpack_entry(data))
            except (OSError, codec.BrokenJsonError) as error:
                reason = getattr(error, "strerror", None) or error
                say(f"warning: {store.url.text}: an entry of the history cannot be read: {reason}")


def put_entry(store: RunStore, entry: RunEntry) -> bool:
    """Put what is kept of a run into the store, unless it knows as much of it; whether it was put. Raises AwsRefused
    and AwsFault.
    """

    def is_better(there: bytes) -> bool:
        try:
            return is_newer(entry, unpack_entry(there))
        except (OSError, codec.BrokenJsonError):
            return True

    return EntryShelf(store).put(name_entry(entry.run, entry.started), pack_entry(entry), is_better)


def prune_store(store: RunStore, since: str) -> int:
    """Remove from the store what began before `since` (ISO 8601); how many entries went. Raises AwsRefused and
    AwsFault.
    """
    shelf = EntryShelf(store)
    first = name_entry("", since)[:STAMP_LENGTH]
    stale = [name for name in shelf.names() if name[:STAMP_LENGTH] < first]
    shelf.remove(stale)
    return len(stale)
