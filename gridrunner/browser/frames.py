"""The facts of a whole page: the collector run in every frame, and where each frame stands in the page above it.

A frame that cannot be read, and a shadow root that is closed, is put down as hidden with the reason: what we cannot see
is unknown, never absent.
"""

from __future__ import annotations

import time
from typing import Any

from gridrunner.browser.installed import Installed
from gridrunner.browser.page_state import PageFrame
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page
from gridrunner.browser.readiness import Ready
from gridrunner.model import Facts

FRAME_LIMIT = 24
"""Frames read per page, in document order. News pages carry 30 and more advertising frames; a login among them stands
in one that is large enough (FRAME_MIN_AREA)."""

FRAME_MIN_AREA = 2_000
"""CSS pixels squared: 100 x 20 holds one field; smaller frames are trackers and are not read."""

FRAME_READ_S = 3.0
"""A frame that does not answer within this is hidden from us; the rest of the page is not held up by it."""

FRAMES_RESERVE_S = 1.0
"""Of a visit's time this much is left when its frames are read, so that the facts of those before are not lost: 300
visible frames took all of it (2026-11-30)."""

FACTS_VERSION = 1

_PLACE_OF_FRAME = """
function () {
  const known = globalThis.__gridrunner;
  const index = known && known.frameElements ? known.frameElements.indexOf(this) : -1;
  return index;
}
"""


def collect_facts(page: Page, ready: Ready, *, deadline: float) -> Facts:
    """The facts of the page and its frames, in the schema that `gridrunner.detection` reads; those of the top frame may
    have come with `ready`.

    Raises what `Page.run` raises for the top frame; a child frame that fails is put down as unreadable.
    """
    top = ready.top or page.run_installed(Installed.COLLECT, {}, deadline=deadline)
    frames: list[dict[str, Any]] = [_describe(page.state.frames[page.main_frame], None, None, (0.0, 0.0), top)]
    index_of = {page.main_frame: 0}
    waiting = _children_of(page, page.main_frame)
    deadline -= FRAMES_RESERVE_S
    while waiting and len(frames) < FRAME_LIMIT and time.monotonic() < deadline:
        frame = waiting.pop(0)
        described = _collect_child(page, frame, frames, index_of, deadline=deadline)
        if described is None:
            continue
        index_of[frame.id] = len(frames)
        frames.append(described)
        waiting.extend(_children_of(page, frame.id))
    return {
        "version": FACTS_VERSION,
        "url": top.get("url", ""),
        "title": top.get("title", ""),
        "viewport": top.get("viewport"),
        "frames": frames,
        "closed_roots": [],
    }


def _children_of(page: Page, frame_id: str) -> list[PageFrame]:
    return [frame for frame in page.state.frames.values() if frame.parent == frame_id]


def _collect_child(
    page: Page, frame: PageFrame, frames: list[dict[str, Any]], index_of: dict[str, int], *, deadline: float
) -> dict[str, Any] | None:
    """The facts of one child frame; None where it has no room for a field or is no longer there."""
    parent_index = index_of[frame.parent or ""]
    parent_facts = frames[parent_index]
    try:
        place = int(page.run_at_owner(_PLACE_OF_FRAME, frame, deadline=deadline))
    except (CommandFailed, DeadlinePassed):
        return None  # it left the page between its announcement and now, or there is no time left for it
    owners = parent_facts["page"].get("frames", []) if parent_facts["page"] else []
    if not 0 <= place < len(owners):
        return None
    owner = owners[place]
    box = owner.get("box") or {}
    if not owner.get("visible", True) or box.get("width", 0) * box.get("height", 0) < FRAME_MIN_AREA:
        return None
    inner = owner.get("content_box") or box
    offset = (parent_facts["offset"][0] + inner["x"], parent_facts["offset"][1] + inner["y"])
    try:
        limit = min(deadline, time.monotonic() + FRAME_READ_S)
        facts, reason = page.run_installed(Installed.COLLECT, {}, frame=frame.id, deadline=limit), ""
    except (CommandFailed, DeadlinePassed) as error:
        facts, reason = None, str(error) or "it did not answer in time"
    described = _describe(frame, parent_index, owner.get("selector"), offset, facts)
    described["reason"] = reason
    return described


def _describe(
    frame: PageFrame, parent: int | None, owner: str | None, offset: tuple[float, float], facts: Any
) -> dict[str, Any]:
    return {
        "frame_id": frame.id,
        "parent": parent,
        "owner_selector": owner,
        "url": (facts or {}).get("url") or frame.url,
        "offset": list(offset),
        "is_readable": facts is not None,
        "reason": "",
        "page": facts,
    }


def find_closed_roots(page: Page, *, deadline: float) -> list[dict[str, Any]]:
    """The closed shadow roots of the top page, for its facts: host tag, inputs and passwords inside.

    Only asked for when nothing was seen in the open, because the browser walks the whole document for it.
    """
    return [
        {"host": root.host, "inputs": root.inputs, "passwords": root.passwords, "backend_node_id": root.node}
        for root in page.find_closed_roots(deadline=deadline)
    ]
