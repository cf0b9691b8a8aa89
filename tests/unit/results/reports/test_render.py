"""All reports in one pass: the table, its order, and what a failure leaves behind."""

from __future__ import annotations

import errno
from contextlib import ExitStack
from pathlib import Path

import pytest
from rich.console import Console

from gridrunner.errors import RunFolderError
from gridrunner.results.journal.files import open_atomically
from gridrunner.results.record import load_run
from gridrunner.results.reports.protocol import MakeReport, Report, ReportRequest
from gridrunner.results.reports.render import REPORTS, write_reports
from gridrunner.results.reports.summary import make_summary
from gridrunner.results.reports.timeline import make_timeline
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.run.publishing import Publisher
from tests.support.sample_runs import every_events, every_plan, every_record, write_run


class Noting(Report):
    """A report that notes what it is told."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def add(self, site: SiteVerdict) -> None:
        self._notes.append(site.site.id)

    def finish(self) -> None:
        self._notes.append("finished")


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


class Failing(Report):
    """A report whose disk is full when the first site comes, or at the end."""

    def __init__(self, file: Path, stack: ExitStack, *, at_once: bool) -> None:
        self._file = stack.enter_context(open_atomically(file))
        self._at_once = at_once

    def add(self, site: SiteVerdict) -> None:
        self._file.write(b"a part")
        if self._at_once:
            raise OSError(errno.ENOSPC, "No space left on device")

    def finish(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("when", ["begun", "added", "finished"])
def test_a_report_that_cannot_be_written_is_named_and_costs_only_itself(tmp_path: Path, place: int, when: str) -> None:
    def make_failing(_request: ReportRequest, stack: ExitStack) -> Report:
        if when == "begun":
            raise RunFolderError("failing.txt cannot be written: No space left on device")
        return Failing(tmp_path / "failing.txt", stack, at_once=when == "added")

    makers: list[MakeReport] = [make_timeline, make_summary]
    makers.insert(place, make_failing)
    (problem,) = write_reports(ReportRequest(record=every_record(), folder=tmp_path), makers)
    assert "No space left on device" in problem
    assert {path.name for path in tmp_path.iterdir()} == {"timeline.json", "summary.md"}


def test_a_defect_leaves_no_file_half_made(tmp_path: Path) -> None:
    class Defective(Report):
        def add(self, site: SiteVerdict) -> None:
            raise LookupError("nobody thought of this")

        def finish(self) -> None: ...

    with pytest.raises(LookupError):
        write_reports(
            ReportRequest(record=every_record(), folder=tmp_path),
            [make_timeline, lambda _request, _stack: Defective()],
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_copy_of_junit_that_cannot_be_written_makes_it_3_and_the_rest_is_there(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", every_plan(), every_events())
    (tmp_path / "full").symlink_to("/proc")
    code = Publisher().publish(folder, Console(quiet=True), junit_copy=tmp_path / "full" / "junit.xml")
    assert code == 3
    assert {path.name for path in folder.iterdir()} >= {"junit.xml", "report.html", "summary.md", "timeline.json"}


def test_reports_of_a_run_folder_can_be_made_again(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", every_plan(), every_events())
    written: list[dict[str, bytes]] = []
    for _ in range(2):
        write_reports(ReportRequest(record=load_run(folder), folder=folder))
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
