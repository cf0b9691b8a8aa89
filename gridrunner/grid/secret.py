"""The registration secret of a grid: with it one drains its nodes and registers others, so it is in one file of its
owner's (mode 600) and never in a message, a log or the environment that `docker inspect` shows.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from gridrunner.errors import UsageError

SECRET_BYTES = 32
"""256 bits, as the `secrets` module proposes for tokens."""

FILE_NAME = "registration-secret"


def secret_path(grid: str, env: Mapping[str, str]) -> Path:
    """Where the secret of a grid is kept: $XDG_STATE_HOME/gridrunner/GRID/ (XDG Base Directory Specification 0.8)."""
    home = env.get("XDG_STATE_HOME") or ""
    base = Path(home) if home.startswith("/") else Path(env.get("HOME") or Path.home()) / ".local" / "state"
    return base / "gridrunner" / grid / FILE_NAME


def make_secret(path: Path) -> str:
    """A new secret, written to `path`. Raises UsageError when that cannot be."""
    secret = secrets.token_hex(SECRET_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret)
    except OSError as error:
        raise UsageError(
            f"{path}: the grid's registration secret cannot be written: {error.strerror}",
            hint="make the folder writable, or name another state folder in XDG_STATE_HOME",
        ) from error
    return secret


def read_secret(path: Path) -> str | None:
    """The secret in `path`; None without the file, or where it cannot be read."""
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


def forget_secret(path: Path) -> None:
    """The grid is gone."""
    path.unlink(missing_ok=True)
    try:
        path.parent.rmdir()
    except OSError:
        return  # something else is kept there, or it never was
