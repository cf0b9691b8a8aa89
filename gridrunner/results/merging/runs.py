"""One run out of many: shards, resumed and repeated runs of one plan. Owns the choice of what counts; the invariant:
every (check, site) of the plan has the attempts of exactly one run, or is named as missing, and the same runs give the
same bytes in whatever order they are named.

Which run counts: for each (check, site) the newest that has a result, with all its attempts, so that flaky stays
visible and "last attempt of the newest run wins" holds. A site's visits and evidence come from the newest run that
judged any of its checks. Newest is by the header's `started`, then by run id, so that clocks that agree break no tie by
chance.

Written for a million results: only places of lines are kept, and lines are read again when they are written out.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import IO

from msgspec import Struct
from msgspec.structs import replace

from gridrunner import codec
from gridrunner.errors import ExitCode, RunFolderError, UsageError
from gridrunner.model import Observation, Plan, Verdict
from gridrunner.results.journal.events import Decided, FleetUsed, JournalHeader, Observed, RunEnded
from gridrunner.results.journal.evidence import EvidenceCopier
from gridrunner.results.journal.files import NewerFormatError, open_atomically
from gridrunner.results.journal.lines import JOURNAL_NAME, JournalReader, collector_paused
from gridrunner.results.journal.planfile import PLAN_NAME, PlanHead, read_plan, read_plan_head, write_plan
from gridrunner.results.journal.sites import SiteLines, StoredRows, StoredSites, StoredVisits
from gridrunner.results.merging.index import LineReader, MergeSource, SourceIndex, TimedEvent
from gridrunner.results.record import RecordBuilder, RunRecord, clamp_s, seconds_between
from gridrunner.results.verdicts.digest import is_blocked, is_burnt
from gridrunner.results.verdicts.settling import exit_code_for, settle
from gridrunner.text import count_of

_ID_LENGTH = 12  # of a sha256 in hex: 48 bits, enough to tell the merges of one project apart


class MergeOutcome(Struct, frozen=True, kw_only=True):
    """What a merge found. `record` is the merged run; `cases` counts (check, site) by verdict, the missing ones as
    NOT_RUN; `missing` maps each site that lacks results to how many, in plan order; `duplicates` counts results of
    older runs that a newer one replaced; `warnings` are sentences for the user.
    """

    folder: Path
    record: RunRecord
    run: str
    runs: tuple[str, ...]
    exit_code: ExitCode
    cases: Mapping[Verdict, int]
    missing: Mapping[str, int]
    missing_shards: tuple[str, ...] = ()
    duplicates: int = 0
    warnings: tuple[str, ...] = ()


def merge_runs(folders: Sequence[Path], out: Path) -> MergeOutcome:
    """Merge the runs in `folders` (or below them) into the run folder `out`: plan.json, journal.jsonl and evidence/.

    What cannot be read of one run is named and costs only itself: a truncated journal counts up to its last whole line,
    a damaged one up to the damage; a run of a newer format, or of another plan than most, counts as not read. Raises
    RunFolderError for runs of which no plan has most, or when nothing at all could be read; UsageError when `out` is
    one of the runs.
    """
    with collector_paused():
        sources, unreadable = _open_sources(folders, out)
        sources, strangers = _part_strangers(sources)
        _name_lanes(sources)
        unreadable = sorted([*unreadable, *strangers])
        plan = _read_common_plan(sources)
        index = SourceIndex(plan, len(sources))
        for number in reversed(range(len(sources))):
            index.scan(number, sources[number])
        return _Merger(plan, sources, index, out, unreadable).write()


def find_runs(folder: Path) -> list[Path]:
    """The run folders at or below `folder`, sorted: artifacts of a CI matrix arrive in folders of their own."""
    if (folder / JOURNAL_NAME).exists():
        return [folder]
    return sorted(path.parent for path in folder.rglob(JOURNAL_NAME))


def _open_sources(folders: Sequence[Path], out: Path) -> tuple[list[MergeSource], list[str]]:
    sources: list[MergeSource] = []
    unreadable: list[str] = []
    newer: NewerFormatError | None = None
    for folder in dict.fromkeys(run.resolve() for given in folders for run in (find_runs(given) or [given])):
        if folder == out.resolve():
            if any(given.resolve() == folder for given in folders):
                raise UsageError(f"{out} is one of the runs to merge", hint="choose another --out")
            continue
        try:
            sources.append(_open_source(folder))
        except RunFolderError as error:
            newer = newer or (error if isinstance(error, NewerFormatError) else None)
            unreadable.append(f"{folder.name}: {error}")
    if not sources and newer is not None:
        raise newer
    if not sources:
        raise RunFolderError(
            "none of the runs to merge could be read" + "".join(f"; {line}" for line in unreadable[:3]),
            hint="name run folders, or folders that hold some",
        )
    sources.sort(
        key=lambda source: (source.started_key, source.header.run, source.size, source.reader.path.parent.name)
    )
    return sources, unreadable


def _open_source(folder: Path) -> MergeSource:
    reader = JournalReader(folder / JOURNAL_NAME)
    try:
        head: PlanHead | None = read_plan_head(folder / PLAN_NAME, within=folder)
    except NewerFormatError:
        raise
    except RunFolderError:
        head = None
    if head is not None and head.hash != reader.header.plan:
        raise RunFolderError(f"plan.json and journal.jsonl of {folder} do not belong together")
    return MergeSource(reader=reader, header=reader.header, head=head)


def _name_lanes(sources: Sequence[MergeSource]) -> None:
    """Slots of different runs share names: each run's get a word before them, its shard where that tells them apart."""
    if len(sources) == 1:
        return
    shards = Counter(source.shard for source in sources)
    runs = Counter(source.header.run for source in sources)
    for number, source in enumerate(sources, start=1):
        if source.shard and shards[source.shard] == 1:
            source.lane = f"{source.shard}:"
        else:
            source.lane = f"{source.header.run}:" if runs[source.header.run] == 1 else f"{source.header.run}.{number}:"


def _part_strangers(sources: list[MergeSource]) -> tuple[list[MergeSource], list[str]]:
    """The runs of the plan that most of them are of, and a sentence for each other one: an artifact that does not
    belong there must not stop the merge of all others.
    """
    (plan, count), *_ = Counter(source.header.plan for source in sources).most_common(1)
    if 2 * count > len(sources):
        others = [source for source in sources if source.header.plan != plan]
        return [source for source in sources if source.header.plan == plan], [
            f"{source.reader.path.parent.name}: run {source.header.run} is of plan {source.header.plan[:_ID_LENGTH]}, "
            f"the others of {plan[:_ID_LENGTH]}"
            for source in others
        ]
    first = sources[0]
    other = next(source for source in sources if source.header.plan != first.header.plan)
    raise RunFolderError(
        f"these runs are of different plans: {first.header.run} of {first.header.plan[:_ID_LENGTH]}, "
        f"{other.header.run} of {other.header.plan[:_ID_LENGTH]}",
        hint="merge runs of the same site lists and checks; shards share one plan file (--plan)",
    )


def _read_common_plan(sources: Sequence[MergeSource]) -> Plan:
    problems: list[str] = []
    for source in sources:
        try:
            plan = read_plan(source.reader.path.parent / PLAN_NAME, within=source.reader.path.parent)
        except RunFolderError as error:
            problems.append(str(error))
        else:
            return replace(plan, shard=None, shard_sites=None, cut="")
    raise RunFolderError(f"no run has a plan that can be read: {problems[0]}")


class _Merger:
    """Writes the merged run from an index of where everything stands."""

    def __init__(
        self, plan: Plan, sources: Sequence[MergeSource], index: SourceIndex, out: Path, unreadable: list[str]
    ) -> None:
        self._plan = plan
        self._sources = sources
        self._index = index
        self._out = out
        self._unreadable = unreadable
        self._evidence = EvidenceCopier(out)
        self._cases: Counter[Verdict] = Counter()
        self._missing: dict[str, int] = {}
        self._visited = self._blocked = 0
        self._last_at_s = 0.0
        earliest = sources[0].header.started
        self._shifts_s = [max(0.0, seconds_between(earliest, source.header.started)) for source in sources]

    def write(self) -> MergeOutcome:
        damaged = [source.damage for source in self._sources if source.damage]
        damaged += [earlier for source in self._sources for earlier in source.header.damaged]
        damaged += self._unreadable
        header = self._make_header(tuple(dict.fromkeys(damaged)))
        builder = RecordBuilder(self._plan, header)
        lines = SiteLines(len(builder.sites))
        write_plan(self._out / PLAN_NAME, self._plan)
        with open_atomically(self._out / JOURNAL_NAME) as file:
            file.write(codec.encode(header) + b"\n")
            self._write_rest_of_runs(file, builder)
            self._write_sites(file, builder, lines)
            is_incomplete = bool(damaged) or is_burnt(self._blocked, self._visited, header.max_blocked)
            code = exit_code_for(self._cases, is_damaged=is_incomplete)
            ended = RunEnded(
                exit_code=code, at_s=self._last_at_s, reason=f"merged from {count_of(len(header.merged_from), 'run')}"
            )
            file.write(codec.encode(ended) + b"\n")
        builder.take(ended)
        stored = StoredSites(self._out / JOURNAL_NAME, builder.sites, builder.checks, lines)
        return MergeOutcome(
            folder=self._out,
            record=builder.build(StoredRows(stored), StoredVisits(stored)),
            run=header.run,
            runs=header.merged_from,
            exit_code=code,
            cases={verdict: self._cases[verdict] for verdict in Verdict},
            missing=self._missing,
            missing_shards=self._find_missing_shards(),
            duplicates=self._index.duplicates,
            warnings=self._list_warnings(),
        )

    def _make_header(self, damaged: tuple[str, ...]) -> JournalHeader:
        runs = tuple(run for source in self._sources for run in (source.header.merged_from or (source.header.run,)))
        runs = tuple(dict.fromkeys(runs))
        digest = hashlib.sha256("\n".join([self._plan.hash, *runs]).encode()).hexdigest()
        first = self._sources[0].header
        limits = [source.header.max_blocked for source in self._sources if source.header.max_blocked is not None]
        return JournalHeader(
            run=f"merged-{digest[:_ID_LENGTH]}",
            plan=self._plan.hash,
            started=first.started,
            version=first.version,
            merged_from=runs,
            damaged=damaged,
            max_blocked=min(limits, default=None),
        )

    def _write_rest_of_runs(self, file: IO[bytes], builder: RecordBuilder) -> None:
        """Sessions, faults and decisions of every run, the oldest first, on the clock of the first."""
        for source, shift_s in zip(self._sources, self._shifts_s, strict=True):
            for event in source.list_others():
                shifted = _move_event(event, shift_s, source.lane)
                self._last_at_s = max(self._last_at_s, shifted.at_s)
                builder.take(shifted)
                file.write(codec.encode(shifted) + b"\n")

    def _write_sites(self, file: IO[bytes], builder: RecordBuilder, lines: SiteLines) -> None:
        at = file.tell()
        with ExitStack() as stack:
            reader = LineReader(self._sources, stack)
            for place, planned in enumerate(self._plan.sites):
                visits = self._list_visits(place, reader)
                self._visited += bool(visits)
                self._blocked += is_blocked(planned.site, [visit.observation for visit in visits])
                for visit in visits:
                    builder.take(visit)
                piece = b"".join([codec.encode(visit) + b"\n" for visit in visits])
                faulted = {visit.observation.attempt for visit in visits if visit.observation.fault is not None}
                piece += self._copy_results(place, planned.site.id, faulted, reader)
                if piece:
                    lines.add(place, at, len(piece) - 1)
                    at += file.write(piece)

    def _list_visits(self, place: int, reader: LineReader) -> list[Observed]:
        """The visits of a site, on the clock of the first run; their evidence is copied."""
        visits: list[Observed] = []
        for number, start in self._index.visits_of(place):
            event = codec.decode(reader.read(number, start), Observed)
            observation = self._move_observation(event.observation, number, start)
            self._evidence.copy(self._sources[number].reader.path.parent, observation)
            visits.append(Observed(observation=observation))
        return visits

    def _copy_results(self, place: int, site: str, faulted: set[int], reader: LineReader) -> bytes:
        """The lines of a site's results, which are counted; `faulted` are its attempts that a fault of ours ended."""
        plain = self._index.plain_row_of(place)
        piece = reader.read_row(plain) if plain is not None else None
        if plain is not None and piece is not None:
            for status, count in plain.statuses.items():
                self._cases[settle([(status, False)])] += count  # of one attempt, a fault changes nothing
            return piece
        copied: list[bytes] = []
        for check in range(len(self._plan.checks)):
            attempts = self._index.attempts_of(place, check)
            if not attempts:
                self._missing[site] = self._missing.get(site, 0) + 1
            self._cases[settle([(attempt.status, attempt.number in faulted) for attempt in attempts])] += 1
            copied += [reader.read(attempt.source, attempt.start) for attempt in attempts]
        return b"".join(copied)

    def _move_observation(self, visit: Observation, number: int, start: int) -> Observation:
        source = self._sources[number]
        started_s = clamp_s(round(visit.started_s + self._shifts_s[number] + source.offset_at(start), 4))
        self._last_at_s = clamp_s(max(self._last_at_s, started_s + visit.timings.total_s))
        return replace(visit, started_s=started_s, slot=source.lane + visit.slot)

    def _find_missing_shards(self) -> tuple[str, ...]:
        shards = {source.head.shard for source in self._sources if source.head is not None} - {None}
        counts = {shard[1] for shard in shards if shard is not None}
        if len(counts) != 1 or not self._missing:
            return ()
        count = counts.pop()
        return tuple(f"{number}/{count}" for number in range(1, count + 1) if (number, count) not in shards)

    def _list_warnings(self) -> tuple[str, ...]:
        warnings = [f"not read at all: {line}" for line in self._unreadable]
        for source in self._sources:
            warnings += [f"{source.header.run}: {line}" for line in source.reader.warnings]
            warnings += [source.damage] if source.damage else []
        warnings += _describe_cuts(self._sources)
        shards = self._find_missing_shards()
        if shards:
            warnings.append(f"no run of shard {', '.join(shards)}")
        if self._missing:
            owed = sum(self._missing.values())
            names = ", ".join(islice(self._missing, 10))
            more = f" and {len(self._missing) - 10} more" if len(self._missing) > 10 else ""
            what = f"{count_of(owed, 'result')} of {count_of(len(self._missing), 'site')}"
            warnings.append(f"{what} {'is' if owed == 1 else 'are'} missing: {names}{more}")
        if self._index.duplicates:
            warnings.append(f"{count_of(self._index.duplicates, 'result', 'were')} replaced by those of a newer run")
        if self._index.unplanned:
            warnings.append(
                f"{count_of(self._index.unplanned, 'result', 'are')} for sites or checks that are not in the plan"
            )
        if self._evidence.missing:
            missing = self._evidence.missing
            verb = "is" if missing == 1 else "are"
            warnings.append(f"{count_of(missing, 'file')} of evidence {verb} missing from the runs")
        return tuple(warnings)


def _describe_cuts(sources: Sequence[MergeSource]) -> list[str]:
    """A sentence for each number of shards that was cut in more than one way."""
    cuts: dict[int, dict[str, list[str]]] = {}
    for source in sources:
        if source.head is not None and source.head.shard is not None and source.head.cut:
            alike = cuts.setdefault(source.head.shard[1], {}).setdefault(source.head.cut, [])
            alike.append(f"{source.shard} ({source.header.run})")
    return [
        "the shards were not cut alike: "
        + "; ".join(f"{', '.join(names)} as {cut[:8]}" for cut, names in ways.items())
        + ": their machines planned from different histories, so that a site may belong to two of them or to none; let"
        " them share one plan file (gridrunner plan --out FILE, then run --plan FILE)"
        for ways in cuts.values()
        if len(ways) > 1
    ]


def _move_event(event: TimedEvent, shift_s: float, lane: str) -> TimedEvent:
    at_s = clamp_s(round(event.at_s + shift_s, 4))
    if isinstance(event, Decided | FleetUsed):
        return replace(event, at_s=at_s)
    return replace(event, at_s=at_s, slot=lane + event.slot if event.slot else "")
