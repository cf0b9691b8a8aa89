"""What a command costs over its whole process tree: CPU time, memory, and what it leaves behind."""

from __future__ import annotations

import os
import threading
from pathlib import Path

SAMPLE_S = 0.25
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class TreeMeter:
    """Samples the CPU time and memory (proportional set size) of a process and everything below it while it runs."""

    def __init__(self, root: int) -> None:
        self.peak_mib = 0.0
        self._cpu: dict[int, float] = {}
        self._started: dict[int, str] = {}
        self._is_over = threading.Event()
        self._known = {root}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """No more samples; the CPU seconds of the whole tree."""
        self._is_over.set()
        self._thread.join()
        return sum(self._cpu.values())

    def left_behind(self) -> int:
        """Processes of the tree that still run."""
        rows = _read_processes()
        return sum(pid in rows and rows[pid][2] == started for pid, started in self._started.items())

    def _watch(self) -> None:
        while not self._is_over.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        rows = _read_processes()
        while found := {pid for pid, row in rows.items() if row[0] in self._known} - self._known:
            self._known |= found
        total = 0.0
        for pid in self._known & rows.keys():
            self._cpu[pid] = max(self._cpu.get(pid, 0.0), rows[pid][1])
            self._started[pid] = rows[pid][2]
            total += _proportional_mib(pid)
        self.peak_mib = max(self.peak_mib, total)


def _read_processes() -> dict[int, tuple[int, float, str]]:
    """By process id, without zombies: the parent, CPU seconds, and when it started (proc(5))."""
    rows = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            rows[int(entry.name)] = (int(fields[1]), (int(fields[11]) + int(fields[12])) / CLOCK_TICKS, fields[19])
    return rows


def _proportional_mib(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:")), 0.0)
