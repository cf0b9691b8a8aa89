"""The `local` grid: browsers of this machine, one chromedriver a slot, without Java or Docker."""

from __future__ import annotations

from dataclasses import replace

from selenium.webdriver.remote.webdriver import WebDriver

from gridrunner.browser.binaries import Browser
from gridrunner.browser.cdp import Connection
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.grid.processes import DriverProcess, start_chromedriver
from gridrunner.grid.webdriver import close_client, devtools_url, open_driver, quit_driver

NAME = "local"
QUIT_TIMEOUT_S = 2
"""`quit` took 0.06 s (Chromium 156, 2026-11-24); the process group is ended afterwards in any case."""


class LocalHub:
    """A hub in the sense of the dispatcher: `slots()` sessions at once, each its own chromedriver and browser."""

    def __init__(
        self, *, browser: Browser, slots: int, options: SessionOptions, settings: VisitSettings, store: EvidenceStore
    ) -> None:
        self.name = NAME
        self._browser, self._slots = browser, slots
        self._options, self._settings, self._store = options, settings, store

    def slots(self) -> int:
        """Sessions at once."""
        return self._slots

    def open_session(self, *, slot: str, timeout_s: float) -> BrowserSession:
        """A new browser for `slot`. Raises GridFault within `timeout_s` plus the start of chromedriver."""
        process = start_chromedriver(self._browser.chromedriver)
        try:
            named = replace(self._options, name=f"{self._options.name} {slot}")
            driver = open_driver(process.url, make_options(named, self._browser), hub=NAME, timeout_s=timeout_s)
            connection = Connection(devtools_url(driver, process.url), label=f"{NAME} {slot}")
        except BaseException:
            process.end()
            raise
        return BrowserSession(
            hub=NAME,
            node=NAME,
            session_id=driver.session_id or "",
            connection=connection,
            end=lambda: _end(driver, process),
            end_now=lambda: _end_now(driver, process),
            settings=self._settings,
            store=self._store,
        )


def _end(driver: WebDriver, process: DriverProcess) -> None:
    quit_driver(driver, timeout_s=QUIT_TIMEOUT_S)
    process.end()


def _end_now(driver: WebDriver, process: DriverProcess) -> None:
    process.end()
    close_client(driver)
