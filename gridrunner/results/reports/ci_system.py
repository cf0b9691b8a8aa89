"""Which CI system a run takes place in, where that looks for files, and how its log is written to. The invariant: text
of ours alone becomes a command of one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from msgspec import Struct


class CiSystem(StrEnum):
    """Where a run takes place; NONE: on a developer's machine, or where nothing special is to be said."""

    GITHUB = "github"
    GITLAB = "gitlab"
    JENKINS = "jenkins"
    NONE = "none"


AUTO = "auto"

_MARKS = {"GITHUB_ACTIONS": CiSystem.GITHUB, "GITLAB_CI": CiSystem.GITLAB, "JENKINS_URL": CiSystem.JENKINS}
"""What each system sets in every job: docs.github.com "Default environment variables", docs.gitlab.com "Predefined
CI/CD variables", jenkins.io "Using environment variables"."""


def choose_ci(name: str, env: Mapping[str, str]) -> CiSystem:
    """The system that `name` names; `auto` looks for its mark in the environment."""
    if name != AUTO:
        return CiSystem(name)
    return next((system for mark, system in _MARKS.items() if env.get(mark, "") not in {"", "false"}), CiSystem.NONE)


def find_attachment_base(system: CiSystem, env: Mapping[str, str], folder: Path) -> str | None:
    """What goes before the paths of screenshots in the JUnit file of the run folder `folder`: GitLab reads them from
    the project's folder, Jenkins' junit-attachments plugin absolute. None: unknown, so they stay as they are.
    """
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would leave a project behind a symbolic link
    if system is CiSystem.JENKINS:
        return absolute.as_posix()
    project = env.get("CI_PROJECT_DIR", "")
    if system is CiSystem.GITLAB and project:
        return path_below(absolute, Path(project)) or absolute.as_posix()
    return None


def path_below(path: Path, root: Path) -> str:
    """`path` from `root`, as written or as links lead; empty when it is not below it."""
    for inner, outer in ((path, root), (path.resolve(), root.resolve())):
        if inner.is_relative_to(outer):
            return inner.relative_to(outer).as_posix()
    return ""


class CiLog(Struct, frozen=True, kw_only=True):
    """The log of a job of `system` (GitHub reads commands from stderr as well as stdout); `clock` gives seconds since
    1970, which GitLab's sections want.
    """

    system: CiSystem
    env: Mapping[str, str]
    log: TextIO
    clock: Callable[[], float]

    @contextmanager
    def fold(self, name: str, title: str) -> Iterator[None]:
        """A section of the log that is shown folded. `name` is of a-z and `_`; both are ours, nothing of a page."""
        match self.system:
            case CiSystem.GITHUB:
                first, last = f"::group::{title}", "::endgroup::"
            case CiSystem.GITLAB:  # docs.gitlab.com, "Expand and collapse job log sections"
                first = f"\x1b[0Ksection_start:{int(self.clock())}:{name}[collapsed=true]\r\x1b[0K{title}"
                last = ""
            case CiSystem.JENKINS | CiSystem.NONE:
                yield
                return
        self.say(first)
        try:
            yield
        finally:
            self.say(last or f"\x1b[0Ksection_end:{int(self.clock())}:{name}\r\x1b[0K")

    def say(self, line: str) -> None:
        """Write a line, at once."""
        print(line, file=self.log, flush=True)
