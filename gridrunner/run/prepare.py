"""What a run is going to do, made from the settings or from the run that it resumes, with the judge that collected its
checks. Nothing is visited or written here.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.judging.process import JudgeProcess
from gridrunner.judging.protocol import Selection
from gridrunner.model import Observation, Plan, Result, Site
from gridrunner.planning.plan import owed_sites
from gridrunner.run.hubs import GridChoice
from gridrunner.run.judge_port import JudgeRounds
from gridrunner.run.selecting import (
    find_leftover,
    find_unjudged,
    load_resumable,
    plan_run,
    require_same_checks,
    select_from_lists,
    still_owed,
)
from gridrunner.settings.loading import RunConfig


class Prepared(Struct, frozen=True, kw_only=True):
    """What a run is going to do. `plan` is what it owes, `rest` what of it is still to be visited and `live_sites` where
    live checks are still to be run (all, unless a run is resumed). Of a resumed run, `attempts` are those behind it, by
    site, and `judged` the results of visits that it had made and not judged.
    """

    run: str
    folder: Path
    plan: Plan
    rest: Plan
    live_sites: tuple[str, ...]
    choice: GridChoice
    replays: tuple[Path, ...]
    attempts: Mapping[str, int]
    warnings: tuple[str, ...]
    judged: tuple[Result, ...] = ()


def prepare_run(
    config: RunConfig,
    choice: GridChoice,
    selection: Selection,
    rounds: JudgeRounds,
    stack: ExitStack,
    *,
    agree: Callable[[Plan], Plan] | None = None,
) -> tuple[Prepared, JudgeProcess]:
    """The run and its judge, which `stack` ends. `agree` as in `plan_run`. Raises GridrunnerError for what the user can mend."""
    if config["resume"] is not None:
        return _prepare_resumed(config, choice, selection, rounds, stack)
    selected = select_from_lists(config)
    run = new_run_id()
    folder = config["out"] / run
    judge = JudgeProcess(folder=folder, sites=selected.sites, on_results=rounds.take, selection=selection)
    stack.callback(judge.abort)
    recorded = judge.collect()
    plan, warning = plan_run(config, selected.sites, (*recorded, *judge.live_checks), agree=agree)
    prepared = Prepared(
        run=run,
        folder=folder,
        plan=plan,
        rest=plan,
        live_sites=tuple(planned.site.id for planned in owed_sites(plan)),
        choice=choice,
        replays=selected.replays,
        attempts={},
        warnings=(warning,) if warning else (),
    )
    return prepared, judge


def _prepare_resumed(
    config: RunConfig, choice: GridChoice, selection: Selection, rounds: JudgeRounds, stack: ExitStack
) -> tuple[Prepared, JudgeProcess]:
    folder: Path = config["resume"]
    record = load_resumable(folder)
    sites = [planned.site for planned in record.plan.sites]
    judge = JudgeProcess(folder=folder, sites=sites, on_results=rounds.take, selection=selection)
    stack.callback(judge.abort)
    recorded = judge.collect()
    require_same_checks(record, folder, (*recorded, *judge.live_checks))
    leftover = find_leftover(record)
    judged = _judge_now(folder, sites, find_unjudged(leftover, recorded), selection)
    owed = still_owed(leftover, recorded, judged=judged, retries=config["retries"])
    prepared = Prepared(
        run=record.header.run,
        folder=folder,
        plan=record.plan,
        rest=replace(record.plan, shard_sites=owed),
        live_sites=still_owed(leftover, judge.live_checks),
        choice=choice,
        replays=tuple(Path(text) for text in record.header.replays),
        attempts=leftover.attempts,
        warnings=record.warnings,
        judged=judged,
    )
    return prepared, judge


def _judge_now(
    folder: Path, sites: Sequence[Site], observations: Sequence[Observation], selection: Selection
) -> tuple[Result, ...]:
    """What the checks say of observations that the interrupted run did not get to."""
    results: list[Result] = []
    if observations:
        with JudgeProcess(folder=folder, sites=sites, on_results=results.extend, selection=selection) as judge:
            judge.collect()
            judge.submit(observations)
    return tuple(results)


def new_run_id() -> str:
    """A name that sorts by time and does not repeat: `20261124-101500-ab12`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
