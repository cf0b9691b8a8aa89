"""Known failures of a corpus, declared in a file and counted exactly: what gets worse fails, and so does what gets
better while the file still calls it a failure.

The file is text: a figure and a page id per line (`username page-0117`), `#` begins a comment.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.foreign import read_file

Miss = tuple[str, str]

MOST_KNOWN_BYTES = 16 << 20
"""Half a million declared failures."""

SHOWN = 20
"""Page ids named per line of the comparison: a terminal's worth."""


class Changes(Struct, frozen=True, kw_only=True):
    """What differs from the declared failures, as (figure, page id)."""

    worse: frozenset[Miss]
    better: frozenset[Miss]

    def describe(self, path: Path) -> Iterator[str]:
        """Lines for people: what changed, where, and what to do. Nothing where nothing changed."""
        for word, misses, advice in (
            ("worse", self.worse, "fix it, or declare it"),
            ("better", self.better, "take it out of the file"),
        ):
            for figure in sorted({figure for figure, _ in misses}):
                ids = sorted(page for name, page in misses if name == figure)
                more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
                yield f"{path}: {figure} is {word} than declared on {', '.join(ids[:SHOWN])}{more}: {advice}"


def compare_misses(known: frozenset[Miss], now: frozenset[Miss]) -> Changes:
    """The failures that are not declared, and the declared ones that are none any more."""
    return Changes(worse=now - known, better=known - now)


def read_known(path: Path) -> frozenset[Miss]:
    """The declared failures. Raises UsageError for a missing file, or with file:line for a broken one."""
    try:
        lines = read_file(path, most_bytes=MOST_KNOWN_BYTES).decode().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: no list of known failures: {error}", hint="--write-known makes one of what fails now"
        ) from error
    misses: set[Miss] = set()
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        if len(words) != 2:
            raise UsageError(
                f"{path}:{number}: takes a figure and a page id, as in 'username page-0117': {line.strip()}"
            )
        miss = (words[0], words[1])
        if miss in misses:
            raise UsageError(f"{path}:{number}: {line.strip()} is declared twice")
        misses.add(miss)
    return frozenset(misses)


def write_known(path: Path, misses: frozenset[Miss]) -> None:
    """Declare `misses` and nothing else."""
    lines = (f"{figure} {page}\n" for figure, page in sorted(misses))
    path.write_text(
        "# figure page: known failures, written by `gridrunner evaluate --write-known`\n" + "".join(lines),
        encoding="utf-8",
    )
