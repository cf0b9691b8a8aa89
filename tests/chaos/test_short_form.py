"""A few runs under harm, each time: the long form is `python -m tests.chaos --runs 200`."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.support.command_line import ROOT

pytestmark = pytest.mark.browser

RUNS = 4
LIMIT_S = 20.0
"""No run begins after that, which leaves a slow machine fewer of them."""

TIMEOUT_S = 300.0


def test_runs_that_are_harmed_lose_nothing_and_leave_nothing() -> None:
    command = [sys.executable, "-m", "tests.chaos", "--runs", str(RUNS), "--limit", str(LIMIT_S), "--sites", "6"]
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ}, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ": 0 lost, 0 doubled, 0 changed, 0 left, 0 broken" in ended.stdout
    assert " 0 harms that hit" not in ended.stdout
