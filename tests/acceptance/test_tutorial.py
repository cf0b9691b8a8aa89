"""The tutorial and the README, done: every file made and every command typed, with the package from its wheel,
in an empty folder.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.support.page_commands import PageCommand, PageFile, read_page, run_page, says_it
from tests.support.page_server import PageServer

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 240.0

LOGIN = """<!doctype html><html lang=en><title>Log in</title><h1>Log in</h1><form action=/session method=post>
<label>E-mail <input id=email type=email></label> <label>Password <input id=password type=password></label>
<button>Log in</button></form>"""

NEWS = "<!doctype html><html lang=en><title>News</title><h1>News</h1><p>Nothing happened today.</p>"

ENVIRONMENT = (PageCommand("python3 -m venv .venv", ()), PageCommand(". .venv/bin/activate", ()))
"""What the README takes for granted before `pip install`."""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as `pip install` gets it."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True, cwd=folder)
    return next(folder.glob("gridrunner-*.whl"))


def install(wheel: Path) -> str:
    """`pip install gridrunner` without the network: the wheel, and the dependencies that are installed here."""
    here = shlex.quote(sysconfig.get_path("purelib"))
    there = """$(python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"""
    return f"echo {here} > {there}/dependencies.pth; pip install -q --no-deps --no-index {shlex.quote(str(wheel))}"


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def do_page(parts: list[PageFile | PageCommand], folder: Path, changes: dict[str, str]) -> None:
    """Everything is done in `folder`, and said as the page says it. `changes` is what is otherwise on this machine."""
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
    }

    def replace(text: str) -> str:
        for before, after in changes.items():
            text = text.replace(before, after)
        return text

    printed = run_page(parts, folder, env, replace=replace, timeout_s=TIMEOUT_S)
    assert [(command.text, text) for command, text in printed if not says_it(command, text)] == []
    assert [command for command, _ in printed] == [part for part in parts if isinstance(part, PageCommand)]
    assert "Traceback" not in "".join(text for _, text in printed)
    assert [part.name for part in parts if isinstance(part, PageFile) and not (folder / part.name).exists()] == []


def test_a_plain_installation_has_neither_boto3_nor_docker(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        (name,) = [name for name in packed.namelist() if name.endswith(".dist-info/METADATA")]
        needs = re.findall(
            r"^Requires-Dist: ([\w-]+).*?(?:extra == '(\w+)')?$", packed.read(name).decode(), re.MULTILINE
        )
    assert {package for package, extra in needs if not extra}.isdisjoint({"boto3", "docker"})
    assert {package for package, extra in needs if extra == "all"} == {"boto3", "docker"}
    assert [needs.count((package, extra)) for package, extra in (("boto3", "aws"), ("docker", "docker"))] == [1, 1]


def test_the_tutorial_does_what_it_says(wheel: Path, tmp_path: Path) -> None:
    changes = {"8000": str(find_port()), "pip install gridrunner": install(wheel)}
    do_page(read_page(ROOT / "docs" / "tutorial.md"), tmp_path, changes)


def test_the_readme_does_what_it_says(wheel: Path, tmp_path: Path) -> None:
    with PageServer({"/login": LOGIN, "/news": NEWS}) as server:
        changes = {"https://shop.example/": server.url("/"), "pip install gridrunner": install(wheel)}
        do_page([*ENVIRONMENT, *read_page(ROOT / "README.md")], tmp_path, changes)
