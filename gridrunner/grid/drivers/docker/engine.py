"""The Docker engine behind its SDK: connected to once, and every error of it in words of ours.

The one place where exceptions of `docker` and `requests` become ours.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, ImageNotFound, NotFound

from gridrunner.errors import GridFault, GridrunnerError, UsageError

OLDEST_API = (1, 40)
"""Engine 19.03 (2019): the oldest that the images' health checks and our network settings were written for; 1.41
(20.10) is what the tests run on."""

ENGINE_TIMEOUT_S = 60
"""Of one call: a container was created in 0.1 to 3 s on a busy machine (engine 20.10, 2026-11-26)."""

DEFAULT_HOST = "unix:///var/run/docker.sock"


class EngineFault(GridFault):
    """The engine failed, or refused what was asked."""


class NoEngine(UsageError):
    """There is no engine to talk to, or none that is new enough."""


def connect(env: Mapping[str, str]) -> docker.DockerClient:
    """The engine that DOCKER_HOST names, or the one of this machine. Raises NoEngine with what to do."""
    host = env.get("DOCKER_HOST") or DEFAULT_HOST
    try:
        if host.startswith("unix://"):
            _require_listener(host.removeprefix("unix://"))
        client = docker.from_env(environment=dict(env), timeout=ENGINE_TIMEOUT_S)
        client.ping()
    except (DockerException, requests.RequestException, OSError, ValueError) as error:
        raise _explain_no_engine(host, error) from error
    require_new_enough(client.api.api_version, client.version().get("Version", ""))
    return client


def _require_listener(path: str) -> None:
    """Raises OSError when no process listens on a Unix socket: the SDK leaves its own socket open then."""
    with socket.socket(socket.AF_UNIX) as knocking:
        knocking.settimeout(ENGINE_TIMEOUT_S)
        knocking.connect(path)


def require_new_enough(api_version: str, engine: str) -> None:
    """Raises NoEngine for an engine that is too old."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", api_version)[:2])
    if numbers < OLDEST_API:
        least = ".".join(map(str, OLDEST_API))
        raise NoEngine(
            f"the Docker engine is too old: {engine or 'it'} speaks API {api_version}, and {least} is needed",
            hint="update it to 19.03 or newer",
        )


def _explain_no_engine(host: str, error: Exception) -> NoEngine:
    text = str(error)
    if "Permission denied" in text or isinstance(error, PermissionError):
        return NoEngine(
            f"the Docker engine at {host} does not let this user in",
            hint="add the user to the group of the socket (usually: docker), or name another engine in DOCKER_HOST",
        )
    if "client version" in text and "too" in text:
        return NoEngine(f"the Docker engine at {host} and this SDK have no API version in common: {text[:200]}")
    if any(sign in text for sign in ("No such file", "Connection refused", "ConnectionRefused")):
        return NoEngine(
            f"no Docker engine answers at {host}",
            hint="install or start one (systemctl start docker), or name one in DOCKER_HOST",
        )
    return NoEngine(f"the Docker engine at {host} cannot be talked to: {text[:200]}", hint="look at DOCKER_HOST")


@contextmanager
def translated_engine(what: str) -> Iterator[None]:
    """Turns what the SDK raises in the block into an error of ours; `what` says what was tried, as `hub-1`."""
    try:
        yield
    except APIError as error:
        raise explain_refusal(what, str(error.explanation or error)) from error
    except requests.exceptions.Timeout as error:
        raise EngineFault(f"{what}: the Docker engine did not answer within {ENGINE_TIMEOUT_S} s") from error
    except (DockerException, requests.RequestException) as error:
        raise EngineFault(f"{what}: the Docker engine went away: {str(error)[:200]}") from error


def explain_refusal(what: str, text: str) -> GridrunnerError:
    """The engine's words as an error that says what to do."""
    port = re.search(r"(?:for|tcp4?) \S*?:(\d+)\b", text)
    if "already allocated" in text or "address already in use" in text:
        number = f" {port[1]}" if port else ""
        return PortTaken(f"{what}: port{number} is taken", hint="choose another with --port, or leave it out")
    if "no space left on device" in text.lower():
        return EngineFault(
            f"{what}: the disk of the Docker engine is full",
            hint="see what takes it: docker system df",
        )
    if "non-overlapping IPv4 address pool" in text:
        return EngineFault(
            f"{what}: the Docker engine has no address range left for another network",
            hint="remove networks that are not in use: docker network ls",
        )
    return EngineFault(f"{what}: the Docker engine refused: {' '.join(text.split())[:300]}")


class PortTaken(EngineFault):
    """A program listens there."""


def find_image(client: docker.DockerClient, name: str, hint: str) -> Any:
    """The image, which has to be there already. Raises UsageError with how to get it."""
    with translated_engine(name):
        try:
            return client.images.get(name)
        except (ImageNotFound, NotFound) as error:
            raise UsageError(f"image {name} is not on this Docker engine", hint=hint) from error
