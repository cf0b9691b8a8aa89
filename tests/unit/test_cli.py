"""What the command line promises whatever a command does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

INTERRUPTED_IN_EXEC = """
import sys
from gridrunner import cli

def check(arguments):
    exec("import os, signal\\nos.kill(os.getpid(), signal.SIGINT)\\nfor _ in range(1000): pass")

cli._sites_check = check
sys.exit(cli.main(["sites", "check", "a.yaml"]))
"""


def test_ctrl_c_in_exec_d_code_ends_with_130_and_not_by_the_signal(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(INTERRUPTED_IN_EXEC)
    ended = subprocess.run(
        [sys.executable, "-m", "interrupted"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (130, "gridrunner: interrupted\n")
