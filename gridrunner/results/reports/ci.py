"""What a CI system is told of a run beside its exit code: annotations and a step summary. Pure but for `CiReport`, the
one writer. The invariant: the limits of each system are kept whatever the run holds, and no text from a page becomes a
command of one.

Every line that is printed elsewhere goes through `text.make_log_line`; here each value is escaped for its own place.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import chain, islice, zip_longest
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.model import Verdict
from gridrunner.results.baseline import Comparison
from gridrunner.results.record import RunRecord
from gridrunner.results.reports.ci_system import CiLog, CiSystem, path_below
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.reports.summary import SIZE_LIMIT, render_summary
from gridrunner.results.verdicts.cases import CaseVerdict
from gridrunner.results.verdicts.causes import CauseGroup, describe_check, title_of
from gridrunner.text import MESSAGE_LIMIT, count_of, make_line

ANNOTATIONS_LIMIT = 10
"""Errors, and as many warnings, that GitHub shows of one step; it drops the others without a word (docs.github.com,
"Setting an error message" and the limits of workflow commands)."""

TITLE_LIMIT = 200  # characters; the Checks API takes 255

SUMMARY_FILE_LIMIT = 1 << 20
"""Bytes of one step's summary, 1 MiB: over it GitHub drops the whole of it (docs.github.com, "Adding a job
summary")."""

SUMMARY_MARGIN = 1024  # bytes left for the newline between two summaries, and for readers that count otherwise


# --------------------------------------------------------------------------------------------------- workflow commands


def format_command(name: str, message: str, **properties: str) -> str:
    """A workflow command of GitHub on one line; empty properties are left out. Escaped as `command.ts` of
    actions/toolkit does, which is what `ActionCommand.cs` of actions/runner takes apart again.
    """
    given = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items() if value)
    return f"::{name}{' ' if given else ''}{given}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def list_annotations(record: RunRecord, locate: Callable[[str], str]) -> list[str]:
    """The commands that annotate the site lists: an error for each site that went wrong and is not a known failure, and
    a warning for each flaky one. Of more than `ANNOTATIONS_LIMIT` the last says how many there are.

    `locate` gives the path of a site list from the repository's root; empty: it is not in there.
    """
    digest = record.digest()
    groups = [group for group in digest.groups if not group.is_known]
    wrong = [_annotate_missing(group) for group in groups if group.verdict is Verdict.NOT_RUN]
    wrong += [_annotate_case(case, locate) for case in _spread([g for g in groups if g.verdict is not Verdict.NOT_RUN])]
    flaky = [_annotate_flaky(case, locate) for case in digest.flaky]
    return [*_limit("error", wrong, "went wrong"), *_limit("warning", flaky, "are flaky")]


class _Annotation(Struct, frozen=True, kw_only=True):
    title: str
    message: str
    file: str = ""
    line: str = ""


def _spread(groups: Sequence[CauseGroup]) -> list[CaseVerdict]:
    """The cases of all groups, the first of each before the second of any: a big cause does not hide a small one."""
    rows = zip_longest(*(group.cases for group in groups))
    return [case for case in chain.from_iterable(rows) if case is not None]


def _annotate_case(case: CaseVerdict, locate: Callable[[str], str]) -> _Annotation:
    what = title_of(case) if case.fault is not None else describe_check(case.check)
    return _locate(case, _Annotation(title=f"{case.site.id}: {what}", message=case.reason or what), locate)


def _annotate_flaky(case: CaseVerdict, locate: Callable[[str], str]) -> _Annotation:
    what = f"{describe_check(case.check)} passed only when tried again"
    return _locate(case, _Annotation(title=f"{case.site.id}: flaky", message=f"{what}: {case.reason}"), locate)


def _locate(case: CaseVerdict, annotation: _Annotation, locate: Callable[[str], str]) -> _Annotation:
    source = case.site.source
    file = locate(source.file) if source is not None else ""
    if source is None or not file:
        return annotation
    return replace(annotation, file=file, line=str(source.line))


def _annotate_missing(group: CauseGroup) -> _Annotation:
    names = ", ".join(case.site.id for case in group.cases[:20])
    more = f" and {len(group.cases) - 20} more" if len(group.cases) > 20 else ""
    return _Annotation(
        title=f"{count_of(len(group.cases), 'site')} not run", message=f"{group.cases[0].reason}: {names}{more}"
    )


def _limit(command: str, annotations: Sequence[_Annotation], what: str) -> Iterator[str]:
    shown = len(annotations) if len(annotations) <= ANNOTATIONS_LIMIT else ANNOTATIONS_LIMIT - 1
    for annotation in islice(annotations, shown):
        title, message = make_line(annotation.title, TITLE_LIMIT), make_line(annotation.message, MESSAGE_LIMIT)
        yield format_command(command, message, file=annotation.file, line=annotation.line, title=title)
    if len(annotations) > shown:
        text = f"{len(annotations) - shown} more {what}: see the summary of this step, or report.html"
        yield format_command(command, text, title=f"gridrunner: {len(annotations) - shown} more")


# ------------------------------------------------------------------------------------------------------- step summary


def fit_summary(record: RunRecord, used_bytes: int, comparison: Comparison | None = None) -> str:
    """The run as Markdown for a step summary that holds `used_bytes` already; empty when no room is left."""
    room = SUMMARY_FILE_LIMIT - SUMMARY_MARGIN - used_bytes
    text = render_summary(record, min(room, SIZE_LIMIT), comparison=comparison) if room > 0 else ""
    return text if len(text.encode()) <= room else ""


# ------------------------------------------------------------------------------------------------------------- writer


class CiReport(Report):
    """Annotates and summarises a run. Only GitHub has both; a shard is a part: its merge tells of the whole, once."""

    def __init__(self, request: ReportRequest, log: CiLog) -> None:
        self._request = request
        self._log = log

    def finish(self) -> None:
        """Write to the job's log and to the step's summary; what cannot be written is a warning for the user."""
        record = self._request.record
        if self._log.system is not CiSystem.GITHUB or record.plan.shard is not None:
            return
        for line in list_annotations(record, self._locate_list):
            self._log.say(line)
        warning = self._append_summary(record, self._request.comparison)
        if warning and self._request.console is not None:
            text = f"warning: {warning}"
            self._request.console.print(text, style="yellow", markup=False, highlight=False, soft_wrap=True)

    def _locate_list(self, file: str) -> str:
        """A site list from the root of the repository, as annotations name it."""
        root = self._log.env.get("GITHUB_WORKSPACE", "")
        path = Path(os.path.abspath(file))  # noqa: PTH100 - as in find_attachment_base
        return path_below(path, Path(root)) if root and path.is_file() else ""

    def _append_summary(self, record: RunRecord, comparison: Comparison | None) -> str:
        name = self._log.env.get("GITHUB_STEP_SUMMARY", "")
        if not name:
            return ""
        path = Path(name)
        try:
            used = path.stat().st_size if path.exists() else 0
            text = fit_summary(record, used + 1, comparison)
            if not text:
                return f"the step summary has no room left: {used} bytes of {SUMMARY_FILE_LIMIT} are used"
            with path.open("ab") as file:
                file.write(b"\n" * (used > 0) + text.encode())
        except OSError as error:
            return f"the step summary could not be written: {error.strerror or error}"
        return ""


def make_ci_report(request: ReportRequest, _stack: ExitStack) -> Report | None:
    """What the CI system is told; None outside of one."""
    return CiReport(request, request.ci) if request.ci is not None else None
