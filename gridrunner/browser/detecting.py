"""Detection for many threads: the detector's data is read once, by the first who needs it, and the others wait.

Without this, hundreds of sessions whose first pages come at the same time each read the vocabularies: 173 of 200
threads did, which took 13 CPU-s and 240 MiB of a run of 1,500 visits (`tests.benchmarks.dispatch.sessions`,
2026-11-26).
"""

from __future__ import annotations

import threading

from gridrunner.detection import detect, load_data
from gridrunner.model import Detection, Facts

_LOCK = threading.Lock()
_IS_LOADED = threading.Event()


def _load() -> None:
    with _LOCK:
        if not _IS_LOADED.is_set():
            load_data()
            _IS_LOADED.set()


def start_loading_detector() -> None:
    """Read the detector's data on a thread of its own, while the first browser starts."""
    threading.Thread(target=_load, name="detector", daemon=True).start()


def detect_page(facts: Facts) -> Detection:
    """What `gridrunner.detection.detect` says of `facts`; safe from any thread."""
    if not _IS_LOADED.is_set():
        _load()
    return detect(facts)
