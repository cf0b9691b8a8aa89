"""What a run is going to do, made from the settings or from the run that it resumes. Nothing is visited or written
here.

Invariant: what a user can have got wrong is found here, before anything is visited or written.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.judging.process import CollectedChecks, JudgeProcess, collect_checks
from gridrunner.judging.protocol import Selection
from gridrunner.model import Observation, Plan, Result, Site
from gridrunner.planning.durations import find_early_sites
from gridrunner.planning.plan import owed_sites
from gridrunner.results.journal.locking import locked_run
from gridrunner.results.record import load_run
from gridrunner.run.archives import select_work
from gridrunner.run.opening import Run
from gridrunner.run.plans import load_durations, plan_run, round_of
from gridrunner.run.resuming import (
    describe_resumed,
    find_leftover,
    find_unjudged,
    require_nothing_ignored,
    require_run,
    require_same_checks,
    still_owed,
)
from gridrunner.run.seals import list_replays
from gridrunner.run.selecting import list_named_replays, private_hosts_of


class Work(Struct, frozen=True, kw_only=True):
    """What a run is going to do. `plan` is what it owes, `rest` what of it is still to be visited and `live_sites`
    where live checks are still to be run (all, unless a run is resumed). `early` are sites of unknown duration, which
    get an early place. Of a resumed run, `attempts` are those behind it, by site, and `judged` the results of visits
    that it had made and not judged.
    """

    run: str
    folder: Path
    plan: Plan
    rest: Plan
    checks: CollectedChecks
    live_sites: tuple[str, ...]
    replays: tuple[Path, ...]
    attempts: Mapping[str, int]
    early: frozenset[str]
    warnings: tuple[str, ...] = ()
    judged: tuple[Result, ...] = ()


@contextmanager
def prepare_work(run: Run) -> Iterator[Work]:
    """The work of `run`; the process of its checks is ended with the block. Raises GridrunnerError for what the user
    can mend.
    """
    resumed = run.settings.selection.resume
    with ExitStack() as stack:
        if resumed is not None:
            require_run(resumed)
            stack.enter_context(locked_run(resumed))
        work = _new_work(run) if resumed is None else _resumed_work(run, resumed)
        stack.callback(work.checks.abort)
        for warning in work.warnings:
            run.warn(warning)
        yield work


def _new_work(run: Run) -> Work:
    settings = run.settings
    selected = select_work(settings, run.say)
    name = new_run_id()
    folder = settings.output.out / name
    checks = collect_checks(folder, run.selection)
    try:
        durations = load_durations(
            run.history,
            selected.sites,
            settings.visits.visit_timeout_s,
            run.warn,
            round_of(settings.selection, selected.sites, checks.all),
        )
        plan = plan_run(
            settings.selection,
            selected.sites,
            checks.all,
            durations,
            private_hosts=private_hosts_of(settings.visits),
            agree=run.store.agree if run.store is not None else None,
        )
    except BaseException:
        checks.abort()
        raise
    return Work(
        run=name,
        folder=folder,
        plan=plan,
        rest=plan,
        checks=checks,
        live_sites=tuple(planned.site.id for planned in owed_sites(plan)),
        replays=selected.replays,
        attempts={},
        early=find_early_sites({planned.site.id: durations[planned.site.id] for planned in owed_sites(plan)}),
    )


def _resumed_work(run: Run, folder: Path) -> Work:
    settings = run.settings
    record = load_run(folder)
    require_nothing_ignored(settings, record, folder)
    replays = list_replays(
        record.header,
        list_named_replays(settings.selection),
        run.env,
        hint=f"name the lists that ask for them: gridrunner run --resume {folder} --sites LIST",
    )
    run.say(describe_resumed(record, folder, replays))
    sites = [planned.site for planned in record.plan.sites]
    checks = collect_checks(folder, run.selection)
    try:
        require_same_checks(record, folder, checks.all)
        leftover = find_leftover(record)
        judged = _judge_now(folder, sites, find_unjudged(leftover, checks.recorded), run.selection)
        owed = still_owed(leftover, checks.recorded, judged=judged, retries=settings.dispatch.retries)
    except BaseException:
        checks.abort()
        raise
    rest = replace(record.plan, shard_sites=owed)
    owed_now = [planned.site for planned in owed_sites(rest)]
    durations = load_durations(run.history, owed_now, settings.visits.visit_timeout_s, run.warn)
    return Work(
        run=record.header.run,
        folder=folder,
        plan=record.plan,
        rest=rest,
        checks=checks,
        live_sites=still_owed(leftover, checks.live),
        replays=replays,
        attempts=leftover.attempts,
        early=find_early_sites(durations),
        warnings=record.warnings,
        judged=judged,
    )


def _judge_now(
    folder: Path, sites: Sequence[Site], observations: Sequence[Observation], selection: Selection
) -> tuple[Result, ...]:
    """What the checks say of observations that the interrupted run did not get to."""
    results: list[Result] = []
    if observations:
        checks = collect_checks(folder, selection)
        with JudgeProcess(checks, sites=sites, on_results=results.extend) as judge:
            judge.submit(observations)
    return tuple(results)


def new_run_id() -> str:
    """A name that sorts by time and does not repeat: `20261124-101500-ab12`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
