"""What happens to a run once it is over, whichever command ended it: compare, render, say it, tell CI, write JSON. Owns
that order; the invariant: terminal, files, CI and exit code tell of one and the same record.

What a user can have got wrong is found by `make_publisher`, before a run visits anything.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from rich.console import Console

from gridrunner.errors import ExitCode, RunFolderError
from gridrunner.model import Verdict
from gridrunner.results.baseline import Baseline, Comparer, excuse_known
from gridrunner.results.record import RunRecord, exit_code_of, load_run
from gridrunner.results.reports.ci_system import CiLog, CiSystem, choose_ci, find_attachment_base
from gridrunner.results.reports.earlier import Earlier, make_earlier
from gridrunner.results.reports.json_report import STDOUT, read_baseline
from gridrunner.results.reports.protocol import ReportRequest
from gridrunner.results.reports.render import write_reports
from gridrunner.settings.output import OutputSettings


class Publisher(Struct, frozen=True, kw_only=True):
    """Where the outcome goes; by default to the run folder and the terminal alone. `json` is a file, `-` standard
    output, or None.
    """

    ci: CiSystem = CiSystem.NONE
    env: Mapping[str, str] = field(default_factory=dict)
    baseline: Baseline | None = None
    baseline_folder: Path | None = None
    json: Path | None = None

    @property
    def reporter(self) -> CiLog:
        """What writes to the CI system's log."""
        return CiLog(system=self.ci, env=self.env, log=sys.stderr, clock=time.time)

    @property
    def uses_stdout(self) -> bool:
        """Whether standard output is taken by JSON, and nothing else may be printed there."""
        return str(self.json) == STDOUT

    def publish(
        self,
        folder: Path,
        console: Console,
        *,
        record: RunRecord | None = None,
        junit_copy: Path | None = None,
        before: Path | None = None,
    ) -> ExitCode:
        """Render the run folder `folder`, say what came out, and return the exit code; it is 3 where a file that was
        asked for could not be written, and all others are.

        `record` saves reading the journal; `junit_copy` is a second place for the JUnit file; `before` the folder of
        the run whose pages are shown beside those that failed, where no baseline has one. Raises RunFolderError.
        """
        record = self._excuse(record if record is not None else load_run(folder))
        lost = write_reports(
            ReportRequest(
                record=record,
                folder=folder,
                comparer=Comparer(self.baseline) if self.baseline is not None else None,
                earlier=_find_earlier(record, self.baseline_folder or before, folder),
                junit_copy=junit_copy,
                attachment_base=find_attachment_base(self.ci, self.env, folder),
                console=console,
                ci=self.reporter,
                json=self.json,
                stdout=sys.stdout.buffer if self.uses_stdout else None,
            )
        )
        for problem in lost:
            console.print(
                f"not written: {problem} (exit 3)", style="yellow", markup=False, highlight=False, soft_wrap=True
            )
        code = exit_code_of(record)
        return ExitCode.INCOMPLETE if lost and code < ExitCode.INCOMPLETE else code

    def exit_code_of(self, record: RunRecord) -> ExitCode:
        """What `publish` will return for `record`: the journal says so before anything is rendered."""
        return exit_code_of(self._excuse(record))

    def _excuse(self, record: RunRecord) -> RunRecord:
        return record if self.baseline is None else excuse_known(record, self.baseline)


def _find_earlier(record: RunRecord, before: Path | None, folder: Path) -> Earlier | None:
    """The run in `before`, if any site of `record` failed and it can be read: a report is made without it otherwise."""
    verdicts = record.totals().sites
    if before is None or not (verdicts.get(Verdict.FAILED) or verdicts.get(Verdict.FLAKY)):
        return None
    try:
        return make_earlier(load_run(before), before, folder)
    except (RunFolderError, OSError):
        return None


def make_publisher(output: OutputSettings, env: Mapping[str, str]) -> Publisher:
    """Where the settings send the outcome. Raises UsageError and RunFolderError for a baseline that cannot be read."""
    return Publisher(
        ci=choose_ci(output.ci, env),
        env=env,
        baseline=read_baseline(output.baseline) if output.baseline is not None else None,
        baseline_folder=output.baseline if output.baseline is not None and output.baseline.is_dir() else None,
        json=output.json,
    )
