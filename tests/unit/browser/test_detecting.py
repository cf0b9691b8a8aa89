"""The detector's data is read once, however many threads have their first page at the same time."""

from __future__ import annotations

import threading

import pytest

from gridrunner.browser import detecting

THREADS = 16
WAIT_S = 30.0


def test_threads_that_come_together_read_the_data_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    all_here = threading.Barrier(THREADS)

    def load() -> None:
        loads.append(threading.current_thread().name)

    monkeypatch.setattr(detecting, "load_data", load)
    monkeypatch.setattr(detecting, "_IS_LOADED", threading.Event())

    def first_page() -> None:
        all_here.wait(WAIT_S)
        detecting._load()

    threads = [threading.Thread(target=first_page, daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(loads) == 1
