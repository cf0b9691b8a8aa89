"""On how many sites the user's own probes answered as detectors, told at the end of a run. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dom_probes.suite.comparison import KNOWN, is_answer, list_mistakes
from gridrunner.browser.page_state import EXTENSION_ERROR
from gridrunner.model import Observation
from gridrunner.text import count_of, make_line

MOST_KEYS = 8
"""Words of a detector's that are named; an answer has three."""

KEY_LIMIT = 40
ERROR_LIMIT = 200


def describe_silent_probes(names: Sequence[str], newest: Iterable[Observation]) -> Iterator[str]:
    """A line for each probe that answered on fewer sites than it was asked on, of the newest visit of each site."""
    asked = list(newest)
    for name in names:
        entries = [entry for seen in asked if isinstance(entry := seen.probes.get(name), Mapping)]
        values = [entry["value"] for entry in entries if "value" in entry]
        answered = sum(is_answer(value) and not list_mistakes(value) for value in values)
        errors = sum("error" in entry for entry in entries)
        if answered + errors < len(asked):
            yield (
                f"{name} answered on {answered} of {count_of(len(asked), 'site')}; {_describe_values(values)}; "
                f"known: {', '.join(KNOWN)}"
            )


def describe_extension_errors(newest: Iterable[Observation]) -> Iterator[str]:
    """A line where the user's extension wrote errors, with the first of them."""
    asked = list(newest)
    errors = [
        (seen.site, next(event.text for event in seen.events if event.kind == EXTENSION_ERROR))
        for seen in asked
        if any(event.kind == EXTENSION_ERROR for event in seen.events)
    ]
    if errors:
        site, text = errors[0]
        yield (
            f"the extension wrote errors on {len(errors)} of {count_of(len(asked), 'site')}, which are not the sites'; "
            f"the first, on {site}: {make_line(text, ERROR_LIMIT)}"
        )


def _describe_values(values: Sequence[Any]) -> str:
    keys = Counter(str(key) for value in values if isinstance(value, Mapping) for key in value)
    if keys:
        named = [make_line(key, KEY_LIMIT) for key, _ in keys.most_common(MOST_KEYS)]
        return f"keys seen: {', '.join(named)}"
    kinds = sorted({_kind_of(value) for value in values})
    return f"seen: {', '.join(kinds)}" if kinds else "it returned nothing"


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case Mapping():
            return "an object without keys"
        case _:
            return "a list"
