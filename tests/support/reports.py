"""Single reports, as tests look at them: each is made by the same call as all of them are."""

from __future__ import annotations

import io
from pathlib import Path

from gridrunner.errors import RunFolderError
from gridrunner.results.baseline import Baseline, Comparer, Comparison
from gridrunner.results.record import RunRecord
from gridrunner.results.reports.earlier import Earlier
from gridrunner.results.reports.html.data import ReportCollector, ReportData
from gridrunner.results.reports.html.page import REPORT_NAME, make_html_report
from gridrunner.results.reports.json_report import make_json_report
from gridrunner.results.reports.junit import JUNIT_NAME, make_junit_report
from gridrunner.results.reports.protocol import MakeReport, ReportRequest
from gridrunner.results.reports.render import write_reports
from gridrunner.results.reports.timeline import TIMELINE_NAME, make_timeline


def _write(request: ReportRequest, makers: list[MakeReport]) -> None:
    """One that cannot be written is no news for a run, and one for a test."""
    for problem in write_reports(request, makers):
        raise RunFolderError(problem)


def write_junit(record: RunRecord, folder: Path, *, strict: bool = False, attachment_base: str = "") -> Path:
    """junit.xml of `record`."""
    base = attachment_base or None
    request = ReportRequest(record=record, folder=folder, strict_junit=strict, attachment_base=base)
    _write(request, [make_junit_report])
    return folder / JUNIT_NAME


def write_timeline(record: RunRecord, folder: Path) -> Path:
    """timeline.json of `record`."""
    _write(ReportRequest(record=record, folder=folder), [make_timeline])
    return folder / TIMELINE_NAME


def write_html(
    record: RunRecord, folder: Path, previous: Baseline | None = None, earlier: Earlier | None = None
) -> Path:
    """report.html of `record`; `previous` is what it is compared with, `earlier` what is shown beside it."""
    comparer = Comparer(previous) if previous is not None else None
    _write(ReportRequest(record=record, folder=folder, comparer=comparer, earlier=earlier), [make_html_report])
    return folder / REPORT_NAME


def write_json(record: RunRecord, path: Path = Path("-"), previous: Baseline | None = None) -> bytes:
    """What `--json` writes of `record`, to `path` or, for `-`, as the answer."""
    stdout = io.BytesIO()
    comparer = Comparer(previous) if previous is not None else None
    request = ReportRequest(record=record, folder=path.parent, comparer=comparer, json=path, stdout=stdout)
    _write(request, [make_json_report])
    return stdout.getvalue()


def collect_report(record: RunRecord, previous: Baseline | None = None) -> ReportData:
    """What report.html shows of `record`."""
    collector = ReportCollector(previous)
    record.digest(collector.add)
    return collector.finish(record)


def compare_runs(record: RunRecord, baseline: Baseline) -> Comparison:
    """`record`, which knows what fails in `baseline`, against it."""
    comparer = Comparer(baseline)
    record.digest(comparer.add)
    return comparer.finish()
