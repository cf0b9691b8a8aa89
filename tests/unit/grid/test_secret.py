"""The registration secret: in one file of its owner's, new each time, gone with its grid."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gridrunner.errors import UsageError
from gridrunner.grid.secret import forget_secret, make_secret, read_secret, secret_path


def test_secret_is_its_owners_alone(tmp_path: Path) -> None:
    path = secret_path("mine", {"XDG_STATE_HOME": str(tmp_path)})
    secret = make_secret(path)
    assert len(secret) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert read_secret(path) == secret


def test_each_grid_gets_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "grid" / "secret"
    assert make_secret(path) != make_secret(path)


def test_nothing_is_left_of_a_grid_that_is_gone(tmp_path: Path) -> None:
    path = secret_path("mine", {"HOME": str(tmp_path)})
    make_secret(path)
    forget_secret(path)
    forget_secret(path)
    assert not path.parent.exists()
    assert read_secret(path) is None


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="registration secret cannot be written"):
        make_secret(tmp_path / "file" / "secret")
