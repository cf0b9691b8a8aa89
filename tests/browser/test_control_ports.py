"""Who knows chromedriver's port, but not its path, starts nothing with it: it runs whatever program a session's options
name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from gridrunner.browser.binaries import find_browser
from gridrunner.grid.hubs.owners import owner_token
from gridrunner.grid.hubs.processes import OWNER_VARIABLE, DriverProcess, start_chromedriver
from gridrunner.model import Site
from gridrunner.settings.grid import BrowserName
from tests.browser.conftest import OpenSession
from tests.support.driver_attack import PATHS, attack_page, order_of
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

TRUSTED = ("http://shop.demo.localhost", "http://127.0.0.1:8000", "http://localhost", None)
"""Origins that chromedriver takes requests of; None: a program's, which sends none."""


@pytest.fixture
def driver() -> Iterator[DriverProcess]:
    process = start_chromedriver(find_browser(None, os.environ).chromedriver)
    yield process
    process.end()


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that leaves `<its name>.started` behind."""
    path = tmp_path / "program"
    path.write_text('#!/bin/sh\ntouch "$0.started"\n')
    path.chmod(0o755)
    return path


def was_started(program: Path) -> bool:
    return program.with_name(f"{program.name}.started").exists()


def is_up(driver: DriverProcess) -> bool:
    return urllib3.request("GET", f"{driver.url}/status", retries=False, timeout=30).status == 200


@pytest.mark.parametrize("origin", TRUSTED)
def test_the_port_alone_is_no_way_in(driver: DriverProcess, program: Path, origin: str | None) -> None:
    headers = {"Content-Type": "text/plain"} | ({"Origin": origin} if origin else {})
    root = f"http://127.0.0.1:{driver.port}"
    for path in PATHS:
        answer = urllib3.request(
            "POST", root + path, body=order_of(str(program)), headers=headers, retries=False, timeout=30
        )
        assert answer.status == 400, path
    assert urllib3.request("GET", f"{root}/shutdown", headers=headers, retries=False, timeout=30).status == 400
    assert not was_started(program)
    assert is_up(driver)
    urllib3.request(
        "POST", f"{driver.url}/session", body=order_of(str(program)), headers=headers, retries=False, timeout=120
    )
    assert was_started(program), "or nothing was shown: the path is all that was missing"


@pytest.mark.parametrize("browser", [BrowserName.HEADLESS_SHELL, BrowserName.CHROMIUM])
@pytest.mark.parametrize("host", ["127.0.0.1", "shop.demo.localhost"])
def test_a_page_that_knows_the_port_starts_no_program(
    open_session: OpenSession, driver: DriverProcess, program: Path, host: str, browser: BrowserName
) -> None:
    page = attack_page(f"http://127.0.0.1:{driver.port}", order_of(str(program)))
    with PageServer({"/": page}) as server:
        site = Site(id="a", url=f"http://{host}:{server.port}/")
        observation = open_session(browser=browser).visit(site, attempt=1, upcoming=None)
    assert observation.fault is None
    assert not was_started(program)
    assert is_up(driver)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
@pytest.mark.parametrize("browser", [BrowserName.HEADLESS_SHELL, BrowserName.CHROMIUM])
def test_no_process_of_a_browser_has_the_tokens_of_ci(
    open_session: OpenSession, browser: BrowserName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_JOB_TOKEN", "tok-of-ci")
    with PageServer({"/": "<!doctype html><title>page</title><input type=password>"}) as server:
        session = open_session(browser=browser)
        session.visit(Site(id="a", url=server.url("/")), attempt=1, upcoming=None)
        environments = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environments.append((process / "environ").read_bytes())
            except OSError:
                continue  # it ended, or is somebody else's
    ours = [environment for environment in environments if f"{OWNER_VARIABLE}={owner_token()}".encode() in environment]
    assert len(ours) >= 2, "chromedriver and the browser; a renderer shows none"
    assert not any(b"tok-of-ci" in environment for environment in ours)
