"""The replica pages in a real browser: each loads, and each selector of the demo list matches exactly one element."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.support.expected_conditions import alert_is_present
from selenium.webdriver.support.wait import WebDriverWait

from gridrunner.sites.replay import ReplayServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.remote.shadowroot import ShadowRoot
    from selenium.webdriver.remote.webelement import WebElement

pytestmark = pytest.mark.browser

SITES = Path(__file__).parents[2] / "sites"
LIST: dict[str, Any] = yaml.safe_load((SITES / "demo.yaml").read_text(encoding="utf-8"))
OBSERVED = [site for site in LIST["sites"] if site["expect"].get("outcome", "observed") == "observed"]
FIRST_STEPS = {site["url"]: site["expect"] for site in OBSERVED if "username" in site["expect"]}

PATIENCE_S = 30  # the slowest page answers after 2.5 s; the rest is for a machine that does other things as well
LOOK_EVERY_S = 0.1

BINARIES = ("/usr/lib/chromium/chromium-headless-shell", "/usr/lib/chromium/chromium")


def find_browser() -> str | None:
    """A real browser binary; Debian's /usr/bin scripts leave browsers behind."""
    return next((name for name in BINARIES if Path(name).exists()), shutil.which("google-chrome"))


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    with ReplayServer(SITES / LIST["serve"]) as running:
        yield running


@pytest.fixture(scope="module")
def driver(server: ReplayServer) -> Iterator[webdriver.Chrome]:
    binary, chromedriver = find_browser(), shutil.which("chromedriver")
    if binary is None or chromedriver is None:
        pytest.skip("needs Chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.page_load_strategy = "none"
    options.add_argument("--host-resolver-rules=" + ",".join(server.host_rules("127.0.0.1")))
    options.add_argument("--window-size=1366,900")
    if "headless-shell" not in binary:
        options.add_argument("--headless=new")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    assert isinstance(browser.command_executor, RemoteConnection)
    browser.command_executor.client_config.timeout = 30
    yield browser
    browser.quit()


def find_all(driver: webdriver.Chrome, selector: str) -> list[WebElement]:
    """What `selector` matches; ` >>> ` steps into an open shadow root or a frame, whose host must be the only one."""
    driver.switch_to.default_content()
    scope: webdriver.Chrome | ShadowRoot = driver
    *hosts, last = [part.strip() for part in selector.split(">>>")]
    for host in hosts:
        elements = scope.find_elements(By.CSS_SELECTOR, host)
        if len(elements) != 1:
            return []
        if elements[0].tag_name == "iframe":
            driver.switch_to.frame(elements[0])
            scope = driver
        else:
            scope = elements[0].shadow_root
    return scope.find_elements(By.CSS_SELECTOR, last)


def wait_for(driver: webdriver.Chrome, selector: str) -> WebElement:
    """The one element that `selector` matches, as soon as it is visible."""

    def look(_: webdriver.Chrome) -> WebElement | None:
        elements = find_all(driver, selector)
        return elements[0] if len(elements) == 1 and elements[0].is_displayed() else None

    wait = WebDriverWait(driver, PATIENCE_S, LOOK_EVERY_S, ignored_exceptions=[WebDriverException])
    element = wait.until(look, f"{selector} matches no element, several, or none that is visible")
    assert element is not None
    return element


def test_the_list_covers_enough() -> None:
    assert len(LIST["sites"]) >= 52
    assert len({site["locale"] for site in LIST["sites"]}) >= 22
    assert len({site["id"] for site in LIST["sites"]}) == len(LIST["sites"])


def test_every_folder_is_on_the_list(server: ReplayServer) -> None:
    listed = {site["url"].removeprefix("http://").removesuffix(".demo.localhost/") for site in LIST["sites"]}
    assert listed == set(server.site_names())


@pytest.mark.parametrize("site", OBSERVED, ids=[site["id"] for site in OBSERVED])
def test_page_loads_and_selectors_match_one_element(driver: webdriver.Chrome, site: dict[str, Any]) -> None:
    driver.get("about:blank")
    driver.get(site["url"])
    if "alert" in site["tags"]:
        WebDriverWait(driver, PATIENCE_S, LOOK_EVERY_S).until(alert_is_present()).accept()
    for step in site.get("steps", []):
        if "identify" in step:
            wait_for(driver, FIRST_STEPS[site["url"]]["username"]).send_keys(step["identify"])
            wait_for(driver, FIRST_STEPS[site["url"]]["submit"]).click()
            continue
        target = wait_for(driver, step.get("click") or step.get("fill") or step["wait_for"])
        if "click" in step:
            target.click()
        elif "fill" in step:
            target.send_keys(step["value"])
    for role in ("username", "password", "submit"):
        if role in site["expect"]:
            wait_for(driver, site["expect"][role])
    driver.switch_to.default_content()
    wait_for(driver, "body")
    assert driver.title
    assert driver.execute_script("return document.documentElement.lang").split("-")[0] == site["locale"].split("-")[0]
