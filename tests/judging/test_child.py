"""The judge process that is started before anybody asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.judging import child
from gridrunner.judging.child import Worker, started_ahead, take_worker
from gridrunner.judging.protocol import AnswerKind, Order, OrderKind, Selection


def is_running(worker: Worker) -> bool:
    return worker._process.poll() is None


def test_the_first_one_who_asks_gets_it_and_the_second_another() -> None:
    with started_ahead():
        (ahead,) = child._ahead
        first, second = take_worker(), take_worker()
        assert first is ahead
        assert second is not ahead
    assert is_running(first), "it belongs to whoever took it"
    first.send(Order(kind=OrderKind.COLLECT, folder="", selection=Selection()))
    answer = first.read(60)
    assert getattr(answer, "kind", answer) is AnswerKind.COLLECTED
    for worker in (first, second):
        worker.end()


def test_nobody_asks_and_it_ends_with_the_block_also_after_an_exception() -> None:
    started: list[Worker] = []

    def fail() -> None:
        with started_ahead():
            started.extend(child._ahead)
            raise ValueError("a mistake in the settings")

    with pytest.raises(ValueError, match="mistake"):
        fail()
    assert [is_running(worker) for worker in started] == [False]
    assert child._ahead == []


def test_modules_of_the_current_folder_are_not_the_library_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("queue", "json", "logging", "token", "selectors"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    (tmp_path / "stranger.py").write_text("raise SystemExit('a plugin of somebody else')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_PLUGINS", "stranger")
    worker = Worker()
    worker.send(Order(kind=OrderKind.COLLECT, folder="", selection=Selection()))
    answer = worker.read(60)
    worker.end()
    assert getattr(answer, "problem", answer) == ""
