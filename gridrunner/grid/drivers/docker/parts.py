"""What a grid in Docker consists of: names, labels, and how each container is made. Pure: nothing is created here.

Nodes are on an internal network alone, so that their browsers reach this machine and nothing else (unless the grid is
made with a way to the internet); hubs are on it and on a network of their own, by which they are published on
127.0.0.1. Everything carries LABEL_GRID, and only what carries it is ever touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from gridrunner import __version__
from gridrunner.grid.secret import FILE_NAME

LABEL_GRID = "gridrunner.grid"
LABEL_ROLE = "gridrunner.role"
LABEL_HUB = "gridrunner.hub"
LABEL_SLOTS = "gridrunner.slots"
LABEL_OWNER = "gridrunner.owner"
LABEL_INTERNET = "gridrunner.internet"
"""Labels: the grid's name; hub, node, network or secret; a node's hub; its slots; the process that a grid was made for
(`owners.owner_token`), if it was for one run; whether its nodes reach the internet."""

IMAGE_VERSION_LABEL = "org.openqa.selenium.version"
OUR_IMAGE_LABEL = "gridrunner.version"
"""Of images: Selenium's version in them, and gridrunner's in those of docker/build.sh."""

HUB_IMAGE = f"gridrunner/hub:{__version__}"
NODE_IMAGE = f"gridrunner/node-chrome:{__version__}"
"""What docker/build.sh makes."""

HUB_PORT = 4444
SECRET_FOLDER = "/run/gridrunner"
SECRET_UID, SECRET_GID = 1200, 1201
"""`seluser` of our images and of the official ones."""

SHARED_MEMORY = "1g"
"""Shared memory of a node: upstream's compose files give 2 GiB, and 64 MB crash large pages."""

SCRATCH = "512m"
"""Of memory for profiles and temporary files of a container: a profile took 20 MB per session (Chromium 156,
2026-11-26)."""

RESTARTS = 5
"""Of a container that crashed; one that was drained (exit code 0) stays away."""

_READ_SECRET = (
    f'SE_REGISTRATION_SECRET=$(cat {SECRET_FOLDER}/{FILE_NAME}) || exit 3; export SE_REGISTRATION_SECRET; exec "$@"'
)
"""Goes before an image's own entry point: the secret comes from a file, so `docker inspect` does not show it. Works
with any image that has a shell and reads SE_REGISTRATION_SECRET, as the official ones do."""


class GridParts(Struct, frozen=True, kw_only=True):
    """The names of one grid's parts. `owner` "": it is for no run in particular and stays until it is taken down."""

    grid: str
    has_internet: bool = False
    owner: str = ""

    @property
    def node_network(self) -> str:
        """Between hubs and nodes."""
        return f"{self.grid}-nodes"

    @property
    def front_network(self) -> str:
        """By which hubs are published."""
        return f"{self.grid}-front"

    @property
    def secret_volume(self) -> str:
        """Holds the registration secret for the containers."""
        return f"{self.grid}-secret"

    def hub(self, number: int) -> str:
        """A hub's name, from 1."""
        return f"{self.grid}-hub-{number}"

    def node(self, number: int) -> str:
        """A node's name, from 1."""
        return f"{self.grid}-node-{number}"

    def labels(self, role: str, **more: str) -> dict[str, str]:
        """The labels of a part."""
        labels = {LABEL_GRID: self.grid, LABEL_ROLE: role, OUR_IMAGE_LABEL: __version__}
        if self.owner:
            labels[LABEL_OWNER] = self.owner
        if self.has_internet:
            labels[LABEL_INTERNET] = "yes"
        return labels | {f"gridrunner.{name}": value for name, value in more.items()}


class ImageFacts(Struct, frozen=True, kw_only=True):
    """What of an image decides how its containers are made. `is_ours`: made by docker/build.sh, hence able to run
    without capabilities and on a read-only root.
    """

    name: str
    entry_point: tuple[str, ...]
    selenium: str
    is_ours: bool


def read_image(name: str, attributes: Mapping[str, Any]) -> ImageFacts:
    """The facts of an image as `docker inspect` shows it."""
    config = attributes.get("Config") or {}
    labels = config.get("Labels") or {}
    words = (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))
    return ImageFacts(
        name=name,
        entry_point=tuple(words),
        selenium=str(labels.get(IMAGE_VERSION_LABEL, "")),
        is_ours=OUR_IMAGE_LABEL in labels,
    )


def hub_options(parts: GridParts, image: ImageFacts, number: int, port: int) -> dict[str, Any]:
    """How a hub's container is made (arguments of the SDK's `containers.create`)."""
    environment = {
        "SE_HEALTHCHECK_INTERVAL": "5",  # s; a dead node gets no sessions after one check
        "SE_SESSION_REQUEST_TIMEOUT": "50",  # s; shorter than a client waits (60 s), so that none stays queued behind
        "SE_ENABLE_TRACING": "false",
    }
    return _options(parts, image, parts.hub(number), "hub", environment) | {
        "network": parts.front_network,
        "ports": {f"{HUB_PORT}/tcp": ("127.0.0.1", port)},
    }


def node_options(parts: GridParts, image: ImageFacts, number: int, hub: str, slots: int) -> dict[str, Any]:
    """How a node's container is made."""
    name = parts.node(number)
    environment = {
        "SE_EVENT_BUS_HOST": hub,
        "SE_EVENT_BUS_PUBLISH_PORT": "4442",
        "SE_EVENT_BUS_SUBSCRIBE_PORT": "4443",
        "SE_NODE_CONTAINER_NAME": name,
        "SE_NODE_MAX_SESSIONS": str(slots),
        "SE_NODE_OVERRIDE_MAX_SESSIONS": "true",
        "SE_NODE_HEARTBEAT_PERIOD": "5",  # s; four missed ones and the hub forgets the node
        "SE_NODE_SESSION_TIMEOUT": "60",  # s; twice a visit's own: what a restarted hub forgot holds its slot no longer
        "SE_START_XVFB": "false",  # official images: browsers are headless
        "SE_START_VNC": "false",
        "SE_ENABLE_TRACING": "false",
    }
    return _options(parts, image, name, "node", environment, hub=hub, slots=str(slots)) | {
        "network": parts.node_network,
        "shm_size": SHARED_MEMORY,
    }


def _options(
    parts: GridParts, image: ImageFacts, name: str, role: str, environment: Mapping[str, str], **labels: str
) -> dict[str, Any]:
    options: dict[str, Any] = {
        "image": image.name,
        "name": name,
        "hostname": name,
        "entrypoint": ["/bin/sh", "-c", _READ_SECRET, "gridrunner", *image.entry_point],
        "environment": dict(environment),
        "labels": parts.labels(role, **labels),
        "volumes": {parts.secret_volume: {"bind": SECRET_FOLDER, "mode": "ro"}},
        "restart_policy": {"Name": "on-failure", "MaximumRetryCount": RESTARTS},
        "log_config": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "2"}},
        "detach": True,
    }
    if image.is_ours:
        options |= {
            "cap_drop": ["ALL"],
            "read_only": True,
            "tmpfs": {"/tmp": f"exec,mode=1777,size={SCRATCH}", "/home/seluser": "uid=1200,gid=1201,size=64m"},  # noqa: S108
            "security_opt": security_options(),
        }
    return options


def security_options() -> list[str]:
    """No new privileges, and the seccomp profile with which Chromium's sandbox works, where it is at hand (the images
    fall back to no sandbox without it).
    """
    here = Path(__file__).resolve()
    profiles: Sequence[Path] = (here.with_name("seccomp.json"), here.parents[4] / "docker" / "seccomp.json")
    present = [path for path in profiles if path.is_file()]
    options = ["no-new-privileges"]
    if present:
        options.append("seccomp=" + json.dumps(json.loads(present[0].read_text(encoding="utf-8"))))
    return options
