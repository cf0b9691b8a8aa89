"""The entries of earlier runs in one SQLite file. Owns the file and its schema; the invariant: whatever is wrong with
the file, the run goes on without it and the user is told once.

The rollback journal is used and not WAL: the history is a single file that CI can cache, also after a kill, and it is
written once per run. Several runs may end at the same time: each writes in one short transaction and waits for the
others. Sites are known by their ids: a site that moves to another URL keeps its history.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gridrunner import codec
from gridrunner.errors import describe_newer
from gridrunner.foreign import open_file
from gridrunner.planning.durations import RECENT_VISITS, PastVisit
from gridrunner.results.history.entries import RunEntry, VisitEntry, join_entries, list_past_seconds, name_entry
from gridrunner.results.history.packing import is_newer, make_entry, pack_entry, unpack_entry, unpack_visits
from gridrunner.results.history.version1 import read_version_1
from gridrunner.results.journal.lines import collector_paused
from gridrunner.results.record import RunRecord

HISTORY_VERSION = 2
"""The schema's number, in SQLite's `user_version`; a newer one is refused, version 1 is read and becomes 2 when a run
is added.
"""

APPLICATION_ID = 0x67726964
"""`grid` in ASCII, in SQLite's `application_id`: another program's database is not taken for ours."""

WAIT_S = 10.0
"""How long a writer waits for others: one run of 100,000 visits is written in about 2 s (measured 2026-11-24)."""

KEPT_RUNS = 400
"""Runs that are kept unless told otherwise: a year of nights, with a month of reruns. At 5,000 sites 365 runs have 30
MB (measured 2026-11-30), so the file is bounded.
"""

PLANNING_RUNS = 60
"""Newest runs in which planning looks for ten visits of a site: 60 of 5,000 sites are read in 0.3 s (measured
2026-11-30), and what was not seen for two months is as good as new.
"""

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {HISTORY_VERSION};
CREATE TABLE entries (
    name TEXT PRIMARY KEY, run TEXT NOT NULL, started TEXT NOT NULL, unit TEXT NOT NULL, entry BLOB NOT NULL);
"""
"""`unit` is what counts as one run when old ones are forgotten: the group of a shard, the run that others were merged
into.
"""

ENTRIES_PER_RUN = 10
"""A run of eight shards has nine entries."""

# Cast, because a column may hold anything in SQLite, and the file may be another's.
_NEWEST = "SELECT CAST(entry AS BLOB) FROM entries ORDER BY started DESC, name DESC LIMIT ?"


class History:
    """An open history; a file that does not exist yet is made by the first run that is added. Use it in one thread.

    Nothing here raises for what is wrong with the file: the answer is empty and `warn` was told why, once.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection | None, warn: Callable[[str], None], *, problem: str = ""
    ) -> None:
        """Use `open_history`. With a `problem` the file is left alone: nothing is read and nothing written."""
        self._path = path
        self._connection = connection
        self._warn = warn
        self._is_warned = False
        self._is_usable = not problem
        if problem:
            self._tell(problem)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # ---------------------------------------------------------------------------------------------------------- writing

    def add_run(self, record: RunRecord, *, place: str = "", group: str = "") -> bool:
        """Remember the visits and verdicts of a run, in place of what was known of the same run before (it may have
        been resumed). False when the file could not be written.
        """
        return self.add_entry(make_entry(record, place=place, group=group))

    def add_entry(self, entry: RunEntry) -> bool:
        """As `add_run`, for what is kept of a run already: what knows more of a run stays, whichever came first."""
        if not self._is_usable:
            return False
        name = name_entry(entry.run, entry.started)
        is_written = False
        with self._guarded("written"):
            connection = self._connect_for_writing()
            with _transaction(connection):
                known = connection.execute("SELECT CAST(entry AS BLOB) FROM entries WHERE name = ?", (name,)).fetchone()
                if known is None or is_newer(entry, unpack_entry(known[0])):
                    connection.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", _describe(entry))
                    connection.executemany(
                        "UPDATE entries SET unit = ? WHERE run = ?", [(entry.run, run) for run in entry.merged_from]
                    )
            is_written = True
        return is_written  # noqa: RET504 - the block swallows what goes wrong in it

    def prune(self, *, keep: int = KEPT_RUNS, since: str = "") -> int:
        """Forget all but the `keep` newest runs, and those that began before `since` (ISO 8601), and give the space
        back; how many were forgotten.
        """
        forgotten = 0
        if self._connection is None or not self._is_usable:
            return forgotten
        with self._guarded("written"):
            connection = self._connect_for_writing()
            with _transaction(connection):
                forgotten = connection.execute(
                    """
                    DELETE FROM entries WHERE started < ? OR unit NOT IN (
                        SELECT unit FROM entries GROUP BY unit ORDER BY MAX(started) DESC, unit DESC LIMIT ?)
                    """,
                    (since, max(0, keep)),
                ).rowcount
            if forgotten:
                connection.execute("VACUUM")
        return forgotten

    # ---------------------------------------------------------------------------------------------------------- reading

    def names(self) -> frozenset[str]:
        """The names of the entries (see `name_entry`)."""
        names: frozenset[str] = frozenset()
        with self._guarded("read"):
            if self._version == 1:
                names = frozenset([name_entry(entry.run, entry.started) for entry in self._read_version_1()])
            else:
                names = frozenset([row[0] for row in self._ask("SELECT name FROM entries")])
        return names

    def entries(self, *, newest: int = KEPT_RUNS) -> list[RunEntry]:
        """The `newest` newest runs, oldest first; what was merged or is one of several shards is one run of them."""
        entries: list[RunEntry] = []
        with self._guarded("read"):
            if self._version == 1:
                entries = list(self._read_version_1())
            else:
                with collector_paused():
                    entries = [unpack_entry(row[0]) for row in self._ask(_NEWEST, (ENTRIES_PER_RUN * newest,))]
        return join_entries(entries)[-newest:]

    def recent_durations(self, sites: Sequence[str]) -> dict[str, tuple[PastVisit, ...]]:
        """The newest visits without a fault of each of `sites` (ids) that has any, newest first: what
        `expect_durations` takes.
        """
        recent: dict[str, list[PastVisit]] = {site: [] for site in sites}
        wanting = set(recent)
        with self._guarded("read"):
            for nights in self._read_visits():
                for site, visits in nights:
                    if site in wanting:
                        past = recent[site]
                        past += [
                            PastVisit(duration_s=seconds, is_timed_out=is_timed_out)
                            for seconds, is_timed_out in list_past_seconds(visits)
                        ]
                        if len(past) >= RECENT_VISITS:
                            wanting.discard(site)
                if not wanting:
                    break
        return {site: tuple(past[:RECENT_VISITS]) for site, past in recent.items() if past}

    def _read_visits(self) -> Iterator[list[tuple[str, tuple[VisitEntry, ...]]]]:
        """What each run saw, the newest run first. A run that was merged is there beside what it came from: it is older
        than the merged one's end, and the ten newest visits of a site are much the same with both.
        """
        if self._version == 1:
            for entry in reversed(list(self._read_version_1())):
                yield [(site.site, site.visits) for site in entry.sites]
            return
        for row in self._ask(_NEWEST, (PLANNING_RUNS,)):
            yield [(site.site, site.visits) for site in unpack_visits(row[0])]

    # --------------------------------------------------------------------------------------------------------- the file

    @property
    def _version(self) -> int:
        return HISTORY_VERSION if self._connection is None else _read_pragma(self._connection, "user_version")

    def _ask(self, query: str, values: Sequence[int] = ()) -> Iterator[Any]:
        return iter(()) if self._connection is None else iter(self._connection.execute(query, values))

    def _read_version_1(self) -> Iterator[RunEntry]:
        return iter(()) if self._connection is None else read_version_1(self._connection)

    def _connect_for_writing(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(self._path)
        with _transaction(self._connection):
            version = _read_pragma(self._connection, "user_version")
            if version > HISTORY_VERSION:
                raise sqlite3.DatabaseError(describe_newer("has version", version, HISTORY_VERSION))
            if version < HISTORY_VERSION:
                old = list(self._read_version_1()) if version == 1 else []
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
                self._connection.executemany(
                    "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", [_describe(entry) for entry in old]
                )
                for table in ("visits", "site_runs", "runs"):
                    self._connection.execute(f"DROP TABLE IF EXISTS {table}")
        return self._connection

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """What the file does wrong becomes a warning."""
        try:
            yield
        except (sqlite3.Error, OSError, codec.BrokenJsonError) as error:
            self._tell(f"cannot be {what}: {error}")

    def _tell(self, problem: str) -> None:
        if not self._is_warned:
            self._is_warned = True
            self._warn(
                f"history {self._path}: {problem}; the run goes on without it, and removing the file begins a new one"
            )


def open_history(path: Path, warn: Callable[[str], None]) -> History:
    """The history in `path`. Where the file is damaged, another program's, of a newer version, or may not be read, it
    is an empty one that keeps nothing, and `warn` is told in one sentence. A missing file is empty, and that is all.
    """
    if not path.exists():
        return History(path, None, warn)
    connection = None
    try:
        open_file(path).close()  # a pipe would be waited for
        connection = _connect(path)
        kinds = [row[0] for row in connection.execute("SELECT type FROM sqlite_master")]
        application = _read_pragma(connection, "application_id")  # after the tables: another run may be making them
        version = _read_pragma(connection, "user_version")
        if version > HISTORY_VERSION and application == APPLICATION_ID:
            problem = describe_newer("has version", version, HISTORY_VERSION)
        elif (kinds and application != APPLICATION_ID) or {"view", "trigger"} & set(kinds):
            problem = "is a database of another program"
        else:
            return History(path, connection, warn)
    except (sqlite3.Error, OSError) as error:
        problem = f"cannot be read: {error}"
    if connection is not None:
        connection.close()
    return History(path, None, warn, problem=problem)


def _describe(entry: RunEntry) -> tuple[str, str, str, str, bytes]:
    unit = entry.group if entry.shard is not None and entry.group else entry.run
    return name_entry(entry.run, entry.started), entry.run, entry.started, unit, pack_entry(entry)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)
    connection.execute("PRAGMA trusted_schema = OFF")  # it may be a file of others
    return connection


def _read_pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One writer at a time from the first statement on: a read that turned into a write could not wait its turn."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
