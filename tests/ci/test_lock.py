"""What development and CI install is locked: what pyproject asks for, each file by its hash, from no named index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.command_line import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PYTHONS = ("3.11.0", "3.12.0", "3.13.0")


def read_lock(path: Path) -> list[tuple[Requirement, str]]:
    """Each locked requirement, and what follows it up to the next."""
    parts = re.split(r"^(?=[a-zA-Z0-9])", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [(Requirement(part.partition("\\")[0]), part.partition("\\")[2]) for part in parts if part.strip()]


def versions_for(path: Path, python: str) -> dict[str, Version]:
    """The versions that are installed on Linux with that Python."""
    environment = {
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    versions: dict[str, Version] = {}
    for requirement, _ in read_lock(path):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            assert canonicalize_name(requirement.name) not in versions, f"{requirement.name} twice for {python}"
            (specifier,) = requirement.specifier
            assert specifier.operator == "=="
            versions[canonicalize_name(requirement.name)] = Version(specifier.version)
    return versions


def asked_for(lock: str) -> list[Requirement]:
    if lock != "dev":
        lines = (ROOT / "requirements" / f"{lock}.in").read_text(encoding="utf-8").splitlines()
        return [Requirement(line) for line in lines if not line.startswith("#")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    asked = [*project["project"]["dependencies"], *extras["dev"], *extras["aws"], *extras["docker"]]
    requirements = [Requirement(line) for line in (*asked, *project["build-system"]["requires"])]
    return [requirement for requirement in requirements if requirement.name != "gridrunner"]  # its own extras


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_what_is_asked_for_is_locked(path: Path, python: str) -> None:
    versions = versions_for(path, python)
    unmet = [
        str(requirement)
        for requirement in asked_for(path.stem)
        if (version := versions.get(canonicalize_name(requirement.name))) is None
        or not requirement.specifier.contains(version, prereleases=True)
    ]
    assert unmet == [], "run make lock"


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_file_has_its_hash_and_no_index_is_named(path: Path) -> None:
    for requirement, rest in read_lock(path):
        lines = [line.strip().rstrip(" \\") for line in rest.splitlines() if line.strip()]
        hashes = [line for line in lines if not line.startswith("#")]
        assert hashes, requirement
        assert [line for line in hashes if not re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line)] == []
        assert requirement.url is None
    assert "://" not in path.read_text(encoding="utf-8")
