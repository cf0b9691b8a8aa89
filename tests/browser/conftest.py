"""A real browser for the tests of this folder: one local hub, and sessions that end with the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gridrunner.browser.binaries import find_browser
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.settings.grid import BrowserName

CLOSED_NETWORK = ("MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE *.localhost")

OpenSession = Callable[..., BrowserSession]


@pytest.fixture
def open_session(tmp_path: Path) -> Iterator[OpenSession]:
    """Opens a session; keyword arguments are those of VisitSettings, `browser` (None: the fastest), and
    `lanes_per_browser` or `beside`: a lane of the same browser as another session of this test.
    """
    opened: list[BrowserSession] = []
    hubs: dict[int, LocalHub] = {}

    def open_one(
        *,
        browser: BrowserName | None = None,
        lanes_per_browser: int = 1,
        beside: BrowserSession | None = None,
        **settings: object,
    ) -> BrowserSession:
        hub = (
            hubs[id(beside)]
            if beside is not None
            else LocalHub(
                browser=find_browser(browser, os.environ),
                browsers=1,
                options=SessionOptions(name="test", host_rules=CLOSED_NETWORK),
                settings=VisitSettings(**settings),  # type: ignore[arg-type]
                store=EvidenceStore(run_folder=tmp_path),
                lanes_per_browser=lanes_per_browser,
            )
        )
        opened.append(hub.open_session(slot=str(len(opened) + 1), timeout_s=60))
        hubs[id(opened[-1])] = hub
        return opened[-1]

    yield open_one
    for session in opened:
        session.kill()
