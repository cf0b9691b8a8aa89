"""Where a one-click login would go, and what is said about the place."""

from __future__ import annotations

from typing import Any

from gridrunner.detection import detect
from gridrunner.model import InsertionPoint
from tests.support.page_facts import field, form, login, page, whole

BOX = {"x": 180, "y": 30, "width": 24, "height": 24}


def place(
    side: str = "inside-end", *covers: tuple[str, bool], box: dict[str, int] = BOX, **more: Any
) -> dict[str, Any]:
    covered = [{"what": what, "interactive": is_clickable} for what, is_clickable in covers]
    return {"side": side, "box": box, "seen": 3, "covers": covered, **more}


def point_for(*places: dict[str, Any], **of_field: Any) -> InsertionPoint | None:
    facts = page(login())
    facts["fields"][0].update(places=list(places), **of_field)
    return detect(whole(facts)).insertion_point


def test_the_first_place_that_covers_nothing_is_taken() -> None:
    point = point_for(place("inside-end", ("button.eye", True)), place("end"))
    assert point is not None
    assert (point.side, point.is_usable, point.covers) == ("end", True, ())


def test_a_mark_inside_the_field_may_cover_words_but_nothing_to_click() -> None:
    with_words = point_for(place("inside-end", ("span.hint", False)))
    assert with_words is not None
    assert with_words.is_usable
    assert with_words.evidence[-1] == "it would cover the words of span.hint"
    over_a_link = point_for(place("inside-end", ("a", True)))
    assert over_a_link is not None
    assert (over_a_link.is_usable, over_a_link.covers) == (False, ("a",))


def test_a_mark_beside_the_field_may_not_cover_words() -> None:
    point = point_for(place("below", ("p.help", False)))
    assert point is not None
    assert not point.is_usable


def test_no_place_outside_of_the_page_is_usable() -> None:
    for x in (-1, 1343):  # the page is 1366 wide
        point = point_for(place(box={**BOX, "x": x}))
        assert point is not None
        assert not point.is_usable
        assert "the place is outside of the page" in point.evidence


def test_what_was_not_hit_tested_or_lies_under_something_is_said() -> None:
    unseen = point_for(place(seen=0), is_rtl=True)
    below = point_for(place(is_tested=False), covered_by="div#cookies")
    assert unseen is not None
    assert below is not None
    assert unseen.evidence == (
        "inside-end of #e1",
        "right to left: the end is on the left",
        "outside of the viewport: not hit-tested",
    )
    assert below.evidence == (
        "inside-end of #e1",
        "below the first screen: judged by the boxes around it",
        "the field lies under div#cookies now; the place was tested beneath it",
    )


def test_the_password_takes_over_where_the_user_name_has_no_usable_place() -> None:
    facts = page(login())
    facts["fields"][0]["places"] = [place("inside-end", ("a", True))]
    facts["fields"][1]["places"] = [place("end")]
    point = detect(whole(facts)).insertion_point
    assert point is not None
    assert (point.anchor.selector, point.side, point.is_usable) == ("#e2", "end", True)


def test_a_place_in_a_frame_is_where_the_frame_is() -> None:
    inner = page(login())
    inner["fields"][0]["places"] = [place()]
    frame = {
        "frame_id": "f",
        "parent": 0,
        "owner_selector": "#f",
        "offset": [100, 50],
        "is_readable": True,
        "page": inner,
    }
    point = detect(whole(page(), frame)).insertion_point
    assert point is not None
    assert (point.box.x, point.box.y) == (280.0, 80.0)


def test_fields_that_were_not_hit_tested_have_no_place() -> None:
    assert point_for() is None
    assert detect(whole(page(form(field(label="Search", name="q"))))).insertion_point is None
