"""gridrunner's command line with resolver rules of the benchmark: `run_gridrunner.py RULES run …`.

Says at its end what its own process took, how many file handles it had at most in the first and in the second half of its
sessions, and how many contexts a browser still had when one of its lanes was given back.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import gridrunner.run
from gridrunner.browser.cdp import CommandFailed, DeadlinePassed
from gridrunner.browser.session import BrowserSession
from gridrunner.cli import main
from gridrunner.errors import SessionLost

RULES = tuple(part.strip() for part in sys.argv[1].split(","))
COUNT_TIMEOUT_S = 5.0

handles: list[int] = []
contexts: list[int] = []


def serve_nothing(*_arguments: object) -> tuple[str, ...]:
    return RULES


def visit_counted(session: BrowserSession, *arguments: Any, **options: Any) -> Any:
    handles.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
    return usual_visit(session, *arguments, **options)


def close_counted(session: BrowserSession) -> None:
    deadline = time.monotonic() + COUNT_TIMEOUT_S
    try:
        found = session._connection.call("Target.getBrowserContexts", deadline=deadline)
        contexts.append(len(found["browserContextIds"]))
    except (SessionLost, CommandFailed, DeadlinePassed):
        pass  # the browser is gone, and its contexts with it
    usual_close(session)


usual_visit, usual_close = BrowserSession.visit, BrowserSession.close
BrowserSession.visit = visit_counted  # type: ignore[method-assign]
BrowserSession.close = close_counted  # type: ignore[method-assign]
gridrunner.run._serve_replays = serve_nothing  # the list names hosts that only the benchmark serves
code = main(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_SELF)
half = len(handles) // 2
print(
    json.dumps(
        {
            "own_cpu_s": used.ru_utime + used.ru_stime,
            "own_memory_mib": used.ru_maxrss / 1024,
            "handles": [max(handles[:half], default=0), max(handles[half:], default=0)],
            "contexts": max(contexts, default=0),
        }
    )
)
sys.exit(code)
