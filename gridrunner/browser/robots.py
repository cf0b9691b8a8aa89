"""What robots.txt says of the pages of a run, where the user wants it heeded (RFC 9309): asked once per origin, by the
browser, as the visitor and by the way of the visit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from protego import Protego

from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page, PageGone

TOKEN = "gridrunner"
"""What a robots.txt may call us by; rules for `*` hold otherwise."""

ROBOTS_TIMEOUT_S = 5.0
"""For an answer; a server that gives none is asked for the page, and that visit says what is wrong."""

FIRST_SERVER_ERROR = 500

MOST_CHARS = 500 * 1024
"""What has to be read of it (RFC 9309, 2.5)."""

_READ = "() => document.body ? document.body.innerText : ''"

FORBIDS_ALL = "User-agent: *\nDisallow: /\n"


class RobotsBook:
    """The texts of a run, by origin; safe from several threads. "": everything is allowed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, str] = {}

    def find(self, url: str) -> str | None:
        """What is known for the origin of `url`; None: it was not asked yet."""
        with self._lock:
            return self._texts.get(origin_of(url))

    def add(self, url: str, text: str) -> None:
        """Remember what its origin says."""
        with self._lock:
            self._texts[origin_of(url)] = text


def origin_of(url: str) -> str:
    """Scheme, host and port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_allowed(text: str, url: str) -> bool:
    """Whether a robots.txt lets us ask for `url`."""
    return not text or bool(Protego.parse(text[:MOST_CHARS]).can_fetch(url, TOKEN))


def read_robots(page: Page, url: str) -> str:
    """The robots.txt of the origin of `url`, by a page that is used for nothing else. Without one (status 4xx)
    everything is allowed, with a server's error nothing is (RFC 9309, 2.3.1). Raises SessionLost.
    """
    deadline = time.monotonic() + ROBOTS_TIMEOUT_S
    try:
        navigation = page.navigate(f"{origin_of(url)}/robots.txt")
        page.wait_until(lambda: navigation.is_answered, deadline=deadline)
        if navigation.error or navigation.is_download:
            return ""
        page.wait_until(lambda: page.state.is_loaded or page.state.did_download, deadline=deadline)
        return tell(page.state.http_status, page.state.headers, page.run(_READ, deadline=deadline))
    except (CommandFailed, DeadlinePassed, PageGone):
        return ""


def tell(status: int | None, headers: Mapping[str, str], text: Any) -> str:
    """What an answer comes to: a page in HTML is no robots.txt."""
    if status is not None and status >= FIRST_SERVER_ERROR:
        return FORBIDS_ALL
    is_text = headers.get("content-type", "text/plain").lower().startswith("text/plain")
    return text if isinstance(text, str) and status is not None and status < 400 and is_text else ""
