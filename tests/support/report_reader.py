"""Somebody who reads a page of ours: Chromium, its keys and texts, and axe for those who see or hear it otherwise."""

from __future__ import annotations

import base64
import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver

from gridrunner.browser.binaries import find_browser

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@contextmanager
def open_reader() -> Iterator[webdriver.Chrome]:
    """A browser that keeps what its console said."""
    browser = find_browser(None, os.environ)
    chromedriver = shutil.which("chromedriver")
    if chromedriver is None:
        pytest.skip("needs chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = str(browser.binary)
    for argument in ("--no-sandbox", "--headless=new", "--window-size=1400,1000", "--disable-gpu"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    running = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    running.set_page_load_timeout(30)
    running.set_script_timeout(120)
    try:
        yield running
    finally:
        running.quit()


def read_texts(driver: webdriver.Chrome, css: str) -> list[str]:
    """What a reader, of the screen or of its text, gets from each element; in one call, as the list redraws itself."""
    texts_shown: list[str] = driver.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText.trim().replace(/\\s+/g, ' '))",
        css,
    )
    return texts_shown


def press(driver: webdriver.Chrome, *keys: str) -> None:
    """Press keys where the focus is."""
    for key in keys:
        driver.switch_to.active_element.send_keys(key)


def list_complaints(driver: webdriver.Chrome) -> list[str]:
    """Errors of the console, but for pictures that a test did not write."""
    log = driver.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium has no annotations here
    entries = [entry["message"] for entry in log if entry["level"] == "SEVERE"]
    return [message for message in entries if "ERR_FILE_NOT_FOUND" not in message]


def check_with_axe(driver: webdriver.Chrome) -> list[tuple[str, str, list[str]]]:
    """What axe finds wrong with the page: impact, rule, elements. Its script is out of a wheel that brings it along;
    the wheel's own code is not used.
    """
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or not package.submodule_search_locations:
        message = "needs axe-core: pip install --no-deps axe-playwright-python==0.1.8"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    driver.execute_script((Path(package.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8"))
    results = driver.execute_async_script(
        "const done = arguments[0]; axe.run(document, { resultTypes: ['violations'] })"
        ".then((report) => done({ passes: report.passes.length, violations: report.violations }))"
    )
    assert results["passes"] > 10  # it did look
    return [
        (violation["impact"], violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in results["violations"]
    ]
