"""Where a one-click login would go: the best of the places that the probe hit-tested beside the login's first field.

Inside the end of the user name field disturbs least and is where users know such marks from; a place that covers
something that can be clicked is unusable. Invariant: the chosen box covers nothing interactive, or `is_usable` is
false.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gridrunner.detection.snapshot import Control, Frame
from gridrunner.model import Box, InsertionPoint

PREFERENCE: Final = ("inside-end", "end", "below", "above")
"""Best first. Password managers and browsers put their marks inside the end of the field."""


def choose_insertion_point(username: Control | None, password: Control | None, frame: Frame) -> InsertionPoint | None:
    """The place for a one-click login beside the user name, else the password; None when neither was hit-tested."""
    unusable: InsertionPoint | None = None
    for field in (username, password):
        if field is None or not field.raw.get("places") or field.type == "search":
            continue
        places = {str(place.get("side")): place for place in field.raw["places"]}
        for side in PREFERENCE:
            place = places.get(side)
            if place is None:
                continue
            point = _point(field, side, place, frame)
            if point.is_usable:
                return point
            unusable = unusable or point
    return unusable


def _point(field: Control, side: str, place: Mapping[str, Any], frame: Frame) -> InsertionPoint:
    raw = place.get("box") or {}
    box = Box(
        x=float(raw.get("x", 0)) + frame.offset[0],
        y=float(raw.get("y", 0)) + frame.offset[1],
        width=float(raw.get("width", 0)),
        height=float(raw.get("height", 0)),
    )
    covers = place.get("covers") or ()
    clickable = tuple(str(each.get("what")) for each in covers if each.get("interactive"))
    words = tuple(str(each.get("what")) for each in covers if not each.get("interactive"))
    size = frame.page.get("page_size") or (0, 0)
    is_inside = (
        float(raw.get("x", 0)) >= 0
        and float(raw.get("y", 0)) >= 0
        and (not size[0] or float(raw.get("x", 0)) + box.width <= float(size[0]))
    )
    covered_by = field.raw.get("covered_by")
    evidence = [f"{side} of {field.element.selector}"]
    if field.raw.get("is_rtl"):
        evidence.append("right to left: the end is on the left")
    if not place.get("seen"):
        evidence.append("outside of the viewport: not hit-tested")
    elif not place.get("is_tested", True):
        evidence.append("below the first screen: judged by the boxes around it")
    if covered_by:
        evidence.append(f"the field lies under {covered_by} now; the place was tested beneath it")
    if not is_inside:
        evidence.append("the place is outside of the page")
    if words:
        evidence.append(f"it would cover the words of {', '.join(words)}")
    usable = not clickable and is_inside and (side == "inside-end" or not words)
    return InsertionPoint(
        anchor=field.element, side=side, box=box, covers=clickable + words, is_usable=usable, evidence=tuple(evidence)
    )
