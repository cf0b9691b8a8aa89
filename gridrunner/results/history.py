"""Durations and outcomes of earlier runs, in one SQLite file. Owns the file and its schema; the invariant: whatever is
wrong with the file, the run goes on without it and the user is told once.

The rollback journal is used and not WAL: the history is a single file that CI can cache, also after a kill, and it is
written once per run. Several runs may end at the same time: each writes in one short transaction and waits for the
others. Sites are known by their ids: a site that moves to another URL keeps its history.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from gridrunner.errors import describe_newer
from gridrunner.foreign import open_file
from gridrunner.limits import MOST_S
from gridrunner.model import FaultKind, Observation, Outcome, Status, Verdict
from gridrunner.planning.durations import EXPECTED_PERCENTILE, RECENT_VISITS, PastVisit, percentile
from gridrunner.results.record import RunRecord
from gridrunner.results.verdicts.cases import SiteVerdict

HISTORY_VERSION = 1
"""The schema's number, in SQLite's `user_version`; a newer one is refused."""

APPLICATION_ID = 0x67726964
"""`grid` in ASCII, in SQLite's `application_id`: another program's database is not taken for ours."""

WAIT_S = 10.0
"""How long a writer waits for others: one run of 100,000 visits is written in about 2 s (measured 2026-11-24)."""

KEPT_RUNS = 50
"""Runs that `prune` keeps unless told: five times what planning looks at."""

_IDS_A_QUERY = 500  # below SQLite's oldest limit of 999 variables

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {HISTORY_VERSION};
CREATE TABLE runs (
    number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, started TEXT NOT NULL, plan TEXT NOT NULL);
CREATE TABLE visits (
    run_number INTEGER NOT NULL REFERENCES runs (number), site TEXT NOT NULL, attempt INTEGER NOT NULL,
    hub TEXT NOT NULL, duration_s REAL NOT NULL, outcome TEXT, fault TEXT);
CREATE TABLE site_runs (
    run_number INTEGER NOT NULL REFERENCES runs (number), site TEXT NOT NULL, verdict TEXT NOT NULL,
    is_failed_first INTEGER NOT NULL);
CREATE INDEX visits_by_site ON visits (site, run_number);
CREATE INDEX visits_by_run ON visits (run_number);
CREATE INDEX site_runs_by_run ON site_runs (run_number);
"""


class SiteStats(Struct, frozen=True, kw_only=True):
    """What the history says of a site. `p90_s` is over its newest visits without a fault, None when there is none;
    `failed_first` counts the runs in which its first judged attempt failed, whatever a retry said then.
    """

    site: str
    runs: int
    visits: int
    faults: int
    timed_out: int
    p90_s: float | None
    failed: int
    flaky: int
    failed_first: int

    @property
    def flaky_share(self) -> float:
        """The share (0 to 1) of its runs that were flaky."""
        return self.flaky / self.runs if self.runs else 0.0


class HistoryTotals(Struct, frozen=True, kw_only=True):
    """The whole history. `first_attempt_failure_rate` is the share (0 to 1) of judged (run, site) whose first attempt
    failed: what retries hide.
    """

    runs: int
    sites: int
    visits: int
    faults: int
    first_attempt_failure_rate: float
    flaky_rate: float


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

    def add_run(self, record: RunRecord) -> bool:
        """Remember the visits and verdicts of a run, in place of what was known of the same run before (it may have
        been resumed). False when the file could not be written.
        """
        if not self._is_usable:
            return False
        is_written = False
        with self._guarded("written"):
            connection = self._connect_for_writing()
            with _transaction(connection):
                _forget_runs(connection, "run = ?", (record.header.run,))
                cursor = connection.execute(
                    "INSERT INTO runs (run, started, plan) VALUES (?, ?, ?)",
                    (record.header.run, record.header.started, record.plan.hash),
                )
                number = cursor.lastrowid
                connection.executemany(
                    "INSERT INTO visits VALUES (?, ?, ?, ?, ?, ?, ?)",
                    ((number, *_describe_visit(visit)) for tries in record.observations.values() for visit in tries),
                )
                connection.executemany(
                    "INSERT INTO site_runs VALUES (?, ?, ?, ?)",
                    (
                        (number, *_describe_site(site))
                        for site in record.site_verdicts()
                        if any(case.attempts for case in site.cases)
                    ),
                )
            is_written = True
        return is_written  # noqa: RET504 - the block swallows what goes wrong in it

    def prune(self, *, keep: int = KEPT_RUNS) -> int:
        """Forget all but the `keep` newest runs (by their start) and give the space back; how many were forgotten."""
        forgotten = 0
        if self._connection is None:
            return forgotten
        with self._guarded("written"):
            with _transaction(self._connection):
                forgotten = _forget_runs(
                    self._connection,
                    "number NOT IN (SELECT number FROM runs ORDER BY started DESC, number DESC LIMIT ?)",
                    (max(0, keep),),
                )
            self._connection.execute("VACUUM")
        return forgotten

    # ---------------------------------------------------------------------------------------------------------- reading

    def recent_durations(self, sites: Sequence[str]) -> dict[str, tuple[PastVisit, ...]]:
        """The newest visits without a fault of each of `sites` (ids) that has any, newest first: what
        `expect_durations` takes.
        """
        visits_of: dict[str, tuple[PastVisit, ...]] = {}
        with self._guarded("read"):
            for start in range(0, len(sites), _IDS_A_QUERY):
                ids = sites[start : start + _IDS_A_QUERY]
                rows = self._ask(
                    f"""
                    SELECT site, duration_s, outcome FROM (
                        SELECT site, duration_s, outcome, ROW_NUMBER() OVER (
                            PARTITION BY site ORDER BY started DESC, run_number DESC, attempt DESC) AS place
                        FROM visits JOIN runs ON run_number = number
                        WHERE fault IS NULL AND site IN ({", ".join("?" * len(ids))})
                            AND typeof(duration_s) IN ('real', 'integer') AND duration_s BETWEEN 0 AND {MOST_S:.0f})
                    WHERE place <= {RECENT_VISITS} ORDER BY site, place
                    """,  # noqa: S608 - placeholders and our own number
                    tuple(ids),
                )
                for site, visits in groupby(rows, key=itemgetter(0)):
                    visits_of[site] = tuple(
                        PastVisit(duration_s=duration_s, is_timed_out=outcome == Outcome.TIMED_OUT)
                        for _, duration_s, outcome in visits
                    )
        return visits_of

    def totals(self) -> HistoryTotals:
        """The figures of the whole history."""
        visited, judged = (0, 0, 0, 0), (0, 0, 0)
        with self._guarded("read"):
            visited = next(
                self._ask(
                    """
                    SELECT (SELECT COUNT(*) FROM runs), COUNT(DISTINCT site), COUNT(*),
                           COUNT(CASE WHEN fault <> ? THEN 1 END)
                    FROM visits
                    """,
                    (FaultKind.INTERRUPTED.value,),
                ),
                visited,
            )
            judged = next(
                self._ask(
                    """
                    SELECT COUNT(*), COUNT(CASE WHEN verdict = ? THEN 1 END), COALESCE(SUM(is_failed_first), 0)
                    FROM site_runs
                    """,
                    (Verdict.FLAKY.value,),
                ),
                judged,
            )
        (runs, sites, visits, faults), (judged_count, flaky, failed_first) = visited, judged
        return HistoryTotals(
            runs=runs,
            sites=sites,
            visits=visits,
            faults=faults,
            first_attempt_failure_rate=failed_first / judged_count if judged_count else 0.0,
            flaky_rate=flaky / judged_count if judged_count else 0.0,
        )

    def slowest(self, limit: int = 10) -> list[SiteStats]:
        """The sites whose newest visits take longest, longest first."""
        stats = [stat for stat in self.site_stats() if stat.p90_s is not None]
        return sorted(stats, key=lambda stat: (-(stat.p90_s or 0.0), stat.site))[:limit]

    def flakiest(self, limit: int = 10) -> list[SiteStats]:
        """The sites with the highest share of flaky runs; none that never was."""
        stats = [stat for stat in self.site_stats() if stat.flaky]
        return sorted(stats, key=lambda stat: (-stat.flaky_share, -stat.flaky, stat.site))[:limit]

    def most_faulted(self, limit: int = 10) -> list[SiteStats]:
        """The sites whose visits were lost to faults most often; none that never was."""
        stats = [stat for stat in self.site_stats() if stat.faults]
        return sorted(stats, key=lambda stat: (-stat.faults, stat.site))[:limit]

    def site_stats(self) -> list[SiteStats]:
        """Every site of the history, by id."""
        stats: list[SiteStats] = []
        with self._guarded("read"):
            judged = {
                site: counts
                for site, *counts in self._ask(
                    """
                    SELECT site, COUNT(*), COUNT(CASE WHEN verdict = ? THEN 1 END),
                           COUNT(CASE WHEN verdict = ? THEN 1 END), SUM(is_failed_first)
                    FROM site_runs WHERE typeof(site) = 'text' GROUP BY site
                    """,
                    (Verdict.FAILED.value, Verdict.FLAKY.value),
                )
            }
            visits = self._ask(
                """
                SELECT site, COUNT(DISTINCT run_number), COUNT(*), COUNT(CASE WHEN fault <> ? THEN 1 END),
                       COUNT(CASE WHEN outcome = ? THEN 1 END)
                FROM visits WHERE typeof(site) = 'text' GROUP BY site ORDER BY site
                """,
                (FaultKind.INTERRUPTED.value, Outcome.TIMED_OUT.value),
            )
            counted = list(visits)
            recent = self.recent_durations([row[0] for row in counted])
            for site, visited_runs, count, faults, timed_out in counted:
                runs, failed, flaky, failed_first = judged.get(site, (visited_runs, 0, 0, 0))
                durations_s = [visit.duration_s for visit in recent.get(site, ())]
                stats.append(
                    SiteStats(
                        site=site,
                        runs=runs,
                        visits=count,
                        faults=faults,
                        timed_out=timed_out,
                        p90_s=percentile(durations_s, EXPECTED_PERCENTILE) if durations_s else None,
                        failed=failed,
                        flaky=flaky,
                        failed_first=failed_first,
                    )
                )
        return stats

    # --------------------------------------------------------------------------------------------------------- the file

    def _ask(self, query: str, values: Sequence[str] = ()) -> Iterator[Any]:
        return iter(()) if self._connection is None else iter(self._connection.execute(query, values))

    def _connect_for_writing(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = _connect(self._path)
        with _transaction(self._connection):
            version = _read_pragma(self._connection, "user_version")
            if version == 0:
                for statement in _SCHEMA.split(";"):
                    self._connection.execute(statement)
            elif version != HISTORY_VERSION:
                raise sqlite3.DatabaseError(describe_newer("has version", version, HISTORY_VERSION))
        return self._connection

    @contextmanager
    def _guarded(self, what: str) -> Iterator[None]:
        """What the file does wrong becomes a warning."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
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


def _forget_runs(connection: sqlite3.Connection, which: str, values: Sequence[str | int]) -> int:
    """Delete the runs for which the condition `which` (our own SQL) holds; how many."""
    chosen = f"SELECT number FROM runs WHERE {which}"  # noqa: S608 - no text of a user's
    for table in ("visits", "site_runs"):
        connection.execute(f"DELETE FROM {table} WHERE run_number IN ({chosen})", values)  # noqa: S608 - as above
    return connection.execute(f"DELETE FROM runs WHERE {which}", values).rowcount  # noqa: S608 - as above


def _describe_visit(visit: Observation) -> tuple[str, int, str, float, str | None, str | None]:
    return (
        visit.site,
        visit.attempt,
        visit.hub,
        visit.timings.total_s,
        None if visit.outcome is None else visit.outcome.value,
        None if visit.fault is None else visit.fault.kind.value,
    )


def _describe_site(site: SiteVerdict) -> tuple[str, str, bool]:
    is_failed_first = any(case.attempts and case.attempts[0].status is Status.FAILED for case in site.cases)
    return site.site.id, site.verdict.value, is_failed_first
