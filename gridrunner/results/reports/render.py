"""The files that a run folder shows to people and CI, rendered from its journal. Owns which they are; the invariant: they
hold nothing that the journal does not, so that they can be rendered again at any time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from gridrunner.results.baseline import Baseline, Comparer, Comparison
from gridrunner.results.journal.lines import collector_paused
from gridrunner.results.record import RunRecord, load_run
from gridrunner.results.reports.html.data import ReportCollector
from gridrunner.results.reports.html.page import REPORT_NAME, write_page
from gridrunner.results.reports.junit import JUNIT_NAME, JunitWriter
from gridrunner.results.reports.summary import SUMMARY_NAME, write_summary
from gridrunner.results.reports.timeline import TIMELINE_NAME, TimelineWriter


class Rendered(Struct, frozen=True, kw_only=True):
    """A run whose files were written, and how it compares with the run that it was to be compared with."""

    record: RunRecord
    comparison: Comparison | None = None


@collector_paused()
def render_run(
    folder: Path,
    *,
    record: RunRecord | None = None,
    junit_copy: Path | None = None,
    previous: Baseline | None = None,
    strict_junit: bool = False,
    attachment_base: str | None = None,
) -> Rendered:
    """Write junit.xml, report.html, summary.md and timeline.json into `folder`, in one pass over the sites; returns what
    they were made from.

    `record` saves reading the journal again. `junit_copy` is a second place for the JUnit file, whose attachments are
    then written relative to the working directory, as GitLab reads them. `previous` is a run to compare with (see
    `excuse_known`). `attachment_base` is where CI looks for attachments, of either file. Raises RunFolderError.
    """
    record = record if record is not None else load_run(folder)
    comparer = Comparer(previous) if previous is not None else None
    report = ReportCollector(previous)
    with ExitStack() as stack:
        writers: list[JunitWriter | TimelineWriter] = [
            JunitWriter(record, path, strict=strict_junit, attachment_base=base)
            for path, base in _list_junit_files(folder, junit_copy, attachment_base)
        ]
        writers.append(TimelineWriter(record, folder / TIMELINE_NAME))
        for writer in writers:
            stack.enter_context(writer)
        readers = [report.add, *(writer.add for writer in writers), *([comparer.add] if comparer is not None else [])]
        record.digest(*readers)
        for writer in writers:
            writer.finish()
    comparison = comparer.finish() if comparer is not None else None
    write_page(report.finish(record), folder, folder / REPORT_NAME)
    write_summary(record, folder / SUMMARY_NAME, comparison=comparison)
    return Rendered(record=record, comparison=comparison)


def _list_junit_files(folder: Path, copy: Path | None, attachment_base: str | None) -> Iterator[tuple[Path, str]]:
    """Each JUnit file with what is put before the paths of its attachments."""
    yield folder / JUNIT_NAME, attachment_base or ""
    if copy is not None and copy.absolute() != (folder / JUNIT_NAME).absolute():
        yield copy, attachment_base if attachment_base is not None else _name_from_here(folder)


def _name_from_here(folder: Path) -> str:
    here = Path.cwd()
    absolute = folder.absolute()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()
