"""What a run came to: its plan and journal as one value. Pure but for `load_run`. The invariant: every (check, site)
that the plan owes has exactly one verdict, in plan order, whatever the journal holds, lacks or says twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import assert_never

from gridrunner.errors import RunFolderError
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Plan, Quarantine, Result, Site, Status, Verdict
from gridrunner.planning.plan import owed_sites
from gridrunner.results.events import (
    ChunkEnded,
    Decided,
    Event,
    Faulted,
    JournalHeader,
    Judged,
    Observed,
    Resumed,
    RunEnded,
    SessionChange,
    SessionChanged,
    VisitStarted,
)
from gridrunner.results.journal import JOURNAL_NAME, JournalReader, collector_paused
from gridrunner.results.planfile import PLAN_NAME, read_plan
from gridrunner.results.quarantine import describe_quarantine, find_quarantine
from gridrunner.results.verdicts import EXIT_INCOMPLETE, EXIT_INTERRUPTED, exit_code_for, settle, worst


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseVerdict:
    """The verdict on one (check, site). `attempts` are its results in order; `observation` is the visit that decided,
    or the last one; `fault` is set where ours is the cause; `reason` is one line, empty for a pass.

    `quarantine` is set where one covers the check: a failure is then SKIPPED, and `held` its own reason. `is_known`: it
    failed in the baseline as well.
    """

    check: str
    site: Site
    verdict: Verdict
    attempts: tuple[Result, ...] = ()
    observation: Observation | None = None
    fault: Fault | None = None
    reason: str = ""
    quarantine: Quarantine | None = None
    held: str | None = None
    is_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteVerdict:
    """A site with all its checks: `verdict` is the worst of them, `observations` are all attempts in order, `busy_s`
    the seconds that a slot spent on it.
    """

    site: Site
    verdict: Verdict
    cases: tuple[CaseVerdict, ...]
    observations: tuple[Observation, ...]
    busy_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTotals:
    """Figures of a run. `wall_s` is from its start to its last event; `utilisation` the share (0 to 1) of the slots'
    time that visits filled, None where the number of slots is not known; `failed_first` counts the sites whose first
    observed attempt failed a check.
    """

    sites: Mapping[Verdict, int]
    cases: Mapping[Verdict, int]
    wall_s: float
    busy_s: float
    slots: int
    utilisation: float | None
    sessions: int
    faults: int
    failed_first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """A run as read back; times of every event count from `header.started`, resumed or not.

    `observations` is keyed by site id, all attempts in the order of the journal; `unplanned` counts results for sites
    or checks that the plan does not owe, which no verdict uses; `known_failures` (check, site) failed in the baseline.
    """

    plan: Plan
    header: JournalHeader
    observations: Mapping[str, tuple[Observation, ...]]
    sessions: tuple[SessionChanged, ...] = ()
    faults: tuple[Faulted, ...] = ()
    decisions: tuple[Decided, ...] = ()
    chunks: tuple[ChunkEnded, ...] = ()
    ended: RunEnded | None = None
    unplanned: int = 0
    warnings: tuple[str, ...] = ()
    last_at_s: float = 0.0
    known_failures: frozenset[tuple[str, str]] = frozenset()
    _rows: Mapping[str, Sequence[tuple[Result, ...]]] = field(default_factory=dict)
    _unfinished: frozenset[str] = frozenset()
    _site_faults: Mapping[str, Fault] = field(default_factory=dict)

    def results_of(self, check: str, site_id: str) -> tuple[Result, ...]:
        """All attempts of one check at one site, in order; empty when there is none."""
        row = self._rows.get(site_id)
        return row[self.plan.checks.index(check)] if row is not None and check in self.plan.checks else ()

    def verdicts(self, checks: Sequence[str] | None = None) -> Iterator[CaseVerdict]:
        """Every owed (check, site) exactly once: sites in plan order, for each the checks in plan order; `checks`
        narrows it.
        """
        wanted = [
            (index, check)
            for index, check in enumerate(self.plan.checks)
            if checks is None or check in frozenset(checks)
        ]
        for planned in owed_sites(self.plan):
            row = self._rows.get(planned.site.id)
            for index, check in wanted:
                yield self._judge_case(check, planned.site, row[index] if row is not None else ())

    def site_verdicts(self) -> Iterator[SiteVerdict]:
        """Every owed site exactly once, in plan order."""
        for planned in owed_sites(self.plan):
            site = planned.site
            row = self._rows.get(site.id) or ((),) * len(self.plan.checks)
            cases = tuple(
                self._judge_case(check, site, attempts) for check, attempts in zip(self.plan.checks, row, strict=True)
            )
            seen = self.observations.get(site.id, ())
            yield SiteVerdict(
                site=site,
                verdict=_worst_of(cases),
                cases=cases,
                observations=seen,
                busy_s=sum(observation.timings.total_s for observation in seen),
            )

    def totals(self) -> RunTotals:
        """The figures of the run; one pass over all sites."""
        sites: Counter[Verdict] = Counter()
        cases: Counter[Verdict] = Counter()
        failed_first = 0
        for site in self.site_verdicts():
            sites[site.verdict] += 1
            cases.update(case.verdict for case in site.cases)
            failed_first += any(case.attempts and case.attempts[0].status is Status.FAILED for case in site.cases)
        busy_s = sum(seen.timings.total_s for tries in self.observations.values() for seen in tries)
        slots = self.header.slots or len({seen.slot for tries in self.observations.values() for seen in tries} - {""})
        wall_s = self.last_at_s
        return RunTotals(
            sites={verdict: sites[verdict] for verdict in Verdict},
            cases={verdict: cases[verdict] for verdict in Verdict},
            wall_s=wall_s,
            busy_s=busy_s,
            slots=slots,
            utilisation=min(1.0, busy_s / (wall_s * slots)) if wall_s > 0 and slots else None,
            sessions=sum(event.change is SessionChange.OPENED for event in self.sessions),
            faults=len(self.faults),
            failed_first=failed_first,
        )

    def _judge_case(self, check: str, site: Site, attempts: tuple[Result, ...]) -> CaseVerdict:
        seen = self.observations.get(site.id, ())
        by_attempt = {observation.attempt: observation for observation in seen}
        steps = [(result.status, _is_faulted(by_attempt.get(result.attempt))) for result in attempts]
        verdict = settle(steps)
        if not attempts:
            return self._explain_unjudged(check, site, seen)
        reached = [
            result for result, (status, faulted) in zip(attempts, steps, strict=True) if not _is_lost(status, faulted)
        ]
        decisive = (reached or attempts)[-1]
        observation = by_attempt.get(decisive.attempt) or (seen[-1] if seen else None)
        reason = _find_reason(verdict, attempts, decisive)
        quarantine = find_quarantine(site, check)
        is_held = quarantine is not None and verdict is Verdict.FAILED
        return CaseVerdict(
            check=check,
            site=site,
            verdict=Verdict.SKIPPED if is_held else verdict,
            attempts=attempts,
            observation=observation,
            fault=observation.fault if observation is not None and verdict is Verdict.ERROR else None,
            reason=describe_quarantine(quarantine) if quarantine is not None and is_held else reason,
            quarantine=quarantine,
            held=reason if is_held else None,
            is_known=verdict is Verdict.FAILED and not is_held and (check, site.id) in self.known_failures,
        )

    def _explain_unjudged(self, check: str, site: Site, seen: tuple[Observation, ...]) -> CaseVerdict:
        last = seen[-1] if seen else None
        fault = last.fault if last is not None and last.fault is not None else self._site_faults.get(site.id)
        if fault is not None and fault.kind is not FaultKind.INTERRUPTED:
            verdict, reason = Verdict.ERROR, fault.message
        elif fault is not None or site.id in self._unfinished:
            verdict, reason = Verdict.NOT_RUN, "the run ended while the site was being visited"
        elif last is not None:
            verdict, reason = Verdict.NOT_RUN, "visited, but the run ended before this check judged it"
        else:
            verdict, reason = Verdict.NOT_RUN, "planned, but never visited"
        case = CaseVerdict(check=check, site=site, verdict=verdict, observation=last, fault=fault, reason=reason)
        return replace(case, quarantine=find_quarantine(site, check))


def exit_code_of(record: RunRecord) -> int:
    """The exit code of CLI.md: 0, 1, 3, 4 or 130. What a merge could not read makes it 3; known failures do not count."""
    was_interrupted = record.ended is not None and record.ended.exit_code == EXIT_INTERRUPTED
    verdicts = (Verdict.SKIPPED if case.is_known else case.verdict for case in record.verdicts())
    code = exit_code_for(verdicts, was_interrupted=was_interrupted)
    return EXIT_INCOMPLETE if record.header.damaged and code < EXIT_INCOMPLETE else code


def load_run(folder: Path) -> RunRecord:
    """The run in `folder`, from plan.json and journal.jsonl. Raises RunFolderError when either is missing, damaged, of
    a newer format, or they do not belong together.
    """
    plan = read_plan(folder / PLAN_NAME)
    reader = JournalReader(folder / JOURNAL_NAME)
    builder = RecordBuilder(plan, reader.header)
    with collector_paused():
        for line in reader.read_lines():
            builder.add(line.event)
    return builder.build(tuple(reader.warnings))


def build_record(plan: Plan, header: JournalHeader, events: Iterable[Event], warnings: Sequence[str] = ()) -> RunRecord:
    """The record of a run from what its journal holds. Raises RunFolderError when the header names another plan."""
    builder = RecordBuilder(plan, header)
    for event in events:
        builder.add(event)
    return builder.build(tuple(warnings))


class RecordBuilder:
    """Takes events one at a time, so that a journal is never in memory beside its record; also fit to follow a run
    while it goes on (`build` may be called again and again).
    """

    def __init__(self, plan: Plan, header: JournalHeader) -> None:
        """Raises RunFolderError when the header names another plan."""
        if header.plan != plan.hash:
            raise RunFolderError(
                f"the journal of run {header.run} belongs to plan {header.plan[:12]}, plan.json is {plan.hash[:12]}",
                hint="a run folder holds the plan and the journal of one run",
            )
        self._plan = plan
        self._header = header
        self._check_index = {check: index for index, check in enumerate(plan.checks)}
        self._checks = plan.checks
        self._site_ids = {planned.site.id: planned.site.id for planned in owed_sites(plan)}
        self._rows: dict[str, list[tuple[Result, ...]]] = {}
        self._observations: dict[str, tuple[Observation, ...]] = {}
        self._sessions: list[SessionChanged] = []
        self._faults: list[Faulted] = []
        self._decisions: list[Decided] = []
        self._chunks: list[ChunkEnded] = []
        self._ended: RunEnded | None = None
        self._unfinished: set[str] = set()
        self._site_faults: dict[str, Fault] = {}
        self._unplanned = 0
        self._offset_s = 0.0
        self._last_at_s = 0.0

    def add(self, event: Event) -> None:
        """Take one event, in the order of the journal."""
        match event:
            case Judged():
                self._add_result(event.result)
            case Observed():
                self._add_observation(event.observation)
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
            case Resumed():
                self._offset_s = max(0.0, seconds_between(self._header.started, event.started))
                self._ended = None
            case RunEnded():
                self._ended = replace(event, at_s=self._shift_s(event.at_s))
            case _:
                assert_never(event)

    def build(self, warnings: tuple[str, ...] = ()) -> RunRecord:
        """The record of what was added so far."""
        if self._unplanned:
            warnings = (*warnings, f"{self._unplanned} results are for sites or checks that the plan does not owe")
        return RunRecord(
            plan=self._plan,
            header=self._header,
            observations=self._observations,
            sessions=tuple(self._sessions),
            faults=tuple(self._faults),
            decisions=tuple(self._decisions),
            chunks=tuple(self._chunks),
            ended=self._ended,
            unplanned=self._unplanned,
            warnings=warnings,
            last_at_s=self._last_at_s,
            _rows=self._rows,
            _unfinished=frozenset(self._unfinished),
            _site_faults=self._site_faults,
        )

    def _shift_s(self, at_s: float) -> float:
        shifted_s = at_s + self._offset_s
        self._last_at_s = max(self._last_at_s, shifted_s)
        return shifted_s

    def _add_result(self, result: Result) -> None:
        site_id = self._site_ids.get(result.site)
        index = self._check_index.get(result.check)
        if site_id is None or index is None:
            self._unplanned += 1
            return
        row = self._rows.get(site_id)
        if row is None:
            row = self._rows[site_id] = [()] * len(self._checks)
        # The plan's own strings instead of the line's: a million results then share them.
        shared = replace(result, site=site_id, check=self._checks[index])
        row[index] = insert_attempt(row[index], shared)

    def _add_observation(self, observation: Observation) -> None:
        self._unfinished.discard(observation.site)
        if observation.outcome is not None:
            self._site_faults.pop(observation.site, None)
        if self._offset_s:
            observation = replace(observation, started_s=observation.started_s + self._offset_s)
        self._last_at_s = max(self._last_at_s, observation.started_s + observation.timings.total_s)
        earlier = self._observations.get(observation.site, ())
        kept = tuple(seen for seen in earlier if seen.attempt != observation.attempt)
        self._observations[observation.site] = (*kept, observation)


def insert_attempt(attempts: tuple[Result, ...], result: Result) -> tuple[Result, ...]:
    """`attempts` with `result` in its place; it replaces an earlier result of the same attempt."""
    if not attempts:
        return (result,)
    others = [other for other in attempts if other.attempt != result.attempt]
    return tuple(sorted([*others, result], key=lambda one: one.attempt))


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one ISO 8601 time to another; 0 where either cannot be read."""
    try:
        return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def _is_faulted(observation: Observation | None) -> bool:
    return observation is not None and observation.fault is not None


def _is_lost(status: Status, is_faulted: bool) -> bool:
    return is_faulted and status is Status.ERROR


def _worst_of(cases: Sequence[CaseVerdict]) -> Verdict:
    """As `worst`, but a failure in quarantine keeps a site from counting as passed."""
    verdict = worst(case.verdict for case in cases)
    is_held = verdict is Verdict.PASSED and any(case.held is not None for case in cases)
    return Verdict.SKIPPED if is_held else verdict


def _find_reason(verdict: Verdict, attempts: tuple[Result, ...], decisive: Result) -> str:
    if verdict is Verdict.FLAKY:
        return next(result.message for result in attempts if result.status is Status.FAILED)
    if verdict is Verdict.FAILED and decisive.status is not Status.FAILED:
        return [result.message for result in attempts if result.status is Status.FAILED][-1]
    return "" if verdict is Verdict.PASSED else decisive.message


def name_outcome(observation: Observation | None) -> str:
    """The word for how a visit ended: its outcome, or the kind of its fault; empty without a visit."""
    if observation is None:
        return ""
    if observation.fault is not None:
        return observation.fault.kind.value
    return (observation.outcome or Outcome.OBSERVED).value
