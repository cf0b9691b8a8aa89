"""What an interrupted run left open: which sites it still owes, and what was visited and not judged."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from gridrunner.dispatch.summary import StoppedBy
from gridrunner.errors import RunFolderError, UsageError
from gridrunner.model import Observation, Result, Status, Verdict
from gridrunner.results.journal.lines import JOURNAL_NAME, collector_paused
from gridrunner.results.record import RunRecord
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.settings.loading import Origin, Settings
from gridrunner.sites.lists import read_site_lists
from gridrunner.text import count_of, make_line


class Leftover(Struct, frozen=True, kw_only=True):
    """What a run that is to be resumed left open, from one pass over its journal: `sites` are those that may still owe
    something, in plan order, `attempts` the number of the last visit of each site that has one; `was_cut`: it did not
    come to its own end.
    """

    sites: tuple[SiteVerdict, ...]
    attempts: Mapping[str, int]
    was_cut: bool


def find_leftover(record: RunRecord) -> Leftover:
    """What the run of `record` left open."""
    sites: list[SiteVerdict] = []
    attempts: dict[str, int] = {}
    with collector_paused():
        for site in record.site_verdicts():
            if site.observations:
                attempts[site.site.id] = max(seen.attempt for seen in site.observations)
            if any(case.verdict in _OPEN for case in site.cases) or _lacks_verdict(site, record.plan.checks):
                sites.append(site)
    was_cut = record.ended is None or record.ended.reason != StoppedBy.FINISHED
    return Leftover(sites=tuple(sites), attempts=attempts, was_cut=was_cut)


HOSTS_SHOWN = 5
"""Of the hosts of a plan: a line of a terminal."""


def describe_resumed(record: RunRecord, folder: Path, replays: Sequence[Path]) -> str:
    """What a resumed run takes from its folder, which may be another user's, in one line for people."""
    hosts = list(dict.fromkeys(urlsplit(planned.site.url).hostname or "" for planned in record.plan.sites))
    more = f" and {len(hosts) - HOSTS_SHOWN} more" if len(hosts) > HOSTS_SHOWN else ""
    places = f"{count_of(len(record.plan.sites), 'site')} on {', '.join(hosts[:HOSTS_SHOWN])}{more}"
    served = f", replica pages of {', '.join(map(str, replays))}" if replays else ""
    visited = count_of(len(record.observations), "site")
    return make_line(f"resume: from {folder}: the plan ({places}), what was seen of {visited}{served}", 1000)


_OPEN = frozenset({Verdict.FAILED, Verdict.NOT_RUN, Verdict.ERROR})


def _lacks_verdict(site: SiteVerdict, checks: Collection[str]) -> bool:
    """Whether the newest visit of a site got there, and one of `checks` has not judged it."""
    last = site.observations[-1] if site.observations else None
    if last is None or last.outcome is None:
        return False
    judged = {case.check for case in site.cases for result in case.attempts if result.attempt == last.attempt}
    return bool(frozenset(checks) - judged)


def find_unjudged(leftover: Leftover, checks: Sequence[str]) -> tuple[Observation, ...]:
    """The newest observation of each site that was reached and lacks the result of a check: visiting it again would
    tell nothing new.
    """
    return tuple(site.observations[-1] for site in leftover.sites if _lacks_verdict(site, checks))


def still_owed(
    leftover: Leftover, checks: Sequence[str], *, judged: Sequence[Result] = (), retries: int = 0
) -> tuple[str, ...]:
    """Sites that a resumed run visits, in plan order: those of which one of `checks` has no verdict, or failed and was
    not tried again before the run was cut short. `judged` are results that the journal does not hold yet.
    """
    wanted = frozenset(checks)
    late = {(result.check, result.site): result for result in judged}
    owed: dict[str, None] = {}
    for case in (case for site in leftover.sites for case in site.cases if case.check in wanted):
        result = late.get((case.check, case.site.id))
        if result is not None:
            is_open = result.status is Status.ERROR or (result.status is Status.FAILED and result.attempt <= retries)
        elif case.verdict is Verdict.FAILED:
            is_open = leftover.was_cut and len(case.attempts) <= retries
        else:
            is_open = case.verdict in {Verdict.NOT_RUN, Verdict.ERROR}
        if is_open:
            owed[case.site.id] = None
    return tuple(owed)


def require_run(folder: Path) -> None:
    """Raises RunFolderError where there is no run to resume."""
    if not folder.is_dir():
        raise RunFolderError(f"--resume {folder}: there is no such run", hint="name a folder under runs/")
    if not os.path.lexists(folder / JOURNAL_NAME):
        raise RunFolderError(f"--resume {folder}: it holds no {JOURNAL_NAME}", hint="name a folder under runs/")


IGNORED = ("select", "shard", "plan", "last_failed")
"""Settings that choose sites: a resumed run has its plan."""

NAMED = 3


def require_nothing_ignored(settings: Settings, record: RunRecord, folder: Path) -> None:
    """Raises UsageError for options of the command line that a resumed run would not follow, and for lists with sites
    that it does not have. Raises SiteListError.
    """
    given = {key for key, value in settings.values.items() if value.origin is Origin.COMMAND_LINE}
    hint = f"leave it out: gridrunner run --resume {folder}; for other sites start a new run"
    for key in IGNORED:
        if key in given:
            raise UsageError(f"--{key.replace('_', '-')}: a resumed run visits what it was planned with", hint=hint)
    if "sites" in given:
        planned = {entry.site.id for entry in record.plan.sites}
        lists = read_site_lists(settings.selection.sites, sys.stdin.buffer)
        strangers = [site.id for site in lists.sites if site.id not in planned]
        if strangers:
            more = ", …" if len(strangers) > NAMED else ""
            raise UsageError(
                f"--sites: {', '.join(strangers[:NAMED])}{more} {'is' if len(strangers) == 1 else 'are'} not in the "
                "run; a resumed run visits what it was planned with",
                hint=hint,
            )


def require_same_checks(record: RunRecord, folder: Path, checks: Sequence[str]) -> None:
    """Raises UsageError when the settings name other checks than the run that is resumed was planned with."""
    if set(checks) != set(record.plan.checks):
        raise UsageError(
            f"--resume {folder}: the run was planned with other checks than these settings name",
            hint="give it the same --checks, -k and -m; it was: gridrunner " + shlex.join(record.header.command),
        )
