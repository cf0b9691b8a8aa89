"""One test a host with a fresh browser each, as Selenium suites are written; copied beside its task.json."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

TASK = json.loads(Path(__file__).with_name("task.json").read_text())


@pytest.fixture
def driver() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = TASK["browser"]
    for switch in TASK["switches"]:
        options.add_argument(switch)
    driver = webdriver.Chrome(options=options, service=Service(TASK["chromedriver"]))
    yield driver
    driver.quit()


@pytest.mark.parametrize("host", TASK["hosts"])
def test_visit(driver: webdriver.Chrome, host: str) -> None:
    driver.get(f"http://{host}/")
    facts = driver.execute_script(f"return ({TASK['collector']})({{}})")
    assert facts["version"] == 1
