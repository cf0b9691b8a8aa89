"""The judge process as the dispatcher wants it: rounds that begin with `submit` and end when every site has its results."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from gridrunner.dispatch.ports import JudgeSink
from gridrunner.judging.process import JudgeProcess
from gridrunner.model import Observation, Result


class JudgeRounds:
    """Joins a running JudgeProcess (whose `on_results` is `take`) to the dispatcher's sink."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: JudgeProcess | None = None
        self._sink: JudgeSink | None = None
        self._waiting: set[tuple[str, int]] = set()

    def connect(self, process: JudgeProcess, sink: JudgeSink) -> None:
        """Give the process and the sink; once, before the first round."""
        self._process, self._sink = process, sink

    def take(self, results: list[Result]) -> None:
        """Results from the process, in its thread."""
        assert self._sink is not None
        self._sink.results(results)
        with self._lock:
            self._waiting.difference_update((result.site, result.attempt) for result in results)
            is_over = not self._waiting
        if is_over:
            self._sink.round_ended()

    def submit(self, observations: Sequence[Observation]) -> None:
        """Start a round and return at once."""
        assert self._process is not None
        with self._lock:
            self._waiting = {(each.site, each.attempt) for each in observations}
        self._process.submit(observations)

    def close(self) -> None:
        """Give up what is not judged yet."""
        if self._process is not None:
            self._process.abort()
