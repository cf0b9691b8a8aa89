"""The plan of this machine: from sites, checks and what earlier runs say of durations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from gridrunner.errors import NothingToRun, UsageError
from gridrunner.model import Plan, Site
from gridrunner.planning.durations import RECENT_VISITS, ExpectedDuration, PastVisit, PastVisits, expect_durations
from gridrunner.planning.plan import hash_debt, make_plan, owed_sites
from gridrunner.planning.shards import ShardRun, cut_shard, find_round_start
from gridrunner.results.history.entries import RunEntry, list_past_seconds
from gridrunner.results.history.file import open_history
from gridrunner.results.journal.planfile import read_plan
from gridrunner.settings.selection import SelectionSettings
from gridrunner.terminal.console import Say


class Round(Struct, frozen=True, kw_only=True):
    """Shards that belong together: those of the plan with the hash `plan`, cut into `count`."""

    plan: str
    count: int


def round_of(selection: SelectionSettings, sites: Sequence[Site], checks: Sequence[str]) -> Round | None:
    """The shards that this machine's belongs to; None where it runs all of its plan."""
    if selection.shard is None:
        return None
    return Round(plan=hash_debt(sites, checks), count=selection.shard[1])


def load_visits(history_file: Path, sites: Sequence[Site], warn: Say, shards: Round | None = None) -> PastVisits:
    """The newest visits of `sites` that the history has, as it was when the first of `shards` began; a history that
    cannot be used is warned of and has none.
    """
    with open_history(history_file, warn) as history:
        ids = [site.id for site in sites]
        if shards is None:
            return history.recent_durations(ids)
        entries = history.entries()
        runs = [ShardRun(started=entry.started, plan=entry.plan, shard=entry.shard) for entry in entries]
        begun = find_round_start(runs, shards.plan, shards.count)
        if begun is None:
            return history.recent_durations(ids)
        return _list_visits([entry for entry in entries if entry.started < begun], ids)


def _list_visits(entries: Sequence[RunEntry], sites: Sequence[str]) -> PastVisits:
    """As `History.recent_durations`, of these runs alone, the newest last."""
    recent: dict[str, list[PastVisit]] = {site: [] for site in sites}
    for entry in reversed(entries):
        for site in entry.sites:
            if site.site in recent:
                recent[site.site] += [
                    PastVisit(duration_s=seconds, is_timed_out=is_timed_out)
                    for seconds, is_timed_out in list_past_seconds(site.visits)
                ]
    return {site: tuple(past[:RECENT_VISITS]) for site, past in recent.items() if past}


def load_durations(
    history_file: Path, sites: Sequence[Site], visit_timeout_s: float, warn: Say, shards: Round | None = None
) -> Mapping[str, ExpectedDuration]:
    """Expected durations from history; as `load_visits`."""
    visits = load_visits(history_file, sites, warn, shards)
    return expect_durations(visits, sites, default_timeout_s=visit_timeout_s)


def plan_run(
    selection: SelectionSettings,
    sites: Sequence[Site],
    checks: Sequence[str],
    durations: Mapping[str, ExpectedDuration],
    *,
    private_hosts: Collection[str] = (),
    agree: Callable[[Plan], Plan] | None = None,
) -> Plan:
    """The plan of this machine: made from the sites, or read from --plan and compared with them; cut to --shard.
    `agree` has the last word on the plan before it is cut: shards of one pipeline cut the same one.

    Raises UsageError when --plan holds something else, NothingToRun for a shard without sites.
    """
    plan = make_plan(sites, checks, durations)
    if selection.plan is not None:
        given = read_plan(selection.plan)
        if given.hash != plan.hash:
            raise UsageError(
                f"--plan {selection.plan}: holds plan {given.hash[:12]}, but these lists and checks make "
                f"{plan.hash[:12]}",
                hint="use the lists and options that it was made with, or make it again with `gridrunner plan --out`",
            )
        plan = given
    if agree is not None:
        plan = agree(plan)
    if selection.shard is not None:
        plan = cut_shard(plan, *selection.shard, private_hosts)
        if not owed_sites(plan):
            number, count = selection.shard
            raise NothingToRun(
                f"shard {number}/{count} has no site: there are fewer sites, or public domains, than shards",
                hint="all sites of a domain are visited by one shard",
            )
    return plan
