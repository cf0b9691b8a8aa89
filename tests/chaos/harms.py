"""What is done to a run: one harm each. A harm returns how many it met: 0 when there was nobody to meet, None when this
machine cannot do it.
"""

from __future__ import annotations

import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.chaos.clock import set_clock
from tests.chaos.stage import Stage
from tests.chaos.world import Mode

FREEZE_S = (4.0, 8.0)
"""Beyond what a busy machine does to a thread (`host.steady.STANDSTILL_S`)."""

STOP_S = (0.5, 6.0)
"""Of one process alone: below and above what its callers wait."""

AWAY_S = (2.0, 5.0)
"""The network: shorter than what a run waits for it (`DispatchSettings.outage_limit_s`)."""

LOOK_S = 5.0
"""For a process of the kind that is to be hit."""

SPARE_KIB = 16
"""What a full disk still takes."""

SPARE_MEMORY = 24 << 20
"""Beyond what the process has when its memory is limited: three stacks of threads."""

Harm = Callable[[Stage, random.Random], "int | None"]


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except (OSError, IndexError):
        return False


def send(pids: Sequence[int], number: signal.Signals) -> int:
    """How many of `pids` were alive when the signal was sent: kill(2) succeeds for zombies as well."""
    hits = 0
    for pid in pids:
        is_alive = _is_alive(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, number)
            hits += is_alive
    return hits


def _judges(stage: Stage) -> list[int]:
    return [pid for pid, words in stage.project.processes().items() if "gridrunner.judging.worker" in words]


def _renderers(stage: Stage) -> list[int]:
    """By their parents: a renderer writes its title over its environment."""
    parents, renderers = {}, []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if b"--type=renderer" in (entry / "cmdline").read_bytes():
                renderers.append(int(entry.name))
    browsers = set(stage.project.browsers())

    def is_ours(pid: int) -> bool:
        while pid > 1 and pid not in browsers:
            pid = parents.get(pid, 0)
        return pid in browsers

    return [pid for pid in renderers if is_ours(pid)]


KINDS: Mapping[str, Callable[[Stage], Sequence[int]]] = {
    "gridrunner": lambda stage: [stage.running.pid],
    "judge": _judges,
    "chromedriver": lambda stage: stage.project.drivers(),
    "browser": lambda stage: stage.project.browsers(),
    "renderer": _renderers,
}
"""Every kind of process that a run has, and how it is found."""


def _find_one(stage: Stage, rng: random.Random, kind: str) -> list[int]:
    """One that is alive, as soon as there is one; none when the run is over before."""
    end_s = time.monotonic() + LOOK_S
    while not stage.running.is_over() and time.monotonic() < end_s:
        if pids := [pid for pid in sorted(KINDS[kind](stage)) if _is_alive(pid)]:
            return [rng.choice(pids)]
        threading.Event().wait(0.02)
    return []


def _at(kind: str, number: signal.Signals) -> Harm:
    return lambda stage, rng: send(_find_one(stage, rng, kind), number)


def _stop(kind: str) -> Harm:
    """One process stands still for a while; what shows pages may also stand still for good."""

    def hit(stage: Stage, rng: random.Random) -> int:
        pids = _find_one(stage, rng, kind)
        hits = send(pids, signal.SIGSTOP)
        for_good = kind in {"renderer", "browser", "chromedriver"} and rng.random() < 0.3
        if hits and not for_good:
            threading.Event().wait(rng.uniform(*STOP_S))
            send(pids, signal.SIGCONT)
        return hits

    return hit


def _freeze(stage: Stage, rng: random.Random) -> int:
    """The whole tree stands still and goes on, as under `docker pause`."""
    frozen = list(stage.project.processes())
    hits = send(frozen, signal.SIGSTOP)
    threading.Event().wait(rng.uniform(*FREEZE_S))
    send(frozen, signal.SIGCONT)
    return hits


def _limit(which: int, most: Callable[[int], int]) -> Harm:
    """A limit of the run's own process, from now on; `most` is told the process."""

    def hit(stage: Stage, _rng: random.Random) -> int:
        pid = stage.running.pid
        if stage.running.is_over() or not _is_alive(pid):
            return 0
        with suppress(OSError, IndexError, ValueError):
            limit = most(pid)
            resource.prlimit(pid, which, (limit, limit))
            return 1
        return 0

    return hit


def _memory_of(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[0])
    return pages * resource.getpagesize() + SPARE_MEMORY


def _fill(folder_of: Callable[[Stage], Path | None]) -> Harm:
    """A disk that is full until the run is resumed."""

    def hit(stage: Stage, _rng: random.Random) -> int | None:
        folder = folder_of(stage)
        if folder is None:
            return None
        if stage.running.is_over():
            return 0
        free = os.statvfs(folder)
        room = free.f_bavail * free.f_frsize - (SPARE_KIB << 10)
        if room > 0:
            stage.fill(folder, room)
        return 1

    return hit


def _jump_clock(stage: Stage, rng: random.Random) -> int | None:
    """The time of day jumps, as when a machine without a clock hears of the right one."""
    if stage.running.is_over():
        return 0
    is_changed = set_clock(stage.project.folder, rng.choice([7_200, -7_200, 400 * 86_400, -10 * 86_400]))
    return 1 if is_changed else None


def _resolver(mode: Mode) -> Harm:
    def hit(stage: Stage, rng: random.Random) -> int | None:
        if not stage.world.has_network:
            return None
        if stage.running.is_over():
            return 0
        stage.world.resolver = mode
        threading.Event().wait(rng.uniform(*AWAY_S))
        stage.world.resolver = Mode.ANSWERS
        return 1

    return hit


def _no_route(stage: Stage, rng: random.Random) -> int | None:
    if not stage.world.has_network:
        return None
    if stage.running.is_over():
        return 0
    stage.world.set_route(is_up=False)
    threading.Event().wait(rng.uniform(*AWAY_S))
    stage.world.set_route(is_up=True)
    return 1


def _kill_hub(stage: Stage, rng: random.Random) -> int:
    """The hub beside the local browsers dies, and forgets its sessions; it comes back."""
    if stage.hub is None or stage.running.is_over():
        return 0
    met = bool(stage.hub.figures.sessions_made)
    stage.hub.kill()
    threading.Event().wait(rng.uniform(*AWAY_S))
    stage.hub.revive()
    return int(met)


SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

HARMS: Mapping[str, Harm] = {
    **{f"{number.name} {kind}": _at(kind, number) for kind in KINDS for number in SIGNALS},
    **{f"SIGSTOP {kind}": _stop(kind) for kind in KINDS},
    "everything stands still": _freeze,
    "few open files": _limit(resource.RLIMIT_NOFILE, lambda _pid: 96),
    "no more open files": _limit(resource.RLIMIT_NOFILE, lambda _pid: 24),
    "no more memory": _limit(resource.RLIMIT_AS, _memory_of),
    "files may not grow": _limit(resource.RLIMIT_FSIZE, lambda _pid: 4096),
    "disk of the run full": _fill(lambda stage: stage.runs_disk),
    "disk for temporary files full": _fill(lambda stage: stage.scratch_disk),
    "clock jumps": _jump_clock,
    "resolver silent": _resolver(Mode.SILENT),
    "resolver fails": _resolver(Mode.FAILS),
    "no route": _no_route,
    "hub dies": _kill_hub,
}
"""By the name that the table shows."""
