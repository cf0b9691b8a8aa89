"""Foreign JUnit files as one: pytest, Playwright, Surefire, Jest, Go. Owns what counts as the same case; the invariant: a
file that cannot be read is named and costs only itself, and no failure disappears behind a case of the same name.

junitparser reads and writes; five of its ways are not taken: it keeps duplicates, one bad file ends its merge, it loses
cases outside of suites and doubles those of nested ones (see `_walk`), and it counts anew at each case (4,000 cases in
1.55 s, measured 2026-11; here counted once a suite).
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

from junitparser import Error, Failure, JUnitXml, JUnitXmlError, Skipped, TestCase, TestSuite
from msgspec import Struct

from gridrunner.errors import ExitCode, RunFolderError
from gridrunner.results.journal.files import write_atomically
from gridrunner.text import make_line

_PARSE_ERRORS = (
    SyntaxError,  # the parent of ElementTree's ParseError and of lxml's: junitparser takes lxml where it is installed
    JUnitXmlError,
    ValueError,
    LookupError,  # an encoding that nobody knows
    OSError,
)

_wrap_case: Any = TestCase.fromelem  # junitparser's are without annotations
_wrap_suite: Any = TestSuite.fromelem

_EPOCH = datetime.min.replace(tzinfo=UTC)

_Key = tuple[str, str, str, str, str]


class JunitMergeOutcome(Struct, frozen=True, kw_only=True):
    """What merging files found: cases written, failed or in error among them, duplicates dropped, and a line for each
    file that could not be read.
    """

    cases: int
    failed: int
    duplicates: int
    unreadable: tuple[str, ...]
    exit_code: ExitCode


@dataclass(slots=True, kw_only=True)
class _Found:
    suite: Any  # a TestSuite; junitparser's methods are only partly typed
    case: TestCase
    file: int
    at: datetime


def merge_junit(files: Sequence[Path], out: Path) -> JunitMergeOutcome:
    """Merge JUnit `files` into `out`: one case for each suite, classname, name and file.

    Of duplicates the newer file's stays, by its suite's timestamp, then by the order given; within one file the worst
    stays, since tools write a failure and an error of the same test as two cases. The exit code is 3 when a file could
    not be read, 1 when a case failed, 4 when there is none. Raises RunFolderError when `out` cannot be written or no
    file could be read.
    """
    found: dict[_Key, _Found] = {}
    unreadable: list[str] = []
    duplicates = 0
    for number, path in enumerate(files):
        try:
            read = list(_read_cases(path, number))
        except _PARSE_ERRORS as error:
            unreadable.append(f"{path}: {make_line(str(error), 200) or type(error).__name__}")
            continue
        for key, one in read:
            known = found.get(key)
            duplicates += known is not None
            if known is None or _replaces(one, known):
                found[key] = one
    if len(unreadable) == len(files):
        raise RunFolderError("no JUnit file could be read" + "".join(f"; {line}" for line in unreadable[:3]))
    failed = _write(list(found.items()), out)
    code = ExitCode.FAILED if failed else ExitCode.OK if found else ExitCode.NOTHING
    return JunitMergeOutcome(
        cases=len(found),
        failed=failed,
        duplicates=duplicates,
        unreadable=tuple(unreadable),
        exit_code=ExitCode.INCOMPLETE if unreadable else code,
    )


def _read_cases(path: Path, number: int) -> Iterator[tuple[_Key, _Found]]:
    found = list(_walk(JUnitXml.fromfile(str(path))._elem))  # noqa: SLF001 - see `_walk`
    hosts: dict[str, set[str]] = {}
    for name, suite, _ in found:
        hosts.setdefault(name, set()).add(suite.hostname or "")
    for name, suite, element in found:
        # Playwright writes a suite a file and a project, and the project as its host; elsewhere the host is a machine.
        host = (suite.hostname or "") if len(hosts[name]) > 1 else ""
        attributes = element.attrib
        if not _is_number(attributes.get("time", "0")):  # reading it by name would raise
            attributes["time"] = "0.0"  # one damaged figure does not cost the file its verdicts
        case = _wrap_case(element)
        key = (name, host, case.classname or "", case.name or "", attributes.get("file", ""))
        yield key, _Found(suite=suite, case=case, file=number, at=_read_time(suite.timestamp))


def _walk(root: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each case as (name of its suite, suite, element), in the order of the file. A suite in a suite bears the names of
    both, as Node and PHPUnit nest them; a case outside of suites, as Node writes one, is of a suite without a name.

    junitparser does not see the latter, and sees a case of a nested suite twice.
    """
    is_suite = _tag_of(root) == "testsuite"
    waiting = [(root, "", _wrap_suite(root) if is_suite else TestSuite())]
    while waiting:
        element, above, suite = waiting.pop()
        tag = _tag_of(element)
        if tag == "testcase":
            yield above, suite, element
            continue
        if tag == "testsuite":
            suite = _wrap_suite(element)
            above = " > ".join(part for part in (above, suite.name or "") if part)
        if tag in {"testsuite", "testsuites"}:
            waiting.extend((child, above, suite) for child in reversed(list(element)))


def _tag_of(element: Any) -> str:
    """The name without its namespace; empty for a comment."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


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


def _replaces(one: _Found, known: _Found) -> bool:
    if one.file == known.file:
        return _badness(one.case) > _badness(known.case)
    return (one.at, one.file) > (known.at, known.file)


def _badness(case: TestCase) -> int:
    kinds = {type(result) for result in case.result}
    return 3 if Error in kinds else 2 if Failure in kinds else 1 if Skipped in kinds else 0


def _write(found: list[tuple[_Key, _Found]], out: Path) -> int:
    merged: Any = JUnitXml("merged")
    suites: dict[tuple[str, str], Any] = {}
    counts: Counter[int] = Counter()
    for key, one in found:
        suite = suites.get(key[:2])
        if suite is None:
            suite = suites[key[:2]] = TestSuite(key[0])
            suite.timestamp, suite.hostname = one.suite.timestamp, one.suite.hostname
            for item in one.suite.properties():
                suite.add_property(item.name, item.value)
        suite.append(one.case)
        counts[_badness(one.case)] += 1
    for suite in suites.values():
        suite.update_statistics()
        merged.append(suite)
    merged.update_statistics()
    data = io.BytesIO()
    merged.write(data)
    write_atomically(out, data.getvalue())
    return counts[2] + counts[3]
