"""Temporary folders of browsers and their drivers. Owns where they are, whose they are and their end; the invariant: a
folder says whose it is before anything is in it, and one whose gridrunner is gone goes with the next run.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from gridrunner.foreign import read_file
from gridrunner.grid.hubs.owners import is_over, owner_token
from gridrunner.grid.hubs.sandbox import UNPRIVILEGED

FOLDER_PREFIX = "gridrunner-"
OWNER_FILE = "owner"
MOST_OWNER_BYTES = 200
"""Of a token (`grid.hubs.owners`); it has some 30."""

LONGEST_TMPDIR = 40
"""Bytes: with 44, `TMPDIR/gridrunner-xxxxxxxx/org.chromium.Chromium.xxxxxx/SingletonSocket` passed the 108 of a
socket's name (unix(7)), and Chromium 156 never started (2026-11-30)."""

REMOVER = "/bin/rm"
"""Where the Filesystem Hierarchy Standard has it (3.0, 3.4.2)."""


def make_folder(user: int | None) -> Path:
    """A new temporary folder for `user` alone, where the browser's sockets have room for their names; it says whose it
    is. Raises OSError.
    """
    usual = Path(tempfile.gettempdir())
    for parent in _parents():
        is_open = user is None or all(path.stat().st_mode & 0o001 for path in (parent, *parent.resolve().parents))
        if len(os.fsencode(parent)) <= LONGEST_TMPDIR and is_open and os.access(parent, os.W_OK | os.X_OK):
            break
    else:
        parent = usual
    folder = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=parent))
    try:
        (folder / OWNER_FILE).write_text(owner_token())
        if user is not None:
            os.chown(folder, user, user)
    except OSError:
        remove_folder(folder)
        raise
    return folder


def _parents() -> tuple[Path, ...]:
    """Where our temporary folders are, the usual place first."""
    return Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")  # noqa: S108 - folders of ours are in it


def orphaned_folders() -> list[Path]:
    """Temporary folders whose gridrunner is gone: one that was killed before its driver lived has left no process."""
    folders = []
    for parent in dict.fromkeys(_parents()):
        for folder in parent.glob(f"{FOLDER_PREFIX}*"):
            with suppress(OSError):
                status = folder.lstat()
                is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid in {os.geteuid(), _own_user()}
                owner = read_file(folder / OWNER_FILE, most_bytes=MOST_OWNER_BYTES, within=folder) if is_ours else b""
                if is_over(owner.decode(errors="replace")):
                    folders.append(folder)
    return folders


def _own_user() -> int:
    """Besides ourselves, whose folders are ours: root's browsers run as a user who owns nothing else."""
    return UNPRIVILEGED if os.geteuid() == 0 else os.geteuid()


def remove_folder(folder: Path) -> None:
    """Remove a temporary folder that a dying browser may still be writing to."""
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
    # Without a descriptor left for it here, another process has some (a pipe to it would take two)
    silent = [(os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]
    with suppress(OSError):
        os.waitpid(os.posix_spawn(REMOVER, [REMOVER, "-rf", "--", str(folder)], {}, file_actions=silent), 0)
