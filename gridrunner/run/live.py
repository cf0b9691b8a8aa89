"""The live checks of a run, which drive browsers themselves: after the visits, through pytest-xdist."""

from __future__ import annotations

from gridrunner import codec
from gridrunner.browser.options import SessionOptions
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.grid.hubs.live import FILE_NAME, LiveGrid
from gridrunner.grid.hubs.owners import owner_token
from gridrunner.grid.hubs.processes import reap_orphans
from gridrunner.judging.process import run_live_checks
from gridrunner.results.journal.events import Judged
from gridrunner.run.hubs import Grids, places_of
from gridrunner.run.journaling import RunJournal
from gridrunner.run.opening import Run
from gridrunner.run.prepare import Work


def judge_live(run: Run, work: Work, grids: Grids, journal: RunJournal, stopped_by: StoppedBy) -> StoppedBy:
    """Run the live checks of every site that was visited, and journal their results; returns why the run ended."""
    if not work.checks.live or not work.live_sites or stopped_by is not StoppedBy.FINISHED:
        return stopped_by
    try:
        results = run_live_checks(
            work.folder,
            dict.fromkeys(work.live_sites, 1),
            checks=work.checks.live,
            selection=run.selection,
            processes=run.settings.grid.browsers,
            secrets={FILE_NAME: codec.encode(_live_grid(run, work, grids))},
        )
    except KeyboardInterrupt:
        run.say("interrupted during the live checks")
        return StoppedBy.INTERRUPTED
    finally:
        # A live check that was killed for its silence leaves its driver.
        reap_orphans()
    for result in results:
        journal.write(Judged(result=result))
    return stopped_by


def _live_grid(run: Run, work: Work, grids: Grids) -> LiveGrid:
    """Where live checks get their sessions: in browsers of this machine, or else at the first hub."""
    options = SessionOptions(
        name=f"gridrunner {work.run} live",
        run=work.run,
        owner=owner_token(),
        host_rules=grids.host_rules,
        places=places_of(run, work),
        may_open_windows=True,
        extensions=tuple(path.resolve() for path in run.settings.visits.extensions),
    )
    return LiveGrid(
        options=options,
        hub_url=grids.first_url,
        hub_ca=run.settings.grid.hub_ca,
        browser=run.choice.browser if grids.first_url is None else None,
    )
