"""gridrunner's command line with resolver rules of the benchmark: `run_gridrunner.py RULES run …`.

Says at its end what its own process and its judge's took, how many file handles it had at most in the first and in the
second half of its sessions, and how many contexts a browser still had when one of its lanes was given back.
"""

# ruff: noqa: PLC0415 - what `count` changes is imported when the command imports it
from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gridrunner.judging.child
from gridrunner.cli import main
from gridrunner.judging.child import Worker
from tests.benchmarks.visits.meter import read_process

RULES = tuple(part.strip() for part in sys.argv[1].split(","))
COUNT_TIMEOUT_S = 5.0

handles: list[int] = []
contexts: list[int] = []
judge_s: list[float] = []


def count() -> None:
    """Have visits counted, and the list taken as it is: it names hosts that only the benchmark serves."""
    import gridrunner.run.hubs
    from gridrunner.browser.port import CommandFailed, DeadlinePassed
    from gridrunner.browser.session import BrowserSession
    from gridrunner.errors import SessionLost
    from tests.support.devtools import tabs_of

    usual_visit, usual_close = BrowserSession.visit, BrowserSession.close

    def visit(session: BrowserSession, *arguments: Any, **options: Any) -> Any:
        handles.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208 - three times as quick
        return usual_visit(session, *arguments, **options)

    def close(session: BrowserSession) -> None:
        deadline = time.monotonic() + COUNT_TIMEOUT_S
        try:
            answer = tabs_of(session).connection.call("Target.getBrowserContexts", deadline=deadline)
            contexts.append(len(answer["browserContextIds"]))
        except (SessionLost, CommandFailed, DeadlinePassed):
            pass  # the browser is gone, and its contexts with it
        usual_close(session)

    BrowserSession.visit = visit  # type: ignore[method-assign, assignment]
    BrowserSession.close = close  # type: ignore[method-assign, assignment]
    gridrunner.run.hubs.serve_replays = lambda *_arguments: RULES  # type: ignore[attr-defined]


def stop_judge(worker: Worker) -> None:
    """As the command does, when it was read what the judge took."""
    row = read_process(worker._process.pid)
    judge_s.append(row.own_s if row is not None else 0.0)
    usual_stop(worker)


@contextmanager
def started_ahead() -> Iterator[None]:
    """As the command does: a judge starts, and then everything is imported."""
    with usual_started_ahead():
        count()
        yield


usual_started_ahead = gridrunner.judging.child.started_ahead
gridrunner.judging.child.started_ahead = started_ahead
usual_stop = Worker.stop
Worker.stop = stop_judge  # type: ignore[method-assign, assignment]
code = main(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_SELF)
half = len(handles) // 2
print(
    json.dumps(
        {
            "own_cpu_s": used.ru_utime + used.ru_stime,
            "judge_cpu_s": max(judge_s, default=0.0),
            "own_memory_mib": used.ru_maxrss / 1024,
            "handles": [max(handles[:half], default=0), max(handles[half:], default=0)],
            "contexts": max(contexts, default=0),
        }
    )
)
sys.exit(code)
