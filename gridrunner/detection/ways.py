"""Ways to a login that stands behind something: what opens it, and what closes a cookie wall over it; pure.

The words are data (`data/ways.json`, with their source). They choose where to click and are not part of a verdict: what
a page is judged by is in the vocabularies. Invariant: a button is taken for a cookie wall's only with evidence of one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from gridrunner.detection.snapshot import Control, read_snapshot
from gridrunner.detection.words import normalise
from gridrunner.model import Element, Facts

LONGEST_LABEL: Final = 48
"""Characters of a button or link that says nothing but what it does; the longest entry of the data has 40."""

SURE: Final = 4.0
REJECTS: Final = 3.0
ONLY_NECESSARY: Final = 2.5
ACCEPTS: Final = 1.0
"""Order by hand, 2026-11-24: a consent manager's own button before words; to refuse goes before to agree, because
no one has agreed to anything for us."""


@cache
def _data() -> Mapping[str, Any]:
    text = (files("gridrunner.detection") / "data" / "ways.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


@cache
def _phrases(kind: str) -> frozenset[str]:
    """The phrases of every language; they are long enough not to mean other things elsewhere."""
    return frozenset(_bare(phrase) for entries in _data()[kind].values() for phrase in entries)


def _bare(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", normalise(text)))


def says(kind: str, text: str) -> bool:
    """Whether a label says a phrase of `kind` (login, account, reject, necessary, accept) and nothing else."""
    return len(text) <= LONGEST_LABEL and _bare(text) in _phrases(kind)


def find_wall_button(facts: Facts) -> Element | None:
    """The button that closes the page's cookie wall, refusing where it can; None where there is no wall to be seen."""
    snapshot = read_snapshot(facts)
    best: tuple[float, Control] | None = None
    controls = [control for control in (*snapshot.buttons, *snapshot.links) if control.is_visible]
    has_manager = any(_is_of_a_wall(control) for control in controls)
    for control in controls:
        score = _wall_score(control, has_manager=has_manager)
        if score > 0 and (best is None or score > best[0]):
            best = score, control
    if best is None:
        return None
    element = best[1].element
    return Element(selector=element.selector, box=element.box, label=best[1].text[:80])


def _wall_score(control: Control, *, has_manager: bool) -> float:
    text = str(control.raw.get("text") or control.raw.get("aria_label") or control.raw.get("title") or "")
    names = _names_of(control)
    known = _data()["wall_identifiers"]
    if any(name in names for name in known["reject"]):
        return SURE
    is_of_a_wall = _is_of_a_wall(control) or "cookie" in normalise(text)
    if says("necessary", text):
        return ONLY_NECESSARY
    if says("reject", text) and (is_of_a_wall or has_manager or " " in text.strip()):
        return REJECTS
    if any(name in names for name in known["accept"]):
        return ACCEPTS + 0.5
    if says("accept", text) and (is_of_a_wall or has_manager):
        return ACCEPTS
    return 0.0


def _names_of(control: Control) -> str:
    return f"{control.raw.get('id') or ''} {control.raw.get('class') or ''} {control.element.selector}".lower()


def _is_of_a_wall(control: Control) -> bool:
    names = _names_of(control)
    return any(word in names for word in _data()["wall_words"])
