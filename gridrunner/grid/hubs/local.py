"""The `local` grid: browsers of this machine, each with its own chromedriver, without Java or Docker."""

from __future__ import annotations

import functools
import os
import sys
import threading

from msgspec.structs import replace

from gridrunner.browser.binaries import Browser
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.browser.visitors import name_session
from gridrunner.errors import SessionNotCreated
from gridrunner.grid.drivers.table import LOCAL
from gridrunner.grid.hubs.lanes import LanePool, OpenBrowser
from gridrunner.grid.hubs.processes import DriverProcess, start_chromedriver, trim_environment
from gridrunner.grid.hubs.sandbox import with_sandbox
from gridrunner.grid.hubs.starting import explain_failed_start
from gridrunner.grid.hubs.webdriver import WebDriverSession, close_client, devtools_url, open_session

_LOAD = "/proc/loadavg"

_LOAD_BYTES = 128  # it is one line of five fields


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
        self.name = LOCAL
        self._browser, self._lanes = with_sandbox(browser, options.extensions), browsers * lanes_per_browser
        self._options, self._settings = options, settings
        self._explaining = threading.Lock()
        self._cause: str | None = None
        self._pool = LanePool(
            hub=LOCAL,
            opener=self._open_browser,
            per_browser=lanes_per_browser,
            settings=settings,
            store=store,
            has_idle_core=has_idle_core,
        )

    @property
    def has_sandbox(self) -> bool:
        """Whether its browsers have their sandbox."""
        return self._browser.has_sandbox

    def _explain_start(self, options: SessionOptions) -> str:
        """Why browsers do not start; the first failure finds out for all."""
        with self._explaining:
            if self._cause is None:
                switches = make_options(options, self._browser).arguments
                self._cause = explain_failed_start(self._browser, switches, trim_environment(os.environ))
            return self._cause

    def slots(self) -> int:
        """Visits at once."""
        return self._lanes

    def open_session(self, *, slot: str, timeout_s: float) -> BrowserSession:
        """A lane for `slot`, on a new browser where the others are full. Raises GridFault within `timeout_s` plus the
        start of chromedriver.
        """
        return self._pool.open_lane(slot=slot, timeout_s=timeout_s)

    def _open_browser(self, slot: str, timeout_s: float) -> OpenBrowser:
        process = start_chromedriver(self._browser.chromedriver, user=self._browser.user)
        try:
            agent = name_session(self._settings, version=process.version, platform=sys.platform)
            named = replace(self._options, name=f"{self._options.name} {slot}", user_agent=agent)
            session = open_session(process.url, make_options(named, self._browser), hub=LOCAL, timeout_s=timeout_s)
            address = devtools_url(session, process.url)
        except SessionNotCreated as error:
            process.end()
            cause = self._explain_start(named)
            raise (SessionNotCreated(f"{LOCAL}: {cause}") if cause else error) from error
        except BaseException:
            process.end()
            raise
        return OpenBrowser(
            node=LOCAL,
            session_id=session.id,
            devtools_url=address,
            end=lambda: _end(session, process),
            end_now=lambda: _end(session, process),
        )


def has_idle_core() -> bool:
    """Whether no more threads want to run than the machine has cores (proc(5), /proc/loadavg); True where it does not
    say.

    A context that is made ahead is a further process at work. With both cores busy, replica pages took 3 to 8 % longer
    for it: the other lanes fill the time that it would save. Where a server's answers take 300 ms it saves 8 %
    (2026-11-26).
    """
    try:
        running = int(os.pread(_open_once(_LOAD), _LOAD_BYTES, 0).split()[3].partition(b"/")[0])
    except (OSError, ValueError, IndexError):
        return True
    return running <= (os.cpu_count() or 1)


@functools.cache
def _open_once(path: str) -> int:
    """A descriptor that stays open: the load is read at each visit, in 8 us then and 40 with opening it."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _end(session: WebDriverSession, process: DriverProcess) -> None:
    """End the browser without asking it first: nothing that it would still write is kept, and asking takes 0.06 s."""
    process.end()
    close_client(session)
