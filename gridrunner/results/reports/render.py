"""The reports on a run, made in one pass over its sites. Owns which there are, and their order; the invariant: they
hold nothing that the journal does not, so that they can be made again at any time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from gridrunner.errors import RunFolderError
from gridrunner.results.journal.lines import collector_paused
from gridrunner.results.reports.ci import make_ci_report
from gridrunner.results.reports.html.page import make_html_report
from gridrunner.results.reports.json_report import make_json_report
from gridrunner.results.reports.junit import make_junit_copy, make_junit_report
from gridrunner.results.reports.protocol import MakeReport, Report, ReportRequest
from gridrunner.results.reports.summary import make_summary
from gridrunner.results.reports.terminal import make_terminal_report
from gridrunner.results.reports.timeline import make_timeline
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.text import make_line

REPORTS: tuple[MakeReport, ...] = (
    make_junit_report,
    make_junit_copy,
    make_html_report,
    make_summary,
    make_timeline,
    make_terminal_report,
    make_ci_report,
    make_json_report,
)
"""Finished in this order: the run folder is complete before anyone is told of it."""


@collector_paused()
def write_reports(request: ReportRequest, makers: Sequence[MakeReport] = REPORTS) -> tuple[str, ...]:
    """Make the reports that are asked for. One that cannot be written costs only itself: a sentence for each comes
    back. Raises RunFolderError where the run itself cannot be read.
    """
    reports: list[_Guarded] = []
    try:
        reports += [_Guarded(make, request) for make in makers]
        compare = [] if request.comparer is None else [request.comparer.add]
        request.record.digest(*compare, *(report.add for report in reports))
        for report in reports:
            report.finish()
    finally:
        for report in reports:
            report.close()
    return tuple(report.problem for report in reports if report.problem)


class _Guarded:
    """A report in the making, until it cannot be written: `problem` says why."""

    def __init__(self, make: MakeReport, request: ReportRequest) -> None:
        self.problem = ""
        self._stack = ExitStack()
        self._report: Report | None = None
        with self._noted():
            self._report = make(request, self._stack)

    def add(self, site: SiteVerdict) -> None:
        """As of the report."""
        if self._report is not None:
            with self._noted():
                self._report.add(site)

    def finish(self) -> None:
        """As of the report; what it holds open is closed before the next one is finished."""
        if self._report is not None:
            with self._noted():
                self._report.finish()
                self._stack.close()

    def close(self) -> None:
        """Close what is still open, unfinished: nothing takes the place of a whole file."""
        error = RunFolderError("not finished")
        with suppress(*_UNWRITTEN):
            self._stack.__exit__(RunFolderError, error, None)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except _UNWRITTEN as error:
            self.problem = make_line(str(error), 500)
            self._report = None
            self.close()


_UNWRITTEN = (RunFolderError, OSError)
