"""The history file: what a run leaves there, what planning gets back, and what a file may be instead."""

from __future__ import annotations

import gzip
import os
import sqlite3
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from gridrunner.model import Outcome, Status, Timings, Verdict
from gridrunner.planning.durations import Basis, PastVisit, expect_durations
from gridrunner.planning.simulate import Spread, learn_spread
from gridrunner.results.history.entries import name_entry
from gridrunner.results.history.file import APPLICATION_ID, HISTORY_VERSION, History, open_history
from gridrunner.results.history.packing import make_entry
from gridrunner.results.history.totals import (
    SiteStats,
    count_totals,
    list_flakiest,
    list_most_faulted,
    list_site_stats,
    list_slowest,
)
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


def stats_of(history: History) -> list[SiteStats]:
    return list_site_stats(history.entries())


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
        assert history.entries() == []
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
        assert len(history.entries()) == 1
        assert [visit.duration_s for visit in history.recent_durations(["slow"])["slow"]] == [8.0, 7.0]


def test_rates_and_rankings(path: Path) -> None:
    with open_it(path) as history:
        for number in (1, 2):
            history.add_run(make_run(number))
        stats = stats_of(history)
        totals = count_totals(len(history.entries()), stats)
        assert (totals.runs, totals.sites, totals.visits, totals.faults) == (2, 2, 6, 0)
        assert totals.first_attempt_failure_rate == 0.5
        assert totals.flaky_rate == 0.5
        assert [(stat.site, stat.p90_s) for stat in list_slowest(stats)] == [("slow", 10.0), ("quick", 2.0)]
        (flaky,) = list_flakiest(stats)
        assert (flaky.site, flaky.runs, flaky.flaky, flaky.failed_first, flaky.flaky_share) == ("slow", 2, 2, 2, 1.0)
        assert list_most_faulted(stats) == []


def test_faults_are_counted_and_say_nothing_of_durations(path: Path) -> None:
    plan = every_plan()
    with open_it(path) as history:
        history.add_run(build_record(plan, make_header(plan), every_events()))
        faulted = {stat.site: stat.faults for stat in list_most_faulted(stats_of(history))}
        assert "lost" in faulted
        assert "lost" not in history.recent_durations(["lost"])


def test_prune_keeps_the_newest_runs(path: Path) -> None:
    with open_it(path) as history:
        for number in (3, 1, 2):
            history.add_run(make_run(number))
        assert history.prune(keep=2) == 1
        assert len(history.entries()) == 2
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
        assert len(history.entries()) == 8


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
    connection.execute("ALTER TABLE entries RENAME TO kept")
    connection.execute(
        "CREATE VIEW entries AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n"
    )
    connection.commit()
    connection.close()
    assert "another program" in warn_of(path)


@pytest.mark.parametrize(
    "entry", [b"no gzip", gzip.compress(b"{}"), gzip.compress(b'{"run": "\xff'), gzip.compress(b"[" * 100_000), None]
)
def test_an_entry_that_is_none_is_a_warning(path: Path, entry: bytes | None) -> None:
    with open_it(path) as history:
        history.add_run(make_run(1))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE entries SET entry = ?", [entry if entry is not None else "text"])
    connection.commit()
    connection.close()
    warnings: list[str] = []
    with open_history(path, warnings.append) as history:
        assert history.entries() == []
        assert history.recent_durations(["quick"]) == {}
    assert ["cannot be read" in warning for warning in warnings] == [True]


def write_version_1(path: Path) -> None:
    """A history as gridrunner wrote it until November 2026, with one row that is none."""
    connection = sqlite3.connect(path)
    for statement in (
        f"PRAGMA application_id = {APPLICATION_ID}",
        "PRAGMA user_version = 1",
        "CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT UNIQUE, started TEXT, plan TEXT)",
        "CREATE TABLE visits (run_number, site TEXT, attempt, hub TEXT, duration_s REAL, outcome, fault TEXT)",
        "CREATE TABLE site_runs (run_number INTEGER, site TEXT, verdict TEXT, is_failed_first INTEGER)",
        "INSERT INTO runs VALUES (7, 'old', '2026-10-01T08:00:00+00:00', 'p')",
        "INSERT INTO visits VALUES (7, 'slow', 1, 'h', 3.0, NULL, 'session-lost')",
        "INSERT INTO visits VALUES (7, 'slow', 2, 'h', 4.5, 'observed', NULL)",
        "INSERT INTO visits VALUES (7, 'quick', 1, 'h', 1.5, 'timed-out', NULL)",
        "INSERT INTO visits VALUES (7, 'odd', 1, 'h', 'text', 'observed', NULL)",
        "INSERT INTO site_runs VALUES (7, 'slow', 'flaky', 1), (7, 'quick', 'passed', 0)",
    ):
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_history_of_version_1_is_read_and_becomes_one_of_version_2(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    write_version_1(path)

    def check(history: History) -> None:
        (old,) = [entry for entry in history.entries() if entry.run == "old"]
        assert [(site.site, site.verdict, site.first) for site in old.sites] == [
            ("quick", Verdict.PASSED, "passed"),
            ("slow", Verdict.FLAKY, "failed"),
        ]
        recent = history.recent_durations(["quick", "slow"])
        assert recent["quick"][-1] == PastVisit(duration_s=1.5, is_timed_out=True)
        assert recent["slow"][-1] == PastVisit(duration_s=4.5)
        assert name_entry("old", "2026-10-01T08:00:00+00:00") in history.names()

    with open_it(path) as history:
        check(history)
        assert history.add_run(make_run(2))
        check(history)
        assert len(history.entries()) == 2
    with open_it(path) as history:
        check(history)


def test_shards_are_one_run_and_a_merged_run_stands_for_them(path: Path) -> None:
    whole = make_entry(make_run(1))
    parts = [
        replace(whole, run=f"shard-{number}", group="g", shard=(number, 2), sites=(whole.sites[number - 1],))
        for number in (1, 2)
    ]
    with open_it(path) as history:
        history.add_entry(parts[1])
        (lonely,) = history.entries()
        assert (lonely.run, lonely.missing, [site.site for site in lonely.sites]) == ("g", 1, ["slow"])
        history.add_entry(parts[0])
        (joined,) = history.entries()
        assert (joined.missing, [site.site for site in joined.sites]) == (0, ["quick", "slow"])
        history.add_run(make_run(2))
        assert history.prune(keep=2) == 0
        history.add_entry(replace(whole, run="merged", merged_from=("shard-1", "shard-2")))
        assert [entry.run for entry in history.entries()] == ["merged", "run-2"]
        assert history.prune(keep=1) == 3


def test_what_knows_more_of_a_run_stays(path: Path) -> None:
    whole = make_entry(make_run(1))
    begun = replace(whole, sites=whole.sites[:1])
    with open_it(path) as history:
        for entry in (begun, whole, begun):
            history.add_entry(entry)
        assert history.entries() == [whole]


def test_prune_forgets_what_is_older_than_a_day(path: Path) -> None:
    with open_it(path) as history:
        for number in (1, 2, 3):
            history.add_run(make_run(number))
        assert history.prune(since="2026-11-02T08:00:00+00:00") == 1
        assert [entry.run for entry in history.entries()] == ["run-2", "run-3"]


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


def test_a_replay_is_no_night_of_the_sites(tmp_path: Path) -> None:
    plan = make_plan_of(SITES, (FOUND,))
    seen = make_observation("quick", probes={"archive": {"missing": {}}})
    record = build_record(
        plan, make_header(plan), [Observed(observation=seen), Judged(result=make_result(FOUND, "quick"))]
    )
    remember_run(tmp_path / "history.sqlite", record, refuse)
    assert not (tmp_path / "history.sqlite").exists()


@pytest.mark.parametrize(("content", "is_told"), [(None, False), (b"no database" * 500, True)])
def test_a_run_that_cannot_be_remembered_is_said(tmp_path: Path, content: bytes | None, is_told: bool) -> None:
    path = tmp_path / "history.sqlite"
    if content is not None:
        path.write_bytes(content)
    said: list[str] = []
    remember_run(path, make_run(1), said.append)
    assert [text.startswith(f"warning: history {path}: ") for text in said] == [True] * is_told
