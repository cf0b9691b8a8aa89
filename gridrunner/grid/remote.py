"""A Selenium Grid hub that is up already, as the dispatcher sees it: its slots, and sessions opened through it.

`/status` says `ready: false` when every slot is busy, so readiness is read from the nodes that are UP (DESIGN.md).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import urllib3
from selenium.webdriver.remote.webdriver import WebDriver

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import HubUnreachable, UsageError
from gridrunner.grid.lanes import LanePool, OpenBrowser
from gridrunner.grid.webdriver import (
    authorization_of,
    devtools_url,
    open_driver,
    quit_driver,
    translated,
    without_credentials,
)

STATUS_TIMEOUT_S = 10.0
"""`/status` of a hub with two nodes took 0.01 to 0.1 s (Grid 4.48, 2026-11-24)."""


class RemoteHub:
    """A hub by its URL. Credentials in the URL are used and never shown."""

    def __init__(
        self,
        *,
        url: str,
        name: str = "",
        options: SessionOptions,
        settings: VisitSettings,
        store: EvidenceStore,
        lanes_per_session: int = 1,
    ) -> None:
        """`name` is what reports call it, "" for its URL. Raises UsageError when `url` is no http or https URL."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(
                f"--grid {hide_credentials(url)}: neither local nor the URL of a hub",
                hint="write --grid local, or a hub such as --grid http://localhost:4444",
            )
        self.name = name or hide_credentials(url)
        self._url = url.rstrip("/")
        self._options, self._lanes_per_session = options, lanes_per_session
        self._pool = LanePool(
            hub=self.name, opener=self._open_browser, per_browser=lanes_per_session, settings=settings, store=store
        )

    def slots(self) -> int:
        """Visits at once: the slots of the nodes that are UP, times the lanes of each. Raises HubUnreachable."""
        nodes = self._status().get("nodes", [])
        slots = sum(len(node.get("slots", [])) for node in nodes if node.get("availability") == "UP")
        return slots * self._lanes_per_session

    def _status(self) -> dict[str, Any]:
        with translated(self.name):
            answer = urllib3.request(
                "GET",
                f"{without_credentials(self._url)}/status",
                headers=authorization_of(self._url),
                timeout=STATUS_TIMEOUT_S,
                retries=False,
            )
        try:
            value = answer.json()["value"]
        except (ValueError, KeyError, TypeError, UnicodeDecodeError):
            value = None
        if not isinstance(value, dict) or "nodes" not in value:
            raise HubUnreachable(
                f"{self.name}: answers, but not as a Selenium Grid hub (HTTP {answer.status})",
                hint="name the hub itself, as in http://localhost:4444",
            )
        return value

    def open_session(self, *, slot: str, timeout_s: float) -> BrowserSession:
        """A lane for `slot`, on a new session where the others are full. Raises GridFault within `timeout_s` and the
        socket's own limit.
        """
        return self._pool.open_lane(slot=slot, timeout_s=timeout_s)

    def _open_browser(self, slot: str, timeout_s: float) -> OpenBrowser:
        named = replace(self._options, name=f"{self._options.name} {slot}")
        driver = open_driver(self._url, make_options(named, None), hub=self.name, timeout_s=timeout_s)
        try:
            address = devtools_url(driver, self._url)
        except BaseException:
            quit_driver(driver)
            raise
        return OpenBrowser(
            node=_node_of(driver),
            session_id=driver.session_id or "",
            devtools_url=address,
            devtools_headers=tuple(f"{name}: {value}" for name, value in authorization_of(self._url).items()),
            end=lambda: _quit(driver),
            end_now=lambda: _quit(driver),
        )


def _quit(driver: WebDriver) -> None:
    quit_driver(driver)


def _node_of(driver: WebDriver) -> str:
    return str(driver.capabilities.get("se:containerName") or driver.capabilities.get("se:nodeId") or "")


def hide_credentials(url: str) -> str:
    """`url` without user, password and query: it goes into logs, reports and journals."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
