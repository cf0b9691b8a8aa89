"""Pictures of failures that only the judge could tell: sites that a check of the user's own failed, in a run without
further visits, are looked at once more when all visits are over. What is kept is the picture and the copy; the visit
that was judged stays what it was, and nothing is judged again.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.dispatch.records import DispatchRecord, ResultJudged
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.errors import GridFault
from gridrunner.foreign import MOST_PAGE_BYTES, read_file, write_inside
from gridrunner.judging.protocol import SHIPPED_CHECKS
from gridrunner.model import Observation, Outcome, Site, Status
from gridrunner.planning.domains import find_domain
from gridrunner.results.journal.events import Observed
from gridrunner.results.record import load_run
from gridrunner.run.hubs import Grids, session_options, visit_settings
from gridrunner.run.journaling import RunJournal
from gridrunner.run.one_session import open_one_session
from gridrunner.run.opening import Run
from gridrunner.run.prepare import Work
from gridrunner.run.selecting import private_hosts_of
from gridrunner.settings.visits import Screenshots

MOST_LOOKS = 50
"""Sites that are looked at again: a screen of failures. A visit takes half a second or so (2026-11-30)."""

MOST_S = 120.0
"""For all of them, so that a list of slow sites does not hold up the end."""


class FailedSites:
    """Which sites failed a check, as the run goes on."""

    def __init__(self) -> None:
        self.ids: dict[str, None] = {}

    def take(self, record: DispatchRecord) -> None:
        """Take in one record of the dispatcher."""
        if isinstance(record, ResultJudged) and record.result.status is Status.FAILED:
            self.ids[record.result.site] = None


def look_again(
    run: Run, work: Work, grids: Grids, journal: RunJournal, failed: FailedSites, stopped_by: StoppedBy
) -> None:
    """Keep a picture (and a copy, where --capture asks for it) of the failed sites that have none."""
    if not failed.ids or not _is_wanted(run) or stopped_by is StoppedBy.INTERRUPTED:
        return
    record = load_run(work.folder)
    planned = {entry.site.id: entry.site for entry in work.plan.sites}
    visits = ((planned[site], record.observations.get(site, ())) for site in failed.ids)
    bare = [(site, seen[-1]) for site, seen in islice(visits, MOST_LOOKS) if seen and _is_bare(seen[-1])]
    if not bare:
        return
    run.say(f"looking at {len(bare)} failed {'site' if len(bare) == 1 else 'sites'} once more, for pictures")
    try:
        for seen in _look(run, work, grids, bare):
            journal.write(Observed(observation=seen))
    except GridFault as fault:
        run.warn(f"no picture was kept of sites that failed: {fault}")


def _is_wanted(run: Run) -> bool:
    settings = run.settings
    is_kept = Screenshots.FAILED in {settings.visits.screenshots, settings.visits.capture}
    has_own = bool(set(run.selection.paths) - {SHIPPED_CHECKS})
    is_once = settings.dispatch.retries == 0 and settings.selection.resume is None
    is_live = settings.archive.record is None and settings.archive.replay is None
    return is_kept and has_own and is_once and is_live and not run.choice.kinds


def _is_bare(seen: Observation) -> bool:
    return seen.outcome is Outcome.OBSERVED and seen.screenshot_path is None


def _look(run: Run, work: Work, grids: Grids, bare: Sequence[tuple[Site, Observation]]) -> Iterator[Observation]:
    """The observations with what was kept of the second look."""
    visits = run.settings.visits
    end_s = time.monotonic() + MOST_S
    turns = _Turns(run.settings.dispatch.host_delay_s, lambda url: find_domain(url, private_hosts_of(visits)))
    settings = replace(
        visit_settings(run, work, None),
        probes=(),
        try_insertion=False,
        is_lean=False,
        screenshots=Screenshots.ALL if visits.screenshots is Screenshots.FAILED else Screenshots.NONE,
        capture=Screenshots.ALL if visits.capture is Screenshots.FAILED else Screenshots.NONE,
    )
    with tempfile.TemporaryDirectory(prefix="gridrunner-look-") as name, ExitStack() as stack:
        folder, session = Path(name), None
        for site, seen in bare:
            if time.monotonic() > end_s:
                return
            if session is None or visits.extensions:  # an extension runs in a session's first context alone
                stack.close()
                session = stack.enter_context(_open(run, work, grids, settings, folder))
            turns.wait(site.url)
            looked = session.visit(site, attempt=seen.attempt, upcoming=None)
            if looked.fault is not None:
                session = None
                continue
            yield replace(
                seen,
                screenshot_path=_take_over(folder, looked.screenshot_path, work.folder),
                capture_path=_take_over(folder, looked.capture_path, work.folder) or seen.capture_path,
            )
            shutil.rmtree(folder / "evidence", ignore_errors=True)


def _open(
    run: Run, work: Work, grids: Grids, settings: VisitSettings, folder: Path
) -> AbstractContextManager[BrowserSession]:
    return open_one_session(
        run.settings,
        run.env,
        command="run",
        options=session_options(run, work, grids.host_rules),
        visit_settings=settings,
        folder=folder,
    )


def _take_over(source: Path, path: str | None, folder: Path) -> str | None:
    """Bring a file of the second look into the run's evidence, under the same name."""
    if path is None:
        return None
    try:
        write_inside(folder, path, read_file(source / path, most_bytes=MOST_PAGE_BYTES))
    except OSError:
        return None
    return path


class _Turns:
    """Between two visits of one public domain there is a pause, as in the run itself."""

    def __init__(self, delay_s: float, domain_of: Callable[[str], str | None]) -> None:
        self._delay_s, self._domain_of = delay_s, domain_of
        self._last_s: dict[str, float] = {}

    def wait(self, url: str) -> None:
        domain = self._domain_of(url)
        if domain is None:
            return
        last_s = self._last_s.get(domain)
        if last_s is not None:
            time.sleep(max(0.0, last_s + self._delay_s - time.monotonic()))
        self._last_s[domain] = time.monotonic()
