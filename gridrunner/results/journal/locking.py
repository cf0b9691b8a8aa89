"""One writer per run folder: a lock on its journal that ends with the process which holds it."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gridrunner.errors import RunFolderError
from gridrunner.results.journal.lines import JOURNAL_NAME

NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}
"""What a file system answers that has no locks (flock(2)): then there is none, as before."""


@contextmanager
def locked_run(folder: Path) -> Iterator[None]:
    """The block alone writes into the run `folder`, which is made where it is missing. The kernel holds the lock for
    the
    process (flock(2); over NFS as a lock of the whole file, since Linux 2.6.12), so that one that was killed leaves
    none.

    Raises RunFolderError when another process holds it, or the journal cannot be opened.
    """
    path = folder / JOURNAL_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    except OSError as error:
        raise RunFolderError(f"{path} cannot be written: {error.strerror}", hint="choose another --out") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunFolderError(
                f"{folder}: another gridrunner is writing this run",
                hint="wait until it has ended, or end it; the run can be resumed then",
            ) from error
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        yield
    finally:
        os.close(descriptor)


def remove_unused(folder: Path) -> None:
    """Remove the run `folder` when nothing was written into its journal."""
    path = folder / JOURNAL_NAME
    with suppress(OSError):
        if path.stat().st_size == 0:
            path.unlink()
            folder.rmdir()
