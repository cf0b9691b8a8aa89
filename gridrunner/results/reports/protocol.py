"""What a report is: one telling of a run, to people, CI or machines. Owns the protocol; the invariant: a report sees
every site once, in plan order, in one pass that all reports share, and is finished once, after the last.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol

from msgspec import Struct
from rich.console import Console

from gridrunner.results.baseline import Comparer, Comparison
from gridrunner.results.record import RunRecord
from gridrunner.results.reports.ci_system import CiLog
from gridrunner.results.reports.earlier import Earlier
from gridrunner.results.verdicts.cases import SiteVerdict


class Report(Protocol):
    """One report in the making."""

    def add(self, site: SiteVerdict) -> None:  # noqa: ARG002 - for those that take it
        """Take the next site; nothing is done with it where the run's digest is enough."""
        return

    def finish(self) -> None:
        """Tell the run, all sites of which were taken: from here on `RunRecord.digest` has been made. Raises
        RunFolderError when it cannot be written.
        """
        ...


class ReportRequest(Struct, frozen=True, kw_only=True):
    """A run to report, and where to. `folder` is its run folder.

    `comparer` compares it with a baseline, `earlier` is the run whose pages are shown beside its own. `junit_copy` is a
    second place for the JUnit file, whose attachments are then written relative to the working directory, as GitLab
    reads them; `attachment_base` is where CI looks for those of either file; `strict_junit` writes only what
    junit-10.xsd allows. `console` None: people are told nothing. `json` is a file, or `-` for `stdout`.
    """

    record: RunRecord
    folder: Path
    comparer: Comparer | None = None
    earlier: Earlier | None = None
    junit_copy: Path | None = None
    strict_junit: bool = False
    attachment_base: str | None = None
    console: Console | None = None
    ci: CiLog | None = None
    json: Path | None = None
    stdout: BinaryIO | None = None

    @property
    def comparison(self) -> Comparison | None:
        """How the run compares with the baseline, once all sites were taken; None without one."""
        return self.comparer.finish() if self.comparer is not None else None


MakeReport = Callable[[ReportRequest, ExitStack], Report | None]
"""Begins a report, None where it is not asked for. What it holds open is closed with the stack."""
