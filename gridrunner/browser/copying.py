"""A copy of the page as it was probed: one HTML file without scripts, servers, values and tokens, frames inlined.

Each frame tells what it consists of (`dom_probes/copy_page.js`), `rebuilding` writes it anew; this joins the frames and
fetches the style sheets of other origins from the browser. Invariant: a part that cannot be copied is left out and
named in `dropped`; nothing is asked of any server that the page had not asked itself.
"""

from __future__ import annotations

import time
from typing import Final

from msgspec import Struct

from dom_probes import read_probe
from gridrunner import codec
from gridrunner.browser.frames import FRAME_LIMIT
from gridrunner.browser.page_state import PageFrame
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page
from gridrunner.browser.rebuilding import DOCTYPE, FramePieces, Styles, Surroundings, has_frames, rebuild_frame
from gridrunner.browser.scrubbing import scrub_text
from gridrunner.sites.copies import CARRIED_HEAD, RESTORE_SCRIPT

STYLE_LIMIT: Final = 1_500_000
"""Characters of styles per frame; utility frameworks ship up to 3 MB unpruned, demo pages under 40 kB."""

COPY_LIMIT: Final = 8_000_000
"""Characters of a whole copy. The largest page of the development corpus has 2.4 MB of HTML (2026-11-24)."""

FRAME_COPY_S: Final = 2.0
"""A frame that does not answer within this is left out."""

FRAME_CHARS: Final = 4 * COPY_LIMIT
"""Characters that a frame's pieces may have before anything is left out: styles come with fonts and comments."""

_COPY: Final = read_probe("copy_page.js")
_PLACE: Final = "function () { return (globalThis.__gridrunner?.copiedFrames || []).indexOf(this); }"


class PageCopy(Struct, frozen=True, kw_only=True):
    """`html` stands alone; `dropped` is what was left out, in words."""

    html: str
    dropped: tuple[str, ...] = ()


def copy_page(page: Page, *, deadline: float) -> PageCopy | None:
    """The page as one file; None where it does not let itself be copied any more. Raises SessionLost and PageGone."""
    try:
        copier = _Copier(page, deadline)
        text = copier.copy(page.state.frames[page.main_frame])
    except (CommandFailed, DeadlinePassed, KeyError):
        return None
    doctype = DOCTYPE if text.startswith(DOCTYPE) else ""
    whole = doctype + CARRIED_HEAD + scrub_text(text.removeprefix(DOCTYPE)) + "\n"
    return PageCopy(html=whole.encode("utf-8", "replace").decode(), dropped=tuple(copier.dropped))


class _Copier:
    """Copies one page, frame by frame."""

    def __init__(self, page: Page, deadline: float) -> None:
        self._page = page
        self._deadline = deadline
        self._frames_left = FRAME_LIMIT
        self.dropped: dict[str, None] = {}

    def copy(self, frame: PageFrame) -> str:
        """The HTML of a frame with its own frames inlined."""
        page = self._page
        is_top = frame.id == page.main_frame
        limit = self._deadline if is_top else min(self._deadline, time.monotonic() + FRAME_COPY_S)
        answer = page.run(_COPY, {"chars": FRAME_CHARS}, frame=frame.id, with_closed_roots=is_top, deadline=limit)
        try:
            taken = codec.decode(str(answer), FramePieces)
        except codec.BrokenJsonError as error:
            raise CommandFailed(f"the frame's pieces are none: {error}") from error
        around = Surroundings(
            frames=self._copy_children(frame) if has_frames(taken) else {},
            sheet_of=lambda sheet: self._sheet(frame, sheet),
            style_chars=STYLE_LIMIT,
            script=RESTORE_SCRIPT,
        )
        text, dropped = rebuild_frame(taken, around)
        self.dropped.update(dict.fromkeys(dropped))
        if len(text) > COPY_LIMIT:  # each frame around it would write it once more
            raise CommandFailed("the frame is too large to be copied")
        return text

    def _copy_children(self, parent: PageFrame) -> dict[int, str]:
        """The copies of a frame's visible frames by their place in it."""
        copies: dict[int, str] = {}
        children = [frame for frame in self._page.state.frames.values() if frame.parent == parent.id]
        for child in children:
            if self._frames_left <= 0:
                self.dropped[f"frames beyond {FRAME_LIMIT}"] = None
                break
            self._frames_left -= 1
            try:
                place = int(self._page.run_at_owner(_PLACE, child, deadline=self._deadline))
                if place >= 0:
                    copies[place] = self.copy(child)
            except (CommandFailed, DeadlinePassed):
                self.dropped["a frame that could not be read"] = None
        return copies

    def _sheet(self, frame: PageFrame, sheet: Styles) -> str:
        """A style sheet as its server sent it, from the browser's memory; else the rules that the page could read."""
        if sheet.address is None:
            return sheet.text
        try:
            limit = min(self._deadline, time.monotonic() + FRAME_COPY_S)
            content = self._page.read_resource(frame, sheet.address, deadline=limit)
        except (CommandFailed, DeadlinePassed):
            content = ""
        if (not content or "@import" in content) and sheet.text:
            return sheet.text
        if not content or len(content) > STYLE_LIMIT:
            self.dropped["a style sheet that could not be read"] = None
            return ""
        return content
