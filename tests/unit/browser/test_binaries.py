"""Which browser is taken, and what is said when there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gridrunner.browser.binaries import find_browser
from gridrunner.errors import UsageError
from gridrunner.settings.grid import BrowserName


@pytest.fixture(autouse=True)
def no_links_beside_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))


def make_program(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_finds_what_is_on_path(tmp_path: Path) -> None:
    driver, chrome = make_program(tmp_path, "chromedriver"), make_program(tmp_path, "google-chrome")
    browser = find_browser(None, {"PATH": str(tmp_path)})
    assert (browser.name, browser.binary, browser.chromedriver) == (BrowserName.CHROME, chrome, driver)


def test_prefers_the_headless_shell(tmp_path: Path) -> None:
    for name in ("chromedriver", "google-chrome", "chromium", "chrome-headless-shell"):
        make_program(tmp_path, name)
    assert find_browser(None, {"PATH": str(tmp_path)}).name is BrowserName.HEADLESS_SHELL
    assert find_browser(BrowserName.CHROMIUM, {"PATH": str(tmp_path)}).binary == tmp_path / "chromium"


def test_empty_path_names_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no browser and no chromedriver found on PATH") as caught:
        find_browser(None, {"PATH": str(tmp_path)})
    assert "apt-get install chromium-headless-shell chromium chromium-driver" in (caught.value.hint or "")


def test_browser_without_driver_says_so(tmp_path: Path) -> None:
    make_program(tmp_path, "chromium")
    with pytest.raises(UsageError, match=r"chromium is at .*, but no chromedriver found"):
        find_browser(None, {"PATH": str(tmp_path)})


def test_wanted_browser_that_is_not_there(tmp_path: Path) -> None:
    make_program(tmp_path, "chromedriver")
    make_program(tmp_path, "chromium")
    with pytest.raises(UsageError, match="no chrome found"):
        find_browser(BrowserName.CHROME, {"PATH": str(tmp_path)})


def test_named_binaries_win_and_must_be_programs(tmp_path: Path) -> None:
    own = make_program(tmp_path / "own", "my-headless")
    driver = make_program(tmp_path, "chromedriver")
    env = {"PATH": str(tmp_path), "GRIDRUNNER_BROWSER_BINARY": str(own)}
    browser = find_browser(None, env)
    assert (browser.binary, browser.name, browser.chromedriver) == (own, BrowserName.HEADLESS_SHELL, driver)
    with pytest.raises(UsageError, match="GRIDRUNNER_CHROMEDRIVER names /no/such, which is not a program"):
        find_browser(None, {**env, "GRIDRUNNER_CHROMEDRIVER": "/no/such"})


def test_a_program_of_many_names_is_started_by_the_links_name(tmp_path: Path) -> None:
    """As snap and volta have it: under its own name it would not know what it is."""
    many = make_program(tmp_path / "store", "snap")
    for name in ("chromedriver", "chromium"):
        (tmp_path / name).symlink_to(many)
    browser = find_browser(None, {"PATH": str(tmp_path)})
    assert (browser.chromedriver, browser.binary) == (tmp_path / "chromedriver", tmp_path / "chromium")


def test_an_ordinary_link_is_followed_to_the_program_that_may_be_ended(tmp_path: Path) -> None:
    program = make_program(tmp_path / "opt", "chromedriver-156")
    make_program(tmp_path, "chromium")
    (tmp_path / "chromedriver").symlink_to(program)
    assert find_browser(None, {"PATH": str(tmp_path)}).chromedriver == program
