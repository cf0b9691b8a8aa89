"""When the local grid makes contexts ahead: only where a core is idle."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gridrunner.grid.hubs import local


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (f"0.20 0.18 0.12 1/{{}} {os.getpid()}", True),
        (f"8.20 4.18 2.12 {(os.cpu_count() or 1) + 1}/350 11206", False),
        ("", True),
        ("what is this", True),
    ],
    ids=["idle", "busy", "empty", "no /proc of Linux"],
)
def test_load_is_read_as_linux_writes_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, expected: bool
) -> None:
    load = tmp_path / "loadavg"
    load.write_text(said)
    monkeypatch.setattr(local, "_LOAD", load)
    assert local.has_idle_core() is expected


def test_machine_without_proc_is_taken_for_idle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(local, "_LOAD", tmp_path / "missing")
    assert local.has_idle_core()
