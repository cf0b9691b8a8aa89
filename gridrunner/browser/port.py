"""What a visit asks of a browser: tabs, and a page in one of them. Speaks no protocol; `browser.devtools` does.

Another browser is a second package whose tabs and pages have these methods, and a line where lanes are opened
(`grid.hubs.lanes`). Invariant: nothing here decides what a page's behaviour means; that is `browser.outcomes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from gridrunner.archive.traffic import Asked, Heard, Served
from gridrunner.browser.identity import BrowserVersion, Proxy, Visitor
from gridrunner.browser.page_state import PageFrame, PageState

# ------------------------------------------------------------------------------------------------------------- failures


class PageError(Exception):
    """A page does not do what was asked of it. None leaves a visit: each ends as an outcome with a name, or as a fault
    of the session (the tree is drawn in `gridrunner.errors`).
    """


class PageGone(PageError):
    """The page crashed, or its tab is gone: nothing can be asked of it any more."""


class CommandFailed(PageError):
    """The browser refused a command: an ordinary answer on pages that leave, close or crash while they are probed."""


class DeadlinePassed(PageError):
    """The answer or the state waited for did not come in time."""


class ClosedRoot(Struct, frozen=True, kw_only=True):
    """A closed shadow root: the tag of its host, the inputs and passwords inside, and the browser's number for it."""

    host: str
    inputs: int
    passwords: int
    node: int | None


# --------------------------------------------------------------------------------------------------------------- asking


class Navigation(Protocol):
    """What the browser says of a navigation that was asked for; `wait_until` is how its answer is waited for."""

    @property
    def is_answered(self) -> bool:
        """Whether the browser has said what comes of it."""
        ...

    @property
    def is_download(self) -> bool:
        """Whether a file comes instead of a page."""
        ...

    @property
    def error(self) -> str:
        """The network error as Chromium names it (`net::ERR_…`), "" for none. Raises CommandFailed."""
        ...

    @property
    def brings_document(self) -> bool:
        """Whether another document comes: not for a place in the one that is there."""
        ...


class InstalledProbe(Protocol):
    """A probe that is in each document before it is asked (`browser.installed`)."""

    @property
    def source(self) -> str:
        """The probe itself, for documents that were there before."""
        ...

    @property
    def call(self) -> str:
        """A function that calls it where it is installed."""
        ...


class Page(Protocol):
    """A tab in a context of its own. Whatever takes a `deadline` (of `time.monotonic`) raises CommandFailed when the
    page left or refused, PageGone when it crashed, DeadlinePassed or SessionLost.
    """

    @property
    def state(self) -> PageState:
        """What has happened so far."""
        ...

    @property
    def main_frame(self) -> str:
        """The id of the top frame."""
        ...

    @property
    def has_document(self) -> bool:
        """Whether the document that was navigated to is there and can be asked."""
        ...

    @property
    def browser(self) -> BrowserVersion:
        """The browser that shows the page."""
        ...

    def visit_as(self, visitor: Visitor) -> None:
        """Be that visitor in the page, its frames and workers, before the first request of each; before it is
        navigated.
        """
        ...

    def block(self, patterns: tuple[str, ...]) -> None:
        """Have the browser refuse requests whose URL matches, in the page and its frames; before it is navigated."""
        ...

    def guard(self, refuses: Callable[[str], bool]) -> None:
        """Have the browser ask for documents over plain HTTP only where `refuses` does not; before it is navigated."""
        ...

    def record(self, keep: Callable[[Heard], None], lack: Callable[[str], None]) -> None:
        """Hand what page, frames and workers ask for to `keep`, and name to `lack` what cannot be had; as `block`."""
        ...

    def end_recording(self, *, deadline: float) -> None:
        """Hand out the rest. Raises SessionLost; what does not come by the deadline is not whole."""
        ...

    def serve(self, answer: Callable[[Asked], Served], *, started_ms: int = 0) -> None:
        """Have everything that page, frames and workers ask for answered so, and nothing by a server; as `block`."""
        ...

    def navigate(self, url: str) -> Navigation:
        """Ask for another page and return at once. Raises SessionLost."""
        ...

    def wait_until(self, is_true: Callable[[], bool], *, deadline: float) -> None:
        """Wait for a state of the page."""
        ...

    def run(
        self,
        function: str,
        *arguments: Any,
        frame: str | None = None,
        with_closed_roots: bool = False,
        deadline: float,
    ) -> Any:
        """Call the JavaScript `function` with JSON `arguments` in the isolated world of a frame (default: the top one);
        the frame's closed shadow roots, which only the browser can hand out, may follow as further arguments. A promise
        is awaited. Returns its JSON value; CommandFailed also says that it threw.
        """
        ...

    def run_installed(
        self, probe: InstalledProbe, options: Mapping[str, Any], *, frame: str | None = None, deadline: float
    ) -> Any:
        """Call an installed probe as `run` calls a function."""
        ...

    def run_at_owner(self, function: str, frame: PageFrame, *, deadline: float) -> Any:
        """Call `function` in the frame above `frame`, with the element that holds `frame` as `this`."""
        ...

    def find_frame(self, function: str, *, frame: str, deadline: float) -> str:
        """The id of the frame that is held by the element which `function` returns in `frame`."""
        ...

    def find_closed_roots(self, *, deadline: float) -> list[ClosedRoot]:
        """The closed shadow roots of the top document; walks all of it."""
        ...

    def read_resource(self, frame: PageFrame, url: str, *, deadline: float) -> str:
        """The text of something that `frame` has loaded, from the browser's own memory."""
        ...

    def take_picture(self, *, kind: str, quality: int | None, deadline: float) -> bytes:
        """The viewport as it is drawn, as `png`, `webp` or `jpeg`."""
        ...

    def draw_in_full(self, *, deadline: float) -> None:
        """Have the page drawn at its true size from now on."""
        ...

    def resize(self, width: int, height: int, *, deadline: float) -> None:
        """Lay the page out for a viewport of that many CSS pixels, drawn at its true size."""
        ...

    def click(self, x: float, y: float, *, deadline: float) -> None:
        """Press and release the left mouse button at a place of the viewport."""
        ...

    def insert_text(self, text: str, *, deadline: float) -> None:
        """Put text where the focus is, as typing does."""
        ...

    def press_enter(self, *, deadline: float) -> None:
        """Press and release Enter."""
        ...


class LoadedExtension(Struct, frozen=True, kw_only=True):
    """An unpacked extension as the browser has it: its name, and its folder on the browser's machine."""

    name: str
    path: str


class Tabs(Protocol):
    """The tabs of one lane, each in a context of its own, used for one site and thrown away. One thread uses them;
    `abort` may come from any other.
    """

    def take(self, proxy: Proxy | None = None, *, deadline: float) -> Page:
        """A fresh page that leaves by `proxy`: the one made ahead, or one made now. Raises CommandFailed,
        DeadlinePassed or SessionLost.
        """
        ...

    def prepare_ahead(self, proxy: Proxy | None = None) -> None:
        """Begin to make the next one while this one is used; returns at once."""
        ...

    def give_back(self, page: Page) -> None:
        """Throw a page away with everything that its context stored, without waiting. Raises SessionLost."""
        ...

    def loaded_extensions(self, wanted: int, *, deadline: float) -> tuple[LoadedExtension, ...] | None:
        """The unpacked extensions it has loaded, once they are `wanted` or at the deadline; None: it does not tell."""
        ...

    def abort(self) -> None:
        """Break the connection under the thread that uses it; safe from any thread, and twice."""
        ...

    def close(self) -> None:
        """Close the connection without waiting for the other side."""
        ...
