"""Tokens of owners: whose process is known to be gone."""

from __future__ import annotations

import subprocess
import sys

from gridrunner.grid.hubs.owners import is_over, owner_token

PRINT_TOKEN = "from gridrunner.grid.hubs.owners import owner_token; print(owner_token())"


def test_this_process_is_not_over() -> None:
    assert not is_over(owner_token())


def test_a_process_that_ended_is_over() -> None:
    token = subprocess.run([sys.executable, "-c", PRINT_TOKEN], capture_output=True, text=True, check=True).stdout
    assert is_over(token.strip())


def test_of_other_machines_nothing_is_known() -> None:
    machine, _, process = owner_token().partition(":")
    assert not is_over(f"{'0' * len(machine)}:{process}0")
    assert not is_over("")
    assert not is_over(":1:2")
