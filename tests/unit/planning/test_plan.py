"""Plans: what their hash covers, and the order in which sites are started."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gridrunner import codec
from gridrunner.errors import NothingToRun, UsageError
from gridrunner.model import Expectation, Plan, PlannedSite, Site, SourceLine, Step, StepKind
from gridrunner.planning.durations import Basis, ExpectedDuration
from gridrunner.planning.plan import hash_debt, make_plan, order_sites, owed_sites, plan_hash

A = Site(id="a", url="https://a.example/login", source=SourceLine(file="sites.yaml", line=4))
B = Site(id="b", url="https://b.example/login")
CHECKS = ("found", "fields")


def planned(name: str, expected_s: float) -> PlannedSite:
    return PlannedSite(site=Site(id=name, url=f"https://{name}.example/"), expected_s=expected_s)


def test_the_hash_does_not_change_with_order_durations_or_lines() -> None:
    plan = make_plan([A, B], CHECKS, {})
    moved = replace(A, source=SourceLine(file="other.yaml", line=9))
    slow = ExpectedDuration(expected_s=77.0, basis=Basis.HISTORY)
    assert make_plan([B, moved], CHECKS[::-1], {"a": slow}).hash == plan.hash
    assert [each.site.id for each in make_plan([B, A], CHECKS, {}).sites] == ["b", "a"]


@pytest.mark.parametrize(
    "changed",
    [
        replace(A, url="https://a.example/"),
        replace(A, steps=(Step(kind=StepKind.CLICK, target="#open"),)),
        replace(A, expect=Expectation(username="#user")),
        replace(A, visit_timeout_s=5.0),
        replace(A, visitor="plain"),
        replace(A, tags=("dev",)),
    ],
)
def test_the_hash_changes_with_what_is_owed(changed: Site) -> None:
    assert hash_debt([changed, B], CHECKS) != hash_debt([A, B], CHECKS)
    assert hash_debt([A, B], CHECKS[:1]) != hash_debt([A, B], CHECKS)


def test_the_hash_is_the_same_for_ever() -> None:
    assert hash_debt([B], ["found"]) == "e561d973c79507a2b508a390e2bba230f9d65f1f45a44f0ee81c337f2995f070"


def test_a_plan_survives_its_file() -> None:
    plan = make_plan([A, B], CHECKS, {"a": ExpectedDuration(expected_s=1 / 3, basis=Basis.HISTORY)})
    read = codec.decode(codec.encode(plan), Plan)
    assert read == plan
    assert plan_hash(read) == read.hash
    assert plan.sites[0].expected_s == 0.333


def test_nothing_to_run() -> None:
    with pytest.raises(NothingToRun, match="no site"):
        make_plan([], CHECKS, {})
    with pytest.raises(NothingToRun, match="no check"):
        make_plan([A], [], {})


def test_what_is_planned_twice_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match="site planned twice: a"):
        make_plan([A, A], CHECKS, {})
    with pytest.raises(UsageError, match="check planned twice: found"):
        make_plan([A], ["found", "found"], {})


def test_longest_first_and_ties_in_plan_order() -> None:
    sites = [planned("a", 2.0), planned("b", 9.0), planned("c", 2.0)]
    assert [each.site.id for each in order_sites(sites)] == ["b", "a", "c"]


def test_unknown_sites_come_behind_the_surely_long_and_before_the_bulk() -> None:
    sites = [planned("new", 3.0), planned("hangs", 30.0), *(planned(f"s{number}", 3.0) for number in range(20))]
    assert [each.site.id for each in order_sites(sites, frozenset({"new"}))][:2] == ["hangs", "new"]


def test_when_all_are_early_the_order_is_that_of_the_list() -> None:
    sites = [planned("b", 5.0), planned("a", 5.0)]
    assert order_sites(sites, frozenset({"a", "b"})) == sites


def test_a_shard_owes_its_own_sites_in_plan_order() -> None:
    plan = make_plan([A, B], CHECKS, {})
    assert owed_sites(plan) == plan.sites
    assert [each.site.id for each in owed_sites(replace(plan, shard=(1, 2), shard_sites=("b",)))] == ["b"]
