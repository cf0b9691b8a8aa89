"""What a visit came to, in the few words that a replay is compared by, and how two differ; pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final

from gridrunner.archive.traffic import Seen
from gridrunner.model import Detection, Facts, Observation

_DIGITS: Final = re.compile(r"\d+")
_SPACES: Final = re.compile(r"\s+")

TITLE_LIMIT: Final = 120


def see(observation: Observation, facts: Facts | None = None) -> Seen:
    """What a visit came to."""
    detection = observation.detection
    login = detection.login if detection is not None else None
    best = detection.best_form if detection is not None else None
    return Seen(
        outcome=str(observation.outcome or (observation.fault and "fault") or ""),
        login=str(detection.found_login) if detection is not None else "",
        kind=str(best.kind) if best is not None else "",
        fields={name: element.selector for name, element in login.named_fields.items()} if login is not None else {},
        providers=_providers(detection),
        title=_SPACES.sub(" ", observation.title).strip()[:TITLE_LIMIT],
        words=digest_words(facts) if facts is not None else "",
        ready_by=str(observation.ready_by or ""),
    )


def _providers(detection: Detection | None) -> tuple[str, ...]:
    return tuple(sorted({provider.name for provider in detection.sso})) if detection is not None else ()


def digest_words(facts: Facts) -> str:
    """A digest of the labels, buttons and headings that the probes saw, in their order; numbers count as the same, for
    clocks and counters stand in buttons too.
    """
    digest = hashlib.sha256()
    for text in _texts(facts):
        digest.update(_DIGITS.sub("0", text).encode("utf-8", "replace") + b"\n")
    return digest.hexdigest()[:16]


_TEXT_KEYS: Final = frozenset({"text", "label", "labels", "placeholder", "aria_label", "heading", "headings"})


def _texts(value: Any, key: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if key in _TEXT_KEYS and value:
            yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, key)


def list_differences(recorded: Seen, replayed: Seen) -> Iterator[str]:
    """What a replay came to otherwise, in sentences; none where it is the same."""
    if recorded.outcome != replayed.outcome:
        yield f"the outcome is {replayed.outcome or 'none'}, and was {recorded.outcome or 'none'}"
        return
    if recorded.login != replayed.login:
        yield f"login is {replayed.login or 'not known'}, and was {recorded.login or 'not known'}"
    for name in sorted({*recorded.fields, *replayed.fields}):
        before, now = recorded.fields.get(name), replayed.fields.get(name)
        if before != now:
            yield f"{name} is {now or 'not found'}, and was {before or 'not found'}"
    if recorded.kind != replayed.kind:
        yield f"the best form is {replayed.kind or 'none'}, and was {recorded.kind or 'none'}"
    if recorded.providers != replayed.providers:
        lost = set(recorded.providers) - set(replayed.providers)
        new = set(replayed.providers) - set(recorded.providers)
        yield "; ".join(
            f"{word} {', '.join(sorted(names))}" for word, names in (("lacks", lost), ("has also", new)) if names
        )
    if recorded.title != replayed.title:
        yield f"the title is {replayed.title!r}, and was {recorded.title!r}"
    if recorded.words and replayed.words and recorded.words != replayed.words:
        yield "the texts of fields and buttons differ"
