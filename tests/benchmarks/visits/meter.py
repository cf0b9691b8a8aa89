"""What a command costs over its whole process tree: CPU time, memory, and what it leaves behind."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

SAMPLE_S = 0.25
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Row:
    """A process as /proc shows it (proc(5)): CPU seconds of its own, and those of children that it has waited for."""

    parent: int
    own_s: float
    waited_s: float
    started: str


class TreeMeter:
    """Samples the CPU time and memory (proportional set size) of a process and everything below it while it runs.

    Adding up the memory of a browser's processes takes milliseconds of the machine each, so what is measured is slower
    for it, the more the more processes it has: 8 % for two browsers with two pages each, 4 % with one page each
    (2026-11-26).
    """

    def __init__(self, root: int) -> None:
        self.peak_mib = 0.0
        self._rows: dict[int, Row] = {}
        self._seen: dict[int, int] = {}
        self._sample_number = 0
        self._is_over = threading.Event()
        self._known = {root}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """No more samples; the CPU seconds of the whole tree, those of processes that lived between two samples
        included as far as their parents waited for them.
        """
        self._is_over.set()
        self._thread.join()
        own_s = sum(row.own_s for row in self._rows.values())
        unseen_s = 0.0
        for pid, row in self._rows.items():
            ended = [
                child
                for other, child in self._rows.items()
                if child.parent == pid and self._seen[other] < self._seen[pid]
            ]
            unseen_s += max(0.0, row.waited_s - sum(child.own_s + child.waited_s for child in ended))
        return own_s + unseen_s

    def left_behind(self) -> int:
        """Processes of the tree that still run."""
        rows = _read_processes()
        return sum(pid in rows and rows[pid].started == row.started for pid, row in self._rows.items())

    def _watch(self) -> None:
        while not self._is_over.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        self._sample_number += 1
        rows = _read_processes()
        while found := {pid for pid, row in rows.items() if row.parent in self._known} - self._known:
            self._known |= found
        total = 0.0
        for pid in self._known & rows.keys():
            self._rows[pid] = rows[pid]
            self._seen[pid] = self._sample_number
            total += _proportional_mib(pid)
        self.peak_mib = max(self.peak_mib, total)


def read_process(pid: int) -> Row | None:
    """A process; None for one that is gone, or that only waits for its parent to notice."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    own_s, waited_s = (sum(map(int, fields[start : start + 2])) / CLOCK_TICKS for start in (11, 13))
    return Row(parent=int(fields[1]), own_s=own_s, waited_s=waited_s, started=fields[19])


def _read_processes() -> dict[int, Row]:
    """All processes by id."""
    found = {int(entry.name): read_process(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")}
    return {pid: row for pid, row in found.items() if row is not None}


def _proportional_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)
