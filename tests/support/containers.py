"""Hubs and nodes of a test in containers of its own, with the hardening that docs/images.md promises works."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container, ExecResult
from docker.models.networks import Network

from tests.support.command_line import ROOT
from tests.support.engine import Images

WAIT_S = 180.0
"""A node came up in 3 to 10 s with two cores to share (2026-11-26); CI's machine may be busy."""

HARDENED: Mapping[str, Any] = {
    "read_only": True,
    "tmpfs": {"/tmp": "size=512m"},
    "cap_drop": ["ALL"],
}


def hardened(*, seccomp: bool = True) -> dict[str, Any]:
    """Options of `docker run`: no privileges, a file system that cannot be written to, and the shipped profile."""
    options = ["no-new-privileges"]
    if seccomp:
        options.append("seccomp=" + (ROOT / "docker" / "seccomp.json").read_text())
    return {**HARDENED, "security_opt": options}


@dataclass(kw_only=True)
class TestGrid:
    """A network of the test's own, and what was started in it. Make it with `open_grid`."""

    client: docker.DockerClient
    images: Images
    network: Network
    secret: str
    containers: list[Container] = field(default_factory=list)

    __test__ = False

    def start_hub(self, name: str = "hub", **env: str) -> Container:
        """A hub that other containers reach as `name`, and this machine at `url_of(hub)`; it answers already."""
        container = self.start(self.images.hub, name, env, ports={"4444/tcp": ("127.0.0.1", None)})
        wait_until_healthy(container)
        return container

    def start_node(self, *, hub: str = "hub", options: Mapping[str, Any] | None = None, **env: str) -> Container:
        """A node of `hub`; it answers already, but the hub may not have taken it in."""
        container = self.start(self.images.node, "node", {"SE_EVENT_BUS_HOST": hub, **env}, **(options or {}))
        wait_until_healthy(container)
        return container

    def start(self, image: str, alias: str, env: Mapping[str, str], **options: Any) -> Container:
        """A container under its alias and a name of its own; nothing is waited for."""
        container = self.client.containers.create(
            image,
            name=f"{self.network.name}-{alias}-{secrets.token_hex(3)}",
            environment={"SE_REGISTRATION_SECRET": self.secret, **env},
            network=self.network.name,
            networking_config={str(self.network.name): self.client.api.create_endpoint_config(aliases=[alias])},
            **{**hardened(), **options},
        )
        self.containers.append(container)
        container.start()
        container.reload()
        return container

    def remove(self, container: Container) -> None:
        container.remove(force=True, v=True)
        self.containers.remove(container)


@contextmanager
def open_grid(client: docker.DockerClient, images: Images) -> Iterator[TestGrid]:
    """A grid without containers; everything that it gets is removed at the end.

    Images are started by their ids: another working tree that shares the engine may move the tags meanwhile.
    """
    fixed = replace(images, hub=str(client.images.get(images.hub).id), node=str(client.images.get(images.node).id))
    network = client.networks.create(f"gridrunner-test-{secrets.token_hex(4)}", labels={"gridrunner.test": "1"})
    grid = TestGrid(client=client, images=fixed, network=network, secret='$a "b" \\c')
    try:
        yield grid
    finally:
        for container in list(grid.containers):
            grid.remove(container)
        network.remove()


def url_of(hub: Container) -> str:
    """The hub's address on this machine."""
    hub.reload()
    bindings = hub.ports["4444/tcp"]
    assert bindings, f"{hub.name} is not published"
    return f"http://127.0.0.1:{bindings[0]['HostPort']}"


def check(container: Container, *arguments: str) -> tuple[int, str]:
    """What check-grid.sh says in the container: exit code and words."""
    answer = container.exec_run(["/opt/bin/check-grid.sh", *arguments])
    return answer.exit_code or 0, output_of(answer).strip()


def output_of(answer: ExecResult) -> str:
    """What a command printed that ran in a container to its end."""
    assert isinstance(answer.output, bytes)
    return answer.output.decode()


def wait_until_healthy(container: Container) -> None:
    wait_until(lambda: check(container)[0] == 0, container, "healthy")


def wait_for_words(container: Container, words: str) -> None:
    """Until check-grid.sh says `words`."""
    wait_until(lambda: words in check(container)[1], container, words)


def wait_until(is_so: Any, container: Container, what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not is_so():
        container.reload()
        is_over = container.status == "exited"
        if is_over or time.monotonic() > deadline_s:
            raise AssertionError(f"{container.name} ({container.status}) is not {what}; it said:\n{logs_of(container)}")
        time.sleep(0.2)


def logs_of(container: Container) -> str:
    return str(container.logs(tail=60).decode(errors="replace"))


def listening_ports(container: Container) -> set[int]:
    """TCP ports that can be reached from outside the container, by the kernel's own tables."""
    output = output_of(container.exec_run(["cat", "/proc/net/tcp", "/proc/net/tcp6"]))
    ports = set()
    for line in output.splitlines():
        words = line.split()
        if len(words) > 3 and words[3] == "0A":  # listening
            address, _, port = words[1].rpartition(":")
            if address not in LOOPBACK:
                ports.add(int(port, 16))
    return ports


LOOPBACK = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F", "0B00007F"}
"""127.0.0.1, ::1, ::ffff:127.0.0.1 and 127.0.0.11 (Docker's resolver), as the kernel writes them on little-endian
machines."""


def process_lines(container: Container) -> list[str]:
    """The command lines in the container, whole: the engine's `ps` cuts them where its environment has COLUMNS."""
    return [" ".join(row[-1:]) for row in container.top(ps_args="-ww -eo pid,args")["Processes"]]


def write_extension(folder: Path) -> Path:
    """An extension that marks every page that it sees."""
    folder.mkdir()
    (folder / "manifest.json").write_text(
        '{"manifest_version": 3, "name": "mark", "version": "1", '
        '"content_scripts": [{"matches": ["<all_urls>"], "js": ["mark.js"]}]}'
    )
    (folder / "mark.js").write_text("document.documentElement.dataset.marked = 'yes'")
    return folder
