"""Orders to a judge process, one after another: sent, waited for within a limit, and accounted for.

Invariant: every (check, observation) of an order comes back as exactly one result; what pytest could not say, because
it crashed, hung or stopped, is an ERROR that says so. The one exception is an engine that was stopped.
"""

from __future__ import annotations

import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from gridrunner import codec
from gridrunner.errors import NothingToRun, UsageError
from gridrunner.judging.child import Loss, Worker, take_worker
from gridrunner.judging.protocol import (
    AnswerKind,
    Batch,
    JudgeAnswer,
    Order,
    OrderKind,
    Selection,
)
from gridrunner.model import Observation, Result, Site, Status
from gridrunner.text import DETAILS_LIMIT, MESSAGE_LIMIT, cap_text, clean_text, count_of, make_line

Key = tuple[str, str]
"""(check, site)."""

CHECK_TIMEOUT_S = 60.0
"""Silence of the judge after which the check that it is busy with counts as hung. A check of recorded data takes
milliseconds; a minute forgives a loaded machine."""

COLLECT_TIMEOUT_S = 60.0
"""For importing pytest, the user's conftest and checks."""

RESTARTS = 3
"""Judge processes that a run may lose and have the rest of the batch judged; from then on a loss makes the rest of its
batch errors. With more, the check file itself is broken, and each loss costs up to CHECK_TIMEOUT_S."""


class Checks(Struct, frozen=True, kw_only=True):
    """The ids of what will be judged, in the order of the files; `live` ones drive a browser themselves."""

    recorded: tuple[str, ...]
    live: tuple[str, ...]


# ---------------------------------------------------------------------------------------------------- the bookkeeping


class OwedResults:
    """What a pytest run owes, what came back, and what it was busy with."""

    def __init__(self, owed: Iterable[Key], attempts: Mapping[str, int]) -> None:
        self._owed = tuple(owed)
        self._attempts = attempts
        self._results: dict[Key, Result] = {}
        self._crashes: list[tuple[str, str]] = []
        self.busy: Key | None = None

    def take(self, answer: JudgeAnswer) -> None:
        """Takes in an answer of a run. A result that was not asked for is an error in the worker, not data."""
        match answer.kind:
            case AnswerKind.STARTED:
                self.busy = (answer.check, answer.site)
            case AnswerKind.RESULT:
                assert answer.result is not None
                self._results[answer.result.check, answer.result.site] = answer.result
                self.busy = None
            case AnswerKind.CRASHED:
                self._crashes.append((answer.node, answer.problem))
            case AnswerKind.COLLECTED | AnswerKind.ENDED:
                raise AssertionError(f"{answer.kind} is not an answer for the ledger")

    def done(self) -> tuple[Key, ...]:
        return tuple(self._results)

    def missing(self) -> list[Key]:
        return [key for key in self._owed if key not in self._results]

    def fail(self, key: Key, message: str, details: str = "") -> None:
        """Enters an ERROR of ours."""
        check, site = key
        self._results[key] = Result(
            check=check,
            site=site,
            attempt=self._attempts.get(site, 1),
            status=Status.ERROR,
            message=make_line(f"internal: {message}", MESSAGE_LIMIT),
            details=cap_text(clean_text(details), DETAILS_LIMIT),
        )

    def fail_missing(self, message: str, details: str = "") -> None:
        """Enters an ERROR for each check still owed, and says so where a process of pytest-xdist died in it."""
        for key in self.missing():
            crash = next((problem for node, problem in self._crashes if _is_node_of(node, key)), None)
            self.fail(key, crash or message, details)

    def first_results(self) -> list[Result]:
        """Those of the results that come before the first that is missing."""
        known = itertools.takewhile(lambda key: key in self._results, self._owed)
        return [self._results[key] for key in known]

    def results(self) -> list[Result]:
        """Results in the order in which they are owed, without what is missing."""
        return [self._results[key] for key in self._owed if key in self._results]


def _is_node_of(node: str, key: Key) -> bool:
    """True when pytest's node id is that of the (check, site)."""
    check, site = key
    name = f"{check[:-1]}-{site}]" if check.endswith("]") else f"{check}[{site}]"
    return node == name or node.endswith(f"/{name}")


PART_S = 1.0
"""Results of a round go out about so often: a slow check is told from a judge that hangs, and what one check found is
known while others are at work. A round of 100 sites and quick checks is over before."""


class _Parts:
    """Results handed out as they come, each once."""

    def __init__(self, on_results: Callable[[list[Result]], None] | None) -> None:
        self._on_results = on_results
        self._told = 0
        self._told_at_s = time.monotonic()

    def offer(self, ledger: OwedResults) -> None:
        """Hand out what came from the beginning on without a gap, if it is time."""
        now_s = time.monotonic()
        if self._on_results is not None and now_s - self._told_at_s >= PART_S:
            self._told_at_s = now_s
            self.finish(ledger.first_results())

    def finish(self, results: list[Result]) -> None:
        """Hand out those of `results` that were not."""
        fresh = results[self._told :]
        self._told = len(results)
        if fresh and self._on_results is not None:
            self._on_results(fresh)


# ------------------------------------------------------------------------------------------------------ the engine


class JudgeEngine:
    """Orders carried out one after another by one worker, which is started when needed and replaced RESTARTS times."""

    def __init__(self, folder: Path, selection: Selection, *, check_timeout_s: float, is_rescored: bool) -> None:
        self._folder = str(folder.absolute())
        self._selection = selection
        self._check_timeout_s = check_timeout_s
        self._is_rescored = is_rescored
        self._worker: Worker | None = None
        self._restarts_left = RESTARTS
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def collect(self) -> Checks:
        """The checks of the selection. Raises UsageError for checks that pytest cannot collect, NothingToRun when -k
        and -m leave none.
        """
        order = Order(kind=OrderKind.COLLECT, folder=self._folder, selection=self._selection)
        worker = self._have_worker()
        worker.send(order)
        answer = worker.read(COLLECT_TIMEOUT_S)
        hint = f"pytest --collect-only {' '.join(self._selection.paths)}".rstrip() + " shows what pytest sees"
        if isinstance(answer, Loss):
            self._worker = None
            last = answer.log.splitlines()[-1] if answer.log else "it left no message"
            raise UsageError(f"pytest did not survive collecting the checks: {answer.reason}: {last}", hint=hint)
        if answer.problem:
            raise UsageError(f"the checks cannot be collected: {answer.problem}".rstrip("."), hint=hint)
        where = ", ".join(self._selection.paths) or "the shipped suite"
        if not answer.collected:
            raise UsageError(f"pytest finds no checks in {where}", hint=hint)
        if not answer.checks and not answer.live_checks:
            options = [("-k", self._selection.keyword), ("-m", self._selection.mark)]
            said = " ".join(f"{name} {value!r}" for name, value in options if value)
            raise NothingToRun(f"{said} leaves none of the {count_of(answer.collected, 'check')} in {where}")
        return Checks(recorded=answer.checks, live=answer.live_checks)

    def again(self) -> JudgeEngine:
        """Another engine for the same checks of the same run."""
        return JudgeEngine(
            Path(self._folder),
            self._selection,
            check_timeout_s=self._check_timeout_s,
            is_rescored=self._is_rescored,
        )

    def judge(
        self,
        sites: Sequence[Site],
        observations: Sequence[Observation],
        checks: Sequence[str],
        *,
        on_results: Callable[[list[Result]], None] | None = None,
    ) -> list[Result]:
        """One result for each check and observation, in that order of observations; fewer only after `stop`.

        `on_results` gets them in that order and in parts: when PART_S have passed since the last, and at the end.
        """
        parts = _Parts(on_results)
        owed = [(check, observation.site) for observation in observations for check in checks]
        ledger = OwedResults(owed, {observation.site: observation.attempt for observation in observations})
        while ledger.missing() and not self._stopped.is_set():
            order = Order(
                kind=OrderKind.JUDGE,
                folder=self._folder,
                selection=self._selection,
                sites=tuple(sites),
                observations=tuple(observations),
                checks=tuple(checks),
                judged=ledger.done(),
                is_rescored=self._is_rescored,
            )
            reason, log = self._run(order, ledger, self._check_timeout_s, parts.offer)
            if self._stopped.is_set():
                break
            if ledger.busy is not None:
                check, site = ledger.busy
                ledger.fail((check, site), f"the judge was lost in {check} on {site}: {reason}", log)
                ledger.busy = None
            elif ledger.missing():
                ledger.fail_missing(f"not judged: {reason or 'pytest did not run it'}", log)
            if ledger.missing():
                self._restarts_left -= 1
                if self._restarts_left < 0:
                    ledger.fail_missing(f"not judged: the judge was lost {RESTARTS + 1} times, the last time: {reason}")
        results = ledger.results()
        parts.finish(results)
        return results

    def judge_in_processes(
        self,
        attempts: Mapping[str, int],
        checks: Sequence[str],
        *,
        processes: int,
        silence_s: float,
        secrets: Mapping[str, bytes],
    ) -> list[Result]:
        """One result for each site of `attempts` and check, by pytest-xdist; its processes read the run folder, and the
        files of `secrets` beside the batch: in a folder for this user alone (mkdtemp(3)) that is gone afterwards,
        because a run folder is uploaded by CI.
        """
        ledger = OwedResults([(check, site) for site in attempts for check in checks], attempts)
        with tempfile.TemporaryDirectory(prefix="gridrunner-judge-") as temporary:
            batch = Path(temporary, "batch.json")
            batch.write_bytes(
                codec.encode(
                    Batch(attempts=attempts, checks=tuple(checks), fails_blocked=self._selection.fails_blocked)
                )
            )
            for name, content in secrets.items():
                Path(temporary, name).write_bytes(content)
            order = Order(
                kind=OrderKind.JUDGE,
                folder=self._folder,
                selection=self._selection,
                processes=max(1, processes),
                batch_file=str(batch),
            )
            reason, log = self._run(order, ledger, silence_s)
        if not self._stopped.is_set():
            ledger.fail_missing(f"not judged: {reason or 'pytest did not run it'}", log)
        return ledger.results()

    def _run(
        self,
        order: Order,
        ledger: OwedResults,
        silence_s: float,
        on_answer: Callable[[OwedResults], None] = lambda _ledger: None,
    ) -> tuple[str, str]:
        """Carries out one order; returns why it did not come to its end (or nothing), and the worker's last words."""
        worker = self._have_worker()
        worker.send(order)
        while True:
            answer = worker.read(silence_s)
            if isinstance(answer, Loss):
                self._worker = None
                return answer.reason, answer.log
            if answer.kind is AnswerKind.ENDED:
                return answer.problem, ""
            ledger.take(answer)
            on_answer(ledger)

    def _have_worker(self) -> Worker:
        with self._lock:
            if self._worker is None:
                self._worker = take_worker()
            if self._stopped.is_set():
                self._worker.stop()
            return self._worker

    def stop(self) -> None:
        """Kills the worker while another thread waits for it. From any thread."""
        with self._lock:
            self._stopped.set()
            if self._worker is not None:
                self._worker.stop()

    def close(self) -> None:
        """Ends the worker."""
        if self._worker is not None:
            self._worker.end()
            self._worker = None
