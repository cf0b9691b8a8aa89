"""history.html in a real browser: 5,000 sites over 60 runs, what a reader does there, and histories that attack it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from gridrunner.model import Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry
from gridrunner.results.reports.html.past import PastRun
from gridrunner.results.reports.html.past_page import write_history_page
from tests.support.planted_histories import plant_history
from tests.support.report_reader import PIXEL, check_with_axe, list_complaints, open_reader, press, read_texts
from tests.support.sample_runs import HOSTILE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def driver() -> Iterator[webdriver.Chrome]:
    with open_reader() as running:
        yield running


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A history of 5,000 sites and 60 nights, the newest of which has its report and one picture beside it."""
    folder = tmp_path_factory.mktemp("history")
    planting = plant_history(5_000, 60)
    shot = folder / "newest" / "evidence" / "broken-3" / "shot-2.webp"
    shot.parent.mkdir(parents=True)
    shot.write_bytes(PIXEL)
    (folder / "newest" / "report.html").write_text("the report of that night")
    places = [PastRun(place="s3://bucket/run")] * 59 + [PastRun(report="newest/report.html", shots="newest/")]
    write_history_page(planting.runs, places, folder / "history.html")
    return (folder / "history.html").as_uri()


def show(driver: webdriver.Chrome, page: str, hash_: str = "") -> None:
    driver.get("about:blank")
    driver.get(page + hash_)


def test_it_opens_with_what_is_new(driver: webdriver.Chrome, page: str) -> None:
    show(driver, page)
    assert driver.title == "12 newly broken, 12 newly blocked, 12 broken, 12 flapping · gridrunner history"
    assert read_texts(driver, "#overview .block > h2")[1:4] == [
        "Newly brokenfailed in the newest run, and not before",
        "Newly blockedbehind a wall since the newest run",
        "Brokennewest first",
    ]
    assert len(driver.find_elements(By.CSS_SELECTOR, "#overview .trend svg")) == 4
    assert list_complaints(driver) == []


def test_a_site_shows_two_runs_beside_one_another(driver: webdriver.Chrome, page: str) -> None:
    show(driver, page, "#site/broken-3")
    assert read_texts(driver, "#detail h2") == ["broken-3"]
    assert len(driver.find_elements(By.CSS_SELECTOR, ".cells button")) == 60
    chosen = "return [...document.querySelectorAll('.two select')].map((one) => one.selectedOptions[0].text)"
    before, then = driver.execute_script(chosen)
    assert (before.endswith("passed"), then) == (True, "30 Oct · failed")
    links = driver.execute_script("return [...document.querySelectorAll('.side-run td a')].map((a) => a.href)")
    assert [link.endswith("/newest/report.html#site/broken-3") for link in links] == [True]
    assert driver.execute_script("return document.querySelector('.side-run img').naturalWidth") == 1
    press(driver, "h")
    assert driver.execute_script(chosen) == [before, "29 Oct · failed"]
    address = driver.execute_script("return location.hash")
    assert address == "#site/broken-3@20261029-013000-a03a"
    show(driver, page, address)  # a link leads to the run as well
    assert driver.execute_script(chosen)[1] == "29 Oct · failed"
    driver.find_elements(By.CSS_SELECTOR, ".cells button")[10].click()
    press(driver, Keys.ARROW_RIGHT)
    assert driver.execute_script(chosen)[1] == "12 Sep · passed"
    assert read_texts(driver, ".run-again pre") == ["gridrunner run --sites LIST --select id:broken-3"]
    assert list_complaints(driver) == []


def test_5000_sites_are_filtered_ordered_and_searched(driver: webdriver.Chrome, page: str) -> None:
    show(driver, page, "#sites")
    assert read_texts(driver, "#count") == ["5,000 sites"]
    assert len(driver.find_elements(By.CSS_SELECTOR, ".row")) < 60
    driver.find_element(By.XPATH, "//*[@id='chips']/button[contains(., 'slower')]").click()
    assert read_texts(driver, "#count") == ["12 of 5,000 sites"]
    press(driver, "/")
    press(driver, "slower-7")
    assert read_texts(driver, "#count") == ["1 of 5,000 sites"]
    press(driver, Keys.ESCAPE)
    assert read_texts(driver, "#count") == ["5,000 sites"]
    Select(driver.find_element(By.ID, "order")).select_by_value("slower")
    assert read_texts(driver, ".row b")[0].startswith("slower-")
    driver.find_element(By.ID, "tab-rates").click()
    driver.find_element(By.XPATH, "//*[@id='rates']//button[text()='cloudflare']").click()
    assert driver.execute_script("return location.hash") == "#sites"
    assert read_texts(driver, "#count") == ["8 of 5,000 sites"]
    press(driver, "4")
    assert len(driver.find_elements(By.CSS_SELECTOR, "#runs tbody tr")) == 60


def test_it_is_read_in_both_themes_on_a_phone_and_on_paper(driver: webdriver.Chrome, page: str) -> None:
    parts = ("", "#sites", "#site/flapping-2", "#rates", "#runs")
    for theme in ("light", "dark"):
        driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
        )
        for part in parts:
            show(driver, page, part)
            assert check_with_axe(driver) == [], (theme, part)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert len(driver.find_elements(By.CSS_SELECTOR, "#printed > .case")) == 96
    metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        for part in parts:
            show(driver, page, part)
            assert driver.execute_script("return document.documentElement.scrollWidth") <= 390, part
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_hostile_history_runs_nothing(driver: webdriver.Chrome, tmp_path: Path) -> None:
    text = HOSTILE.replace("\ud800", "")
    site = SiteEntry(
        text,
        (VisitEntry(1.0, text),),
        Verdict.FAILED,
        text,
        200,
        text,
        text,
        text,
        "javascript:window.pwned=1//" + text,
    )
    site_again = SiteEntry(
        "a", (VisitEntry(1.0, "observed"),), Verdict.FAILED, "failed", cause=text, why=text, shot=text
    )
    run = RunEntry(
        run=text, started=text, plan=text, sites=(site, site_again), version=text, detector=text, place=text, group=text
    )
    run = replace(run, wall_s=1.0)
    write_history_page([run], [PastRun(place=text)], tmp_path / "history.html")
    for part in (
        "",
        "#sites",
        "#site/a",
        "#rates",
        "#runs",
        "#site/%00%FF",
        "#site/a@<img src=x onerror=window.pwned=1>",
    ):
        show(driver, (tmp_path / "history.html").as_uri(), part)
        assert driver.execute_script("return window.pwned") is None
        foreign = "#main script, #main iframe, #main [onerror], a[href^=javascript]"
        assert driver.find_elements(By.CSS_SELECTOR, foreign) == []
        assert driver.execute_script("return document.querySelectorAll('script').length") == 4
