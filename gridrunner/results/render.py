"""The files that a run folder shows to people and CI, rendered from its journal. Owns which they are; the invariant: they
hold nothing that the journal does not, so that they can be rendered again at any time.
"""

from __future__ import annotations

from pathlib import Path

from gridrunner.results.baseline import Baseline, compare_runs
from gridrunner.results.junit import JUNIT_NAME, write_junit
from gridrunner.results.record import RunRecord, load_run
from gridrunner.results.report.page import REPORT_NAME, write_report
from gridrunner.results.summary import SUMMARY_NAME, write_summary
from gridrunner.results.timeline import TIMELINE_NAME, write_timeline


def render_run(
    folder: Path,
    *,
    record: RunRecord | None = None,
    junit_copy: Path | None = None,
    previous: Baseline | None = None,
    strict_junit: bool = False,
    attachment_base: str | None = None,
) -> RunRecord:
    """Write junit.xml, report.html, summary.md and timeline.json into `folder`; returns what they were made from.

    `record` saves reading the journal again. `junit_copy` is a second place for the JUnit file, whose attachments are
    then written relative to the working directory, as GitLab reads them. `previous` is a run to compare with (see `excuse_known`). `attachment_base` is where CI looks for
    attachments, of either file. Raises RunFolderError.
    """
    record = record if record is not None else load_run(folder)
    write_junit(record, folder / JUNIT_NAME, strict=strict_junit, attachment_base=attachment_base or "")
    if junit_copy is not None and junit_copy.absolute() != (folder / JUNIT_NAME).absolute():
        base = attachment_base if attachment_base is not None else _name_from_here(folder)
        write_junit(record, junit_copy, strict=strict_junit, attachment_base=base)
    write_report(record, folder, folder / REPORT_NAME, previous=previous)
    comparison = compare_runs(record, previous) if previous is not None else None
    write_summary(record, folder / SUMMARY_NAME, comparison=comparison)
    write_timeline(record, folder / TIMELINE_NAME)
    return record


def _name_from_here(folder: Path) -> str:
    here = Path.cwd()
    absolute = folder.absolute()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()
