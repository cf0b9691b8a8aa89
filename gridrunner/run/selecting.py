"""Everything that comes before the first visit: which sites, which checks, which plan. Nothing here starts a browser.

Invariant: what a user can have got wrong is found here, before anything is visited or written.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.browser.visit import UserProbe
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.errors import NothingToRun, RunFolderError, UsageError
from gridrunner.judging.protocol import Selection
from gridrunner.model import Observation, Plan, Result, Site, Status, Verdict
from gridrunner.planning.durations import ExpectedDuration, expect_durations, find_early_sites
from gridrunner.planning.plan import make_plan, owed_sites
from gridrunner.planning.shards import cut_shard
from gridrunner.results.history import open_history
from gridrunner.results.journal.lines import collector_paused
from gridrunner.results.journal.planfile import read_plan
from gridrunner.results.record import RunRecord, load_run
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.settings.loading import RunConfig
from gridrunner.sites.lists import SiteLists, read_site_lists
from gridrunner.sites.selection import select_sites

DETECTOR_CHECKS = "test_your_detector.py"
"""Of the suite's extras (`dom_probes/suite/extras`): compares the answers of the user's own probes."""

INSERTION_CHECKS = "test_insertion.py"
"""Of the suite's extras: judges what --try-insertion did."""

EXTENSION_PROBE = "gridrunner-probe.js"
"""A file of this name in the folder of an extension is run as a probe: it says what the extension did on the page."""


class Selected(Struct, frozen=True, kw_only=True):
    """The sites of a command line and the folders of replica pages that their lists ask for."""

    sites: tuple[Site, ...]
    replays: tuple[Path, ...]


def make_selection(config: RunConfig) -> Selection:
    """Which checks the settings name, and those that other settings ask for."""
    asked = {
        DETECTOR_CHECKS: bool(config["probe"] or config["extension"]),
        INSERTION_CHECKS: bool(config["try_insertion"]),
    }
    return Selection(
        paths=tuple(config["checks"]),
        extras=tuple(name for name, is_asked in asked.items() if is_asked),
        keyword=config["keyword"] or "",
        mark=config["mark"] or "",
    )


def select_again(config: RunConfig, checks: Sequence[str]) -> Selection:
    """Which checks judge a run again that was planned with `checks`: what a setting of the run asked for, as well."""
    files = {check.partition("::")[0] for check in checks}
    extras = tuple(name for name in (DETECTOR_CHECKS, INSERTION_CHECKS) if name in files)
    return replace(make_selection(config), extras=extras)


def select_from_lists(config: RunConfig) -> Selected:
    """Read the lists and keep what --select and --last-failed leave.

    Raises SiteListError with every mistake, UsageError without lists, NothingToRun when nothing is left.
    """
    if not config["sites"]:
        raise UsageError("no site list", hint="name one: gridrunner run --sites sites/demo.yaml")
    lists = read_site_lists(config["sites"], sys.stdin.buffer)
    sites = select_sites(lists.sites, config["select"])
    if not sites:
        raise NothingToRun(
            f"--select leaves none of the {len(lists.sites)} sites",
            hint="`gridrunner sites check LIST` shows tags and locales",
        )
    if config["last_failed"]:
        wanted = owed_or_failed(load_run(newest_run(config["out"])))
        sites = tuple(site for site in sites if site.id in wanted)
        if not sites:
            raise NothingToRun("nothing failed and everything was reached in the newest run")
    return Selected(sites=sites, replays=_replay_folders(lists))


def _replay_folders(lists: SiteLists) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(replay.folder.resolve() for replay in lists.replays))


def newest_run(out: Path) -> Path:
    """The run folder under `out` that was begun last. Raises UsageError when there is none."""
    runs = sorted(folder for folder in out.glob("*") if (folder / "journal.jsonl").is_file())
    if not runs:
        raise UsageError(f"--last-failed: there is no run under {out}", hint="run without --last-failed first")
    return runs[-1]


def owed_or_failed(record: RunRecord) -> frozenset[str]:
    """Sites that failed, were lost to faults, or were not reached."""
    good = {Verdict.PASSED, Verdict.FLAKY, Verdict.SKIPPED}
    return frozenset(found.site.id for found in record.site_verdicts() if found.verdict not in good)


class Leftover(Struct, frozen=True, kw_only=True):
    """What a run that is to be resumed left open, from one pass over its journal: `sites` are those that may still owe
    something, in plan order, `attempts` the number of the last visit of each site that has one; `was_cut`: it did not come
    to its own end.
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


_OPEN = frozenset({Verdict.FAILED, Verdict.NOT_RUN, Verdict.ERROR})


def _lacks_verdict(site: SiteVerdict, checks: Collection[str]) -> bool:
    """Whether the newest visit of a site got there, and one of `checks` has not judged it."""
    last = site.observations[-1] if site.observations else None
    if last is None or last.outcome is None:
        return False
    judged = {case.check for case in site.cases for result in case.attempts if result.attempt == last.attempt}
    return bool(frozenset(checks) - judged)


def find_unjudged(leftover: Leftover, checks: Sequence[str]) -> tuple[Observation, ...]:
    """The newest observation of each site that was reached and lacks the result of a check: visiting it again would tell
    nothing new.
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


def load_durations(config: RunConfig, sites: Sequence[Site]) -> tuple[Mapping[str, ExpectedDuration], str | None]:
    """Expected durations from history, and a warning when the history cannot be used (the run goes on without it)."""
    history, warning = open_history(config["history"])
    if history is None:
        return expect_durations({}, sites, default_timeout_s=config["visit_timeout"]), warning
    with history:
        known = history.recent_durations([site.id for site in sites])
    return expect_durations(known, sites, default_timeout_s=config["visit_timeout"]), warning


def find_unknown_sites(config: RunConfig, sites: Sequence[Site]) -> frozenset[str]:
    """Sites that no earlier run knows, while it knows others: they may be the longest, and get an early place."""
    durations, _warning = load_durations(config, sites)
    return find_early_sites(durations)


def plan_run(
    config: RunConfig, sites: Sequence[Site], checks: Sequence[str], *, agree: Callable[[Plan], Plan] | None = None
) -> tuple[Plan, str | None]:
    """The plan of this machine: made from the sites, or read from --plan and compared with them; cut to --shard. `agree`
    has the last word on the plan before it is cut: shards of one pipeline cut the same one.

    Returns a warning about the history as well. Raises UsageError when --plan holds something else.
    """
    durations, warning = load_durations(config, sites)
    plan = make_plan(sites, checks, durations)
    if config["plan"] is not None:
        given = read_plan(config["plan"])
        if given.hash != plan.hash:
            raise UsageError(
                f"--plan {config['plan']}: holds plan {given.hash[:12]}, but these lists and checks make {plan.hash[:12]}",
                hint="use the lists and options that it was made with, or make it again with `gridrunner plan --out`",
            )
        plan = given
    if agree is not None:
        plan = agree(plan)
    if config["shard"] is not None:
        plan = cut_shard(plan, *config["shard"])
    if not owed_sites(plan):
        raise NothingToRun(
            f"shard {config['shard'][0]}/{config['shard'][1]} has no site: there are fewer sites than shards"
        )
    return plan, warning


def load_resumable(folder: Path) -> RunRecord:
    """The run that --resume names. Raises RunFolderError."""
    if not folder.is_dir():
        raise RunFolderError(f"--resume {folder}: there is no such run", hint="name a folder under runs/")
    return load_run(folder)


def require_same_checks(record: RunRecord, folder: Path, checks: Sequence[str]) -> None:
    """Raises UsageError when the settings name other checks than the run that is resumed was planned with."""
    if set(checks) != set(record.plan.checks):
        raise UsageError(
            f"--resume {folder}: the run was planned with other checks than these settings name",
            hint="give it the same --checks, -k and -m; it was: gridrunner " + shlex.join(record.header.command),
        )


def read_user_probes(paths: Sequence[Path], extensions: Sequence[Path] = ()) -> tuple[UserProbe, ...]:
    """The probes of --probe under their file names, and those of extensions under the names of their folders.

    Raises UsageError for what cannot be read or is named twice.
    """
    probes: dict[str, UserProbe] = {}
    for folder in extensions:
        file = folder / EXTENSION_PROBE
        if file.is_file():
            name = folder.resolve().name
            probes[name] = UserProbe(name=name, source=file.read_text(encoding="utf-8").strip().rstrip(";"))
    for path in paths:
        try:
            source = path.read_text(encoding="utf-8").strip().rstrip(";")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"--probe {path}: cannot be read: {error}") from error
        if not source:
            raise UsageError(f"--probe {path}: is empty", hint="write a JavaScript function that returns JSON")
        if path.name in probes:
            raise UsageError(f"--probe {path}: there is another probe of that name", hint="rename one of the files")
        probes[path.name] = UserProbe(name=path.name, source=source)
    return tuple(probes.values())
