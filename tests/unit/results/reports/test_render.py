"""All reports in one pass: the table, its order, and what a failure leaves behind."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from gridrunner.errors import RunFolderError
from gridrunner.results.record import load_run
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.reports.render import REPORTS, write_reports
from gridrunner.results.reports.timeline import make_timeline
from gridrunner.results.verdicts.cases import SiteVerdict
from tests.support.sample_runs import every_events, every_plan, every_record, write_run


class Noting(Report):
    """A report that notes what it is told, and fails where it is meant to."""

    def __init__(self, notes: list[str], *, fails: bool = False) -> None:
        self._notes = notes
        self._fails = fails

    def add(self, site: SiteVerdict) -> None:
        self._notes.append(site.site.id)

    def finish(self) -> None:
        self._notes.append("finished")
        if self._fails:
            raise RunFolderError("the disk is full")


def test_a_report_sees_each_site_once_in_plan_order_and_is_finished_last(tmp_path: Path) -> None:
    notes: list[str] = []
    record = every_record()
    write_reports(ReportRequest(record=record, folder=tmp_path), [lambda _request, _stack: Noting(notes)])
    assert notes == [*(planned.site.id for planned in record.plan.sites), "finished"]


def test_a_report_that_is_not_asked_for_is_left_out(tmp_path: Path) -> None:
    request = ReportRequest(record=every_record(), folder=tmp_path)
    with ExitStack() as stack:
        made = [make.__name__ for make in REPORTS if make(request, stack) is not None]
    assert made == ["make_junit_report", "make_html_report", "make_summary", "make_timeline"]


def test_a_report_that_fails_takes_nothing_from_those_before_it(tmp_path: Path) -> None:
    def make_broken(_request: ReportRequest, _stack: ExitStack) -> Report:
        return Noting([], fails=True)

    request = ReportRequest(record=every_record(), folder=tmp_path)
    with pytest.raises(RunFolderError, match="the disk is full"):
        write_reports(request, [make_timeline, make_broken])
    assert [path.name for path in tmp_path.iterdir()] == ["timeline.json"]


def test_a_report_that_was_begun_and_not_finished_leaves_no_file(tmp_path: Path) -> None:
    def make_broken(_request: ReportRequest, _stack: ExitStack) -> Report:
        return Noting([], fails=True)

    request = ReportRequest(record=every_record(), folder=tmp_path)
    with pytest.raises(RunFolderError, match="the disk is full"):
        write_reports(request, [make_broken, make_timeline])
    assert list(tmp_path.iterdir()) == []


def test_reports_of_a_run_folder_can_be_made_again(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", every_plan(), every_events())
    written: list[dict[str, bytes]] = []
    for _ in range(2):
        write_reports(ReportRequest(record=load_run(folder), folder=folder))
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
