"""docker/compose.yaml, by the real Compose."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

import docker
import pytest

from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.grid.hubs.webdriver import open_session, quit_session
from tests.support.command_line import ROOT
from tests.support.containers import url_of, wait_for_words
from tests.support.engine import Images

pytestmark = pytest.mark.docker

FILES = ("compose.yaml", "compose.read-only.yaml")
COMPOSE_TIMEOUT_S = 600
"""`up --wait` took 37 s and `down` 8 s on a busy machine with two cores (2026-11-26)."""


def test_compose_brings_a_grid_up_and_takes_it_down(docker_client: docker.DockerClient, grid_images: Images) -> None:
    project = f"gridrunner-test-{secrets.token_hex(4)}"

    def compose(*arguments: str) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [
                str(Path(sys.executable).parent / "docker-compose"),
                *("--project-name", project),
                *(word for name in FILES for word in ("--file", str(ROOT / "docker" / name))),
                *arguments,
            ],
            env={
                **{name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_HOST") if name in os.environ},
                "GRID_HUB_IMAGE": grid_images.hub,
                "GRID_NODE_IMAGE": grid_images.node,
                "GRID_NODES": "1",
                "GRID_PORT": "0",  # a free one
                "GRID_SECRET": secrets.token_hex(8),
            },
            capture_output=True,
            text=True,
            timeout=COMPOSE_TIMEOUT_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-3000:]
        return ended

    mine: dict[str, str | list[str] | bool] = {"label": f"com.docker.compose.project={project}"}
    try:
        compose("up", "--detach", "--wait")
        containers = {
            container.labels["com.docker.compose.service"]: container
            for container in docker_client.containers.list(filters=mine)
        }
        hub, node = containers["hub"], containers["node"]
        wait_for_words(hub, "1 nodes up, 0 draining, 0 of 1 slots busy")
        assert b"sandbox is on" in node.logs()
        assert [port for port in node.ports.values() if port] == []
        limits = {
            name: (container.attrs["HostConfig"]["Memory"] >> 30, container.attrs["HostConfig"]["PidsLimit"])
            for name, container in containers.items()
        }
        assert limits == {"hub": (2, 1024), "node": (4, 2048)}
        assert list(node.attrs["NetworkSettings"]["Networks"]) == [f"{project}_nodes"]
        session = open_session(url_of(hub), make_options(SessionOptions(name="test"), None), hub="hub", timeout_s=120)
        quit_session(session, timeout_s=30)
    finally:
        compose("down", "--volumes")
    assert docker_client.containers.list(all=True, filters=mine) == []
    assert docker_client.networks.list(filters=mine) == []
