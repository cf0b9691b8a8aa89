"""The history file: what a run leaves there, what planning gets back, and what a file may be instead."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from gridrunner.model import Outcome, Status, Timings
from gridrunner.planning.durations import Basis, PastVisit, expect_durations
from gridrunner.planning.simulate import Spread, learn_spread
from gridrunner.results.history import HISTORY_VERSION, History, open_history
from gridrunner.results.journal.events import Event, Judged, Observed
from gridrunner.results.record import RunRecord, build_record
from gridrunner.run.plans import load_visits
from gridrunner.run.remembering import remember_run
from tests.support.sample_runs import (
    FOUND,
    every_events,
    every_plan,
    make_header,
    make_observation,
    make_plan_of,
    make_result,
    make_site,
)

SITES = (make_site("quick"), make_site("slow"))


def make_run(number: int, *, slow_s: float = 9.0, quick_outcome: Outcome = Outcome.OBSERVED) -> RunRecord:
    """A run of two sites: `quick` takes as many seconds as the run's number, `slow` fails first and passes then."""
    plan = make_plan_of(SITES, (FOUND,))
    events: list[Event] = [
        Observed(observation=make_observation("quick", timings=Timings(total_s=float(number)), outcome=quick_outcome)),
        Judged(result=make_result(FOUND, "quick")),
        Observed(observation=make_observation("slow", timings=Timings(total_s=slow_s))),
        Judged(result=make_result(FOUND, "slow", Status.FAILED)),
        Observed(observation=make_observation("slow", 2, timings=Timings(total_s=slow_s + 1))),
        Judged(result=make_result(FOUND, "slow", attempt=2)),
    ]
    header = make_header(plan, run=f"run-{number}", started=f"2026-11-{number:02}T08:00:00+00:00")
    return build_record(plan, header, events)


def refuse(warning: str) -> None:
    raise AssertionError(warning)


def open_it(path: Path) -> History:
    return open_history(path, refuse)


def warn_of(path: Path) -> str:
    """The one warning that a run with the history in `path` gives, though it reads and writes."""
    warnings: list[str] = []
    with open_history(path, warnings.append) as history:
        assert history.recent_durations(["quick"]) == {}
        assert not history.add_run(make_run(30))
        assert history.prune() == 0
    (warning,) = warnings
    return warning


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "history.sqlite"


def test_a_missing_file_is_an_empty_history_and_is_not_made_by_reading(path: Path) -> None:
    with open_it(path) as history:
        assert history.recent_durations(["quick"]) == {}
        assert history.totals().runs == 0
        assert history.slowest() == []
        assert history.prune() == 0
    assert not path.exists()


def test_durations_come_back_newest_first(path: Path) -> None:
    with open_it(path) as history:
        for number in (2, 1, 3):
            assert history.add_run(make_run(number))
    with open_it(path) as history:
        recent = history.recent_durations(["quick", "slow", "never-seen"])
    assert [visit.duration_s for visit in recent["quick"]] == [3.0, 2.0, 1.0]
    assert [visit.duration_s for visit in recent["slow"]] == [10.0, 9.0] * 3
    assert "never-seen" not in recent


def test_planning_takes_what_the_history_gives(path: Path) -> None:
    with open_it(path) as history:
        history.add_run(make_run(1, quick_outcome=Outcome.TIMED_OUT))
        recent = history.recent_durations(["quick", "slow"])
    assert recent["quick"] == (PastVisit(duration_s=1.0, is_timed_out=True),)
    expected = expect_durations(recent, SITES, default_timeout_s=30.0)
    assert (expected["quick"].expected_s, expected["quick"].basis) == (30.0, Basis.TIMED_OUT)
    assert (expected["slow"].expected_s, expected["slow"].basis) == (10.0, Basis.HISTORY)


def test_a_run_that_was_resumed_replaces_what_was_known_of_it(path: Path) -> None:
    with open_it(path) as history:
        history.add_run(make_run(1, slow_s=5.0))
        history.add_run(make_run(1, slow_s=7.0))
        assert history.totals().runs == 1
        assert [visit.duration_s for visit in history.recent_durations(["slow"])["slow"]] == [8.0, 7.0]


def test_rates_and_rankings(path: Path) -> None:
    with open_it(path) as history:
        for number in (1, 2):
            history.add_run(make_run(number))
        totals = history.totals()
        assert (totals.runs, totals.sites, totals.visits, totals.faults) == (2, 2, 6, 0)
        assert totals.first_attempt_failure_rate == 0.5
        assert totals.flaky_rate == 0.5
        assert [(stat.site, stat.p90_s) for stat in history.slowest()] == [("slow", 10.0), ("quick", 2.0)]
        (flaky,) = history.flakiest()
        assert (flaky.site, flaky.runs, flaky.flaky, flaky.failed_first, flaky.flaky_share) == ("slow", 2, 2, 2, 1.0)
        assert history.most_faulted() == []


def test_faults_are_counted_and_say_nothing_of_durations(path: Path) -> None:
    plan = every_plan()
    with open_it(path) as history:
        history.add_run(build_record(plan, make_header(plan), every_events()))
        faulted = {stat.site: stat.faults for stat in history.most_faulted()}
        assert "lost" in faulted
        assert "lost" not in history.recent_durations(["lost"])


def test_prune_keeps_the_newest_runs(path: Path) -> None:
    with open_it(path) as history:
        for number in (3, 1, 2):
            history.add_run(make_run(number))
        assert history.prune(keep=2) == 1
        assert history.totals().runs == 2
        assert [visit.duration_s for visit in history.recent_durations(["quick"])["quick"]] == [3.0, 2.0]


def test_several_runs_may_end_at_the_same_time(path: Path) -> None:
    failures: list[int] = []
    start = threading.Barrier(8)

    def add(number: int) -> None:
        start.wait()
        with open_it(path) as history:
            if not history.add_run(make_run(number)):
                failures.append(number)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with open_it(path) as history:
        assert history.totals().runs == 8


@pytest.mark.parametrize(
    "content", [b"this is no database, and long enough to be looked at" * 100, b"SQLite format 3\x00rest"]
)
def test_a_damaged_file_is_a_warning(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "history.sqlite"
    path.write_bytes(content)
    warning = warn_of(path)
    assert str(path) in warning
    assert "goes on without it" in warning
    assert path.read_bytes() == content


def test_a_file_damaged_in_the_middle_is_a_warning_when_it_is_read(path: Path) -> None:
    with open_it(path) as history:
        for number in range(1, 29):
            history.add_run(make_run(number))
    data = bytearray(path.read_bytes())
    for start in range(4096, len(data), 4096):
        data[start : start + 512] = b"\xff" * 512
    path.write_bytes(data)
    assert "cannot be read" in warn_of(path)


def test_a_newer_file_is_refused_by_name(path: Path) -> None:
    with open_it(path) as history:
        history.add_run(make_run(1))
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {HISTORY_VERSION + 1}")
    connection.close()
    assert f"version {HISTORY_VERSION + 1}" in warn_of(path)


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    assert "another program" in warn_of(path)


def test_a_pipe_is_a_warning_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "history.sqlite")
    assert "is a pipe, not a file" in warn_of(tmp_path / "history.sqlite")


def test_a_history_with_a_view_in_place_of_a_table_is_not_asked(path: Path) -> None:
    """A view may take for ever to answer."""
    with open_it(path) as history:
        history.add_run(make_run(1))
    connection = sqlite3.connect(path)
    connection.execute("ALTER TABLE visits RENAME TO kept")
    connection.execute(
        "CREATE VIEW visits AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n"
    )
    connection.commit()
    connection.close()
    assert "another program" in warn_of(path)


def test_durations_that_are_none_are_left_out(path: Path) -> None:
    with open_it(path) as history:
        history.add_run(make_run(1))
        sites = [stat.site for stat in history.site_stats()]
    connection = sqlite3.connect(path)
    connection.executemany(
        "UPDATE visits SET duration_s = ? WHERE site = ?", zip([b"x", "text", 1e308, -1.0], sites, strict=False)
    )
    connection.commit()
    connection.close()
    with open_it(path) as history:
        assert set(history.recent_durations(sites)) == set(sites[4:])
        assert [stat.p90_s for stat in history.site_stats()][: len(sites[:4])] == [None] * len(sites[:4])


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert "cannot be written" in warn_of(tmp_path / "file" / "history.sqlite")


def test_a_plan_is_simulated_with_the_scatter_that_the_history_shows(path: Path) -> None:
    with open_it(path) as history:
        for number in range(1, 9):
            outcome = Outcome.TIMED_OUT if number == 8 else Outcome.OBSERVED
            history.add_run(make_run(number, quick_outcome=outcome))
    spread = learn_spread(load_visits(path, SITES, refuse), timeout_s=40.0)
    assert spread.timeout_share == pytest.approx(1 / 18)
    assert (spread.noise > 0.3, spread.timeout_s) == (True, 40.0)
    assert learn_spread(load_visits(path, [make_site("new")], refuse)) == Spread()


@pytest.mark.parametrize(("content", "is_told"), [(None, False), (b"no database" * 500, True)])
def test_a_run_that_cannot_be_remembered_is_said(tmp_path: Path, content: bytes | None, is_told: bool) -> None:
    path = tmp_path / "history.sqlite"
    if content is not None:
        path.write_bytes(content)
    said: list[str] = []
    remember_run(path, make_run(1), said.append)
    assert [text.startswith(f"warning: history {path}: ") for text in said] == [True] * is_told
