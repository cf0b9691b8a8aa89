"""What the CI tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.shell_steps import Steps


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    """The shell steps with a stub of gridrunner."""
    return Steps(tmp_path)
