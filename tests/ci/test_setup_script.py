"""The set-up of a machine, with programs of the test's own on PATH: what is there is used, what is missing is named."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUP = ROOT / "ci" / "setup.sh"
TOOLS = ("sh", "id", "env", "touch", "dirname", "mktemp", "cat", "rm")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH with nothing in it but what a shell script cannot do without."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None, name
        (folder / name).symlink_to(found)
    return folder


def write_program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def become_user(tools: Path) -> None:
    write_program(tools / "id", "echo 1000")


def run_setup(tools: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SETUP), *arguments],
        env={"PATH": str(tools)},
        cwd=tools.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_no_python_is_named(tools: Path) -> None:
    become_user(tools)
    ended = run_setup(tools, "run", "venv")
    assert ended.returncode == 2
    assert ended.stderr == (
        "setup: Python 3.11 or newer is needed and was not found on PATH: install it and run make again\n"
    )


def test_python_that_is_too_old_is_none(tools: Path) -> None:
    become_user(tools)
    write_program(tools / "python3", "exit 1")
    ended = run_setup(tools, "run", "venv")
    assert (ended.returncode, "Python 3.11 or newer" in ended.stderr) == (2, True)


def test_python_without_venv_is_named_with_the_package(tools: Path) -> None:
    become_user(tools)
    write_program(tools / "python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    ended = run_setup(tools, "run", "venv")
    assert ended.returncode == 2
    assert "python3 has no venv module: install it (Debian and Ubuntu: apt-get install python3-venv)" in ended.stderr


def test_root_installs_what_is_missing_and_says_so(tools: Path, tmp_path: Path) -> None:
    write_program(tools / "id", "echo 0")
    write_program(tools / "apt-get", f'echo "$@" >>{tmp_path}/apt; echo chatter')
    ended = run_setup(tools, "run", "venv")
    assert ended.returncode == 2
    assert (tmp_path / "apt").read_text().splitlines() == [
        "update -qq",
        "install -y -qq --no-install-recommends python3 python3-venv",
    ]
    assert "chatter" not in ended.stderr + ended.stdout
    assert "setup: apt-get install python3 python3-venv" in ended.stderr


def test_what_apt_says_is_shown_when_it_fails(tools: Path) -> None:
    write_program(tools / "id", "echo 0")
    write_program(tools / "apt-get", "echo no such mirror; exit 100")
    ended = run_setup(tools, "run", "venv")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-2:] == ["no such mirror", "setup: apt could not install Python"]


def make_ready_venv(folder: Path, modules: str) -> None:
    """A virtual environment whose python answers what the script asks; `modules` handles `-m NAME` and scripts."""
    write_program(folder / "bin" / "python", f'echo "$@" >>{folder}/asked\n{modules}')


def test_nothing_is_installed_where_all_is_there(tools: Path, tmp_path: Path) -> None:
    write_program(tools / "id", "echo 0")
    write_program(tools / "apt-get", f"touch {tmp_path}/apt")
    write_program(tools / "python3", "exit 0")
    for name in ("dockerd", "docker", "debootstrap", "npm", "java", "faketime"):
        write_program(tools / name, "exit 0")
    make_ready_venv(tmp_path / "venv", "exit 0")
    for name in ("checkov", "trivy"):
        write_program(tmp_path / "venv" / "analysers" / "bin" / name, "exit 0")
    ended = run_setup(tools, "test", "venv")
    assert ended.returncode == 0, ended.stderr
    assert not (tmp_path / "apt").exists()
    assert "analysers" not in (tmp_path / "venv" / "asked").read_text()
    assert (tmp_path / "venv" / ".ready-run").exists()
    assert (tmp_path / "venv" / ".ready-test").exists()
    asked = (tmp_path / "venv" / "asked").read_text()
    assert "--require-hashes --requirement requirements/dev.lock" in asked
    assert "--no-deps --no-build-isolation --editable .\n" in asked


def test_browser_that_cannot_be_had_is_named_with_what_to_install(tools: Path, tmp_path: Path) -> None:
    become_user(tools)
    write_program(tools / "python3", "exit 0")
    no_browser = 'case "$*" in *binaries*) echo "install chromium" >&2; exit 2;; *fetch_chrome*) exit 1;; esac'
    make_ready_venv(tmp_path / "venv", no_browser)
    ended = run_setup(tools, "run", "venv")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-2:] == ["install chromium", "setup: no browser could be had"]
    assert not (tmp_path / "venv" / ".ready-run").exists()


def test_an_engine_for_the_tests_is_installed_for_root_alone(tools: Path, tmp_path: Path) -> None:
    write_program(tools / "python3", "exit 0")
    write_program(tools / "apt-get", f'echo "$@" >>{tmp_path}/apt; for name; do echo >{tools}/$name; done')
    make_ready_venv(tmp_path / "venv", "exit 0")
    become_user(tools)
    assert run_setup(tools, "test", "venv").returncode == 0
    assert not (tmp_path / "apt").exists()

    write_program(tools / "id", "echo 0")
    ended = run_setup(tools, "test", "venv")
    assert ended.returncode == 0, ended.stderr
    assert "install -y -qq --no-install-recommends docker.io iptables debootstrap" in (tmp_path / "apt").read_text()


def test_analysers_get_an_environment_of_their_own_and_may_fail(tools: Path, tmp_path: Path) -> None:
    become_user(tools)
    write_program(tools / "python3", "exit 0")
    make_ready_venv(tmp_path / "venv", "exit 0")
    ended = run_setup(tools, "test", "venv")
    assert ended.returncode == 0, ended.stderr
    assert "-m venv venv/analysers" in (tmp_path / "venv" / "asked").read_text()
    assert "setup: they cannot be installed: the tests that need them say so" in ended.stderr


# -------------------------------------------------------------------------------------------------- Chrome for Testing


@pytest.fixture
def fetch_chrome(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """ci/fetch_chrome.py as a module, whose Selenium Manager answers with two programs of the test."""
    spec = importlib.util.spec_from_file_location("fetch_chrome", ROOT / "ci" / "fetch_chrome.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    class Manager:
        def binary_paths(self, _arguments: list[str]) -> dict[str, str]:
            return {"browser_path": str(tmp_path / "got" / "chrome"), "driver_path": str(tmp_path / "got" / "driver")}

    monkeypatch.setattr(module, "SeleniumManager", Manager)
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    return module


def test_fetched_browser_is_linked_beside_python(fetch_chrome: ModuleType, tmp_path: Path) -> None:
    write_program(tmp_path / "got" / "chrome", "exit 0")
    write_program(tmp_path / "got" / "driver", "exit 0")
    assert fetch_chrome.main() == 0
    assert (tmp_path / "bin" / "chrome").readlink() == tmp_path / "got" / "chrome"
    assert (tmp_path / "bin" / "chromedriver").readlink() == tmp_path / "got" / "driver"


def test_fetched_browser_that_does_not_start_is_not_used(
    fetch_chrome: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_program(tmp_path / "got" / "chrome", "echo 'libnss3.so: cannot open shared object file' >&2; exit 127")
    assert fetch_chrome.main() == 1
    assert capsys.readouterr().err == (
        "setup: chrome was fetched and does not start: libnss3.so: cannot open shared object file\n"
    )
    assert list((tmp_path / "bin").iterdir()) == []
