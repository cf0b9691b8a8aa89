"""A run read from its journal site by site is the run that its events make in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridrunner.errors import RunFolderError
from gridrunner.model import Status
from gridrunner.results.journal.events import Event, Judged, Observed, Resumed
from gridrunner.results.merging.runs import merge_runs
from gridrunner.results.record import RunRecord, build_record, load_run
from tests.support.journals import read_journal
from tests.support.reports import collect_report, write_junit, write_timeline
from tests.support.sample_runs import (
    CHECKS,
    every_events,
    every_plan,
    fuzz,
    make_header,
    make_observation,
    make_plan_of,
    make_result,
    make_site,
    pass_site,
    write_run,
)

NAMES = ("a", "b", "c")
PLAN = make_plan_of([make_site(name) for name in NAMES])

results = st.builds(
    lambda check, site, status, attempt: Judged(result=make_result(check, site, status, attempt)),
    st.sampled_from([*CHECKS, "other.py::test_other"]),
    st.sampled_from([*NAMES, "stranger"]),
    st.sampled_from(Status),
    st.integers(1, 3),
)
visits = st.builds(
    lambda site, attempt, started_s: Observed(observation=make_observation(site, attempt, started_s=started_s)),
    st.sampled_from([*NAMES, "stranger"]),
    st.integers(1, 3),
    st.sampled_from([0.0, 7.5]),
)
resumptions = st.sampled_from([Resumed(started=f"2026-11-24T0{hour}:00:00+00:00") for hour in (8, 9)])


def assert_same(stored: RunRecord, in_memory: RunRecord) -> None:
    assert list(stored.site_verdicts()) == list(in_memory.site_verdicts())
    assert stored.digest() == in_memory.digest()
    assert dict(stored.observations) == {name: seen for name, seen in in_memory.observations.items() if seen}
    assert len(stored.observations) == len(dict(stored.observations))
    assert (stored.unplanned, stored.warnings, stored.last_at_s) == (
        in_memory.unplanned,
        in_memory.warnings,
        in_memory.last_at_s,
    )


@fuzz(200)
@given(events=st.lists(results | visits | resumptions, max_size=25))
def test_any_order_of_lines_is_read_back(tmp_path_factory: pytest.TempPathFactory, events: Sequence[Event]) -> None:
    folder = write_run(tmp_path_factory.getbasetemp() / "stored", PLAN, events)
    assert_same(load_run(folder), build_record(PLAN, make_header(PLAN), events))


def test_every_way_to_a_verdict_is_read_back(tmp_path: Path) -> None:
    plan = every_plan()
    folder = write_run(tmp_path, plan, every_events())
    in_memory = build_record(plan, make_header(plan), read_journal(folder / "journal.jsonl").events)
    stored = load_run(folder)
    assert_same(stored, in_memory)
    read, made = tmp_path / "read", tmp_path / "made"
    assert write_junit(stored, read).read_bytes() == write_junit(in_memory, made).read_bytes()
    assert write_timeline(stored, read).read_bytes() == write_timeline(in_memory, made).read_bytes()
    assert collect_report(stored) == collect_report(in_memory)


def test_a_merged_run_needs_no_second_reading(tmp_path: Path) -> None:
    plan = every_plan()
    folder = write_run(tmp_path / "run", plan, every_events())
    outcome = merge_runs([folder], tmp_path / "out")
    read = load_run(tmp_path / "out")
    assert_same(outcome.record, read)
    assert (outcome.record.sessions, outcome.record.faults, outcome.record.ended) == (
        read.sessions,
        read.faults,
        read.ended,
    )


def test_a_journal_that_grows_or_is_replaced_is_read_as_it_was(tmp_path: Path) -> None:
    folder = write_run(tmp_path, PLAN, [event for name in NAMES for event in pass_site(name)])
    before = load_run(folder)
    known = list(before.site_verdicts())
    with (folder / "journal.jsonl").open("ab") as file:
        file.write(b"garbage\n")
    (folder / "journal.jsonl").replace(tmp_path / "moved.jsonl")
    (folder / "journal.jsonl").write_bytes(b"")
    assert list(before.site_verdicts()) == known


def test_a_journal_changed_under_its_reader_is_an_error(tmp_path: Path) -> None:
    folder = write_run(tmp_path, PLAN, pass_site("a"))
    record = load_run(folder)
    size = (folder / "journal.jsonl").stat().st_size
    with (folder / "journal.jsonl").open("r+b") as file:
        file.write(b"x" * size)
    with pytest.raises(RunFolderError, match=r"journal\.jsonl was changed while it was read"):
        list(record.site_verdicts())
