"""The agent of a node as its image starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import wait_until
from tests.support.fake_grid_node import SECRET, FakeGridNode, open_grid_node
from tests.support.fake_imds import FakeImds, open_imds

AGENT = Path(__file__).resolve().parents[2] / "docker" / "agent"


@pytest.fixture
def imds() -> Iterator[FakeImds]:
    with open_imds() as imds:
        yield imds


@pytest.fixture
def node() -> Iterator[FakeGridNode]:
    with open_grid_node() as node:
        yield node


def test_the_command_drains_and_ends_in_good_order_on_sigterm(imds: FakeImds, node: FakeGridNode) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(AGENT),
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": imds.url,
        "GRIDRUNNER_AGENT_HUB_URL": node.url,
        "GRIDRUNNER_AGENT_NODE_URL": node.url,
        "GRIDRUNNER_AGENT_POLL_S": "0.05",
        "SE_REGISTRATION_SECRET": SECRET,
    }
    imds.interrupt()
    process = subprocess.Popen(
        [sys.executable, "-m", "gridrunner_agent", "node"], env=environment, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until(lambda: node.drains, "the agent drains", timeout_s=60)
        process.terminate()
        _, words = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "spot interruption: draining node" in words
    assert SECRET not in words
