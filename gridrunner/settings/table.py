"""The table of settings, part by part: the one that command line, environment, file, `--help` and docs are made from.

A new setting is a row and a field in the module of its part, and the place that uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gridrunner.settings import archive, checks, dispatch, fleet, grid, output, selection, store, visits
from gridrunner.settings.values import Part, Setting

PARTS: tuple[Part, ...] = (
    selection.PART,
    checks.PART,
    grid.PART,
    visits.PART,
    archive.PART,
    dispatch.PART,
    fleet.PART,
    store.PART,
    output.PART,
)
SETTINGS: tuple[Setting, ...] = tuple(row for part in PARTS for row in part.rows)
BY_KEY: Mapping[str, Setting] = {row.key: row for row in SETTINGS}
PART_OF: Mapping[str, Part] = {row.key: part for part in PARTS for row in part.rows}


def default_of(key: str) -> object:
    """The default of a setting, from the struct of its part."""
    return getattr(PART_OF[key].defaults, BY_KEY[key].attribute)


def keys_of(*parts: Iterable[Setting]) -> tuple[str, ...]:
    """The keys of all rows of these parts."""
    return tuple(row.key for rows in parts for row in rows)


HIDDEN = "…"
"""Stands where a secret was."""


def hide_secrets(words: Sequence[str]) -> tuple[str, ...]:
    """A command line without the values of settings that are secret."""
    options = {f"--{setting.name}" for setting in SETTINGS if setting.is_secret}
    shown: list[str] = []
    for word in words:
        name, equals, _ = word.partition("=")
        if shown and shown[-1] in options:
            shown.append(HIDDEN)
        else:
            shown.append(f"{name}={HIDDEN}" if equals and name in options else word)
    return tuple(shown)
