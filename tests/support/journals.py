"""A whole journal in memory, as no command needs it."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from gridrunner.results.journal.events import Event, JournalHeader
from gridrunner.results.journal.lines import JournalReader


class Journal(Struct, frozen=True, kw_only=True):
    """A journal as read: `warnings` says what was dropped."""

    header: JournalHeader
    events: tuple[Event, ...]
    warnings: tuple[str, ...] = ()


def read_journal(path: Path) -> Journal:
    """The journal in `path`. Raises RunFolderError as `JournalReader` does."""
    reader = JournalReader(path)
    events = tuple(event for event, _, _ in reader.read_lines())
    return Journal(header=reader.header, events=events, warnings=tuple(reader.warnings))
