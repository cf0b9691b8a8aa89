"""Detection for many threads: the detector's data is read once, by the first who needs it, and the others wait.

Without this, hundreds of sessions whose first pages come at the same time each read the vocabularies: 173 of 200
threads did, which took 13 CPU-s and 240 MiB of a run of 1,500 visits (`tests.benchmarks.dispatch.sessions`,
2026-11-26).
"""

from __future__ import annotations

import threading

from gridrunner.detection import detect, load_data
from gridrunner.model import Detection, Facts


class _Detector:
    """Owns whether the data is there; `load` may be called by any thread, any number of times."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_loaded = False

    def load(self) -> None:
        with self._lock:
            if not self._is_loaded:
                load_data()
                self._is_loaded = True

    def start_loading(self) -> None:
        if not self._is_loaded:
            threading.Thread(target=self.load, name="detector", daemon=True).start()

    def detect(self, facts: Facts) -> Detection:
        if not self._is_loaded:
            self.load()
        return detect(facts)


_DETECTOR = _Detector()


def start_loading_detector() -> None:
    """Read the detector's data on a thread of its own, while the first browser starts."""
    _DETECTOR.start_loading()


def detect_page(facts: Facts) -> Detection:
    """What `gridrunner.detection.detect` says of `facts`; safe from any thread."""
    return _DETECTOR.detect(facts)
