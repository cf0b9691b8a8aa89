"""What a Docker engine says, in words of ours: one clear message each."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gridrunner.errors import GridFault, UsageError
from gridrunner.grid.drivers.docker.engine import NoEngine, PortTaken, connect, explain_refusal, require_new_enough


def test_engine_that_is_not_running(tmp_path: Path) -> None:
    host = f"unix://{tmp_path}/docker.sock"
    with pytest.raises(NoEngine, match=f"no Docker engine answers at {host}") as caught:
        connect({**os.environ, "DOCKER_HOST": host})
    assert "DOCKER_HOST" in (caught.value.hint or "")


def test_socket_that_nobody_listens_on(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "s"))
    with pytest.raises(NoEngine, match="no Docker engine answers"):
        connect({**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/s"})


def test_address_that_is_none() -> None:
    with pytest.raises(NoEngine, match="nonsense://x cannot be talked to"):
        connect({**os.environ, "DOCKER_HOST": "nonsense://x"})


def test_engine_that_is_too_old() -> None:
    with pytest.raises(NoEngine, match=r"too old: 18\.09\.1 speaks API 1\.39, and 1\.40 is needed"):
        require_new_enough("1.39", "18.09.1")
    require_new_enough("1.40", "19.03")
    require_new_enough("1.50", "28.2")


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (
            (
                "driver failed programming external connectivity: Bind for 127.0.0.1:4444 failed: "
                "port is already allocated"
            ),
            PortTaken,
            "g-hub-1: port 4444 is taken",
        ),
        (
            "Error starting userland proxy: listen tcp4 127.0.0.1:4444: bind: address already in use",
            PortTaken,
            "g-hub-1: port 4444 is taken",
        ),
        ("mkdir /var/lib/docker/overlay2/x: no space left on device", GridFault, "disk of the Docker engine is full"),
        (
            "could not find an available, non-overlapping IPv4 address pool among the defaults",
            GridFault,
            "no address range left",
        ),
        ("something\n else", GridFault, "refused: something else"),
    ],
    ids=["port allocated", "port in use", "disk", "addresses", "anything"],
)
def test_refusals(words: str, kind: type[Exception], said: str) -> None:
    error = explain_refusal("g-hub-1", words)
    assert isinstance(error, kind)
    assert said in str(error)
    assert not isinstance(error, UsageError)
