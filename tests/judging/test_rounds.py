"""The judge at the dispatcher's port: every round ends, by its number, whatever becomes of the process."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from pathlib import Path

import pytest

from gridrunner.judging.engine import JudgeEngine
from gridrunner.judging.process import collect_checks
from gridrunner.judging.protocol import Selection
from gridrunner.model import Result, Status
from gridrunner.run.ports import JudgeRounds
from tests.support.judging_samples import make_observation, make_site

WAIT_S = 60.0
SITES = (make_site("a"), make_site("b"))


class Sink:
    """Keeps what the judge says."""

    def __init__(self) -> None:
        self.heard: list[Result] = []
        self.ends: queue.SimpleQueue[tuple[int, str | None]] = queue.SimpleQueue()

    def results(self, results: Sequence[Result]) -> None:
        self.heard += results

    def round_ended(self, number: int, error: str | None = None) -> None:
        self.ends.put((number, error))


def start(folder: Path, code: str, sink: Sink) -> JudgeRounds:
    path = folder / "test_mine.py"
    path.write_text(code)
    return JudgeRounds(collect_checks(folder, Selection(paths=(str(path),))), SITES, sink)


def test_a_round_ends_where_every_check_is_a_live_one(tmp_path: Path) -> None:
    sink = Sink()
    rounds = start(tmp_path, "def test_title(driver): pass\n", sink)
    rounds.submit(7, [make_observation("a"), make_observation("b")])
    assert sink.ends.get(timeout=WAIT_S) == (7, None)
    rounds.close()
    assert sink.heard == []


def test_a_judge_that_cannot_judge_says_why_and_the_next_round_has_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> list[Result]:
        raise OSError("Cannot allocate memory")

    sink = Sink()
    rounds = start(tmp_path, "def test_id(site): assert site.id == 'a'\n", sink)
    with monkeypatch.context() as patch:
        patch.setattr(JudgeEngine, "judge", fail)
        rounds.submit(1, [make_observation("a")])
        assert sink.ends.get(timeout=WAIT_S) == (1, "OSError: Cannot allocate memory")
    rounds.submit(2, [make_observation("a"), make_observation("b")])
    assert sink.ends.get(timeout=WAIT_S) == (2, None)
    rounds.close()
    assert [(result.site, result.status) for result in sink.heard] == [("a", Status.PASSED), ("b", Status.FAILED)]


def test_a_judge_that_is_started_again_is_not_disturbed_by_the_old_one(tmp_path: Path) -> None:
    hang_once = (
        "import pathlib, time\n"
        f"mark = pathlib.Path({str(tmp_path / 'hung')!r})\n"
        "def test_id(site):\n"
        "    if not mark.exists():\n"
        "        mark.touch()\n"
        "        time.sleep(600)\n"
    )
    sink = Sink()
    rounds = start(tmp_path, hang_once, sink)
    rounds.submit(1, [make_observation("a")])
    rounds.restart()
    (tmp_path / "hung").touch()
    rounds.submit(2, [make_observation("a")])
    assert sink.ends.get(timeout=WAIT_S) == (2, None)
    rounds.close()
    assert [(result.site, result.status) for result in sink.heard] == [("a", Status.PASSED)]
