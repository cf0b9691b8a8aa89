"""A time of day that can be changed under a program, and nothing else of its clocks.

A library of our own, put before the C library: libfaketime 0.9.10, when it is to leave the monotonic clock alone, makes
every sleep of CPython fail (clock_nanosleep(2) until a time, EINVAL, 300 of 300, 2026-11-30), and a monotonic clock
that jumps is none that Linux has.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

CLOCK = "clock"
"""The file that says by how many seconds the clock of a run is off."""

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long offset(void) {
    const char *path = getenv("CHAOS_CLOCK");
    long seconds = 0;
    FILE *file = path ? fopen(path, "r") : NULL;
    if (file) {
        if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
        fclose(file);
    }
    return seconds;
}
int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(which, now);
    if (!failed && which == CLOCK_REALTIME) now->tv_sec += offset();
    return failed;
}
time_t time(time_t *place) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (place) *place = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec precise;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}
"""

COMPILE_TIMEOUT_S = 60.0


@cache
def _compile() -> bytes | None:
    """The library; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "clock.so"
        command = [compiler, "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", str(place), "-ldl"]
        made = subprocess.run(
            command, input=SOURCE.encode(), capture_output=True, timeout=COMPILE_TIMEOUT_S, check=False
        )
        return place.read_bytes() if made.returncode == 0 else None


def fake_clock(folder: Path) -> dict[str, str]:
    """The environment of a command whose time of day can be changed, by `set_clock`; empty where it cannot be had."""
    library = _compile()
    if library is None:
        return {}
    place = folder / "clock.so"
    place.write_bytes(library)
    set_clock(folder, 0)
    return {"LD_PRELOAD": str(place), "CHAOS_CLOCK": str(folder / CLOCK)}


def set_clock(folder: Path, seconds: int) -> bool:
    """The clock is off by so much from now on; False: this one cannot be changed."""
    if not (folder / "clock.so").exists():
        return False
    (folder / CLOCK).write_text(f"{seconds}\n")
    return True
