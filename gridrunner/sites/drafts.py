"""Owns the way from entries as written to sites: the fields there are, defaults, ids of their own, ids used twice.

Each format makes a `ListDraft`; `finish_sites` joins them. A draft keeps what could be read of an entry with mistakes,
so that its id still counts when others are compared with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from gridrunner.model import Expectation, ExpectedLogin, Outcome, Site, SourceLine
from gridrunner.sites import values
from gridrunner.sites.mistakes import FileReport, show_value

MAX_SITES: Final = 200_000
"""Sites of all lists of a run; forty times the 5,000 of the largest runs planned for."""

MAX_ITEMS: Final = 64  # tags or providers of one site; no list comes near, and a report shows them in one cell

Reader = Callable[[str], Any]

SITE_TEXTS: Final[Mapping[str, Reader]] = {
    "id": values.read_id,
    "url": values.read_url,
    "locale": values.read_locale,
    "visitor": values.read_visitor,
    "visit_timeout_s": values.read_visit_timeout,
}
SITE_LISTS: Final[Mapping[str, Reader]] = {"tags": values.read_tag}

EXPECT_TEXTS: Final[Mapping[str, Reader]] = {
    "login": values.read_login,
    "username": values.read_selector,
    "password": values.read_selector,
    "submit": values.read_selector,
    "outcome": values.read_outcome,
}
EXPECT_LISTS: Final[Mapping[str, Reader]] = {"sso": values.read_sso}

QUARANTINE_TEXTS: Final[Mapping[str, Reader]] = {
    "owner": values.read_words,
    "reason": values.read_words,
    "until": values.read_day,
}
QUARANTINE_LISTS: Final[Mapping[str, Reader]] = {"checks": values.read_check}


class ServedFolder(Struct, frozen=True, kw_only=True):
    """A folder of replica pages that the embedded server serves while the list is run, and the line that asks for
    it.
    """

    folder: Path
    source: SourceLine


class Draft(Struct, frozen=True, kw_only=True):
    """An entry as written, or the defaults of a list: only fields that were given, under their names in the model.

    `id_place` is line and column of the id.
    """

    source: SourceLine
    fields: Mapping[str, Any]
    expect: Mapping[str, Any]
    id_place: tuple[int, int | None] | None = None


@dataclass(slots=True)
class ListDraft:
    """What one list holds; `report` takes its mistakes."""

    report: FileReport
    entries: list[Draft] = field(default_factory=list)
    defaults: Draft | None = None
    replay: ServedFolder | None = None


def read_items(texts: Sequence[str], read: Reader) -> tuple[Any, ...]:
    """The items of a list of texts, each once. Raises BadEntry."""
    if len(texts) > MAX_ITEMS:
        raise values.BadEntry(f"{len(texts):,} items; at most {MAX_ITEMS} are allowed")
    return tuple(dict.fromkeys(read(text) for text in texts))


def list_contradictions(expect: Mapping[str, Any]) -> Iterator[str]:
    """What cannot hold at once of what one entry expects, as sentences with what would be right."""
    login, outcome = expect.get("login"), expect.get("outcome", Outcome.OBSERVED)
    fields = [name for name in ("username", "password", "submit") if name in expect]
    if login is ExpectedLogin.NO and fields:
        yield f"login is false, and {fields[0]} is named; a page without a login form has none: remove one of them"
    claims = ["login"] if login in {ExpectedLogin.YES, ExpectedLogin.UNKNOWN} else []
    claims += [*fields, *(["sso"] if expect.get("sso") else [])]
    if outcome is not Outcome.OBSERVED and claims:
        yield (
            f"outcome is {outcome}, and {claims[0]} is expected; of such a visit there is no page to judge: remove one "
            "of them"
        )


def check_count(count: int, report: FileReport, line: int) -> bool:
    """Whether another entry has room after `count`; reports that it has not."""
    if count < MAX_SITES:
        return True
    report.add(f"more than {MAX_SITES:,} sites; split the list over several runs", line)
    return False


def check_ids(lists: Sequence[ListDraft]) -> None:
    """Report every id that was given before, with the place where it was."""
    first: dict[str, SourceLine] = {}
    for part in lists:
        for entry in part.entries:
            name = entry.fields.get("id")
            if name is None or entry.id_place is None:
                continue
            line, column = entry.id_place
            earlier = first.setdefault(name, SourceLine(file=part.report.file, line=line))
            if (earlier.file, earlier.line) != (part.report.file, line):
                what = f"id: {show_value(name)} is already taken at {earlier.file}:{earlier.line}"
                part.report.add(f"{what}; give each site an id of its own", line, column)


def finish_sites(lists: Sequence[ListDraft]) -> tuple[Site, ...]:
    """The sites of lists without mistakes, in the order written.

    An entry without an id gets one from its URL, made unique by a number.
    """
    taken = {entry.fields["id"] for part in lists for entry in part.entries if "id" in entry.fields}
    counters: dict[str, int] = {}
    return tuple(site for part in lists for site in _finish_list(part, taken, counters))


def _finish_list(part: ListDraft, taken: set[str], counters: dict[str, int]) -> list[Site]:
    fields: Mapping[str, Any] = part.defaults.fields if part.defaults else {}
    expect: Mapping[str, Any] = part.defaults.expect if part.defaults else {}
    shared = Expectation(**expect)
    sites = []
    for entry in part.entries:
        given = {**fields, **entry.fields}
        if "id" not in given:
            given["id"] = _make_unique(values.derive_id(given["url"]), taken, counters)
        expected = Expectation(**{**expect, **entry.expect}) if entry.expect else shared
        sites.append(Site(**given, expect=expected, source=entry.source))
    return sites


def _make_unique(name: str, taken: set[str], counters: dict[str, int]) -> str:
    candidate = name
    while candidate in taken:
        counters[name] = counters.get(name, 1) + 1
        candidate = f"{name}-{counters[name]}"
    taken.add(candidate)
    return candidate
