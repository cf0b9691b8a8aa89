"""Shell steps of ci/ as CI systems run them: an environment of their own, a stub of gridrunner, or the real one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "ci"
STEP_TIMEOUT_S = 60.0

STUB = """\
#!{python}
import json, os, pathlib, sys
with open(os.environ["STUB_LOG"], "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
sys.exit(int(os.environ.get("STUB_EXIT_" + sys.argv[1].upper(), "0")))
"""
"""Notes how it was called, and ends as the test wants: STUB_EXIT_RUN=3 and the like."""

REAL = """\
#!/bin/sh
exec {python} -m gridrunner "$@"
"""


def tool(name: str) -> str:
    """A program of the dev extra, beside this Python or on PATH. Skips without it, fails in CI."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"{name}: pip install -e '.[dev]'")
    return found


@dataclass(frozen=True, slots=True)
class Step:
    """A shell step that is over."""

    code: int
    stdout: str
    stderr: str
    calls: list[list[str]]


class Steps:
    """Runs shell steps in `folder` with only a stub, or only the real gridrunner, on PATH beside the system's tools."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._bin = folder / "bin"
        self._log = folder / "calls.jsonl"
        self._bin.mkdir()
        self.use(STUB)

    def use(self, text: str) -> None:
        """What `gridrunner` is from now on."""
        program = self._bin / "gridrunner"
        program.write_text(text.format(python=sys.executable))
        program.chmod(0o755)

    def run(self, script: str | Path, *arguments: str, env: Mapping[str, str] | None = None) -> Step:
        """Run a script by its path, or shell text by `sh -e -c`, as CI systems do."""
        words = [str(script), *arguments] if isinstance(script, Path) else ["sh", "-e", "-c", script, *arguments]
        self._log.unlink(missing_ok=True)
        ended = subprocess.run(
            words,
            cwd=self.folder,
            env={
                "PATH": f"{self._bin}:{os.defpath}",
                "PYTHONPATH": str(ROOT),
                "HOME": str(self.folder),
                "LANG": "C.UTF-8",
                "STUB_LOG": str(self._log),
                **(env or {}),
            },
            capture_output=True,
            text=True,
            timeout=STEP_TIMEOUT_S,
            check=False,
        )
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return Step(ended.returncode, ended.stdout, ended.stderr, [json.loads(line) for line in lines])
