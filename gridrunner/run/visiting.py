"""The visits of a run: the dispatcher, with the judge and the journal at its ports, and what people see of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from msgspec.structs import replace

from gridrunner.browser.detecting import start_loading_detector
from gridrunner.dispatch.records import DispatchRecord
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.shell import Dispatcher
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.grid.drivers.table import LOCAL, outage_limit_of
from gridrunner.grid.hubs.processes import reap_orphans
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.model import Site
from gridrunner.planning.plan import owed_sites
from gridrunner.results.verdicts.quarantine import list_excused
from gridrunner.run.archives import hosts_of
from gridrunner.run.hubs import Grids
from gridrunner.run.journaling import RunJournal
from gridrunner.run.live import judge_live
from gridrunner.run.observing import open_observers
from gridrunner.run.opening import Run
from gridrunner.run.ports import JudgeRounds, journal_event
from gridrunner.run.prepare import Work
from gridrunner.run.second_look import FailedSites, look_again
from gridrunner.run.selecting import private_hosts_of
from gridrunner.run.signals import stop_on_signals
from gridrunner.settings.egress import has_other_region
from gridrunner.settings.grid import Isolation
from gridrunner.settings.loading import Settings
from gridrunner.terminal.progress import Progress, Tally, make_progress

GRID_EVIDENCE = "evidence/_grid"
"""In the run folder: logs of containers that failed. No site id begins with an underscore."""


LIMITED_BATCH = 4
"""Visits per round of the judge under --max-failures: it acts within ten further visits while four are under way. A
round costs 30 ms of CPU time (200 green sites: 1.9 s of the judge's, 1.4 s with rounds of six, 0.4 s without a limit,
2026-12-01), so that a run without a limit is judged in larger ones."""

LIMITED_INTERVAL_S = 2.0
"""The longest wait for a verdict under --max-failures, for lists whose visits are slow."""


ELASTIC_PATIENCE_S = 600.0
"""How long a hub that makes slots on demand may take for the first: where no machine has room for the node's pod, a
cluster adds one, which takes minutes. The hub's own limit (--session-request-timeout, 300 s) may be shorter: it is
asked again then."""


def clear_the_way() -> None:
    """End what earlier runs left on this machine, and load the detector while hubs are opened."""
    start_loading_detector()
    reap_orphans()


def visit_and_judge(run: Run, work: Work, grids: Grids, journal: RunJournal) -> StoppedBy:
    """Visit and judge everything that is owed, then run the live checks; returns why that ended. A signal between the
    two is an end like any other: what there is gets its reports.
    """
    try:
        failed = FailedSites()
        stopped_by = visit_sites(run, work, grids, journal, failed)
        look_again(run, work, grids, journal, failed, stopped_by)
        return judge_live(run, work, grids, journal, stopped_by)
    except KeyboardInterrupt:
        run.say("interrupted")
        return StoppedBy.INTERRUPTED


def visit_sites(run: Run, work: Work, grids: Grids, journal: RunJournal, failed: FailedSites) -> StoppedBy:
    """Visit and judge everything that is owed; returns why that ended. `failed` is told what fails."""
    observers = open_observers(run, work)
    progress = _show_progress(run, work)

    def keep(record: DispatchRecord) -> None:
        event = journal_event(record)
        if event is not None:
            journal.write(event)
        failed.take(record)
        progress.record(record)
        for observer in observers:
            observer.record(record)

    sites = [planned.site for planned in work.plan.sites]
    dispatcher = Dispatcher(
        replace(work.rest, checks=tuple(check for check in work.plan.checks if check not in work.checks.live)),
        grids.hubs,
        lambda sink: JudgeRounds(work.checks, sites, sink),
        _unhurried(
            dispatch_settings(run.settings, [hub.name for hub in grids.hubs if isinstance(hub, RemoteHub)]), run, sites
        ),
        recorder=keep,
        attempts=work.attempts,
        early=work.early,
    )
    try:
        with run.publisher.reporter.fold("gridrunner_visits", "Visits"), stop_on_signals(dispatcher.stop):
            return dispatcher.run().stopped_by
    finally:
        progress.close()
        for observer in observers:
            observer.close()
        for grid in grids.opened:
            for file in grid.keep_evidence(work.folder / GRID_EVIDENCE):
                run.say(f"kept {file}")


def _unhurried(settings: DispatchSettings, run: Run, sites: Sequence[Site]) -> DispatchSettings:
    """In a replay no site is asked, so none has to be waited for."""
    if run.settings.archive.replay is None:
        return settings
    return replace(settings, host_delay_s=0.0, private_hosts=hosts_of(sites))


def _show_progress(run: Run, work: Work) -> Progress:
    owed = owed_sites(work.rest)
    tally = Tally(
        total=len(owed),
        expected_s={planned.site.id: planned.expected_s for planned in owed},
        excused=list_excused([planned.site for planned in owed], work.plan.checks),
    )
    output = run.settings.output
    return make_progress(run.console, tally, quiet=output.quiet, verbose=output.verbose)


def dispatch_settings(settings: Settings, hubs: Sequence[str] = ()) -> DispatchSettings:
    """The limits of a run, in visits at once where --slots says sessions. `hubs`: those that are not this machine."""
    grid, defaults = settings.grid, DispatchSettings()
    outage_limit_s = settings.dispatch.outage_limit_s or outage_limit_of(grid.places)
    session_timeout_s = grid.session_timeout_s or defaults.session_timeout_s
    if grid.elastic:
        session_timeout_s = grid.session_timeout_s or ELASTIC_PATIENCE_S
        outage_limit_s = settings.dispatch.outage_limit_s or session_timeout_s
    has_limit = settings.dispatch.max_failures is not None
    return DispatchSettings(
        slots=grid.slots and grid.slots * grid.lanes(is_local=LOCAL in grid.places),
        retries=settings.dispatch.retries,
        visit_timeout_s=settings.visits.visit_timeout_s,
        deadline_s=settings.dispatch.deadline_s,
        max_failures=settings.dispatch.max_failures,
        tries_elsewhere=any(has_other_region(*pair) for pair in combinations(settings.egresses, 2)),
        host_delay_s=settings.dispatch.host_delay_s,
        private_hosts=private_hosts_of(settings.visits),
        judge_batch=LIMITED_BATCH if has_limit else defaults.judge_batch,
        judge_interval_s=LIMITED_INTERVAL_S if has_limit else defaults.judge_interval_s,
        session_timeout_s=session_timeout_s,
        elastic=frozenset(hubs if grid.elastic else ()),
        outage_limit_s=defaults.outage_limit_s if outage_limit_s is None else outage_limit_s,
        visits_per_session=1 if grid.isolation is Isolation.SESSION else defaults.visits_per_session,
    )
