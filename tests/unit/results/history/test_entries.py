"""Entries of runs: what they are called, and how shards and merges become the runs that people know."""

from __future__ import annotations

from itertools import permutations

import pytest

from gridrunner.model import FaultKind, Outcome, Verdict
from gridrunner.results.history.entries import (
    RunEntry,
    SiteEntry,
    VisitEntry,
    join_entries,
    list_past_seconds,
    name_entry,
)


def make_entry(run: str, *sites: str, number: int = 0, hour: int = 1, merged_from: tuple[str, ...] = ()) -> RunEntry:
    """The entry of a run, or with a `number` of that shard of two of the pipeline `nightly`."""
    return RunEntry(
        run=run,
        started=f"2026-11-24T{hour:02}:00:00+00:00",
        plan="plan",
        sites=tuple(SiteEntry(site=site, visits=(), verdict=Verdict.PASSED) for site in sites),
        wall_s=float(hour),
        exit_code=number,
        group="nightly" if number else "",
        shard=(number, 2) if number else None,
        merged_from=merged_from,
        place=f"runs/{run}",
    )


def sites_of(runs: list[RunEntry]) -> list[list[str]]:
    return [[site.site for site in run.sites] for run in runs]


def test_names_sort_by_time_and_no_two_runs_share_one() -> None:
    early, late = name_entry("b", "2026-11-24T01:00:00+00:00"), name_entry("a", "2026-11-24T02:00:00+00:00")
    assert early == "20261124010000_b.json.gz"
    assert early < late
    started = "2026-11-24T01:00:00+00:00"
    assert len({name_entry(run, started) for run in ("a/b", "a b", "a-b", "x" * 90, "x" * 91)}) == 5
    assert "/" not in name_entry("../a", started)


def test_shards_of_a_pipeline_are_one_run_in_whatever_order_they_come() -> None:
    alone = make_entry("other", "x", hour=9)
    shards = [make_entry("first", "a", number=1, hour=2), make_entry("second", "b", number=2, hour=3)]
    for entries in permutations([*shards, alone]):
        joined, other = join_entries(entries)
        assert (joined.run, joined.missing, joined.shard, joined.place) == ("nightly", 0, None, "")
        assert (joined.wall_s, joined.exit_code, joined.started) == (3.0, 2, "2026-11-24T02:00:00+00:00")
        assert sites_of([joined, other]) == [["a", "b"], ["x"]]


def test_a_shard_that_has_no_entry_is_missing() -> None:
    (joined,) = join_entries([make_entry("second", "b", number=2)])
    assert joined.missing == 1


def test_of_a_shard_that_ran_twice_the_newer_counts() -> None:
    again = [make_entry("old", "stale", number=1, hour=1), make_entry("new", "fresh", number=1, hour=2)]
    assert sites_of(join_entries(reversed(again))) == [["fresh"]]


def test_a_merged_run_stands_in_place_of_its_shards_and_of_smaller_merges() -> None:
    shards = [make_entry("first", "a", number=1), make_entry("second", "b", number=2)]
    partial = make_entry("partial", "a", merged_from=("first",), hour=3)
    full = make_entry("full", "a", "b", merged_from=("first", "second"), hour=4)
    for entries in permutations([*shards, partial, full]):
        assert [run.run for run in join_entries(entries)] == ["full"]


@pytest.mark.parametrize("fault", list(FaultKind))
def test_faults_say_nothing_of_how_long_a_site_takes(fault: FaultKind) -> None:
    visits = [VisitEntry(1.0, Outcome.OBSERVED), VisitEntry(9.0, fault), VisitEntry(30.0, Outcome.TIMED_OUT)]
    assert list(list_past_seconds(visits)) == [(30.0, True), (1.0, False)]
