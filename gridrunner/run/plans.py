"""The plan of this machine: from sites, checks and what earlier runs say of durations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from gridrunner.errors import NothingToRun, UsageError
from gridrunner.model import Plan, Site
from gridrunner.planning.durations import ExpectedDuration, PastVisits, expect_durations
from gridrunner.planning.plan import make_plan, owed_sites
from gridrunner.planning.shards import cut_shard
from gridrunner.results.history.file import open_history
from gridrunner.results.journal.planfile import read_plan
from gridrunner.settings.selection import SelectionSettings
from gridrunner.terminal.console import Say


def load_visits(history_file: Path, sites: Sequence[Site], warn: Say) -> PastVisits:
    """The newest visits of `sites` that the history has; a history that cannot be used is warned of and has none."""
    with open_history(history_file, warn) as history:
        return history.recent_durations([site.id for site in sites])


def load_durations(
    history_file: Path, sites: Sequence[Site], visit_timeout_s: float, warn: Say
) -> Mapping[str, ExpectedDuration]:
    """Expected durations from history; as `load_visits`."""
    visits = load_visits(history_file, sites, warn)
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
