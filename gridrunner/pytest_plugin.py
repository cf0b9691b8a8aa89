"""The door from pytest: tests that ask for `site` or `observation` are checks, one for each site of a recorded run.

`pytest --gridrunner-run RUN my_checks.py` is an ordinary pytest run; `gridrunner run` and `gridrunner judge` use the
same fixtures in a process of their own (`gridrunner.judging`). This module is an entry point and loaded by every pytest
of the environment. Invariant: there, it costs nothing but its options and fixtures; all else is imported when a run is
given.
"""

# ruff: noqa: PLC0415 - imports within functions keep every other pytest run of the environment fast
from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selenium.webdriver.remote.webdriver import WebDriver

    from gridrunner.judging.live import LiveSession
    from gridrunner.judging.source import RunSource
    from gridrunner.model import Detection, Expectation, Facts, Observation, Site


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; nothing else of a plain pytest run is touched."""
    group = parser.getgroup("gridrunner", "gridrunner: checks on a recorded run")
    group.addoption(
        "--gridrunner-run",
        metavar="RUN",
        help="judge the recorded observations of this run folder; tests that use the fixtures `site`, `observation`, "
        "`detection`, `facts` or `driver` run once for each site",
    )
    group.addoption("--gridrunner-batch", metavar="FILE", help=argparse.SUPPRESS)


def pytest_configure(config: pytest.Config) -> None:
    """Registers the mark, and the hooks when a run is given."""
    config.addinivalue_line("markers", "live: a gridrunner check that drives the browser itself (`driver`)")
    folder = config.getoption("--gridrunner-run")
    if folder is None:
        return
    from gridrunner.judging.items import RunPlugin
    from gridrunner.judging.recorded import load_source

    path = Path(folder).absolute()
    if not path.is_dir():
        raise pytest.UsageError(f"--gridrunner-run: {folder} is not a folder; a run is what `gridrunner run` writes")
    batch = config.getoption("--gridrunner-batch")
    load = functools.partial(load_source, path, None if batch is None else Path(batch).absolute())
    config.pluginmanager.register(RunPlugin(load))


@pytest.fixture
def gridrunner_site_id(request: pytest.FixtureRequest) -> str:
    """The id of the site that a check judges; parametrised by `--gridrunner-run`."""
    site_id: str | None = getattr(request, "param", None)
    if site_id is None:
        pytest.fail(
            "this test judges a recorded run and none is given; pass --gridrunner-run RUN, the folder that "
            "`gridrunner run` wrote",
            pytrace=False,
        )
    return site_id


@pytest.fixture
def site(request: pytest.FixtureRequest, gridrunner_site_id: str) -> Site:
    """The entry of the site list."""
    return _source(request).sites[gridrunner_site_id]


@pytest.fixture
def expect(site: Site) -> Expectation:
    """What the site list expects of the site."""
    return site.expect


@pytest.fixture
def observation(request: pytest.FixtureRequest, gridrunner_site_id: str) -> Observation:
    """The record of the visit that is judged: the latest attempt, or the attempt of the batch. It has no fault."""
    return _source(request).observations[gridrunner_site_id]


@pytest.fixture
def facts(request: pytest.FixtureRequest, observation: Observation) -> Facts | None:
    """What the probes saw, read from the run folder; None when the visit left none."""
    from gridrunner.judging.source import read_facts

    return None if observation.facts_path is None else read_facts(_source(request).folder, observation.facts_path)


@pytest.fixture
def detection(request: pytest.FixtureRequest, observation: Observation) -> Detection | None:
    """What the scorer makes of the facts, today; what it made of them in the visit where no facts were stored.

    None when there was nothing to score, as for a site that is unreachable.
    """
    from gridrunner.judging.source import score_facts

    source = _source(request)
    if observation.facts_path is None or not source.is_rescored:
        return observation.detection
    return score_facts(source.folder, observation.facts_path)


@pytest.fixture(scope="session")
def gridrunner_live(request: pytest.FixtureRequest) -> Iterator[LiveSession]:
    """One browser session for each process of the pytest run, opened when the first check needs it."""
    from gridrunner.grid.hubs.live import FILE_NAME, open_driver
    from gridrunner.judging.live import LiveSession

    batch = request.config.getoption("--gridrunner-batch")
    file = None if batch is None else Path(batch).with_name(FILE_NAME)
    live = LiveSession(functools.partial(open_driver, file))
    yield live
    live.close()


@pytest.fixture
def driver(site: Site, gridrunner_live: LiveSession) -> Iterator[WebDriver]:
    """A WebDriver session on the grid of the run, opened on the site; cookies and windows do not outlive the check."""
    yield gridrunner_live.open_site(site.url)
    gridrunner_live.leave_site()


def _source(request: pytest.FixtureRequest) -> RunSource:
    from gridrunner.judging.items import PLUGIN_KEY

    return request.config.stash[PLUGIN_KEY].source
