"""Owns the mistakes of site lists: how they are collected, worded, sorted and bounded.

A mistake is one line, `file:line:column: what is wrong; what would be right`. Readers report through a `FileReport` and
go on, so that a user sees everything at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from msgspec import Struct

from gridrunner.errors import SiteListError
from gridrunner.text import count_of, redact_url

MAX_SHOWN: Final = 50
"""Mistakes that an error lists; more fill a terminal twice (24 lines, VT100) and are rarely read."""

MAX_KEPT_PER_FILE: Final = 1000
"""Mistakes of one file kept for sorting; the others are counted. Twenty times what is shown, and well below 1 MiB."""

MAX_VALUE_CHARS: Final = 60
"""Characters of a user's value that a message repeats; half a line of 120."""

MAX_GUESSED_CHARS: Final = 64
"""A longer word is not a slip of a known one; difflib takes time that grows with the square of the length."""


class _Mistake(Struct, frozen=True, kw_only=True):
    line: int | None
    column: int | None
    text: str


@dataclass(slots=True)
class FileReport:
    """The mistakes of one file; `file` is how the user named it. Lines and columns count from 1."""

    file: str
    count: int = 0
    _kept: list[_Mistake] = field(default_factory=list)

    def add(self, text: str, line: int | None = None, column: int | None = None) -> None:
        """Report one mistake; `text` is `what is wrong; what would be right`."""
        self.count += 1
        if len(self._kept) < MAX_KEPT_PER_FILE:
            self._kept.append(_Mistake(line=line, column=column, text=text))

    def lines(self) -> list[str]:
        """The kept mistakes as printed, by line and column, none twice."""
        ordered = sorted(self._kept, key=lambda mistake: (mistake.line or 0, mistake.column or 0))
        return list(dict.fromkeys(self._print(mistake) for mistake in ordered))

    def count_repeats(self) -> int:
        """How many of the kept mistakes `lines` leaves out because the same line is there already."""
        return len(self._kept) - len(self.lines())

    def _print(self, mistake: _Mistake) -> str:
        place = [self.file, *(str(number) for number in (mistake.line, mistake.column) if number is not None)]
        return f"{':'.join(place)}: {mistake.text}"


def raise_mistakes(reports: Iterable[FileReport]) -> None:
    """Raise SiteListError with the mistakes of all files, in the order of the files; return when there are none."""
    reports = [report for report in reports if report.count]
    lines = [line for report in reports for line in report.lines()]
    if not lines:
        return
    total = sum(report.count - report.count_repeats() for report in reports)
    shown = lines[:MAX_SHOWN]
    if total > len(shown):
        rest = total - len(shown)
        shown.append(f"… and {count_of(rest, 'more mistake', spec=',')}")
    error = SiteListError(shown)
    error.args = (f"{count_of(total, 'mistake', spec=',')} in the site list",)  # counts those not listed, too
    raise error


def show_value(value: str) -> str:
    """A user's text for a message: quoted, unprintable characters escaped, cut to MAX_VALUE_CHARS."""
    cut = value if len(value) <= MAX_VALUE_CHARS else value[: MAX_VALUE_CHARS - 1] + "…"
    return repr(cut)


def show_url(url: str) -> str:
    """A URL for a message, without user name, password and query, which may be secrets."""
    return show_value(redact_url(url, mark="…") or url[:1])


def guess(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word that `word` is a slip of, or None. The cutoff is difflib's own default."""
    if len(word) > MAX_GUESSED_CHARS:
        return None
    by_lower = {name.lower(): name for name in known}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[close[0]] if close else None


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean 'x'?`, or the known words when none is close."""
    return _suggest(word[: MAX_GUESSED_CHARS + 1], tuple(str(name) for name in known))


@lru_cache(maxsize=1024)  # one slip is often copied to every entry, and difflib takes 50 µs
def _suggest(word: str, known: tuple[str, ...]) -> str:
    close = guess(word, known)
    return f"did you mean {close!r}?" if close else f"known are {', '.join(known)}"
