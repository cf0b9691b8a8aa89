"""What could not be looked into, and whether a login form may be in it. Unknown is never reported as absent.

A part of the page counts only if it could hold a form: large enough for a field, visible, and not known to be without
inputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gridrunner.model import Facts

LEAST_WIDTH: Final = 120
LEAST_HEIGHT: Final = 40
"""CSS pixels: a field and a button below one another need about twice this height, a password step once."""


def find_hidden_parts(facts: Facts) -> tuple[str, ...]:
    """The parts of the page that may hold a login form and could not be read, in words."""
    return tuple(dict.fromkeys((*_closed_roots(facts), *_unread_frames(facts))))


def _closed_roots(facts: Facts) -> Iterator[str]:
    for root in facts.get("closed_roots") or ():
        inputs = root.get("inputs")
        if inputs or (inputs is None and _is_sizeable(root.get("box"))):
            yield f"closed shadow root {root.get('selector') or root.get('host') or ''}".strip()
    for frame in facts.get("frames") or ():
        page = frame.get("page")
        for root in (page or {}).get("closed") or ():
            if root and _is_sizeable(root.get("box")):
                yield f"closed shadow root {root.get('host') or ''}".strip()


def _unread_frames(facts: Facts) -> Iterator[str]:
    frames = list(facts.get("frames") or ())
    for frame in frames:
        if frame.get("is_readable", True) is False and frame.get("parent") is not None:
            box = _owner_box(frames, frame)
            if box is None or _is_sizeable(box):
                yield f"frame {frame.get('owner_selector') or frame.get('url') or ''} could not be read".replace(
                    "  ", " "
                )


def _owner_box(frames: list[Any], frame: Mapping[str, Any]) -> Mapping[str, Any] | None:
    parent = frame.get("parent")
    if not isinstance(parent, int) or not 0 <= parent < len(frames):
        return None
    owners = (frames[parent].get("page") or {}).get("frames") or ()
    for owner in owners:
        if owner.get("selector") == frame.get("owner_selector"):
            box = owner.get("box")
            return box if isinstance(box, Mapping) else None
    return None


def _is_sizeable(box: Any) -> bool:
    if not isinstance(box, Mapping):
        return True
    return float(box.get("width", 0)) >= LEAST_WIDTH and float(box.get("height", 0)) >= LEAST_HEIGHT
