"""What a history keeps of one run, and how several of them become the runs that people know. Owns the format of an
entry; pure. The invariant: an entry is made from one run alone and never changes with others, so that histories are
joined by putting entries side by side, in any order and as often as one likes.

A shard has an entry of its own, which says of which part it is; entries of one pipeline's shards are read as one run,
and an entry of a merged run stands in place of those that it was merged from.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.limits import AttemptNumber, Count, Seconds
from gridrunner.model import FaultKind, Outcome, Verdict

ENTRY_FORMAT = 2
"""1 was a table of visits in SQLite (see `version1`)."""

STAMP_LENGTH = len("20261130230000")

FAULTS = frozenset(FaultKind)


class VisitEntry(Struct, frozen=True, array_like=True):
    """One visit: its seconds, and how it ended as an Outcome or, where a fault of ours ended it, a FaultKind."""

    seconds: Seconds
    ended: str

    @property
    def is_faulted(self) -> bool:
        """Whether it says nothing of the site."""
        return self.ended in FAULTS


class SiteEntry(Struct, frozen=True, array_like=True):
    """A site in a run. `first` is what its first attempt came to, whatever a later one said: `passed`, `failed`, or ""
    where no check could say. `status` is HTTP's, 0 where there was none; `wall` whose wall it was; `cause` and `why`
    are empty for a pass; `shot` is a picture below the run folder. `is_held`: it failed, and a quarantine excuses it.
    """

    site: str
    visits: tuple[VisitEntry, ...]
    verdict: Verdict
    first: str = ""
    status: int = 0
    wall: str = ""
    cause: str = ""
    why: str = ""
    shot: str = ""
    is_quarantined: bool = False
    is_held: bool = False
    url: str = ""
    locale: str = ""
    tags: tuple[str, ...] = ()


class RunEntry(Struct, frozen=True, kw_only=True):
    """A run. `started` is ISO 8601 in UTC, `version` gridrunner's, `detector` the version of the weights that most of
    its pages were judged with. `place` is where the run folder is, as a path or a URL, "" if unknown. `group`
    is what the shards of a pipeline share, `missing` how many of them are not there.
    """

    run: str
    started: str
    plan: str
    sites: tuple[SiteEntry, ...]
    format: int = ENTRY_FORMAT
    version: str = ""
    detector: str = ""
    wall_s: Seconds = 0.0
    exit_code: Count = 0
    place: str = ""
    group: str = ""
    shard: tuple[AttemptNumber, AttemptNumber] | None = None
    merged_from: tuple[str, ...] = ()
    missing: Count = 0


def name_entry(run: str, started: str) -> str:
    """What an entry is called in a store: the start first, so that names sort by time and tell their age. Two runs
    never share one, whatever their ids are.
    """
    stamp = re.sub(r"[^0-9]", "", started)[:STAMP_LENGTH].ljust(STAMP_LENGTH, "0")
    plain = re.sub(r"[^A-Za-z0-9._-]", "-", run)[:80]
    mark = "" if plain == run else "-" + hashlib.sha256(run.encode("utf-8", "replace")).hexdigest()[:12]
    return f"{stamp}_{plain}{mark}.json.gz"


def join_entries(entries: Iterable[RunEntry]) -> list[RunEntry]:
    """The runs behind `entries`, oldest first: what was merged into another run goes, and the shards of one group
    become one run, of which `missing` shards have no entry.
    """
    kept = list(entries)
    unions = [frozenset(entry.merged_from) for entry in kept if entry.merged_from]
    kept = [entry for entry in kept if not _is_part_of_another(entry, unions)]
    merged: frozenset[str] = frozenset().union(*unions)
    groups: dict[tuple[str, str, int], dict[int, RunEntry]] = {}
    runs = []
    for entry in sorted((entry for entry in kept if entry.run not in merged), key=_order):
        if entry.shard is not None and entry.group:
            number, count = entry.shard
            groups.setdefault((entry.group, entry.plan, count), {})[number] = entry  # run again, the newer one counts
        else:
            runs.append(entry)
    runs += [_join_shards(list(parts.values()), count) for (_, _, count), parts in groups.items()]
    return sorted(runs, key=_order)


def _is_part_of_another(entry: RunEntry, unions: Sequence[frozenset[str]]) -> bool:
    """Whether another merge has all of this one and more: a shard was run again, and all was merged again."""
    sources = frozenset(entry.merged_from)
    return bool(sources) and any(sources < union for union in unions)


def _order(entry: RunEntry) -> tuple[str, str]:
    return entry.started, entry.run


def _join_shards(parts: Sequence[RunEntry], count: int) -> RunEntry:
    first = min(parts, key=_order)
    return replace(
        first,
        run=first.group,
        sites=tuple([site for part in sorted(parts, key=lambda part: part.shard or (0, 0)) for site in part.sites]),
        wall_s=max(part.wall_s for part in parts),
        exit_code=max(part.exit_code for part in parts),
        place="",
        shard=None,
        missing=count - len(parts),
    )


def list_past_seconds(visits: Iterable[VisitEntry]) -> Iterator[tuple[float, bool]]:
    """(seconds, whether it timed out) of the visits that tell how long a site takes, newest first."""
    for visit in reversed(list(visits)):
        if not visit.is_faulted:
            yield visit.seconds, visit.ended == Outcome.TIMED_OUT
