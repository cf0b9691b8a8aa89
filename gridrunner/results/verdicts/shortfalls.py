"""Why a run is incomplete, in words: each of the reasons for exit code 3, with its count and its first case. Pure.

Invariant: a run ends with 3 because of a case in one of these, or because a part of it could not be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

from msgspec import Struct

from gridrunner.model import Verdict
from gridrunner.results.verdicts.cases import CaseVerdict, slim_case
from gridrunner.results.verdicts.causes import describe_check
from gridrunner.text import count_of


class ShortfallKind(Enum):
    """What kept a check from a verdict on its site."""

    BROKEN = "from a broken check"  # it raised
    FAULT = "lost to a fault"  # of the grid, of this machine, or of ours
    NOT_RUN = "missing"


class Shortfall(Struct, frozen=True, kw_only=True):
    """The cases of one kind: how many, and the first of them."""

    kind: ShortfallKind
    count: int
    first: CaseVerdict


def shortfall_of(case: CaseVerdict) -> ShortfallKind | None:
    """Why `case` makes the run incomplete; None where it does not."""
    if case.verdict is Verdict.NOT_RUN:
        return ShortfallKind.NOT_RUN
    if case.verdict is not Verdict.ERROR:
        return None
    return ShortfallKind.BROKEN if case.fault is None else ShortfallKind.FAULT


class ShortfallCounter:
    """Takes cases one at a time, in plan order."""

    def __init__(self) -> None:
        self._by_kind: dict[ShortfallKind, Shortfall] = {}

    def add(self, case: CaseVerdict) -> None:
        """Take the next case."""
        kind = shortfall_of(case)
        if kind is None:
            return
        known = self._by_kind.get(kind)
        first, count = (slim_case(case), 0) if known is None else (known.first, known.count)
        self._by_kind[kind] = Shortfall(kind=kind, count=count + 1, first=first)

    def finish(self) -> tuple[Shortfall, ...]:
        """What was counted, in the order in which people can act on it."""
        return tuple(self._by_kind[kind] for kind in ShortfallKind if kind in self._by_kind)


def describe_shortfalls(shortfalls: Sequence[Shortfall], damaged: Sequence[str]) -> Iterator[str]:
    """A line for each reason that a run is incomplete."""
    for shortfall in shortfalls:
        case = shortfall.first
        counted = count_of(shortfall.count, "result")
        first = f"{describe_check(case.check)} on {case.site.id}: {case.reason}"
        yield f"{counted} {shortfall.kind.value}, the first: {first}"
    if damaged:
        yield f"{count_of(len(damaged), 'part')} of the run could not be read, the first: {damaged[0]}"
