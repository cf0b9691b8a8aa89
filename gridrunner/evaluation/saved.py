"""Pages scored again from the facts that an earlier evaluation saved: no browser, the detection of today."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from gridrunner import codec
from gridrunner.detection import detect
from gridrunner.errors import UsageError
from gridrunner.evaluation.corpus import LABEL_ROLES, LabelledPage
from gridrunner.evaluation.scores import ScoredPage
from gridrunner.foreign import MOST_FACTS_BYTES, open_file


def read_facts(path: Path) -> Iterator[ScoredPage]:
    """The pages of a file that `gridrunner evaluate --facts` wrote. Raises UsageError with file:line."""
    try:
        with open_file(path) as file:
            for number, line in enumerate(iter(partial(file.readline, MOST_FACTS_BYTES + 1), b""), 1):
                if len(line) > MOST_FACTS_BYTES:
                    raise UsageError(f"{path}:{number}: is longer than {MOST_FACTS_BYTES >> 20} MiB")
                yield _read_line(line, f"{path}:{number}")
    except OSError as error:
        raise UsageError(
            f"{path}: no saved facts: {error.strerror or error}", hint="`gridrunner evaluate --facts` writes them"
        ) from error


class _SavedPage(Struct, frozen=True, kw_only=True):
    """A line of the file."""

    id: str
    labels: dict[str, tuple[str, ...]]
    facts: dict[str, Any]
    site: str | None = None
    language: str | None = None
    kind: str | None = None
    login_present: bool | None = None


def _read_line(line: bytes, where: str) -> ScoredPage:
    try:
        saved = codec.decode(line, _SavedPage)
        detection = detect(saved.facts)
    except codec.BrokenJsonError as error:
        raise UsageError(f"{where}: not a line that `gridrunner evaluate --facts` wrote: {error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError) as error:
        raise UsageError(f"{where}: holds no facts of a page: {type(error).__name__}: {error}") from error
    labels = {role: saved.labels.get(role, ()) for role in LABEL_ROLES}
    page = LabelledPage(
        id=saved.id,
        file="",
        site=saved.site or saved.id,
        language=saved.language,
        kind=saved.kind or "",
        login_present=saved.login_present,
        labels=labels,
        scripts_allowed=False,
    )
    return ScoredPage(page=page, detection=detection, labels={role: frozenset(names) for role, names in labels.items()})
