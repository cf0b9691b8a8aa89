"""Finds the element that a selector of a site list names, across open shadow roots and frames (`host >>> inner`)."""

from __future__ import annotations

import time
from enum import StrEnum

from msgspec import Struct

from gridrunner.browser.devtools.connection import CommandFailed
from gridrunner.browser.devtools.page import Page
from gridrunner.browser.installed import Installed

ANSWER_MARGIN_S = 0.25
"""The page gives up waiting this much before we do, so that its reason still arrives."""


class WaitFor(StrEnum):
    """What an element is waited for to be."""

    VISIBLE = "visible"
    CLICKABLE = "clickable"


class NotThere(Exception):
    """Nothing matches, or what matches cannot be used; the message says which."""


class Located(Struct, frozen=True, kw_only=True):
    """An element's middle in CSS pixels of the top viewport, and its selector as the collector writes it; `frame` it is in,
    whose content begins at `origin` of the top viewport.
    """

    x: float
    y: float
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
        found = page.run_installed(Installed.FIND, question, frame=frame_id, deadline=deadline)
        if found is None:
            raise NotThere("nothing on the page matches it")
        if "blocked_by" in found:
            raise NotThere(f"it is on the page, but {found['blocked_by']}")
        canonical = prefix + found["selector"]
        if not found["rest"]:
            x, y = offset_x + found["x"], offset_y + found["y"]
            return Located(x=x, y=y, canonical=canonical, frame=frame_id, origin=(offset_x, offset_y))
        offset_x, offset_y = offset_x + found["content_x"], offset_y + found["content_y"]
        segments, prefix = found["rest"], canonical + " >>> "
        frame_id = _frame_inside(page, frame_id, deadline=deadline)


def _frame_inside(page: Page, parent_id: str, *, deadline: float) -> str:
    """The frame whose element the last walk in `parent_id` stopped at."""
    parent = page.state.frames[parent_id]
    params = {
        "functionDeclaration": "function () { return globalThis.__gridrunner.lastFrame; }",
        "executionContextId": page.world_of(parent, deadline=deadline),
    }
    held = page.call("Runtime.callFunctionOn", params, target=parent.target, deadline=deadline)["result"]
    if "objectId" not in held:
        raise CommandFailed("the frame is gone")
    node = page.call("DOM.describeNode", {"objectId": held["objectId"]}, target=parent.target, deadline=deadline)
    frame_id = str(node["node"].get("frameId", ""))
    if frame_id not in page.state.frames:
        raise CommandFailed("the frame has not come yet")
    return frame_id
