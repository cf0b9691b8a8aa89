"""Asks a page whether it is a wall, and gives one that lets browsers through by itself the time for it, once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec.structs import replace

from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page
from gridrunner.browser.walls import Signs, Wall, find_wall, may_be_wall
from gridrunner.model import Detection, Facts

PASSING_S = 10.0
"""A challenge without a puzzle takes 1 to 5 s (Cloudflare's own "up to five seconds"); twice that is patience."""

_ASK_S = 2.0

_SIGNS = """
() => {
  const cut = (text) => String(text || '').split(/[?#]/)[0].slice(0, 300);
  const seen = (element) => element.getClientRects().length > 0;
  const all = (selector) => [...document.querySelectorAll(selector)].slice(0, 400);
  return {
    title: document.title.slice(0, 300),
    addresses: all('script[src], iframe[src], frame[src]').slice(0, 80).map((element) => cut(element.src)),
    links: all('a[href]').filter(seen).length,
    fields: all('input:not([type=hidden]):not([type=submit]):not([type=button]), select').filter(seen).length,
    can_move: document.scripts.length > 0 || all('meta[http-equiv=refresh i]').length > 0,
    text: (document.body ? document.body.innerText : '').slice(0, 1500),
  };
}
"""


class Probed(Protocol):
    """What a visit knows of its page so far."""

    @property
    def facts(self) -> Facts | None:
        """What the probes saw."""
        ...

    @property
    def detection(self) -> Detection | None:
        """What was made of it."""
        ...


def look_for_wall(
    page: Page, seen: Probed, probe_again: Callable[[], None], *, soft_deadline: float, deadline: float
) -> Wall | None:
    """The wall that stands in the place of a login, and still does when it was given the time to pass: what comes then
    is probed again.
    """
    wall = _find_in_place(page, seen, deadline=deadline)
    if wall is None or not wall.may_pass:
        return wall
    wall = wait_for_passing(page, wall, deadline=soft_deadline)
    if wall is not None:
        return wall
    probe_again()
    return _find_in_place(page, seen, deadline=deadline)


def _find_in_place(page: Page, seen: Probed, *, deadline: float) -> Wall | None:
    if seen.detection is not None and seen.detection.login_present is True:
        return None
    return find_page_wall(page, seen.facts, deadline=deadline)


def find_page_wall(page: Page, facts: Mapping[str, Any] | None, *, deadline: float) -> Wall | None:
    """The wall that the page is; None as well for a page that does not say. `facts` None: it was not probed."""
    frames = (facts or {}).get("frames") or [{}]
    if facts is not None and not may_be_wall(page.state.http_status, page.state.headers, frames[0]):
        return None
    try:
        answer = page.run(_SIGNS, deadline=min(deadline, time.monotonic() + _ASK_S))
    except (CommandFailed, DeadlinePassed):
        answer = None
    shown = answer if isinstance(answer, dict) else {}
    return find_wall(
        Signs(
            status=page.state.http_status,
            headers=page.state.headers,
            title=str(shown.get("title", "")),
            addresses=tuple(map(str, shown.get("addresses", ()))),
            links=int(shown.get("links", 0)),
            fields=int(shown.get("fields", 1)),  # a page that does not answer is not known to be bare
            text=str(shown.get("text", "")),
            can_move=bool(shown.get("can_move", True)),
        )
    )


def wait_for_passing(page: Page, wall: Wall, *, deadline: float) -> Wall | None:
    """Wait for the page behind a wall that may let us through; None when another document came, else the wall."""
    documents = page.state.documents
    try:
        page.wait_until(lambda: page.state.documents > documents, deadline=min(deadline, time.monotonic() + PASSING_S))
    except DeadlinePassed:
        return replace(wall, was_awaited=True)
    return None
