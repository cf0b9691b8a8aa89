"""`gridrunner grid` and `run --grid docker` on a real engine: what is made, what is open, and that nothing is left."""

from __future__ import annotations

import json
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.support.command_line import ROOT, CommandLine, open_project, wait_until
from tests.support.containers import process_lines
from tests.support.engine import Images
from tests.support.fault_stage import write_sites
from tests.support.run_folders import events_of, owed_cases, read_cases

pytestmark = pytest.mark.docker

NAME = f"commands-{os.getpid()}"
TIMEOUT_S = 300.0


@pytest.fixture(scope="module")
def project(grid_images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A project whose grids are called NAME; whatever a test leaves is taken down."""
    with open_project(tmp_path_factory.mktemp("commands")) as opened:
        opened.env |= {
            "GRIDRUNNER_HUB_IMAGE": grid_images.hub,
            "GRIDRUNNER_NODE_IMAGE": grid_images.node,
            "GRIDRUNNER_GRID_NAME": NAME,
        }
        write_sites(opened.folder)
        yield opened
        opened.run("grid", "down", timeout_s=TIMEOUT_S)


@pytest.fixture(scope="module")
def grid(project: CommandLine) -> Iterator[CommandLine]:
    """A grid of one hub and one node, up."""
    ended = project.run("grid", "up", "--nodes", "1", timeout_s=TIMEOUT_S)
    assert ended.code == 0, ended.stderr
    yield project
    assert project.run("grid", "down", timeout_s=TIMEOUT_S).code == 0


def parts(client: docker.DockerClient, name: str = NAME) -> list[str]:
    """The names of everything that carries a grid's label, or the label of a grid made for one of its runs."""
    names = [str(container.name) for container in client.containers.list(all=True)]
    names += [str(network.name) for network in client.networks.list()]
    names += [str(volume.name) for volume in client.volumes.list()]
    return [part for part in names if part.startswith(f"{name}-")]


def status(project: CommandLine) -> dict[str, Any]:
    ended = project.run("grid", "status", "--json")
    shown: dict[str, Any] = json.loads(ended.stdout)
    return shown


def node_names(project: CommandLine) -> list[str]:
    return [node["name"] for hub in status(project)["hubs"] for node in hub["nodes"]]


def test_what_is_open_and_what_the_containers_may(grid: CommandLine, docker_client: docker.DockerClient) -> None:
    hub, node = (docker_client.containers.get(f"{NAME}-{part}").attrs for part in ("hub-1", "node-1"))
    published = {key: value for key, value in hub["NetworkSettings"]["Ports"].items() if value}
    ((port, (place,)),) = published.items()
    assert (port, place["HostIp"]) == ("4444/tcp", "127.0.0.1")
    assert not any(node["NetworkSettings"]["Ports"].values())
    assert set(node["NetworkSettings"]["Networks"]) == {f"{NAME}-nodes"}
    assert docker_client.networks.get(f"{NAME}-nodes").attrs["Internal"] is True
    for container in (hub, node):
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
        assert container["HostConfig"]["ReadonlyRootfs"] is True
        assert container["Config"]["User"] not in {"", "0", "root"}


def test_the_secret_is_in_its_file_alone(grid: CommandLine, docker_client: docker.DockerClient) -> None:
    (path,) = grid.scratch.glob("**/registration-secret")
    secret = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for name in ("hub-1", "node-1"):
        container = docker_client.containers.get(f"{NAME}-{name}")
        assert secret not in json.dumps(container.attrs)
        assert secret not in json.dumps(process_lines(container))
        assert secret.encode() not in container.logs()
    shown = grid.run("grid", "status")
    assert secret not in shown.stdout + shown.stderr


def test_up_again_changes_nothing_and_scales(grid: CommandLine, docker_client: docker.DockerClient) -> None:
    before = docker_client.containers.get(f"{NAME}-hub-1").id
    assert grid.run("grid", "up", "--nodes", "1", timeout_s=TIMEOUT_S).code == 0
    assert node_names(grid) == [f"{NAME}-node-1"]
    grown = grid.run("grid", "scale", "--nodes", "2", timeout_s=TIMEOUT_S)
    assert grown.code == 0, grown.stderr
    assert "0 of 2 slots busy" in grown.stdout
    shrunk = grid.run("grid", "scale", "--nodes", "1", timeout_s=TIMEOUT_S)
    assert shrunk.code == 0, shrunk.stderr
    assert "draining" in shrunk.words
    assert len(node_names(grid)) == 1
    assert docker_client.containers.get(f"{NAME}-hub-1").id == before


def test_grid_of_another_kind_is_not_made_over_one_that_is_up(grid: CommandLine) -> None:
    ended = grid.run("grid", "up", "--hubs", "2", "--nodes", "2")
    assert ended.code == 2
    assert "only its nodes can be changed" in ended.words
    assert "gridrunner grid down" in ended.words


def test_node_that_there_is_not(grid: CommandLine) -> None:
    ended = grid.run("grid", "drain", "nobody")
    assert ended.code == 2
    assert "no such node" in ended.words
    assert f"{NAME}-node-" in ended.words


def test_run_uses_the_grid_that_is_up_and_names_where(grid: CommandLine) -> None:
    ended = grid.run("run", "--sites", "sites.yaml", "--grid", "docker", "--out", "used", timeout_s=TIMEOUT_S)
    assert ended.code == 0, ended.stderr
    assert f"using grid {NAME}" in ended.words
    (folder,) = (path.parent for path in (grid.folder / "used").glob("2*/journal.jsonl"))
    observations = [event["observation"] for event in events_of(folder, "observation")]
    assert {observation["hub"] for observation in observations} == {f"{NAME}-hub-1"}
    assert {observation["node"].rpartition("-")[0] for observation in observations} == {f"{NAME}-node"}
    assert all(observation["session"] and observation["timings"]["total_s"] > 0 for observation in observations)
    assert node_names(grid), "it stays up"


def test_public_sites_need_a_way_out(grid: CommandLine) -> None:
    (grid.folder / "public.txt").write_text("https://login.example.org/\n")
    ended = grid.run("run", "--sites", "public.txt", "--grid", "docker")
    assert ended.code == 2
    assert "reaches only replica sites" in ended.words
    assert "--internet" in ended.words


def test_down_leaves_strangers_alone(
    project: CommandLine, docker_client: docker.DockerClient, grid_images: Images
) -> None:
    stranger = docker_client.containers.create(grid_images.hub, name=f"{NAME}-stranger")
    try:
        assert project.run("grid", "down", timeout_s=TIMEOUT_S).code == 0
        assert parts(docker_client) == [f"{NAME}-stranger"]
        assert project.run("grid", "down").code == 0
        assert project.run("grid", "status").code == 3
    finally:
        stranger.remove(force=True)


def test_run_brings_a_grid_up_and_takes_it_down(project: CommandLine, docker_client: docker.DockerClient) -> None:
    """The whole demo list: the same verdicts in containers as in browsers of this machine, where all are good."""
    ended = project.run(
        *("run", "--sites", ROOT / "sites" / "demo.yaml", "--grid", "docker", "--slots", "2", "--out", "demo"),
        timeout_s=2 * TIMEOUT_S,
    )
    assert ended.code == 0, ended.stderr
    (folder,) = (path.parent for path in (project.folder / "demo").glob("2*/journal.jsonl"))
    cases = read_cases(folder / "junit.xml")
    assert set(cases) == owed_cases(folder)
    assert set(cases.values()) <= {"passed", "skipped"}
    assert parts(docker_client) == []


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_grid_of_a_run_that_is_stopped_goes_with_it(
    project: CommandLine, docker_client: docker.DockerClient, how: str
) -> None:
    running = project.start("run", "--sites", "sites.yaml", "--grid", "docker", "--slots", "1", "--out", how)
    wait_until(lambda: parts(docker_client) or running.is_over(), "something of it is there", timeout_s=TIMEOUT_S)
    getattr(running, how)()
    ended = running.wait(TIMEOUT_S)
    assert ended.code == 130, ended.stderr
    assert parts(docker_client) == []


def test_grid_of_a_run_that_was_killed_is_reaped(project: CommandLine, docker_client: docker.DockerClient) -> None:
    running = project.start("run", "--sites", "sites.yaml", "--grid", "docker", "--slots", "1", "--out", "killed")
    wait_until(
        lambda: [part for part in parts(docker_client) if "-node-" in part] or running.is_over(),
        "its node is there",
        timeout_s=TIMEOUT_S,
    )
    running.kill()
    wait_until(running.is_over, "it is dead")
    assert parts(docker_client) != []
    ended = project.run("grid", "reap", timeout_s=TIMEOUT_S)
    assert ended.code == 0, ended.stderr
    assert "a run that is over" in ended.words
    assert parts(docker_client) == []


def test_image_that_is_missing(project: CommandLine, docker_client: docker.DockerClient) -> None:
    ended = project.run("grid", "up", "--hub-image", "gridrunner/nowhere:1")
    assert ended.code == 2
    assert "image gridrunner/nowhere:1 is not on this Docker engine" in ended.words
    assert "docker/build.sh" in ended.words
    assert parts(docker_client) == []


def test_port_that_is_taken(project: CommandLine, docker_client: docker.DockerClient) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        ended = project.run("grid", "up", "--port", str(port), timeout_s=TIMEOUT_S)
    assert ended.code == 3
    assert f"port {port} is taken" in ended.words
    assert parts(docker_client) == []


def test_hub_and_node_of_different_versions(
    project: CommandLine, docker_client: docker.DockerClient, grid_images: Images, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {grid_images.node}\nLABEL org.openqa.selenium.version=4.1.2\n")
    old = f"{NAME}-old-node"
    docker_client.images.build(path=str(tmp_path), tag=old, rm=True, forcerm=True)
    try:
        ended = project.run("grid", "up", "--node-image", old)
        assert ended.code == 2
        assert "hub and node do not fit" in ended.words
        assert "4.1.2" in ended.words
        assert parts(docker_client) == []
    finally:
        docker_client.images.remove(old, noprune=True)


def test_node_that_does_not_come_up_says_why(
    project: CommandLine, docker_client: docker.DockerClient, grid_images: Images, tmp_path: Path
) -> None:
    text = f'FROM {grid_images.node}\nENTRYPOINT ["/bin/sh", "-c", "echo no browser today; exit 4"]\n'
    (tmp_path / "Dockerfile").write_text(text)
    broken = f"{NAME}-broken-node"
    docker_client.images.build(path=str(tmp_path), tag=broken, rm=True, forcerm=True)
    try:
        ended = project.run("grid", "up", "--node-image", broken, "--nodes", "1", timeout_s=TIMEOUT_S)
        assert ended.code == 3
        assert "no browser today" in ended.words
        assert parts(docker_client) == []
    finally:
        docker_client.images.remove(broken, noprune=True)
