"""What the command line promises whatever a command does."""

from __future__ import annotations

import subprocess
import sys

INTERRUPTED_IN_EXEC = """
import sys
from gridrunner import cli

def check(arguments):
    exec("import os, signal\\nos.kill(os.getpid(), signal.SIGINT)\\nfor _ in range(1000): pass")

cli._sites_check = check
sys.exit(cli.main(["sites", "check", "a.yaml"]))
"""


def test_ctrl_c_in_exec_d_code_ends_with_130_and_not_by_the_signal() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED_IN_EXEC], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "gridrunner: interrupted\n")
