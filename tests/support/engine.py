"""A Docker engine for tests that are marked `docker`, and the project's images in it.

An engine that is up is used (DOCKER_HOST, else the usual socket). Where none is and the tests run as root with dockerd
installed, as in CI, they start one of their own and stop it at their end; what it built stays in its data root, so that
the next run builds nothing. Other processes may use the same engine meanwhile: touch only what carries your own names.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException

from tests.support.command_line import ROOT

USUAL_SOCKET = Path("/var/run/docker.sock")
DATA_ROOT = Path(os.environ.get("GRIDRUNNER_TEST_DOCKER_ROOT", "/var/lib/gridrunner-test-docker"))
"""Kept from run to run: 2 GB of images whose building takes two minutes."""

RUN_ROOT = Path("/run/gridrunner-test-docker")
START_TIMEOUT_S = 120.0
"""0.5 s on an idle machine (2026-11-26); a cold disk and a busy machine take longer."""

BUILD_TIMEOUT_S = 1800.0
"""Two minutes on an idle machine with a near mirror (2026-11-26); both may be slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """The tags of the project's images as they are in the working tree."""

    hub: str
    node: str
    agent: str


def missing_engine() -> str | None:
    """Why there can be no engine here; None when there is one or one can be started."""
    if find_engine() is not None:
        return None
    if shutil.which("dockerd") is None:
        return "no Docker engine answers, and there is no dockerd on PATH to start one"
    return None if os.geteuid() == 0 else "no Docker engine answers, and only root can start one"


def find_engine() -> str | None:
    """The URL of an engine that answers."""
    named = os.environ.get("DOCKER_HOST")
    places = [named] if named else [f"unix://{USUAL_SOCKET}", f"unix://{_own_socket()}"]
    return next((url for url in places if _answers(url)), None)


def _own_socket() -> Path:
    return RUN_ROOT / "docker.sock"


def _answers(url: str) -> bool:
    if url.startswith("unix://") and not Path(url.removeprefix("unix://")).exists():
        return False
    try:
        client = docker.DockerClient(base_url=url, timeout=20)
    except DockerException:
        return False
    try:
        return bool(client.ping())
    except (DockerException, OSError):
        return False
    finally:
        client.close()


@contextmanager
def running_engine() -> Iterator[str]:
    """The URL of an engine, for as long as the block runs."""
    found = find_engine()
    if found is not None:
        yield found
        return
    RUN_ROOT.mkdir(parents=True, exist_ok=True)
    DATA_ROOT.mkdir(parents=True, exist_ok=True)
    log = RUN_ROOT / "dockerd.log"
    pid_file = RUN_ROOT / "docker.pid"
    pid_file.unlink(missing_ok=True)  # of an engine that was killed: nobody answers at its socket
    url = f"unix://{_own_socket()}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [
                "dockerd",
                *("--host", url, "--data-root", str(DATA_ROOT)),
                *("--exec-root", str(RUN_ROOT / "exec"), "--pidfile", str(pid_file)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests; they stop it themselves
        )
    try:
        _wait_until_up(process, url, log)
        _remove_leftovers(url)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline_s:
            said = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            pytest.fail(f"dockerd did not come up (exit code {process.poll()}); its last words:\n{said}", pytrace=False)
        time.sleep(0.1)


def _remove_leftovers(url: str) -> None:
    """Containers and networks of tests that were killed; the engine is ours alone."""
    client = docker.DockerClient(base_url=url)
    try:
        for container in client.containers.list(all=True):
            container.remove(force=True, v=True)
        client.networks.prune()
    finally:
        client.close()


def build_images(url: str) -> Images:
    """The images of the working tree, built where they are missing or old. Fails the test with the builder's words."""
    with (Path(tempfile.gettempdir()) / "gridrunner-images.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once build once
        ended = subprocess.run(
            [str(ROOT / "docker" / "build.sh")],
            env={**os.environ, "DOCKER_HOST": url},
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_S,
            check=False,
        )
    if ended.returncode != 0:
        pytest.fail(f"docker/build.sh ended with {ended.returncode}:\n{ended.stderr[-4000:]}", pytrace=False)
    hub, node, agent = ended.stdout.split()
    return Images(hub=hub, node=node, agent=agent)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[str]:
    """The URL of a running engine; DOCKER_HOST names it as well, for this process and the commands that it starts."""
    with running_engine() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", url)
        yield url


@pytest.fixture(scope="session")
def docker_client(docker_engine: str) -> Iterator[docker.DockerClient]:
    client = docker.DockerClient(base_url=docker_engine, timeout=180)
    yield client
    client.close()


@pytest.fixture(scope="session")
def grid_images(docker_engine: str) -> Images:
    """Hub and node images of the working tree, built once."""
    return build_images(docker_engine)
