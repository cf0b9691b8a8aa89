"""The reports on a run, made in one pass over its sites. Owns which there are, and their order; the invariant: they hold
nothing that the journal does not, so that they can be made again at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from gridrunner.results.journal.lines import collector_paused
from gridrunner.results.reports.ci import make_ci_report
from gridrunner.results.reports.html.page import make_html_report
from gridrunner.results.reports.json_report import make_json_report
from gridrunner.results.reports.junit import make_junit_copy, make_junit_report
from gridrunner.results.reports.protocol import MakeReport, ReportRequest
from gridrunner.results.reports.summary import make_summary
from gridrunner.results.reports.terminal import make_terminal_report
from gridrunner.results.reports.timeline import make_timeline

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
"""Finished in this order: the run folder is complete before anybody is told of it."""


@collector_paused()
def write_reports(request: ReportRequest, makers: Sequence[MakeReport] = REPORTS) -> None:
    """Make the reports that are asked for. Raises RunFolderError when one cannot be written."""
    with ExitStack() as stack:
        reports = [report for make in makers if (report := make(request, stack)) is not None]
        compare = [] if request.comparer is None else [request.comparer.add]
        request.record.digest(*compare, *(report.add for report in reports))
        for report in reports:
            report.finish()
