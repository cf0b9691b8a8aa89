"""Foreign JUnit files as one: pytest, Playwright, Surefire, Jest, Go. Owns what counts as the same case; the invariant:
a file that cannot be read is named and costs only itself, and no failure disappears: not behind a case of the same
name, and not because it is the suite's and no case's.

A file does not say whether it is a further attempt or another job of a matrix: pytest 3.11 and 3.12 write the same
names. So the worse of two counts, unless the user says that they are attempts.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from msgspec import Struct

from gridrunner.errors import ExitCode
from gridrunner.results.journal.files import write_atomically
from gridrunner.results.merging.junit_walk import (
    PARSE_ERRORS,
    ForeignSuite,
    parse_junit,
    walk_suites,
)
from gridrunner.text import make_line

_wrap_case: Any = TestCase.fromelem  # junitparser's are without annotations

_EPOCH = datetime.min.replace(tzinfo=UTC)

SUITE_CASE = "(the suite itself)"
"""The name of the case that stands for what a suite says of itself and none of its cases shows."""

_Key = tuple[str, str, tuple[tuple[str, str], ...], str, str, str]
"""Suite, host, properties of the suite; class, name and file of the case."""


class JunitMergeOutcome(Struct, frozen=True, kw_only=True):
    """What merging files found: cases written, failed or in error among them, duplicates dropped, and a line for each
    file that could not be read.
    """

    cases: int
    failed: int
    duplicates: int
    unreadable: tuple[str, ...]
    exit_code: int


@dataclass(slots=True, kw_only=True)
class _Kept:
    """A case; `case` None: of a suite that has nothing to say of itself, which ends what it said in an earlier
    attempt.
    """

    suite: Any  # a TestSuite; junitparser's methods are only partly typed
    case: TestCase | None
    file: int
    at: datetime


def merge_junit(files: Sequence[Path], out: Path, *, are_attempts: bool = False) -> JunitMergeOutcome:
    """Merge JUnit `files` into `out`: one case for each suite with its host and properties, class, name and file.

    Of duplicates the worst stays. With `are_attempts` (the files are of the same jobs, done again) the newer file's
    stays, by its suite's timestamp, then by the order given, and host and properties, which change from machine to
    machine, tell nothing apart but the suites of one file. An error of a suite without a case gets one. The exit code
    is 3 when a file could not be read, 1 when a case failed, 4 when there is none. Raises RunFolderError when `out`
    cannot be written.
    """
    kept: dict[_Key, _Kept] = {}
    unreadable: list[str] = []
    duplicates = 0
    for number, path in enumerate(files):
        try:
            cases = list(_read_cases(path, number, are_attempts=are_attempts))
        except PARSE_ERRORS as error:
            unreadable.append(f"{path}: {make_line(str(error), 200) or type(error).__name__}")
            continue
        for key, case in cases:
            known = kept.get(key)
            duplicates += known is not None and case.case is not None and known.case is not None
            if known is None or _replaces(case, known, are_attempts=are_attempts):
                kept[key] = case
    written = [(key, case) for key, case in kept.items() if case.case is not None]
    failed = _write(written, out)
    code = ExitCode.FAILED if failed else ExitCode.OK if written else ExitCode.NOTHING
    return JunitMergeOutcome(
        cases=len(written),
        failed=failed,
        duplicates=duplicates,
        unreadable=tuple(unreadable),
        exit_code=ExitCode.INCOMPLETE if unreadable else code,
    )


def _read_cases(path: Path, number: int, *, are_attempts: bool) -> Iterator[tuple[_Key, _Kept]]:
    suites = list(walk_suites(parse_junit(path)))
    hosts: dict[str, set[str]] = {}
    for suite in suites:
        hosts.setdefault(suite.name, set()).add(suite.wrapped.hostname or "")
    for suite in suites:
        # Playwright writes a suite a file and a project, and the project as its host; elsewhere the host is a machine.
        is_apart = not are_attempts or len(hosts[suite.name]) > 1
        project = (
            (suite.wrapped.hostname or "", () if are_attempts else _list_properties(suite)) if is_apart else ("", ())
        )
        at = _read_time(suite.wrapped.timestamp)
        own = _Kept(suite=suite.wrapped, case=_make_suite_case(suite), file=number, at=at)
        yield (suite.name, *project, "", SUITE_CASE, ""), own
        for element in suite.cases:
            attributes = element.attrib
            if not _is_number(attributes.get("time", "0")):  # reading it by name would raise
                attributes["time"] = "0.0"  # one damaged figure does not cost the file its verdicts
            case = _wrap_case(element)
            key = (suite.name, *project, case.classname or "", case.name or "", attributes.get("file", ""))
            yield key, _Kept(suite=suite.wrapped, case=case, file=number, at=at)


def _list_properties(suite: ForeignSuite) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(item.name), str(item.value)) for item in suite.wrapped.properties()))


def _make_suite_case(suite: ForeignSuite) -> TestCase | None:
    """A case for what a suite says of itself; None where its cases say it all."""
    if not suite.problem:
        return None
    case = TestCase(SUITE_CASE, suite.name or None, 0.0)
    error = Error(suite.problem)
    error.text = suite.details
    case.result = [error]
    return case


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _read_time(text: str | None) -> datetime:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return _EPOCH
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _replaces(case: _Kept, known: _Kept, *, are_attempts: bool) -> bool:
    if are_attempts and case.file != known.file:
        return (case.at, case.file) > (known.at, known.file)
    return (_badness(case.case), case.at, case.file) > (_badness(known.case), known.at, known.file)


def _badness(case: TestCase | None) -> int:
    kinds = {type(result) for result in case.result} if case is not None else frozenset()
    return 3 if Error in kinds else 2 if Failure in kinds else 1 if Skipped in kinds else 0


def _write(kept: Sequence[tuple[_Key, _Kept]], out: Path) -> int:
    merged: Any = JUnitXml("merged")
    suites: dict[Any, Any] = {}
    counts: Counter[int] = Counter()
    for key, case in kept:
        suite = suites.get(key[:3])
        if suite is None:
            suite = suites[key[:3]] = TestSuite(key[0])
            suite.timestamp, suite.hostname = case.suite.timestamp, case.suite.hostname
            for item in case.suite.properties():
                suite.add_property(item.name, item.value)
        suite.append(case.case)
        counts[_badness(case.case)] += 1
    for suite in suites.values():
        suite.update_statistics()
        merged.append(suite)
    merged.update_statistics()
    data = io.BytesIO()
    merged.write(data)
    write_atomically(out, data.getvalue())
    return counts[2] + counts[3]
