"""A starter project: a list with two pages of its own, a check, a detector, settings, a CI file. It runs as it is,
without the internet, and each file says what to put in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from gridrunner.errors import UsageError
from gridrunner.text import count_of

FILES: Mapping[str, str] = {
    "sites.yaml": "sites.yaml",
    "pages/my-login/index.html": "pages/my-login/index.html",
    "pages/my-news/index.html": "pages/my-news/index.html",
    "detector.js": "detector.js",
    "checks/test_own.py": "test_own.txt",
    "gridrunner.toml": "gridrunner.toml",
    ".github/workflows/gridrunner.yml": "github.yml",
}
"""Where each file goes, and its name in the package."""

IGNORED = (".gitignore", "ignored.txt")
"""Many folders have one already: it is left alone then."""


def write_starter(folder: Path) -> tuple[str, ...]:
    """Write the starter project into `folder`, which is made; the names of what was written. Raises UsageError, and
    writes nothing, where one of its files is there already.
    """
    taken = [name for name in FILES if (folder / name).exists()]
    if taken:
        raise UsageError(
            f"{folder}: {count_of(len(taken), 'file')} of a starter project {'is' if len(taken) == 1 else 'are'} there "
            f"already: {', '.join(taken)}",
            hint="nothing was written; choose another folder: gridrunner init DIR",
        )
    templates = files("gridrunner").joinpath("starter")
    wanted = dict(FILES)
    if not (folder / IGNORED[0]).exists():
        wanted[IGNORED[0]] = IGNORED[1]
    for name, source in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(templates.joinpath(source).read_bytes())
    return tuple(wanted)
