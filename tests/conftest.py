"""What every test relies on: markers that name what is missing, and nothing left behind.

A test that needs a browser, Docker or terraform says so by its marker. Where that is missing it is skipped with the
name of what is missing; in CI (CI=true) it fails instead, because there the set-up should have installed it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest
from hypothesis import settings

from gridrunner.browser.binaries import find_browser
from gridrunner.errors import UsageError
from tests.support.engine import docker_client, docker_engine, grid_images, missing_engine

__all__ = ["docker_client", "docker_engine", "grid_images"]  # fixtures, for whatever folder needs an engine

os.environ.setdefault("GRIDRUNNER_NO_SANDBOX", "true")
"""Root in a container of CI may have no sandbox to give; the pages of tests are our own."""

settings.register_profile("gridrunner", deadline=None)  # a busy machine takes its time: that is no finding
settings.load_profile("gridrunner")


def _missing_browser() -> str | None:
    try:
        find_browser(None, os.environ)
    except UsageError as error:
        return str(error)
    return None


def _missing_terraform() -> str | None:
    return None if shutil.which("terraform") else "no terraform on PATH"


NEEDS: dict[str, Callable[[], str | None]] = {
    "browser": _missing_browser,
    "docker": missing_engine,
    "terraform": _missing_terraform,
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    missing = {name: look() for name, look in NEEDS.items() if any(item.get_closest_marker(name) for item in items)}
    for item in items:
        for name, reason in missing.items():
            if reason and item.get_closest_marker(name):
                item.stash[_MISSING] = reason


_MISSING = pytest.StashKey[str]()


def pytest_runtest_setup(item: pytest.Item) -> None:
    reason = item.stash.get(_MISSING, None)
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI must have what this test needs: {reason}", pytrace=False)
    pytest.skip(reason)
