"""The `local` grid: browsers of this machine, each with its own chromedriver, without Java or Docker."""

from __future__ import annotations

from dataclasses import replace

from selenium.webdriver.remote.webdriver import WebDriver

from gridrunner.browser.binaries import Browser
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.grid.lanes import LanePool, OpenBrowser
from gridrunner.grid.processes import DriverProcess, start_chromedriver
from gridrunner.grid.webdriver import close_client, devtools_url, open_driver, quit_driver

NAME = "local"
QUIT_TIMEOUT_S = 2
"""`quit` took 0.06 s (Chromium 156, 2026-11-24); the process group is ended afterwards in any case."""


class LocalHub:
    """A hub in the sense of the dispatcher: `browsers` of them, each with its own chromedriver and so many lanes."""

    def __init__(
        self,
        *,
        browser: Browser,
        browsers: int,
        options: SessionOptions,
        settings: VisitSettings,
        store: EvidenceStore,
        lanes_per_browser: int = 1,
    ) -> None:
        self.name = NAME
        self._browser, self._lanes = browser, browsers * lanes_per_browser
        self._options = options
        self._pool = LanePool(
            hub=NAME, opener=self._open_browser, per_browser=lanes_per_browser, settings=settings, store=store
        )

    def slots(self) -> int:
        """Visits at once."""
        return self._lanes

    def open_session(self, *, slot: str, timeout_s: float) -> BrowserSession:
        """A lane for `slot`, on a new browser where the others are full. Raises GridFault within `timeout_s` plus the
        start of chromedriver.
        """
        return self._pool.open_lane(slot=slot, timeout_s=timeout_s)

    def _open_browser(self, slot: str, timeout_s: float) -> OpenBrowser:
        process = start_chromedriver(self._browser.chromedriver)
        try:
            named = replace(self._options, name=f"{self._options.name} {slot}")
            driver = open_driver(process.url, make_options(named, self._browser), hub=NAME, timeout_s=timeout_s)
            address = devtools_url(driver, process.url)
        except BaseException:
            process.end()
            raise
        return OpenBrowser(
            node=NAME,
            session_id=driver.session_id or "",
            devtools_url=address,
            end=lambda: _end(driver, process),
            end_now=lambda: _end_now(driver, process),
        )


def _end(driver: WebDriver, process: DriverProcess) -> None:
    quit_driver(driver, timeout_s=QUIT_TIMEOUT_S)
    process.end()


def _end_now(driver: WebDriver, process: DriverProcess) -> None:
    process.end()
    close_client(driver)
