"""Pages scored again from the facts that an earlier evaluation saved: no browser, the detection of today."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gridrunner.detection import detect
from gridrunner.errors import UsageError
from gridrunner.evaluation.corpus import LABEL_ROLES, LabelledPage
from gridrunner.evaluation.scores import ScoredPage


def read_facts(path: Path) -> Iterator[ScoredPage]:
    """The pages of a file that `gridrunner evaluate --facts` wrote. Raises UsageError with file:line for a broken line."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield _read_line(line, f"{path}:{number}")
    except OSError as error:
        raise UsageError(
            f"{path}: no saved facts: {error}", hint="`gridrunner evaluate --facts` writes them"
        ) from error


def _read_line(line: bytes, where: str) -> ScoredPage:
    try:
        raw: dict[str, Any] = json.loads(line)
        labels = {role: tuple(raw["labels"].get(role, ())) for role in LABEL_ROLES}
        page = LabelledPage(
            id=raw["id"],
            file="",
            site=raw.get("site", raw["id"]),
            language=raw.get("language"),
            kind=raw.get("kind", ""),
            login_present=raw.get("login_present"),
            labels=labels,
            scripts_allowed=False,
        )
        facts = raw["facts"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{where}: not a line that `gridrunner evaluate --facts` wrote: {error!r}") from error
    found = {role: frozenset(names) for role, names in labels.items()}
    return ScoredPage(page=page, detection=detect(facts), labels=found)
