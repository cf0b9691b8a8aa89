"""Evidence of one run, brought into another run's folder. Owns the rule which paths may be followed: only those below
`evidence/`, because a journal may come from anywhere. The invariant: no byte outside the two run folders is touched.
"""

from __future__ import annotations

import os
import shutil
import stat
from functools import lru_cache
from pathlib import Path, PurePosixPath

from gridrunner.errors import RunFolderError
from gridrunner.model import Observation


def find_evidence(folder: Path, name: str) -> Path | None:
    """The file that a journal of the run in `folder` calls `name`; None when it is not there, or not below
    evidence/.
    """
    parts = PurePosixPath(name).parts
    if parts[:1] != ("evidence",) or ".." in parts:
        return None
    path = os.path.join(folder, *parts)  # noqa: PTH118 - of 100,000 files, a second less than with Path
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - as above
            return None
        is_inside = os.path.realpath(path).startswith(_find_root(folder))
    except (OSError, ValueError):  # a name that no file system takes: too long, or with a NUL
        return None
    return Path(path) if is_inside else None


@lru_cache(maxsize=64)
def _find_root(folder: Path) -> str:
    """What the real path of everything that may be followed begins with."""
    return os.path.join(os.path.realpath(folder), "evidence", "")  # noqa: PTH118 - ends in a separator


class EvidenceCopier:
    """Links or copies the files that observations name into `target`; `missing` counts those that were not there."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.missing = 0
        self._made: Path | None = None

    def copy(self, folder: Path, visit: Observation) -> None:
        """Bring the evidence of one observation of the run in `folder`. Raises RunFolderError when `target` takes no
        file.
        """
        for name in (visit.screenshot_path, visit.facts_path, visit.capture_path):
            if name is not None:
                self._copy_file(folder, name)

    def _copy_file(self, folder: Path, name: str) -> None:
        source = find_evidence(folder, name)
        if source is None:
            self.missing += 1
            return
        target = self._target.joinpath(*PurePosixPath(name).parts)
        try:
            if target.parent != self._made:
                target.parent.mkdir(parents=True, exist_ok=True)
                self._made = target.parent
            target.unlink(missing_ok=True)
            try:
                os.link(source, target)
            except OSError:  # another file system, or one without hard links
                shutil.copyfile(source, target)
        except OSError as error:
            raise RunFolderError(f"{target} cannot be written: {error.strerror}") from error
