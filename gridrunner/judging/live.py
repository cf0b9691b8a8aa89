"""A browser session that live checks share, one after another.

Invariant: what a check leaves behind (windows, cookies, a lost session) does not reach the next one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.remote.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from gridrunner.judging.items import SiteNotOpened


class LiveSession:
    """A browser session that live checks use in turn; `open_session` starts one, and is called again after a loss."""

    def __init__(self, open_session: Callable[[], WebDriver]) -> None:
        self._open_session = open_session
        self._driver: WebDriver | None = None

    def open_site(self, url: str) -> WebDriver:
        """The session, on `url`; a session that was lost since the last check is replaced once.

        Raises GridFault when no session can be had, SiteNotOpened when the site does not load.
        """
        for is_last in (self._driver is None, True):
            driver = self._driver = self._driver or self._open_session()
            try:
                driver.get(url)
            except TimeoutException as error:
                raise SiteNotOpened("the page did not load within the page-load timeout of the session") from error
            except WebDriverException as error:
                if "net::ERR_" in str(error.msg):
                    raise SiteNotOpened(f"the page did not open: {error.msg}") from error
                self.close()
                if is_last:
                    raise
            except (HTTPError, OSError):  # a hub or chromedriver that is gone; Selenium lets urllib3's errors through
                self.close()
                if is_last:
                    raise
            else:
                return driver
        raise AssertionError("the second round returns or raises")

    def leave_site(self) -> None:
        """Closes further windows, deletes cookies and leaves the page; a session that cannot do so is given up."""
        if (driver := self._driver) is None:
            return
        try:
            driver.delete_all_cookies()
            first, *further = driver.window_handles
            for handle in further:
                driver.switch_to.window(handle)
                driver.close()
            driver.switch_to.window(first)
            driver.get("about:blank")
        except (WebDriverException, HTTPError, OSError, ValueError):
            self.close()

    def close(self) -> None:
        """Ends the session; a session that is gone is as good as ended."""
        driver, self._driver = self._driver, None
        if driver is not None:
            with suppress(WebDriverException, HTTPError, OSError):
                driver.quit()
