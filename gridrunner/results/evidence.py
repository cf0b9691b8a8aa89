"""Evidence of one run, brought into another run's folder. Owns the rule which paths may be followed: only those below
`evidence/`, because a journal may come from anywhere. The invariant: no byte outside the two run folders is touched.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path, PurePosixPath

from gridrunner.errors import RunFolderError
from gridrunner.model import Observation


def find_evidence(folder: Path, name: str) -> Path | None:
    """The file that a journal of the run in `folder` calls `name`; None when it is not there, or not below evidence/."""
    parts = PurePosixPath(name).parts
    if parts[:1] != ("evidence",) or ".." in parts:
        return None
    try:
        path = folder.joinpath(*parts)
        is_inside = path.resolve().is_relative_to(folder.resolve() / "evidence")
        return path if is_inside and path.is_file() else None
    except (OSError, ValueError):  # a name that no file system takes: too long, or with a NUL
        return None


class EvidenceCopier:
    """Links or copies the files that observations name into `target`; `missing` counts those that were not there."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self.missing = 0

    def copy(self, folder: Path, seen: Observation) -> None:
        """Bring the evidence of one observation of the run in `folder`. Raises RunFolderError when `target` takes no
        file.
        """
        for name in (seen.screenshot_path, seen.facts_path, seen.capture_path):
            if name is not None:
                self._copy_file(folder, name)

    def _copy_file(self, folder: Path, name: str) -> None:
        source = find_evidence(folder, name)
        if source is None:
            self.missing += 1
            return
        target = self._target.joinpath(*PurePosixPath(name).parts)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            try:
                os.link(source, target)
            except OSError:  # another file system, or one without hard links
                shutil.copyfile(source, target)
        except OSError as error:
            raise RunFolderError(f"{target} cannot be written: {error.strerror}") from error
