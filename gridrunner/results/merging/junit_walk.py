"""A foreign JUnit file, read within bounds, and its suites as their tools nest them. Owns the bounds and what a suite
says of itself; the invariant: a failure that a file states, in a case, in a suite or in a suite's counts, is in what
comes out.

junitparser wraps the elements; five of its ways are not taken: it keeps duplicates, one bad file ends its merge, it
loses cases outside of suites and doubles those of nested ones, and it counts anew at each case (4,000 cases in 1.55 s,
measured 2026-11; here counted once a suite).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from junitparser import JUnitXml, JUnitXmlError, TestSuite
from msgspec import Struct

from gridrunner.foreign import read_file
from gridrunner.text import make_line

MOST_BYTES = 128 << 20
"""Of a file: 450,000 cases of 300 bytes. Jenkins and GitLab refuse files of 30 MB and more (GitLab's `junit` limit)."""

MOST_DEPTH = 1000
"""Elements within elements. Nested suites of six tools go 6 deep; what reads them recurses."""

MOST_ELEMENTS = 4_000_000
"""A million cases with two elements each; an element takes about 150 bytes in memory."""

PARSE_ERRORS = (
    SyntaxError,  # the parent of ElementTree's ParseError and of lxml's: junitparser takes lxml where it is installed
    expat.ExpatError,
    JUnitXmlError,
    ValueError,
    LookupError,  # an unknown encoding
    RecursionError,
    OSError,
)

_SUITES = frozenset({"testsuite", "testsuites"})
_RESULTS = frozenset({"error", "failure"})
_BAD_STATUS = frozenset({"failed", "error"})
_TRIES = _RESULTS | {"rerunError", "rerunFailure", "flakyError", "flakyFailure"}
"""Surefire counts each try of a case among its suite's errors and failures (2.22 with one rerun, 2026-11-26)."""

_wrap_suite: Any = TestSuite.fromelem  # junitparser's are without annotations


class ForeignSuite(Struct, frozen=True, kw_only=True):
    """A suite with the elements of its own cases. `name` bears the names of all suites above it; `problem` is what it
    says of itself and none of its cases shows (empty: nothing), `details` the text with it.
    """

    name: str
    wrapped: Any
    cases: tuple[Any, ...]
    problem: str = ""
    details: str = ""


def parse_junit(path: Path) -> Any:
    """The root element of a file. Raises one of PARSE_ERRORS."""
    data = read_file(path, most_bytes=MOST_BYTES)
    _require_bounded(data)
    return JUnitXml.fromfile(io.BytesIO(data))._elem  # noqa: SLF001 - its iteration loses cases, see above


def _require_bounded(data: bytes) -> None:
    """Raises ValueError or ExpatError for what would take a reader's memory or its stack."""
    parser = expat.ParserCreate()
    depth = count = 0

    def start(_name: str, _attributes: dict[str, str]) -> None:
        nonlocal depth, count
        depth += 1
        count += 1
        if depth > MOST_DEPTH:
            raise ValueError(f"elements are nested more than {MOST_DEPTH} deep")
        if count > MOST_ELEMENTS:
            raise ValueError(f"has more than {MOST_ELEMENTS:,} elements")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.Parse(data, True)


@dataclass(slots=True)
class _Place:
    """An element that holds cases or suites: where it is, how many cases lie in it, and how many errors and failures
    they show. `is_odd`: one says that it failed, and shows no failure.
    """

    element: Any
    name: str
    parent: int
    shown: int = 0
    cases: int = 0
    is_odd: bool = False


def walk_suites(root: Any) -> Iterator[ForeignSuite]:
    """Each suite, those within suites too, in the order of the file. A case outside of suites, as Node writes one, is
    of a suite without a name.
    """
    places = _list_places(root)
    problems = [("", "")] * len(places)
    for index in range(len(places) - 1, -1, -1):  # those within a suite come after it
        place = places[index]
        place.shown += sum(_count_results(child) for child in place.element)
        cases = tuple(child for child in place.element if _tag_of(child) == "testcase")
        place.cases += len(cases)
        place.is_odd |= any(case.attrib.get("status") in _BAD_STATUS and not _count_results(case) for case in cases)
        problems[index] = _find_problem(place)
        if place.parent >= 0:
            above = places[place.parent]
            above.shown += max(place.shown, _count_stated(place.element) if problems[index][0] else 0)
            above.cases += place.cases
            above.is_odd |= place.is_odd and not problems[index][0]
    for place, (problem, details) in zip(places, problems, strict=True):
        own = tuple(child for child in place.element if _tag_of(child) == "testcase")
        is_suite = _tag_of(place.element) == "testsuite"
        if is_suite or own or problem:
            wrapped = _wrap_suite(place.element) if is_suite else TestSuite()
            yield ForeignSuite(name=place.name, wrapped=wrapped, cases=own, problem=problem, details=details)


def _list_places(root: Any) -> list[_Place]:
    places: list[_Place] = []
    waiting = [(root, "", -1)]
    while waiting:
        element, above, parent = waiting.pop()
        own = str(element.attrib.get("name") or "") if _tag_of(element) == "testsuite" else ""
        name = " > ".join(part for part in (above, own) if part)
        places.append(_Place(element, name, parent))
        inner = [child for child in element if _tag_of(child) in _SUITES]
        waiting.extend((child, name, len(places) - 1) for child in reversed(inner))
    return places


def _find_problem(place: _Place) -> tuple[str, str]:
    """What a suite says of itself: an `<error>` or `<failure>` outside of cases (a set-up that failed, files that did
    not compile), or counts that are higher than what its cases show, where not all of them are there or one calls
    itself failed. Where all are, the cases are believed: counts are what tools get wrong.
    """
    own = [child for child in place.element if _tag_of(child) in _RESULTS]
    if own:
        message = own[0].attrib.get("message") or own[0].text or own[0].attrib.get("type") or ""
        return make_line(f"the suite failed: {message}", 500), "\n".join(child.text or "" for child in own)
    stated = _count_stated(place.element)
    is_whole = 0 < place.cases == _read_count(place.element, "tests") and not place.is_odd
    if stated <= place.shown or is_whole:
        return "", ""
    output = [child.text or "" for child in place.element if _tag_of(child) in {"system-err", "system-out"}]
    return f"the suite counts {stated} errors and failures, and its cases show {place.shown}", "\n".join(output)


def _count_results(child: Any) -> int:
    """Errors and failures that a child of a suite shows: a case, or what stands outside of cases."""
    tag = _tag_of(child)
    return sum(_tag_of(item) in _TRIES for item in child) if tag == "testcase" else int(tag in _RESULTS)


def _count_stated(element: Any) -> int:
    return _read_count(element, "errors") + _read_count(element, "failures")


def _read_count(element: Any, name: str) -> int:
    text = str(element.attrib.get(name, "")).strip()
    return min(int(text), MOST_ELEMENTS) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _tag_of(element: Any) -> str:
    """The name without its namespace; empty for a comment."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""
