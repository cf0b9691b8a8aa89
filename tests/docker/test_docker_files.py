"""What stands in docker/: linted, documented, and held together."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
IMAGES = ("base", "hub", "node-chrome")
SCRIPTS = sorted(
    path
    for folder in (DOCKER, *(DOCKER / name for name in IMAGES))
    for path in folder.iterdir()
    if path.is_file() and path.suffix != ".jar" and path.read_bytes()[:2] == b"#!"
)
TABLE_ROW = re.compile(r"^\| ((?:[A-Z]+_[A-Z_]+(?:, )?)+) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
FLAG = re.compile(r"^\s*(?:flag|switch) (--[a-z-]+) ([A-Z_]+)(?: (\S+))?$", re.MULTILINE)


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


@pytest.mark.parametrize("file", sorted(DOCKER.glob("*/Dockerfile")), ids=lambda path: path.parent.name)
def test_hadolint_has_nothing_to_say(file: Path) -> None:
    ended = subprocess.run(
        [tool("hadolint"), "--no-color", "--failure-threshold", "style", "--ignore", "DL3066", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(DOCKER)))
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    ended = subprocess.run(
        [tool("shellcheck"), "--external-sources", str(script)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "")


def read_scripts() -> dict[str, str]:
    return {
        str(path.relative_to(DOCKER)): path.read_text(encoding="utf-8") for path in SCRIPTS if path.parent != DOCKER
    }


def read_table() -> dict[str, tuple[str, str, str]]:
    """The rows of docs/images.md: variable to unit, default and flag."""
    text = (ROOT / "docs" / "images.md").read_text(encoding="utf-8")
    return {
        name: (row[2].strip(), row[3].strip(), row[4].strip())
        for row in TABLE_ROW.finditer(text)
        for name in row[1].split(", ")
    }


def test_every_variable_is_in_the_table_and_no_other() -> None:
    read = set()
    for text in read_scripts().values():
        code = "\n".join(line.partition(" # ")[0] for line in text.splitlines() if not line.lstrip().startswith("#"))
        read |= set(re.findall(r"\b(?:SE_[A-Z_]+|JAVA_OPTS)\b", code))
    assert read == set(read_table())


@pytest.mark.parametrize(
    ("flag", "variable", "default"),
    [match.groups() for text in read_scripts().values() for match in FLAG.finditer(text)],
)
def test_flag_and_default_of_a_variable_are_those_of_the_table(flag: str, variable: str, default: str | None) -> None:
    unit, documented, flags = read_table()[variable]
    assert unit
    assert flag in flags
    if default is not None:
        assert re.match(rf"{re.escape(default)}(?![\w.])", documented), documented
    else:
        assert documented.startswith(("none", "the server's", "all", "the container's"))


def test_the_profile_closes_what_reaches_beyond_the_container() -> None:
    profile = json.loads((DOCKER / "seccomp.json").read_text(encoding="utf-8"))
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    allowed = {
        name
        for rule in profile["syscalls"]
        if rule["action"] == "SCMP_ACT_ALLOW" and "args" not in rule
        for name in rule["names"]
    }
    assert {"clone", "unshare", "chroot", "execve", "openat", "futex"} <= allowed
    closed = {
        "mount",
        "umount2",
        "pivot_root",
        "setns",
        "bpf",
        "keyctl",
        "add_key",
        "kexec_load",
        "init_module",
        "reboot",
    }
    closed |= {"io_uring_setup", "perf_event_open", "userfaultfd", "open_by_handle_at", "swapon", "clone3"}
    assert not closed & allowed


def test_compose_publishes_on_loopback_alone_and_keeps_nodes_inside() -> None:
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    hub, node = compose["services"]["hub"], compose["services"]["node"]
    assert hub["ports"] == ["127.0.0.1:${GRID_PORT:-4444}:4444"]
    assert "ports" not in node
    assert node["networks"] == ["nodes"]
    assert compose["networks"]["nodes"]["internal"] == "${GRID_NODES_INTERNAL:-true}"
    version = re.search(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    for service in (hub, node):
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert service["mem_limit"].startswith("${GRID_")  # a limit that can be raised, and is there without that
        assert service["pids_limit"] > 0
        assert f":{version[1]}}}" in service["image"]


def test_what_is_built_is_pinned_by_digest() -> None:
    pinned = (DOCKER / "versions.env").read_text(encoding="utf-8")
    assert re.search(r"SELENIUM_VERSION:=\d+\.\d+\.\d+\}", pinned)
    assert re.search(r"SELENIUM_SHA256:=[0-9a-f]{64}\}", pinned)


def test_jar_of_another_digest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.jar").write_bytes(b"not Selenium's")
    ended = subprocess.run(
        [str(DOCKER / "fetch-selenium.sh"), str(tmp_path / "selenium-server.jar")],
        env={"PATH": "/usr/bin:/bin", "SELENIUM_JAR": str(tmp_path / "other.jar")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "refused" in ended.stderr
    assert not (tmp_path / "selenium-server.jar").exists()
