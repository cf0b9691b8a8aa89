"""What the acceptance tests share: a project folder with the command line, sites that a test owns, run folders read
back, and one run of the whole demo list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command_line import ROOT, CommandLine, Ended, open_project
from tests.support.own_sites import OwnSites

DEMO_LIST = ROOT / "sites" / "demo.yaml"
DEMO_TIMEOUT_S = 300.0


@pytest.fixture
def project(tmp_path: Path) -> Iterator[CommandLine]:
    """An empty project folder and the command line in it."""
    with open_project(tmp_path) as opened:
        yield opened


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[OwnSites]:
    """Sites of the test's own, served on loopback; `write_list` writes sites.yaml into the project."""
    with OwnSites(tmp_path / "sites.yaml") as own:
        yield own


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRun:
    """The run of the whole demo list that many tests look at."""

    ended: Ended
    project: CommandLine
    folder: Path
    left_behind: list[str]


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoRun]:
    """`gridrunner run --sites demo.yaml` once, by whichever test asks first."""
    with open_project(tmp_path_factory.mktemp("demo")) as project:
        ended = project.run(
            "run", "--sites", DEMO_LIST, "--slots", "2", "--junit", "ci/junit.xml", timeout_s=DEMO_TIMEOUT_S
        )
        yield DemoRun(ended=ended, project=project, folder=project.run_folder, left_behind=project.left_behind())
