"""Finds the element that a selector of a site list names, across open shadow roots and frames (`host >>> inner`)."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Final

from msgspec import Struct

from gridrunner.browser.installed import Installed
from gridrunner.browser.port import Page, PageError

ANSWER_MARGIN_S = 0.25
"""The page gives up waiting this much before we do, so that its reason still arrives."""


_LAST_FRAME: Final = "function () { return globalThis.__gridrunner.lastFrame; }"
"""The frame element that the last walk of FIND stopped at."""


class WaitFor(StrEnum):
    """What an element is waited for to be."""

    VISIBLE = "visible"
    CLICKABLE = "clickable"


class NotThere(PageError):
    """Nothing matches, or what matches cannot be used; the message says which."""


class Located(Struct, frozen=True, kw_only=True):
    """An element's middle and its `box` (x, y, width, height) in CSS pixels of the top viewport, and its selector as
    the collector writes it; `frame` it is in, whose content begins at `origin` of the top viewport.
    """

    x: float
    y: float
    box: tuple[float, float, float, float]
    canonical: str
    frame: str
    origin: tuple[float, float]


def locate(page: Page, selector: str, *, wait_for: WaitFor | None = None, deadline: float) -> Located:
    """The first element that `selector` matches; with `wait_for` as soon as it is so.

    Raises NotThere, CommandFailed when a document went away meanwhile, DeadlinePassed, PageGone or SessionLost.
    """
    frame_id, prefix = page.main_frame, ""
    offset_x = offset_y = 0.0
    segments = [segment.strip() for segment in selector.split(">>>")]
    while True:
        left_ms = max(0.0, (deadline - time.monotonic() - ANSWER_MARGIN_S) * 1000)
        question = {"segments": segments, "wait_for": wait_for, "deadline_ms": left_ms}
        place = page.run_installed(Installed.FIND, question, frame=frame_id, deadline=deadline)
        if place is None:
            raise NotThere("nothing on the page matches it")
        if "blocked_by" in place:
            raise NotThere(f"it is on the page, but {place['blocked_by']}")
        canonical = prefix + place["selector"]
        if not place["rest"]:
            x, y = offset_x + place["x"], offset_y + place["y"]
            width, height = place["width"], place["height"]
            box = (x - width / 2, y - height / 2, width, height)
            return Located(x=x, y=y, box=box, canonical=canonical, frame=frame_id, origin=(offset_x, offset_y))
        offset_x, offset_y = offset_x + place["content_x"], offset_y + place["content_y"]
        segments, prefix = place["rest"], canonical + " >>> "
        frame_id = page.find_frame(_LAST_FRAME, frame=frame_id, deadline=deadline)
