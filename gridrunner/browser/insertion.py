"""The insertion point tried on the real page: a button put there, clicked, looked at on a phone's width, taken out
again.

The page is told nothing and asked nothing: the button stands in a closed shadow root, the click is a real mouse event.
Whatever happens is data (`Observation.probes["insertion"]`), judged by `dom_probes/suite/extras/test_insertion.py`.
Invariant: when `try_insertion` returns, the viewport is as it was and nothing of ours is in the page.
"""

from __future__ import annotations

import time
from typing import Any, Final

from dom_probes import read_probe
from gridrunner.browser.options import VIEWPORT
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page, PageGone
from gridrunner.browser.selectors import Located, NotThere, locate
from gridrunner.model import Detection, InsertionPoint

PHONE: Final = (390, 844)
"""CSS pixels: the viewport of an iPhone 12 to 15, the usual width of phones (StatCounter, 2026)."""

_TRY: Final = read_probe("try_insertion.js")


def try_insertion(page: Page, detection: Detection, *, deadline: float) -> dict[str, Any] | None:
    """What happens when a one-click button is put at the insertion point; None where there is no point.

    `is_tried` False comes with a `reason`; `elapsed_ms` is what the trial took. Raises SessionLost and PageGone.
    """
    point = detection.insertion_point
    if point is None or point.anchor.box is None:
        return None
    started = time.monotonic()
    trial = _Trial(page, point, deadline)
    record: dict[str, Any] = {"side": point.side, "selector": point.anchor.selector, "is_tried": False, "reason": ""}
    try:
        trial.run(record)
    except (NotThere, CommandFailed, DeadlinePassed) as error:
        record["reason"] = str(error) or "the page did not answer in time"
    finally:
        trial.clean_up()
    record["elapsed_ms"] = round((time.monotonic() - started) * 1000)
    return record


class _Trial:
    """One trial on one page."""

    def __init__(self, page: Page, point: InsertionPoint, deadline: float) -> None:
        self._page, self._point, self._deadline = page, point, deadline
        self._frame = page.main_frame
        self._is_inserted = self._is_resized = False
        self._scrolled: list[float] | None = None

    def run(self, record: dict[str, Any]) -> None:
        """Insert, click, remove and compare; insert again, resize and look. Raises what a page may do."""
        started = time.monotonic()
        where, look = self._insert()
        record.update(_pick(look, ("moved_px", "moved", "gap_px", "covered_by", "is_field_visible")))
        if not look["is_visible"]:
            record["reason"] = look["reason"]
            return
        record["is_tried"] = True
        self._page.click(where.origin[0] + look["x"], where.origin[1] + look["y"], deadline=self._deadline)
        record.update(self._ask("clicked"))
        removed = self._remove()
        wait_ms = round((time.monotonic() - started) * 1000)
        record.update(_pick(removed, ("is_gone", "is_equal", "is_restless")))
        if not removed["is_equal"] and not removed["is_restless"]:
            alone = self._ask("compare", wait_ms=wait_ms)  # as long again, and we do nothing
            record["is_restless"] = not alone["is_equal"]
        record["phone"] = self._look_on_a_phone()

    def _insert(self) -> tuple[Located, dict[str, Any]]:
        where = locate(self._page, self._point.anchor.selector, deadline=self._deadline)
        self._frame = where.frame
        if self._frame != self._page.main_frame and self._scrolled is None:
            self._scrolled = self._page.run("() => [scrollX, scrollY]", deadline=self._deadline)
        if self._ask("reach")["is_scrolled"]:
            where = locate(self._page, self._point.anchor.selector, deadline=self._deadline)
        anchor, box = self._point.anchor.box, self._point.box
        assert anchor is not None
        self._is_inserted = True
        offset = [box.x - anchor.x, box.y - anchor.y]
        look = self._ask("insert", side=self._point.side, offset=offset, size=box.width)
        return where, look

    def _look_on_a_phone(self) -> dict[str, Any]:
        _, look = self._insert()
        self._resize(*PHONE)
        look = self._ask("look")
        self._remove()
        return _pick(look, ("side", "gap_px", "is_visible", "is_field_visible", "covered_by", "reason", "box"))

    def _resize(self, width: int, height: int) -> None:
        self._is_resized = (width, height) != VIEWPORT
        self._page.resize(width, height, deadline=self._deadline)

    def _remove(self) -> dict[str, Any]:
        removed = self._ask("remove")
        self._is_inserted = False
        return removed

    def _ask(self, phase: str, **more: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._page.run(
            _TRY, {"phase": phase, **more}, frame=self._frame, deadline=self._deadline
        )
        return answer

    def clean_up(self) -> None:
        """Take out what is still there; a page that is gone or stuck needs nothing. Raises SessionLost."""
        self._deadline = max(self._deadline, time.monotonic() + 1.0)
        try:
            if self._is_inserted:
                self._remove()
            if self._is_resized:
                self._resize(*VIEWPORT)
            if self._scrolled is not None:  # a frame that scrolls its field into view scrolls the page as well
                self._page.run("(x, y) => scrollTo(x, y)", *self._scrolled, deadline=self._deadline)
        except (CommandFailed, DeadlinePassed, PageGone):
            return


def _pick(answer: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: answer[name] for name in names if name in answer}
