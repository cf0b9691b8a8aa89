"""Shards: disjoint, complete, balanced, and the same on every machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gridrunner.errors import UsageError
from gridrunner.model import Plan, PlannedSite, Site
from gridrunner.planning.shards import ShardRun, cut_shard, cut_shards, find_round_start


def plan_of(*expected_s: float) -> Plan:
    sites = (
        PlannedSite(site=Site(id=f"s{number:04}", url=f"https://s{number}.example/"), expected_s=seconds)
        for number, seconds in enumerate(expected_s)
    )
    return Plan(hash="abc", sites=tuple(sites), checks=("found",))


@given(st.lists(st.floats(0.1, 30.0), max_size=60), st.integers(1, 12))
def test_the_union_of_all_shards_is_the_plan(expected_s: list[float], count: int) -> None:
    plan = plan_of(*expected_s)
    shards = cut_shards(plan, count)
    assert len(shards) == count
    assert sorted(site for shard in shards for site in shard) == [planned.site.id for planned in plan.sites]


@given(st.lists(st.floats(0.1, 30.0), min_size=1, max_size=60), st.integers(1, 8))
def test_no_shard_takes_longer_than_graham_allows(expected_s: list[float], count: int) -> None:
    plan = plan_of(*expected_s)
    seconds = {planned.site.id: planned.expected_s for planned in plan.sites}
    longest_shard_s = max(sum(seconds[site] for site in shard) for shard in cut_shards(plan, count))
    assert longest_shard_s <= sum(expected_s) / count + max(expected_s) + 1e-9


def test_shards_keep_the_order_of_the_plan_and_its_hash() -> None:
    plan = plan_of(1.0, 5.0, 3.0, 3.0)
    shard = cut_shard(plan, 2, 2)
    assert (shard.hash, shard.sites, shard.shard) == (plan.hash, plan.sites, (2, 2))
    assert shard.shard_sites == ("s0002", "s0003")
    assert cut_shard(plan, 1, 2).shard_sites == ("s0000", "s0001")


def test_the_cut_does_not_depend_on_the_order_of_equal_sites() -> None:
    plan = plan_of(*[2.0] * 9)
    backwards = replace(plan, sites=plan.sites[::-1])
    assert [sorted(shard) for shard in cut_shards(plan, 4)] == [sorted(shard) for shard in cut_shards(backwards, 4)]


def test_machines_with_other_durations_notice_that_they_cut_otherwise() -> None:
    first = cut_shard(plan_of(1.0, 2.0, 3.0), 1, 2)
    assert first.cut
    assert first.cut == cut_shard(plan_of(1.0, 2.0, 3.0), 2, 2).cut
    assert first.cut != cut_shard(plan_of(3.0, 2.0, 1.0), 2, 2).cut
    assert plan_of(1.0).cut == ""


def test_more_shards_than_sites_leaves_some_empty() -> None:
    assert [len(shard) for shard in cut_shards(plan_of(1.0), 3)] == [1, 0, 0]


@pytest.mark.parametrize(("index", "count"), [(0, 2), (3, 2), (1, 0), (-1, -1)])
def test_there_is_no_such_shard(index: int, count: int) -> None:
    with pytest.raises(UsageError, match=f"{index}/{count}"):
        cut_shard(plan_of(1.0), index, count)
    with pytest.raises(UsageError):
        cut_shards(plan_of(1.0), 0)


def test_the_sites_of_a_domain_stay_together() -> None:
    urls = [f"https://w{number}.shop.example/" for number in range(3)] + [f"https://s{n}.example/" for n in range(5)]
    sites = tuple(PlannedSite(site=Site(id=f"s{number}", url=url), expected_s=2.0) for number, url in enumerate(urls))
    plan = Plan(hash="abc", sites=sites, checks=("found",))
    shards = cut_shards(plan, 4)
    assert ("s0", "s1", "s2") in shards
    assert sorted(len(shard) for shard in shards) == [1, 2, 2, 3]
    assert ("s0", "s1", "s2") not in cut_shards(plan, 4, {f"w{number}.shop.example" for number in range(3)})


@pytest.mark.parametrize(
    ("runs", "begun"),
    [
        ([], None),
        ([("1", "p", (1, 2))], "1"),
        ([("1", "p", (1, 2)), ("2", "p", None), ("3", "other", (2, 2)), ("4", "p", (2, 3))], "1"),
        ([("1", "p", (1, 2)), ("2", "p", (1, 2))], "1"),  # the first shard again: the second is still to come
        ([("1", "p", (1, 2)), ("2", "p", (2, 2))], None),
        ([("3", "p", (1, 2)), ("1", "p", (1, 2)), ("2", "p", (2, 2))], "3"),
    ],
)
def test_a_round_of_shards_begins_with_its_first_and_is_over_with_all(
    runs: list[tuple[str, str, tuple[int, int] | None]], begun: str | None
) -> None:
    known = [ShardRun(started=started, plan=plan, shard=shard) for started, plan, shard in runs]
    assert find_round_start(known, "p", 2) == begun
