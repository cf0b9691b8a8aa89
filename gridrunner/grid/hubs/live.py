"""A real session for a `live` check, on the same grid and with the same switches as the visits of its run.

The run writes down how its sessions are opened, for the processes of the checks alone and never in its folder: a hub's
URL may carry a password. A check's process reads it, opens a session, and ends it with everything it started.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace
from selenium.webdriver.chrome.options import Options

from gridrunner import codec
from gridrunner.browser.binaries import Browser
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.errors import UsageError
from gridrunner.grid.drivers.table import LOCAL
from gridrunner.grid.hubs.processes import start_chromedriver
from gridrunner.grid.hubs.sandbox import with_sandbox
from gridrunner.grid.hubs.webdriver import COMMAND_TIMEOUT_S, make_client, translated
from gridrunner.planning.constants import SESSION_TIMEOUT_S, VISIT_TIMEOUT_S

if TYPE_CHECKING:
    from selenium.webdriver.remote.webdriver import WebDriver

FILE_NAME = "live.json"


class LiveGrid(Struct, frozen=True, kw_only=True):
    """How sessions are opened: `hub_url` of a Selenium Grid (https: checked with `hub_ca`), or else the `browser` of
    this machine.
    """

    options: SessionOptions
    hub_url: str | None = None
    hub_ca: Path | None = None
    browser: Browser | None = None


def open_driver(file: Path | None) -> WebDriver:
    """A session for one live check, on the LiveGrid that `file` holds (None: outside of a run). Raises UsageError
    outside
    of a run, GridFault when no session can be had.
    """
    if file is None or not file.is_file():
        raise UsageError(
            "live checks need a run that is going on", hint="`gridrunner run` runs them; `judge` has no browser"
        )
    grid = codec.decode(file.read_bytes(), LiveGrid)
    if grid.hub_url is not None:
        driver = make_webdriver(
            grid.hub_url, _options(grid), hub="hub", timeout_s=SESSION_TIMEOUT_S, ca_file=grid.hub_ca
        )
        driver.set_page_load_timeout(VISIT_TIMEOUT_S)
        return driver
    assert grid.browser is not None
    grid = replace(grid, browser=with_sandbox(grid.browser, grid.options.extensions))
    assert grid.browser is not None
    process = start_chromedriver(grid.browser.chromedriver, user=grid.browser.user)
    try:
        driver = make_webdriver(process.url, _options(grid), hub=LOCAL, timeout_s=SESSION_TIMEOUT_S)
        driver.set_page_load_timeout(VISIT_TIMEOUT_S)
    except BaseException:
        process.end()
        raise
    quit_session = driver.quit

    def quit_everything() -> None:
        try:
            quit_session()
        finally:
            process.end()

    driver.quit = quit_everything  # type: ignore[method-assign]
    return driver


def make_webdriver(url: str, options: Options, *, hub: str, timeout_s: float, ca_file: Path | None = None) -> WebDriver:
    """Selenium's own object for a new session at `url`. Raises what `webdriver.open_session` raises."""
    from selenium.webdriver.remote.webdriver import WebDriver  # noqa: PLC0415 - 0.09 s, which runs without it save

    client = make_client(url, timeout_s=timeout_s, ca_file=ca_file)
    with translated(hub):
        driver = WebDriver(command_executor=client, options=options)
    client.client_config.timeout = COMMAND_TIMEOUT_S
    return driver


def _options(grid: LiveGrid) -> Options:
    options = make_options(grid.options, grid.browser)
    options.page_load_strategy = "eager"
    return options
