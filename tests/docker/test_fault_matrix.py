"""Faults of a real grid cost nobody a result: each row of the fault matrix (docs/design/faults.md), on real containers.

What is asserted is what is true on any machine: nothing is lost, nothing counted twice, every verdict as in a quiet
run. How long it takes is measured by `python -m tests.benchmarks.fault_matrix`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import docker
import pytest

from tests.support.engine import Images
from tests.support.fault_kinds import FAULTS, Fault
from tests.support.fault_stage import Outcome, Stage, open_stage

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def stage(
    docker_client: docker.DockerClient, grid_images: Images, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """One grid for all rows; each leaves it whole."""
    with open_stage(docker_client, grid_images, tmp_path_factory.mktemp("faults"), f"faults-{os.getpid()}") as opened:
        yield opened


@pytest.fixture(scope="module")
def quiet(stage: Stage) -> Outcome:
    """The run without a fault, which all others are compared with."""
    outcome = stage.finish(stage.start())
    assert outcome.ended.code == 0, outcome.ended.stderr
    return outcome


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_costs_no_result(stage: Stage, quiet: Outcome, fault: Fault) -> None:
    if fault.missing:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(fault.missing)
    fault.before(stage)
    running = stage.start(*fault.arguments, env=fault.env)
    hit = fault.does(stage, running)
    outcome = stage.finish(running)
    fault.after(stage)
    said = outcome.ended.stderr
    assert (outcome.lost, outcome.doubled) == (0, 0), said
    assert outcome.cases == quiet.cases, said
    assert outcome.ended.code == 0, said
    stage.heal(*hit.broken)
