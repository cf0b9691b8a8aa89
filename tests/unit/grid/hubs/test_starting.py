"""Why a browser does not start: what programs say that end at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.browser.binaries import Browser
from gridrunner.grid.hubs.starting import explain_failed_start
from gridrunner.settings.grid import BrowserName


def write_browser(folder: Path, says: str) -> Browser:
    program = folder / "browser"
    program.write_text(f"#!/bin/sh\ncat >&2 <<'END'\n{says}\nEND\nexit 1\n")
    program.chmod(0o755)
    return Browser(name=BrowserName.CHROMIUM, binary=program, chromedriver=program)


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (
            "[1:1:1130/1.2:FATAL:content/browser/zygote_host/zygote_host_impl_linux.cc:132] No usable sandbox! If ...",
            "no usable sandbox: this machine forbids user namespaces; allow them, or say --no-sandbox",
        ),
        ("chromium: error while loading shared libraries: libnss3.so: cannot open", "libnss3.so is missing"),
        ("mkdir: No space left on device", "make room"),
    ],
)
def test_a_cause_that_the_browser_names_is_named_with_what_to_do(tmp_path: Path, says: str, words: str) -> None:
    assert words in explain_failed_start(write_browser(tmp_path, says), ["--headless=new"], {"PATH": "/usr/bin:/bin"})


def test_what_it_does_not_name_is_not_guessed(tmp_path: Path) -> None:
    assert explain_failed_start(write_browser(tmp_path, "hello"), [], {"PATH": "/usr/bin:/bin"}) == ""


def test_a_browser_that_is_not_there_is_none(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    browser = Browser(name=BrowserName.CHROMIUM, binary=missing, chromedriver=missing)
    assert explain_failed_start(browser, [], {}) == ""
