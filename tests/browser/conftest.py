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
from gridrunner.grid.local import LocalHub

CLOSED_NETWORK = ("MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1", "EXCLUDE *.localhost")

OpenSession = Callable[..., BrowserSession]


@pytest.fixture
def open_session(tmp_path: Path) -> Iterator[OpenSession]:
    """Opens a session; keyword arguments are those of VisitSettings."""
    opened: list[BrowserSession] = []

    def open_one(**settings: object) -> BrowserSession:
        hub = LocalHub(
            browser=find_browser(None, os.environ),
            browsers=1,
            options=SessionOptions(name="test", host_rules=CLOSED_NETWORK),
            settings=VisitSettings(**settings),  # type: ignore[arg-type]
            store=EvidenceStore(run_folder=tmp_path),
        )
        opened.append(hub.open_session(slot="1", timeout_s=60))
        return opened[-1]

    yield open_one
    for session in opened:
        session.kill()
