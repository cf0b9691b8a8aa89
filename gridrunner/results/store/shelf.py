"""The history in a store: an object for each run, so that writers never wait for one another and nothing is joined
before it is read. Owns its keys:

    history/runs/<start>_<run>.json.gz     what is kept of one run or shard (`results.history.entries`)
    history/history.sqlite                 what was there before there were entries; read, and never written again

The invariant: an object is put where none is, or in place of the very one that was read ("Conditional writes", Amazon
S3 User Guide). A writer that dies leaves nothing, or all of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from gridrunner.aws.clients import AwsFault
from gridrunner.aws.objects import CONFLICT_PAUSE_S, SWAP_TRIES
from gridrunner.results.store.s3 import AT_ONCE, RunStore

SHELF = "history/runs/"

OLD_HISTORY = "history/history.sqlite"


class EntryShelf:
    """The entries of a store, by the names that `name_entry` gives them. Every method raises AwsRefused and
    AwsFault.
    """

    def __init__(self, store: RunStore) -> None:
        self._objects = store.objects

    def names(self) -> list[str]:
        """All of them, oldest first."""
        return sorted(name.removeprefix(SHELF) for name in self._objects.list_names(SHELF))

    def read(self, names: Iterable[str]) -> Iterator[bytes]:
        """The entries of these names, in any order; one that was removed meanwhile is left out."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="history") as pool:
            for stored in pool.map(lambda name: self._objects.get(SHELF + name), names):
                if stored is not None:
                    yield stored[0]

    def read_old(self) -> bytes | None:
        """The file of a store that is older than entries; None where there is none."""
        stored = self._objects.get(OLD_HISTORY)
        return stored[0] if stored is not None else None

    def put(self, name: str, data: bytes, is_better: Callable[[bytes], bool]) -> bool:
        """Put an entry, unless one is there that `is_better` does not find worse; whether it was put."""
        for _ in range(SWAP_TRIES):
            stored = self._objects.get(SHELF + name)
            if stored is not None and (stored[0] == data or not is_better(stored[0])):
                return False
            if self._objects.swap(SHELF + name, data, None if stored is None else stored[1]):
                return True
            time.sleep(CONFLICT_PAUSE_S * random.random())  # noqa: S311 - two writers must not meet again
        raise AwsFault(f"{self._objects.show(SHELF + name)}: others changed it {SWAP_TRIES} times while it was written")

    def remove(self, names: Iterable[str]) -> None:
        """Remove entries, whether they are there or not."""
        for name in names:
            self._objects.remove(SHELF + name)
