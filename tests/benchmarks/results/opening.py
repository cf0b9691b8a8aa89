"""How long a reader waits for report.html: until Chromium has loaded it and the list is drawn, and until a site is
shown.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

from gridrunner.browser.binaries import find_browser

_PATIENCE_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Seconds from the command to the drawn overview, to the list of sites, to one site's details; MiB of the page's
    JavaScript heap.
    """

    overview_s: float
    list_s: float
    site_s: float
    heap_mib: float

    def __str__(self) -> str:
        return (
            f"opened in Chromium: overview {self.overview_s:.2f} s, list {self.list_s:.2f} s, "
            f"a site {self.site_s:.2f} s, heap {self.heap_mib:.0f} MiB"
        )


def measure_opening(report: Path) -> Opening:
    """Open `report` in headless Chromium."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(find_browser(None, os.environ).binary)
    for argument in ("--no-sandbox", "--headless=new", "--window-size=1400,1000", "--disable-gpu"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_page_load_timeout(_PATIENCE_S)
    try:
        overview_s = _wait_for(driver, lambda: driver.get(report.as_uri()), "document.querySelector('main')?.innerText")
        list_s = _go(driver, "#sites", "document.querySelectorAll('.row, [role=row], li').length")
        name = driver.execute_script("return JSON.parse(document.getElementById('data-rows').textContent)[0].id")
        site_s = _go(driver, f"#site/{name}", f"document.querySelector('main')?.innerText.includes({name!r})")
        heap = driver.execute_script("return performance.memory.usedJSHeapSize")
    finally:
        driver.quit()
    return Opening(overview_s=overview_s, list_s=list_s, site_s=site_s, heap_mib=heap / 2**20)


def _go(driver: webdriver.Chrome, hash_: str, until: str) -> float:
    return _wait_for(driver, lambda: driver.execute_script("location.hash = arguments[0]", hash_), until)


def _wait_for(driver: webdriver.Chrome, act: Callable[[], object], until: str) -> float:
    begun_s = time.perf_counter()
    act()
    waiting = WebDriverWait(driver, _PATIENCE_S, poll_frequency=0.01)
    waiting.until(lambda _: driver.execute_script(f"return Boolean({until})"))
    return time.perf_counter() - begun_s
