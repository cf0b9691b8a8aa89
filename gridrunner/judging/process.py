"""What judges, for the rest of gridrunner: beside a run (`JudgeProcess`), after it (`judge_run`), with browsers of its
own (`run_live_checks`).

Invariant: each of them returns exactly one result for each check and observation, within limits, unless it is aborted.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

from gridrunner.errors import NothingToRun
from gridrunner.judging.child import CLOSE_TIMEOUT_S
from gridrunner.judging.engine import CHECK_TIMEOUT_S, Checks, JudgeEngine
from gridrunner.judging.protocol import Selection
from gridrunner.judging.recorded import load_source
from gridrunner.model import Observation, Result, Site

if TYPE_CHECKING:
    from types import TracebackType

OnResults = Callable[[list[Result]], None]

OnBatch = Callable[[Sequence[Observation], BaseException | None], None]

LIVE_TIMEOUT_S = 180.0
"""Silence of a live run: a new session may wait 60 s, a page 30 s (--visit-timeout), twice over."""

BATCH_SITES = 200
"""Sites of one pytest run: starting pytest costs 37 ms, which 200 sites of 6 checks make 4 % of (measured
2026-11), and results still come about once a second."""


class CollectedChecks:
    """The checks of a run, found before anything is visited, and the process that found them, ready to judge.

    The collector either hands it to a `JudgeProcess` or ends it with `abort`.
    """

    def __init__(self, judge: JudgeEngine, checks: Checks) -> None:
        self._all = checks
        self.judge = judge
        self.recorded = checks.recorded
        self.live = checks.live

    @property
    def all(self) -> tuple[str, ...]:
        """The ids of all checks, as a plan owes them."""
        return (*self.recorded, *self.live)

    def again(self) -> CollectedChecks:
        """The same checks, for another process."""
        return CollectedChecks(self.judge.again(), self._all)

    def abort(self) -> None:
        """End the process at once."""
        self.judge.stop()
        self.judge.close()


def collect_checks(folder: Path, selection: Selection, *, check_timeout_s: float = CHECK_TIMEOUT_S) -> CollectedChecks:
    """The checks that `selection` names, for a run in `folder`.

    Raises UsageError for checks that pytest cannot collect, NothingToRun when the selection leaves none.
    """
    judge = JudgeEngine(folder, selection, check_timeout_s=check_timeout_s, is_rescored=False)
    try:
        return CollectedChecks(judge, judge.collect())
    except BaseException:
        judge.stop()
        judge.close()
        raise


class JudgeProcess:
    """Judges observations as they come, in one pytest process beside the run.

    `submit` from any thread, which never waits; `on_results` is called in the judge's own thread, in parts as they
    come, with the results in the order of submission; `on_batch` when a batch is over, with its observations and what
    kept them from being judged, if anything did. A check that crashes the process or takes too long is an ERROR on
    that site, and the rest of the batch is judged by a new process, RESTARTS times.
    """

    def __init__(
        self,
        checks: CollectedChecks,
        *,
        sites: Iterable[Site],
        on_results: OnResults,
        on_batch: OnBatch | None = None,
    ) -> None:
        self._judge, self._checks = checks.judge, checks.recorded
        self._sites = {site.id: site for site in sites}
        self._on_results = on_results
        self._on_batch = on_batch
        self._queue: queue.Queue[Observation | None] = queue.Queue()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="judge", daemon=True)
        self._thread.start()

    def submit(self, observations: Iterable[Observation]) -> None:
        """Queues observations; their sites are among those of the constructor."""
        for observation in observations:
            assert observation.site in self._sites, f"{observation.site} is not a site of this run"
            self._queue.put(observation)

    def wait(self) -> None:
        """Returns when everything that was submitted is judged and `on_results` has seen it. Raises what `on_results`
        raised.
        """
        self._queue.join()
        self._raise_failure()

    def close(self) -> None:
        """Judges what is queued, then ends the process. Raises what `on_results` raised."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()
        self._judge.close()
        self._raise_failure()

    def abort(self) -> None:
        """Ends the process at once; what is not judged yet gets no result (a resumed run judges it)."""
        self._judge.stop()
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(CLOSE_TIMEOUT_S)
        self._judge.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _work(self) -> None:
        carried: Observation | None = None
        is_open = True
        while is_open or carried is not None:
            batch, carried, is_open = self._take_batch(carried, is_open=is_open)
            try:
                if batch and self._failure is None:
                    self._judge_batch(batch)
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits or closes
                self._failure = error
            finally:
                if batch and self._on_batch is not None:
                    self._on_batch(batch, self._failure)
                for _ in batch:
                    self._queue.task_done()

    def _take_batch(
        self, carried: Observation | None, *, is_open: bool
    ) -> tuple[list[Observation], Observation | None, bool]:
        """What is waiting, up to BATCH_SITES; a further attempt at a site of the batch is carried to the next one."""
        batch = [] if carried is None else [carried]
        sites = {observation.site for observation in batch}
        while is_open and len(batch) < BATCH_SITES:
            try:
                observation = self._queue.get(block=not batch)
            except queue.Empty:
                break
            if observation is None:
                self._queue.task_done()
                return batch, None, False
            if observation.site in sites:
                return batch, observation, True
            sites.add(observation.site)
            batch.append(observation)
        return batch, None, is_open

    def _judge_batch(self, batch: Sequence[Observation]) -> None:
        sites = [self._sites[observation.site] for observation in batch]
        if self._checks:
            self._judge.judge(sites, batch, self._checks, on_results=self._on_results)


def judge_run(
    folder: Path,
    *,
    selection: Selection | None = None,
    on_results: OnResults | None = None,
    processes: int | None = None,
) -> list[Result]:
    """Judges the latest recorded observation of each site of a run again, with detections made anew from its facts.

    Results are in plan order, one for each check and observed site; live checks are left out. `on_results` gets them in
    parts, in that order, as they come. `processes` None: one for each core and each BATCH_SITES sites. Raises
    RunFolderError, UsageError, NothingToRun.

    These are judge processes and not pytest-xdist's, whose controller takes part in each test: 5,000 sites of 6 checks
    took 22 s in one process, 33 s by pytest-xdist in two, 15 s so in two (two cores, 2026-11).
    """
    source = load_source(folder)
    observed = [source.observations[site] for site in source.sites if site in source.observations]
    if not observed:
        raise NothingToRun(f"{folder} holds no observation", hint="gridrunner run --resume visits what is missing")
    parts = [observed[start : start + BATCH_SITES] for start in range(0, len(observed), BATCH_SITES)]
    count = min(processes or os.cpu_count() or 1, len(parts))
    judges = [
        JudgeEngine(folder, selection or Selection(), check_timeout_s=CHECK_TIMEOUT_S, is_rescored=True)
        for _ in range(count)
    ]
    results: list[Result] = []
    try:
        checks = _recorded_checks(judges[0])
        for part in _judge_parts(judges, parts, source.sites, checks):
            results.extend(part)
            if on_results is not None:
                on_results(part)
    except BaseException:
        for judge in judges:
            judge.stop()
        raise
    finally:
        for judge in judges:
            judge.close()
    return results


def _judge_parts(
    judges: Sequence[JudgeEngine],
    parts: Sequence[Sequence[Observation]],
    sites: Mapping[str, Site],
    checks: Sequence[str],
) -> Iterator[list[Result]]:
    """The results of each part, in order; every judge works on one part at a time."""
    idle: queue.SimpleQueue[JudgeEngine] = queue.SimpleQueue()
    for judge in judges:
        idle.put(judge)

    def judge_part(part: Sequence[Observation]) -> list[Result]:
        judge = idle.get()
        try:
            return judge.judge([sites[observation.site] for observation in part], part, checks)
        finally:
            idle.put(judge)

    with ThreadPoolExecutor(len(judges), thread_name_prefix="judge") as pool:
        try:
            yield from pool.map(judge_part, parts)
        except BaseException:
            for judge in judges:
                judge.stop()
            raise


def _recorded_checks(judge: JudgeEngine) -> tuple[str, ...]:
    checks = judge.collect().recorded
    if not checks:
        raise NothingToRun("the selection holds live checks alone; they need a browser", hint="gridrunner run")
    return checks


def run_live_checks(
    folder: Path,
    sites: Mapping[str, int],
    *,
    checks: Sequence[str],
    selection: Selection | None = None,
    processes: int,
    secrets: Mapping[str, bytes],
    silence_s: float = LIVE_TIMEOUT_S,
) -> list[Result]:
    """Runs the live `checks` (ids from `CollectedChecks.live`) on sites, by `processes` processes of pytest-xdist with
    a browser session each; `sites` maps a site id to the attempt that the results belong to; `secrets`
    are files, by name, for the processes alone.

    One result for each site and check, in that order. A run that says nothing for `silence_s` is ended, and what it
    owes is an ERROR.
    """
    if not sites or not checks:
        return []
    judge = JudgeEngine(folder, selection or Selection(), check_timeout_s=CHECK_TIMEOUT_S, is_rescored=False)
    try:
        return judge.judge_in_processes(
            sites,
            checks,
            processes=min(processes, len(sites) * len(checks)),
            silence_s=silence_s,
            secrets=secrets,
        )
    except BaseException:
        judge.stop()
        raise
    finally:
        judge.close()
