"""What a run came to: its plan and journal as one value. Pure but for `load_run`. The invariant: every (check, site)
that the plan owes has exactly one verdict, in plan order, whatever the journal holds, lacks or says twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import assert_never

from msgspec.structs import replace

from gridrunner.errors import LIMIT_REACHED, ExitCode, RunFolderError
from gridrunner.limits import MOST_S
from gridrunner.model import Fault, Observation, Plan, Result, Verdict
from gridrunner.planning.plan import owed_sites
from gridrunner.results.journal.events import (
    ChunkEnded,
    Decided,
    Event,
    Faulted,
    FleetUsed,
    JournalHeader,
    Judged,
    Observed,
    Resumed,
    RunEnded,
    SessionChange,
    SessionChanged,
    VisitStarted,
)
from gridrunner.results.journal.lines import JOURNAL_NAME, JournalReader, collector_paused
from gridrunner.results.journal.planfile import PLAN_NAME, read_plan
from gridrunner.results.journal.sites import (
    Row,
    SiteLines,
    StoredRows,
    StoredSites,
    StoredVisits,
    insert_attempt,
    insert_visit,
)
from gridrunner.results.verdicts.cases import CaseVerdict, SiteState, SiteVerdict, judge_site
from gridrunner.results.verdicts.causes import DETECTOR_CHECK_FILE, SHIPPED_FILES
from gridrunner.results.verdicts.cost import RunCost, reckon_cost
from gridrunner.results.verdicts.digest import Digester, RunDigest, RunTotals, is_burnt
from gridrunner.results.verdicts.settling import exit_code_for
from gridrunner.text import count_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as read back; times of every event count from `header.started`, resumed or not.

    `observations` is keyed by site id, all attempts in the order of the journal; `unplanned` counts results for sites
    or checks that the plan does not owe, which no verdict uses; `known_failures` (check, site) failed in the baseline.

    `rows` are the results of sites, as the plan orders checks; `unfinished` began a visit that never ended, and
    `site_faults` kept sites from being visited. All three are by site id, and what verdicts are made of.
    """

    plan: Plan
    header: JournalHeader
    observations: Mapping[str, tuple[Observation, ...]]
    sessions: tuple[SessionChanged, ...] = ()
    faults: tuple[Faulted, ...] = ()
    decisions: tuple[Decided, ...] = ()
    chunks: tuple[ChunkEnded, ...] = ()
    fleet: tuple[FleetUsed, ...] = ()
    ended: RunEnded | None = None
    unplanned: int = 0
    warnings: tuple[str, ...] = ()
    last_at_s: float = 0.0
    known_failures: frozenset[tuple[str, str]] = frozenset()
    rows: Mapping[str, Row] = field(default_factory=dict)
    unfinished: frozenset[str] = frozenset()
    site_faults: Mapping[str, Fault] = field(default_factory=dict)
    _digests: list[RunDigest] = field(default_factory=list, init=False, compare=False, repr=False)

    def ended_by(self, ended: RunEnded) -> RunRecord:
        """The same run, with its end."""
        return dataclasses.replace(self, ended=ended, last_at_s=max(self.last_at_s, ended.at_s))

    def knowing(self, failures: frozenset[tuple[str, str]]) -> RunRecord:
        """The same run, with the failures that do not count against it: (check, site)."""
        return dataclasses.replace(self, known_failures=failures)

    def verdicts(self, checks: Sequence[str] | None = None) -> Iterator[CaseVerdict]:
        """Every owed (check, site) exactly once: sites in plan order, for each the checks in plan order; `checks`
        narrows it.
        """
        chosen = None if checks is None else frozenset(checks)
        for site in self.site_verdicts():
            for case in site.cases:
                if chosen is None or case.check in chosen:
                    yield case

    def site_verdicts(self) -> Iterator[SiteVerdict]:
        """Every owed site exactly once, in plan order."""
        unjudged: Row = ((),) * len(self.plan.checks)
        for planned in owed_sites(self.plan):
            name = planned.site.id
            state = SiteState(
                row=self.rows.get(name, unjudged),
                observations=self.observations.get(name, ()),
                fault=self.site_faults.get(name),
                is_unfinished=name in self.unfinished,
            )
            yield judge_site(planned.site, self.plan.checks, state, self.known_failures)

    def digest(self, *readers: Callable[[SiteVerdict], None]) -> RunDigest:
        """What the run came to, from one pass over all sites, in plan order, each shown to `readers` as well. Without
        readers the digest of an earlier pass serves again.
        """
        kept = self._digests[0] if self._digests else None
        if kept is not None and not readers:
            return kept
        digester = Digester()
        with collector_paused():
            for site in self.site_verdicts():
                digester.add(site)
                for read in readers:
                    read(site)
        made = digester.finish(
            wall_s=self.last_at_s,
            slots=self.header.slots,
            sessions=sum(event.change is SessionChange.OPENED for event in self.sessions),
            faults=len(self.faults),
        )
        self._digests[:] = [made]
        return made

    def totals(self) -> RunTotals:
        """The figures of the run."""
        return self.digest().totals

    def cost(self) -> RunCost | None:
        """What it cost in the cloud; None: it used no fleet."""
        totals = self.totals()
        visited = sum(count for verdict, count in totals.sites.items() if verdict is not Verdict.NOT_RUN)
        return reckon_cost(self.fleet, sites=visited, busy_s=totals.busy_s)


def took_part(checks: Sequence[str], busy: Collection[str]) -> bool:
    """Whether what was to be tested was: some check was more than skipped; and where a detector of the user's stands
    beside the shipped checks, it was judged somewhere. Beside own checks a probe may be there for them alone.
    """
    if not busy:
        return False
    file_of = {check: check.partition("::")[0] for check in checks}
    detector = {check for check, file in file_of.items() if file == DETECTOR_CHECK_FILE}
    if not detector or not SHIPPED_FILES.issuperset(file_of.values()):
        return True
    return not detector.isdisjoint(busy)


def exit_code_of(record: RunRecord) -> ExitCode:
    """What a command ends with for this run. What a merge could not read makes it 3, and so do too many walls; known
    failures do not count.
    """
    was_interrupted = record.ended is not None and record.ended.exit_code == ExitCode.INTERRUPTED
    is_damaged = bool(record.header.damaged) or explain_burnt(record) != ""
    digest = record.digest()
    return exit_code_for(
        digest.verdicts,
        was_interrupted=was_interrupted,
        is_damaged=is_damaged,
        was_limited=record.ended is not None and record.ended.reason == LIMIT_REACHED,
        took_part=took_part(record.plan.checks, digest.busy_checks),
    )


def explain_burnt(record: RunRecord) -> str:
    """Why so many walls make the run incomplete; "" when they do not."""
    totals, limit = record.totals(), record.header.max_blocked
    if limit is None or not is_burnt(totals.blocked, totals.visited, limit):
        return ""
    share = totals.blocked / totals.visited
    return (
        f"{totals.blocked} of {count_of(totals.visited, 'site')} ({share:.1%}) stood behind walls against "
        f"bots, more than --max-blocked {limit * 100:.4g}%: this address may be burnt, or its visits come too fast"
    )


def load_run(folder: Path) -> RunRecord:
    """The run in `folder`, from plan.json and journal.jsonl. Raises RunFolderError when either is missing, damaged, of
    a newer format, or they do not belong together.
    """
    plan = read_plan(folder / PLAN_NAME, within=folder)
    reader = JournalReader(folder / JOURNAL_NAME)
    builder = RecordBuilder(plan, reader.header)
    lines = SiteLines(len(builder.sites))
    offsets = [(0, 0.0)]
    with collector_paused():
        for event, start, end in reader.read_lines():
            place = builder.take(event)
            if place is not None:
                lines.add(place, start, end - start)
            elif isinstance(event, Resumed):
                offsets.append((start, builder.offset_s))
    stored = StoredSites(reader.path, builder.sites, builder.checks, lines, offsets)
    return builder.build(StoredRows(stored), StoredVisits(stored), tuple(reader.warnings))


def build_record(plan: Plan, header: JournalHeader, events: Iterable[Event], warnings: Sequence[str] = ()) -> RunRecord:
    """The record of a run from events in memory. Raises RunFolderError when the header names another plan."""
    builder = RecordBuilder(plan, header)
    rows: dict[str, list[tuple[Result, ...]]] = {}
    visits: dict[str, tuple[Observation, ...]] = {}
    for event in events:
        is_owed = builder.take(event) is not None
        match event:
            case Judged(result=result) if is_owed:
                row = rows.setdefault(result.site, [()] * len(plan.checks))
                index = builder.checks[result.check]
                row[index] = insert_attempt(row[index], result)
            case Observed(observation=observation) if is_owed:
                moved = replace(observation, started_s=observation.started_s + builder.offset_s)
                visits[moved.site] = insert_visit(visits.get(moved.site, ()), moved)
            case _:
                pass
    return builder.build(rows, visits, tuple(warnings))


class RecordBuilder:
    """Takes the events of a journal one at a time, and keeps those that belong to no site; where the others are kept is
    its caller's business. `sites` and `checks` give the place of each id that the plan owes, `offset_s` the seconds
    between the run's beginning and its last resumption.
    """

    def __init__(self, plan: Plan, header: JournalHeader) -> None:
        """Raises RunFolderError when the header names another plan."""
        if header.plan != plan.hash:
            raise RunFolderError(
                f"the journal of run {header.run} belongs to plan {header.plan[:12]}, plan.json is {plan.hash[:12]}",
                hint="a run folder holds the plan and the journal of one run",
            )
        self.sites = {planned.site.id: place for place, planned in enumerate(owed_sites(plan))}
        self.checks = {check: index for index, check in enumerate(plan.checks)}
        self.offset_s = 0.0
        self._plan = plan
        self._header = header
        self._sessions: list[SessionChanged] = []
        self._faults: list[Faulted] = []
        self._decisions: list[Decided] = []
        self._chunks: list[ChunkEnded] = []
        self._fleet: list[FleetUsed] = []
        self._ended: RunEnded | None = None
        self._unfinished: set[str] = set()
        self._site_faults: dict[str, Fault] = {}
        self._unplanned = 0
        self._last_at_s = 0.0

    def take(self, event: Event) -> int | None:
        """Take one event, in the order of the journal; returns the place of the site whose result or visit it is, None
        for what belongs to none that the plan owes.
        """
        match event:
            case Judged(result=result):
                place = self.sites.get(result.site)
                if place is None or result.check not in self.checks:
                    self._unplanned += 1
                    return None
                return place
            case Observed(observation=observation):
                self._note_visit(observation)
                return self.sites.get(observation.site)
            case VisitStarted():
                self._unfinished.add(event.site)
                self._shift_s(event.at_s)
            case Faulted():
                self._faults.append(replace(event, at_s=self._shift_s(event.at_s)))
                if event.site is not None:
                    self._site_faults[event.site] = event.fault
            case SessionChanged():
                self._sessions.append(replace(event, at_s=self._shift_s(event.at_s)))
            case Decided():
                self._decisions.append(replace(event, at_s=self._shift_s(event.at_s)))
            case ChunkEnded():
                self._chunks.append(replace(event, at_s=self._shift_s(event.at_s)))
            case FleetUsed():
                self._fleet.append(replace(event, at_s=self._shift_s(event.at_s)))
            case Resumed():
                self.offset_s = max(0.0, seconds_between(self._header.started, event.started))
                self._ended = None
            case RunEnded():
                self._ended = replace(event, at_s=self._shift_s(event.at_s))
            case _:
                assert_never(event)
        return None

    def _note_visit(self, observation: Observation) -> None:
        self._unfinished.discard(observation.site)
        if observation.outcome is not None:
            self._site_faults.pop(observation.site, None)
        ended_s = observation.started_s + self.offset_s + observation.timings.total_s
        self._last_at_s = max(self._last_at_s, ended_s)

    def build(
        self,
        rows: Mapping[str, Row],
        observations: Mapping[str, tuple[Observation, ...]],
        warnings: tuple[str, ...] = (),
    ) -> RunRecord:
        """The record of what was taken so far; results and visits by site id."""
        if self._unplanned:
            warnings = (
                *warnings,
                f"{count_of(self._unplanned, 'result', 'are')} for sites or checks that are not in the plan",
            )
        return RunRecord(
            plan=self._plan,
            header=self._header,
            observations=observations,
            sessions=tuple(self._sessions),
            faults=tuple(self._faults),
            decisions=tuple(self._decisions),
            chunks=tuple(self._chunks),
            fleet=tuple(self._fleet),
            ended=self._ended,
            unplanned=self._unplanned,
            warnings=warnings,
            last_at_s=self._last_at_s,
            rows=rows,
            unfinished=frozenset(self._unfinished),
            site_faults=self._site_faults,
        )

    def _shift_s(self, at_s: float) -> float:
        shifted_s = at_s + self.offset_s
        self._last_at_s = max(self._last_at_s, shifted_s)
        return shifted_s


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one ISO 8601 time to another; 0 where either cannot be read, and at most MOST_S."""
    try:
        seconds = (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return clamp_s(seconds)


def clamp_s(seconds: float) -> float:
    """`seconds` within what a journal may state."""
    return min(max(seconds, -MOST_S), MOST_S)
