from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, open_project
from tests.support.moto_server import MotoServer, start_moto


@pytest.fixture(scope="session")
def aws() -> Iterator[MotoServer]:
    with start_moto() as server:
        yield server


@pytest.fixture
def aws_env(aws: MotoServer, monkeypatch: pytest.MonkeyPatch) -> MotoServer:
    """This process takes moto for AWS."""
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    return aws


@pytest.fixture
def project(aws: MotoServer, tmp_path: Path) -> Iterator[CommandLine]:
    """A project whose commands take moto for AWS; nothing that they started may be left."""
    with open_project(tmp_path) as project:
        project.env.update(aws.environment)
        yield project
        left = project.left_behind()
    assert left == []
