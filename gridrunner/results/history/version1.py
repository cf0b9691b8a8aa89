"""Histories that were written before there were entries: a table of visits and one of verdicts. They lack what version
1 never knew: reasons, locales, tags, pictures.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from gridrunner.limits import MOST_S
from gridrunner.model import FaultKind, Outcome, Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry

_WORDS = frozenset(Outcome) | frozenset(FaultKind)
_VERDICTS = frozenset(Verdict)


def read_version_1(connection: sqlite3.Connection) -> Iterator[RunEntry]:
    """Every run of a history of version 1, oldest first. Raises sqlite3.Error."""
    runs = connection.execute("SELECT number, run, started, plan FROM runs ORDER BY started, number").fetchall()
    for number, run, started, plan in runs:
        if all(isinstance(text, str) for text in (run, started, plan)):
            yield RunEntry(run=run, started=started, plan=plan, sites=tuple(_read_sites(connection, number)))


def _read_sites(connection: sqlite3.Connection, number: int) -> Iterator[SiteEntry]:
    verdicts = {
        site: (verdict, is_failed_first)
        for site, verdict, is_failed_first in connection.execute(
            "SELECT site, verdict, is_failed_first FROM site_runs WHERE run_number = ?", (number,)
        )
        if verdict in _VERDICTS
    }
    rows = connection.execute(
        f"""
        SELECT site, duration_s, COALESCE(fault, outcome) FROM visits
        WHERE run_number = ? AND typeof(site) = 'text' AND typeof(duration_s) IN ('real', 'integer')
            AND duration_s BETWEEN 0 AND {MOST_S:.0f}
        ORDER BY site, attempt
        """,  # noqa: S608 - our own number
        (number,),
    )
    for site, visits in groupby(rows, key=itemgetter(0)):
        verdict, is_failed_first = verdicts.get(site, (Verdict.NOT_RUN, None))
        first = "" if is_failed_first is None or verdict == Verdict.SKIPPED else "passed"
        yield SiteEntry(
            site,
            tuple([VisitEntry(float(seconds), ended) for _, seconds, ended in visits if ended in _WORDS]),
            Verdict(verdict),
            "failed" if is_failed_first else first,
        )
