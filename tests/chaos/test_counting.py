"""What a harmed run lost is found by names: totals that add up hide nothing."""

from __future__ import annotations

import pytest

from tests.chaos.counting import SHOWN_NAMES, Case, Damage, Hits, find_damage

A, B, C = ("found", "a"), ("found", "b"), ("found", "c")
UNDISTURBED = {A: "passed", B: "passed", C: "skipped"}


def damage_of(*reported: tuple[Case, str], owed: tuple[Case, ...] = (A, B, C), **more: object) -> Damage:
    return find_damage(owed=owed, reported=reported, undisturbed=UNDISTURBED, **more)  # type: ignore[arg-type]


def test_a_run_that_reports_what_it_owes_is_whole() -> None:
    assert damage_of((A, "passed"), (B, "passed"), (C, "skipped")).is_none


def test_a_lost_case_is_not_made_up_for_by_a_doubled_one() -> None:
    damage = damage_of((A, "passed"), (A, "passed"), (C, "skipped"))
    assert (damage.lost, damage.doubled, damage.changed) == (("found[b]",), ("found[a]",), ())


@pytest.mark.parametrize("verdict", ["failure", "error", "skipped"])
def test_another_verdict_than_without_harm_is_a_change(verdict: str) -> None:
    assert damage_of((A, verdict), (B, "passed"), (C, "skipped")).changed == (f"found[a] passed -> {verdict}",)


def test_a_green_that_was_none_is_a_change_as_well() -> None:
    assert damage_of((A, "passed"), (B, "passed"), (C, "passed")).changed == ("found[c] skipped -> passed",)


def test_a_case_that_nobody_owes_is_a_change() -> None:
    stranger = ("found", "z")
    assert damage_of((A, "passed"), (stranger, "passed"), owed=(A,)).changed == ("found[z] nothing -> passed",)


def test_an_attempt_that_is_judged_twice_has_to_come_to_the_same() -> None:
    whole = ((A, "passed"), (B, "passed"), (C, "skipped"))
    again = [(("found", "a", 1), "passed"), (("found", "a", 1), "passed"), (("found", "a", 2), "failed")]
    assert damage_of(*whole, judged=again).is_none
    damage = damage_of(*whole, judged=[*again, (("found", "a", 1), "failed")])
    assert damage.changed == ("found[a] attempt 1 passed -> failed",)


def test_what_is_wrong_is_told_by_its_first_names() -> None:
    assert Damage().describe() == "nothing"
    names = tuple(f"n{number}" for number in range(SHOWN_NAMES + 2))
    assert Damage(left=("a browser",), lost=names).describe() == "lost n0, n1, n2 and 2 more; left a browser"


def test_harms_that_met_nobody_do_not_count_as_survived() -> None:
    hits, more = Hits.none(), Hits.none()
    hits.note("SIGKILL judge", 1)
    hits.note("SIGKILL judge", 0)
    more.note("SIGKILL judge", 4)
    more.note("no route", None)
    hits.add(more)
    assert (hits.hit["SIGKILL judge"], hits.missed["SIGKILL judge"]) == (2, 1)
    assert (hits.missing["no route"], hits.hit["no route"]) == (1, 0)
