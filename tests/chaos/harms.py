"""What is done to a run: one harm each, at a moment that a seed chose. A harm says how often it really hit."""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.support.command_line import CommandLine, Running

FREEZE_S = (4.0, 8.0)
"""Beyond what a busy machine does to a thread (`host.steady.STANDSTILL_S`)."""

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
"""Debian's package libfaketime."""

Harm = Callable[[CommandLine, Running, random.Random], int]
"""Does it, and returns the number of processes that it hit."""


def _send(pids: Sequence[int], number: signal.Signals) -> int:
    hits = 0
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            hits += 1
    return hits


def _with_words(project: CommandLine, words: str) -> list[int]:
    return [pid for pid, command in project.processes().items() if words in command]


def _one_of(pids: Sequence[int], rng: random.Random) -> list[int]:
    return [rng.choice(sorted(pids))] if pids else []


def _at(find: Callable[[CommandLine], Sequence[int]], number: signal.Signals) -> Harm:
    return lambda project, _running, rng: _send(_one_of(find(project), rng), number)


def _renderers(project: CommandLine) -> list[int]:
    return _with_words(project, "--type=renderer")


def _judges(project: CommandLine) -> list[int]:
    return _with_words(project, "gridrunner.judging.worker")


def _at_run(number: signal.Signals) -> Harm:
    def hit(_project: CommandLine, running: Running, _rng: random.Random) -> int:
        return 0 if running.is_over() else _send([running.pid], number)

    return hit


def _freeze(project: CommandLine, _running: Running, rng: random.Random) -> int:
    """The whole tree stands still and goes on, as under `docker pause`."""
    frozen = list(project.processes())
    hits = _send(frozen, signal.SIGSTOP)
    threading.Event().wait(rng.uniform(*FREEZE_S))
    _send(frozen, signal.SIGCONT)
    return hits


def _limit(which: int, most: int) -> Harm:
    def hit(_project: CommandLine, running: Running, _rng: random.Random) -> int:
        if running.is_over():
            return 0
        with suppress(OSError):
            resource.prlimit(running.pid, which, (most, most))
            return 1
        return 0

    return hit


CLOCK = "clock"
"""The file that says how far the clock of a run is off."""


def fake_clock(folder: Path) -> dict[str, str]:
    """The environment of a command whose time of day can be changed; empty without libfaketime."""
    if not Path(FAKETIME).exists():
        return {}
    (folder / CLOCK).write_text("+0")
    return {
        "LD_PRELOAD": FAKETIME,
        "FAKETIME_TIMESTAMP_FILE": str(folder / CLOCK),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def _jump_clock(project: CommandLine, running: Running, rng: random.Random) -> int:
    """The time of day jumps, as when a machine without a clock hears of the right one."""
    clock = project.folder / CLOCK
    if running.is_over() or not clock.exists():
        return 0
    clock.write_text(rng.choice(["+2h", "-2h", "+400d", "-10d"]))
    return 1


HARMS: dict[str, Harm] = {
    "kill gridrunner": _at_run(signal.SIGKILL),
    "kill browser": _at(CommandLine.browsers, signal.SIGKILL),
    "kill chromedriver": _at(CommandLine.drivers, signal.SIGKILL),
    "kill renderer": _at(_renderers, signal.SIGKILL),
    "kill judge": _at(_judges, signal.SIGKILL),
    "stop browser": _at(CommandLine.browsers, signal.SIGSTOP),
    "stop chromedriver": _at(CommandLine.drivers, signal.SIGSTOP),
    "stop renderer": _at(_renderers, signal.SIGSTOP),
    "interrupt": _at_run(signal.SIGINT),
    "terminate": _at_run(signal.SIGTERM),
    "hang up": _at_run(signal.SIGHUP),
    "freeze everything": _freeze,
    "few open files": _limit(resource.RLIMIT_NOFILE, 96),
    "little memory": _limit(resource.RLIMIT_AS, 2 << 30),
    "clock jumps": _jump_clock,
}
"""By the name that the table shows."""
