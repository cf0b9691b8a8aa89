"""Quarantines written into the text of a YAML site list, and taken out of it. Pure. The invariant: nothing but the
quarantine changes, and an entry that is not written in plain lines is left alone.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date

from gridrunner.text import make_line

OWNER = "OWNER"
"""Stands where a person has to put a name: whoever answers for the site."""

_ENTRY = re.compile(r"(\s*)-(\s+)(?:id|url):\s*\S")
_QUARANTINE = re.compile(r"\s*quarantine:\s*(#.*)?$")


def write_quarantine(reason: str, until: date, indent: str = "") -> list[str]:
    """The lines of a quarantine; `reason` is quoted as JSON is, which YAML reads too."""
    return [
        f"{indent}quarantine:",
        f"{indent}  owner: {OWNER}",
        f"{indent}  reason: {json.dumps(make_line(reason), ensure_ascii=False)}",
        f"{indent}  until: {until.isoformat()}",
    ]


def patch_list(name: str, text: str, reasons: Mapping[int, str], releases: Sequence[int], until: date) -> str:
    """A unified diff of the list `name`: a quarantine for each entry that begins in a line (from 1) of `reasons`, and
    none for those of `releases`. Entries that begin otherwise than with `- id:` or `- url:` are left alone.
    """
    lines = text.split("\n")
    changed = list(lines)
    for number in sorted({*reasons, *releases}, reverse=True):
        entry = _ENTRY.match(changed[number - 1]) if number <= len(changed) else None
        if entry is None:
            continue
        indent = entry[1] + " " + entry[2]
        if number in reasons:
            changed[number:number] = write_quarantine(reasons[number], until, indent)
        else:
            first = _find_quarantine(changed, number, indent)
            if first is not None:
                del changed[first : _find_end(changed, first + 1, indent)]
    return "\n".join(difflib.unified_diff(lines, changed, f"a/{name}", f"b/{name}", lineterm=""))


def _find_quarantine(lines: Sequence[str], start: int, indent: str) -> int | None:
    for place in range(start, _find_end(lines, start, indent[:-1])):
        if _QUARANTINE.match(lines[place]) and _indent_of(lines[place]) == len(indent):
            return place
    return None


def _find_end(lines: Sequence[str], start: int, indent: str) -> int:
    """The first line from `start` on that is indented no more than `indent`."""
    for place in range(start, len(lines)):
        if lines[place].strip() and _indent_of(lines[place]) <= len(indent):
            return place
    return len(lines)


def _indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
