"""Who has a sandbox, who runs as another user, and who is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gridrunner.browser.binaries import Browser
from gridrunner.errors import UsageError
from gridrunner.grid.hubs import sandbox
from gridrunner.grid.hubs.sandbox import UNPRIVILEGED, with_sandbox
from gridrunner.settings.grid import BrowserName


def make_browser(*, waived: bool = False) -> Browser:
    program = Path("/bin/sh")
    return Browser(name=BrowserName.CHROMIUM, binary=program, chromedriver=program, is_sandbox_waived=waived)


@pytest.fixture(params=[True, False], ids=["namespaces", "no-namespaces"])
def namespaces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    has_some = bool(request.param)
    monkeypatch.setattr(sandbox, "_has_namespaces", lambda _user: has_some)
    return has_some


def be(monkeypatch: pytest.MonkeyPatch, user: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


@pytest.mark.parametrize("waived", [True, False])
def test_an_ordinary_user_keeps_the_sandbox(monkeypatch: pytest.MonkeyPatch, namespaces: bool, waived: bool) -> None:
    be(monkeypatch, 1000)
    browser = with_sandbox(make_browser(waived=waived))
    assert browser.user is None
    assert browser.has_sandbox is (namespaces or not waived)


def test_browsers_of_root_run_as_nobody_in_particular_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, namespaces: bool
) -> None:
    be(monkeypatch, 0)
    if namespaces:
        browser = with_sandbox(make_browser())
        assert (browser.user, browser.has_sandbox) == (UNPRIVILEGED, True)
    else:
        with pytest.raises(UsageError, match="this is root") as refused:
            with_sandbox(make_browser())
        assert "--no-sandbox" in str(refused.value.hint)


def test_root_that_waives_it_keeps_it_where_there_is_one(monkeypatch: pytest.MonkeyPatch, namespaces: bool) -> None:
    be(monkeypatch, 0)
    assert with_sandbox(make_browser(waived=True)).has_sandbox is namespaces


def test_what_only_root_can_read_needs_the_user_s_word(
    monkeypatch: pytest.MonkeyPatch, namespaces: bool, tmp_path: Path
) -> None:
    be(monkeypatch, 0)
    tmp_path.chmod(0o700)
    with pytest.raises(UsageError, match="this is root"):
        with_sandbox(make_browser(), [tmp_path])
    assert with_sandbox(make_browser(waived=True), [tmp_path]).has_sandbox is False
    assert namespaces in {True, False}
