"""gridrunner's command line with resolver rules of the benchmark: `run_gridrunner.py RULES run …`."""

from __future__ import annotations

import json
import resource
import sys

import gridrunner.run
from gridrunner.cli import main

RULES = tuple(part.strip() for part in sys.argv[1].split(","))


def serve_nothing(*_arguments: object) -> tuple[str, ...]:
    return RULES


gridrunner.run._serve_replays = serve_nothing  # the list names hosts that only the benchmark serves
code = main(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"own_cpu_s": used.ru_utime + used.ru_stime, "own_memory_mib": used.ru_maxrss / 1024}))
sys.exit(code)
