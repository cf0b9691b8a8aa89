"""The plan of this machine: from sites, checks and what earlier runs say of durations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gridrunner.errors import NothingToRun, UsageError
from gridrunner.model import Plan, Site
from gridrunner.planning.durations import ExpectedDuration, expect_durations
from gridrunner.planning.plan import make_plan, owed_sites
from gridrunner.planning.shards import cut_shard
from gridrunner.results.history import open_history
from gridrunner.results.journal.planfile import read_plan
from gridrunner.settings.selection import SelectionSettings


def load_durations(
    history_file: Path, sites: Sequence[Site], visit_timeout_s: float
) -> tuple[Mapping[str, ExpectedDuration], str | None]:
    """Expected durations from history, and a warning when the history cannot be used (the run goes on without it)."""
    history, warning = open_history(history_file)
    if history is None:
        return expect_durations({}, sites, default_timeout_s=visit_timeout_s), warning
    with history:
        known = history.recent_durations([site.id for site in sites])
    return expect_durations(known, sites, default_timeout_s=visit_timeout_s), warning


def plan_run(
    selection: SelectionSettings,
    sites: Sequence[Site],
    checks: Sequence[str],
    durations: Mapping[str, ExpectedDuration],
    *,
    agree: Callable[[Plan], Plan] | None = None,
) -> Plan:
    """The plan of this machine: made from the sites, or read from --plan and compared with them; cut to --shard. `agree`
    has the last word on the plan before it is cut: shards of one pipeline cut the same one.

    Raises UsageError when --plan holds something else, NothingToRun for a shard without sites.
    """
    plan = make_plan(sites, checks, durations)
    if selection.plan is not None:
        given = read_plan(selection.plan)
        if given.hash != plan.hash:
            raise UsageError(
                f"--plan {selection.plan}: holds plan {given.hash[:12]}, but these lists and checks make {plan.hash[:12]}",
                hint="use the lists and options that it was made with, or make it again with `gridrunner plan --out`",
            )
        plan = given
    if agree is not None:
        plan = agree(plan)
    if selection.shard is not None:
        plan = cut_shard(plan, *selection.shard)
        if not owed_sites(plan):
            number, count = selection.shard
            raise NothingToRun(f"shard {number}/{count} has no site: there are fewer sites than shards")
    return plan
