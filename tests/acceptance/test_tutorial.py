"""The tutorial, done: every file made and every command typed, with the package from its wheel, in an empty folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.page_commands import PageCommand, PageFile, read_page, run_page, says_it

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial.md"
TIMEOUT_S = 240.0

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as `pip install` gets it."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ["-q", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(ROOT)], check=True, cwd=folder)
    return next(folder.glob("gridrunner-*.whl"))


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_command_does_what_the_page_says(wheel: Path, tmp_path: Path) -> None:
    port = str(find_port())
    dependencies = sysconfig.get_path("purelib")
    install = (
        f"echo {dependencies} > $(python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')/dependencies.pth;"
        f" pip install -q --no-deps --no-index {wheel}"
    )

    def replace(text: str) -> str:
        return text.replace("8000", port).replace("pip install gridrunner", install)

    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "TMPDIR": os.environ.get("TMPDIR", "/tmp"),
    }
    parts = read_page(PAGE)
    printed = run_page(parts, tmp_path, env, replace=replace, timeout_s=TIMEOUT_S)
    assert [(command.text, text) for command, text in printed if not says_it(command, text)] == []
    assert [command for command, _ in printed] == [part for part in parts if isinstance(part, PageCommand)]
    assert "Traceback" not in "".join(text for _, text in printed)
    assert [part.name for part in parts if isinstance(part, PageFile) and not (tmp_path / part.name).exists()] == []
