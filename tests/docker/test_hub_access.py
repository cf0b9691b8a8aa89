"""Visits go through to a hub under a sub-path, behind a password and a TLS proxy, its node out of reach of clients."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from gridrunner.grid.drivers.choosing import DriverSettings
from gridrunner.grid.drivers.docker.driver import DockerDriver
from gridrunner.grid.drivers.docker.parts import hub_options, node_options, read_image
from gridrunner.grid.drivers.protocol import GridSize
from gridrunner.grid.hubs.client import HubClient
from gridrunner.grid.status import HubAddress
from tests.support.command_line import CommandLine, open_project, wait_until
from tests.support.engine import Images
from tests.support.fault_stage import UP_TIMEOUT_S, ignore
from tests.support.own_sites import LOGIN
from tests.support.page_server import PageServer
from tests.support.run_folders import events_of
from tests.support.tls_proxy import serve_tls

pytestmark = pytest.mark.docker


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedHub:
    """How the hub is reached: `address` is host, port and path; `authority` signed its certificate."""

    project: CommandLine
    address: str
    authority: Path


@pytest.fixture(scope="module")
def locked(
    docker_client: docker.DockerClient, grid_images: Images, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LockedHub]:
    folder = tmp_path_factory.mktemp("locked")
    with open_project(folder) as project:
        settings = DriverSettings(
            env=project.env,
            name=f"locked-{os.getpid()}",
            hub_image=grid_images.hub,
            node_image=grid_images.node,
            timeout_s=UP_TIMEOUT_S,
        )
        driver = DockerDriver(settings, docker_client)
        try:
            driver.up(GridSize(hubs=1, nodes=1), ignore)
            port = _add_locked_hub(driver, docker_client, grid_images)
            hub = HubClient(HubAddress(url=f"http://me:sesame@127.0.0.1:{port}/grid"))
            wait_until(lambda: hub.is_live() and hub.count_slots() == 1, "the hub has its node", timeout_s=UP_TIMEOUT_S)
            gateway = driver.grid.gateway()
            assert gateway is not None
            with PageServer({"/login": LOGIN}, bind=gateway) as pages, serve_tls(folder, ("127.0.0.1", port)) as tls:
                (folder / "sites.txt").write_text(pages.url("/login", host=gateway) + "\n")
                yield LockedHub(project=project, address=f"127.0.0.1:{tls[0]}/grid", authority=tls[1])
        finally:
            driver.down(ignore)


def _add_locked_hub(driver: DockerDriver, client: docker.DockerClient, images: Images) -> int:
    """A second hub with one node, as somebody else may have set it up; returns its port on this machine."""
    parts = driver.grid.parts
    hub_image, node_image = (read_image(name, client.images.get(name).attrs) for name in (images.hub, images.node))
    options = hub_options(parts, hub_image, 2, 0)
    options["environment"] |= {
        "SE_SUB_PATH": "/grid",
        "SE_ROUTER_USERNAME": "me",
        "SE_ROUTER_PASSWORD": "sesame",
    }
    hub = client.containers.create(**options)
    client.networks.get(parts.node_network).connect(hub, aliases=[parts.hub(2)])
    hub.start()
    client.containers.create(**node_options(parts, node_image, 2, parts.hub(2), 1)).start()
    hub.reload()
    return int(hub.attrs["NetworkSettings"]["Ports"]["4444/tcp"][0]["HostPort"])


def test_visits_go_through_path_password_tls_and_proxy(locked: LockedHub) -> None:
    ended = locked.project.run(
        *("run", "--sites", "sites.txt", "--hub-ca", locked.authority),
        *("--grid", f"https://me:sesame@{locked.address}"),
        timeout_s=240,
    )
    assert ended.code == 0, ended.stderr
    assert "sesame" not in ended.stderr + ended.stdout
    folder = locked.project.run_folder
    (observation,) = [event["observation"] for event in events_of(folder, "observation")]
    assert observation["hub"] == f"https://{locked.address}"
    assert observation["detection"]["login_present"] is True
    assert not any(b"sesame" in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_certificate_that_nobody_vouches_for_is_not_trusted(locked: LockedHub) -> None:
    ended = locked.project.run(
        *("run", "--sites", "sites.txt", "--grid", f"https://me:sesame@{locked.address}"),
        *("--out", "untrusted", "--deadline", "5s"),
        timeout_s=120,
    )
    assert ended.code == 3
    assert "certificate cannot be trusted" in ended.words


def test_locked_hub_says_so(locked: LockedHub) -> None:
    ended = locked.project.run(
        *("run", "--sites", "sites.txt", "--grid", f"https://{locked.address}", "--hub-ca", locked.authority),
        *("--out", "locked-out", "--deadline", "5s"),
        timeout_s=120,
    )
    assert ended.code == 3
    assert "wants a user and a password" in ended.words
