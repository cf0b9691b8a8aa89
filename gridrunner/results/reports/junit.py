"""A run as JUnit XML for CI. Owns the form of junit.xml; the invariant: exactly one testcase for each (check, site)
that the plan owes, with its final verdict, unique by (classname, name), and the same record gives the same bytes.

Why it looks as it does, by reader (research of 2026-11 on their sources):

- GitLab keeps the first of two testcases of one name, so attempts are children (`rerunFailure`, `flakyFailure`:
Surefire,
  read by Jenkins), never testcases; it reads one `[[ATTACHMENT|path]]` a testcase, alone on its line in system-out.
- Jenkins takes what stands before the last dot of `classname` for a package: site ids, which hold dots, go into `name`.
- Quarantined and known failures are `<skipped>`, with what really came out as properties of the testcase.
- A fault of ours is `<error>`, a site's verdict `<failure>`; what was planned and not run is an error, never absent.
- Jenkins' junit-10.xsd allows neither `file`, `line` and properties on a testcase nor `skipped` on the root: `strict`
  leaves them out.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import IO, assert_never
from xml.sax.saxutils import escape

from gridrunner.errors import RunFolderError
from gridrunner.model import Observation, Result, Status, Verdict
from gridrunner.results.journal.files import open_atomically
from gridrunner.results.reports.protocol import Report, ReportRequest
from gridrunner.results.verdicts.cases import CaseVerdict, SiteVerdict, name_outcome
from gridrunner.results.verdicts.causes import function_of, key_of
from gridrunner.results.verdicts.quarantine import describe_quarantine
from gridrunner.text import DETAILS_LIMIT, MESSAGE_LIMIT, cap_text, clean_text, make_line, redact_url

JUNIT_NAME = "junit.xml"

TOTAL_DETAILS_LIMIT = 20_000_000
"""Characters of explanations in one file, two thirds of GitLab's 30 MB; after that each is cut to `_SPARE_LIMIT`."""

_SPARE_LIMIT = 500

_NEEDS_NO_QUOTES = re.compile('[^&<>"\r\n\t]*').fullmatch

_ATTRIBUTE_ESCAPES = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#09;"}  # XML 1.0, section 3.3.3

_SPOOL_BYTES = 1 << 20
"""Of a suite's cases are kept in memory, the rest in a file without a name: a suite's counts stand before its cases."""

_SPOOL_CASES = 100
"""Of a suite are written at a time, and of course those of a site: of 20 KiB at most (`DETAILS_LIMIT`), mostly of 200
bytes."""


class JunitReport(Report):
    """Writes one file, whole or not at all, in memory that does not grow with the run; knows how many characters of
    explanations it has spent.
    """

    def __init__(self, request: ReportRequest, path: Path, stack: ExitStack, *, attachment_base: str = "") -> None:
        """`attachment_base` is put before the paths of screenshots: GitLab wants them relative to the project's folder,
        Jenkins absolute; empty, they are relative to the run folder. Raises RunFolderError.
        """
        self._record = request.record
        self._path = path
        self._is_strict = request.strict_junit
        self._attachment_base = attachment_base
        self._spent = 0
        checks = self._record.plan.checks
        classnames = name_classes(checks)
        self._first_check = next(iter(checks), "")
        with self._translated():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._suites = {name: _Suite(path.parent, stack) for name in dict.fromkeys(classnames.values())}
        self._columns = {
            check: (
                self._suites[name],
                f'<testcase classname="{_quote(clean_text(name))}" name="{_quote(clean_text(function_of(check)))}',
            )
            for check, name in classnames.items()
        }

    def add(self, site: SiteVerdict) -> None:
        """Write the cases of the next site, in plan order. Raises RunFolderError when the disk takes no more."""
        place = f'[{_quote(clean_text(site.site.id))}]" time="'
        source = site.site.source
        rest = '"'
        if source is not None and not self._is_strict:
            rest = f'" file="{_quote(clean_text(source.file))}" line="{source.line}"'
        for case in site.cases:
            suite, opening = self._columns[case.check]
            is_first = case.check == self._first_check
            attempts = case.attempts
            time_s = attempts[0].duration_s if len(attempts) == 1 else sum([result.duration_s for result in attempts])
            if is_first:  # the visits that all checks share count for the first: a suite's sum has each second once
                time_s += site.busy_s
            suite.counts[_shown_verdict(case)] += 1
            suite.microseconds += round(time_s * 1e6)
            end = " />\n"
            # A visit is described once per site, and wherever something went wrong: GitLab takes 30 MB per file.
            is_told = is_first or case.verdict is not Verdict.PASSED
            own = attempts[-1].properties if attempts else ()
            if is_told or own or case.quarantine is not None:
                properties = _describe_visit(case) if is_told else {}
                inside = self._list_children(case, site, properties | _describe_excuse(case), own)
                end = f">{inside}</testcase>\n" if inside else end
            suite.cases.append(f"{opening}{place}{_format_time(time_s)}{rest}{end}")
        with self._translated():
            for suite in self._suites.values():
                if len(suite.cases) >= _SPOOL_CASES:
                    suite.flush()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise RunFolderError(f"{self._path} cannot be written: {error.strerror or error}") from error

    def finish(self) -> None:
        """Put the file together. Raises RunFolderError when it cannot be written."""
        suites = self._suites
        root = self._count_attributes(sum([suite.counts for suite in suites.values()], Counter[Verdict]()))
        if self._is_strict:
            root.pop("skipped")
        root = {"name": "gridrunner", **root, "time": _format_time(self._record.last_at_s)}
        with open_atomically(self._path) as file:
            file.write(f'<?xml version="1.0" encoding="utf-8"?>\n{_open_tag("testsuites", root)}\n'.encode())
            for name, suite in suites.items():
                file.write(f"{self._open_suite(name, suite)}\n".encode())
                suite.copy_to(file)
                file.write(b"</testsuite>\n")
            file.write(b"</testsuites>\n")

    def _count_attributes(self, counts: Counter[Verdict]) -> dict[str, str]:
        return {
            "tests": str(sum(counts[verdict] for verdict in Verdict)),
            "failures": str(counts[Verdict.FAILED]),
            "errors": str(counts[Verdict.ERROR] + counts[Verdict.NOT_RUN]),
            "skipped": str(counts[Verdict.SKIPPED]),
        }

    def _open_suite(self, name: str, suite: _Suite) -> str:
        header = self._record.header
        shard = self._record.plan.shard
        attributes = {
            "name": name,
            **self._count_attributes(suite.counts),
            "time": _format_time(suite.microseconds / 1e6),
            "timestamp": header.started,
        }
        known = {
            "run": header.run,
            "plan": header.plan,
            "shard": f"{shard[0]}/{shard[1]}" if shard else "",
            "merged_from": " ".join(header.merged_from),
            "gridrunner": header.version,
        }
        return f"{_open_tag('testsuite', attributes)}\n{_render_properties(known)}"

    def _list_children(
        self, case: CaseVerdict, site: SiteVerdict, properties: dict[str, str], own: Sequence[tuple[str, str]]
    ) -> str:
        is_shown = bool(properties or own) and not self._is_strict
        shown = _render_properties(properties, own) if is_shown else ""
        if case.verdict is Verdict.PASSED:
            return shown
        children = [*self._list_outcome(case)]
        lines = self._list_output(case, site, {**dict(own), **properties})
        if lines:
            children.append(_render("system-out", "\n".join(lines) + "\n"))
        return shown + "".join(children)

    def _list_outcome(self, case: CaseVerdict) -> Iterator[str]:
        kind = key_of(case)
        verdict = _shown_verdict(case)
        match verdict:
            case Verdict.FAILED:
                first, *later = [result for result in case.attempts if result.status is Status.FAILED]
                yield _render("failure", self._explain(first), type=kind, message=_shorten(first.message))
                yield from [self._render_rerun("rerunFailure", kind, result) for result in later]
            case Verdict.FLAKY:
                failed = [result for result in case.attempts if result.status is Status.FAILED]
                yield from [self._render_rerun("flakyFailure", kind, result) for result in failed]
            case Verdict.ERROR:
                text = self._explain(case.attempts[-1]) if case.attempts else clean_text(case.reason)
                yield _render("error", text, type=kind, message=_shorten(case.reason))
            case Verdict.NOT_RUN:
                yield _render("error", type=kind, message=_shorten(f"not run: {case.reason}"))
            case Verdict.SKIPPED:
                message = f"known: fails in the baseline as well: {case.reason}" if case.is_known else case.reason
                yield _render("skipped", message=_shorten(message))
            case Verdict.PASSED:
                pass
            case _:
                assert_never(verdict)

    def _render_rerun(self, tag: str, kind: str, result: Result) -> str:
        attributes = _render_attributes({"type": kind, "message": _shorten(result.message)})
        return f"<{tag}{attributes}>{_render('stackTrace', self._explain(result))}</{tag}>"

    def _explain(self, result: Result) -> str:
        limit = DETAILS_LIMIT if self._spent < TOTAL_DETAILS_LIMIT else _SPARE_LIMIT
        text = cap_text(clean_text(f"attempt {result.attempt}\n{result.details or result.message}"), limit)
        self._spent += len(text)
        return text

    def _list_output(self, case: CaseVerdict, site: SiteVerdict, properties: dict[str, str]) -> list[str]:
        if case.verdict not in {Verdict.FAILED, Verdict.FLAKY, Verdict.ERROR}:
            return []
        lines = (
            [make_line(f"{name}={value}", MESSAGE_LIMIT) for name, value in properties.items()]
            if self._is_strict
            else []
        )
        screenshot = _find_screenshot(case, site.observations)
        if screenshot:
            path = str(PurePosixPath(self._attachment_base) / screenshot)
            lines.append(f"[[ATTACHMENT|{make_line(path, 1000)}]]")
        return lines


def make_junit_report(request: ReportRequest, stack: ExitStack) -> Report:
    """The JUnit file of the run folder."""
    return JunitReport(request, request.folder / JUNIT_NAME, stack, attachment_base=request.attachment_base or "")


def make_junit_copy(request: ReportRequest, stack: ExitStack) -> Report | None:
    """The JUnit file in its second place; None when there is none other than the first."""
    copy = request.junit_copy
    if copy is None or copy.absolute() == (request.folder / JUNIT_NAME).absolute():
        return None
    base = request.attachment_base if request.attachment_base is not None else _name_from_here(request.folder)
    return JunitReport(request, copy, stack, attachment_base=base)


def _name_from_here(folder: Path) -> str:
    here = Path.cwd()
    absolute = folder.absolute()
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else absolute).as_posix()


class _Suite:
    """The cases of one classname, written to a file of their own until all are there, and their sums."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        """The file stands in `folder` and is closed with `stack`."""
        self.counts = Counter[Verdict]()
        self.microseconds = 0
        self.cases: list[str] = []
        spool = SpooledTemporaryFile(_SPOOL_BYTES, dir=str(folder))  # noqa: SIM115 - closed with the stack
        self._spool = stack.enter_context(spool)

    def flush(self) -> None:
        """Write the cases that are still held. Raises OSError."""
        self._spool.write("".join(self.cases).encode())
        self.cases.clear()

    def copy_to(self, file: IO[bytes]) -> None:
        """Write all cases to `file`. Raises OSError."""
        self.flush()
        self._spool.seek(0)
        shutil.copyfileobj(self._spool, file, _SPOOL_BYTES)


def name_classes(checks: Sequence[str]) -> dict[str, str]:
    """The classname of each check: `gridrunner.<stem of its file>`, with as much of its folders, joined by `-`, as it
    takes to keep files apart. No dot but the first is in it.
    """
    files = {check.partition("::")[0] for check in checks}
    stems = Counter(_join_stem(file, 1) for file in files)
    named: dict[str, str] = {}
    for file in sorted(files):
        depth = 1 if stems[_join_stem(file, 1)] == 1 else len(PurePosixPath(file).parts)
        name = f"gridrunner.{_join_stem(file, depth)}"
        while name in named.values():
            name += "-2"
        named[file] = name
    return {check: named[check.partition("::")[0]] for check in checks}


def _join_stem(file: str, depth: int) -> str:
    parts = PurePosixPath(file.removesuffix(".py")).parts[-depth:]
    return "-".join(part.strip("./").replace(".", "_") or "_" for part in parts)


def _shown_verdict(case: CaseVerdict) -> Verdict:
    """A known failure is not a failure here: Jenkins makes a build unstable for each, whatever the exit code says."""
    return Verdict.SKIPPED if case.is_known else case.verdict


def _describe_excuse(case: CaseVerdict) -> dict[str, str]:
    """What really came out where a quarantine or a baseline had its say."""
    if case.held is not None:
        return {"real_verdict": str(Verdict.FAILED), "real_message": case.held}
    if case.is_known:
        return {"real_verdict": str(case.verdict), "real_message": case.reason}
    if case.quarantine is not None and case.verdict in {Verdict.PASSED, Verdict.FLAKY}:
        return {"real_verdict": str(case.verdict), "quarantine": describe_quarantine(case.quarantine)}
    return {}


def _describe_visit(case: CaseVerdict) -> dict[str, str]:
    visit = case.observation
    described = {"url": redact_url(case.site.url)}
    if case.site.locale:
        described["locale"] = case.site.locale
    if case.site.tags:
        described["tags"] = " ".join(case.site.tags)
    if case.attempts:
        described["attempts"] = str(len(case.attempts))
    if visit is not None:
        described |= {
            "outcome": name_outcome(visit),
            "ready_by": str(visit.ready_by or ""),
            "hub": visit.hub,
            "node": visit.node,
            "session": visit.session,
            "slot": visit.slot,
            "visit_s": _format_time(visit.timings.total_s),
            "navigate_s": _format_time(visit.timings.navigate_s),
            "ready_s": _format_time(visit.timings.ready_s),
            "probe_s": _format_time(visit.timings.probe_s),
        }
    return {name: value for name, value in described.items() if value}


def _find_screenshot(case: CaseVerdict, tries: Sequence[Observation]) -> str | None:
    """The screenshot of the check itself (a live one), of the first attempt that failed, or of any attempt."""
    own = next((dict(result.properties).get("screenshot") for result in case.attempts[::-1]), None)
    if own and own.startswith("evidence/") and ".." not in own:
        return own
    failed = [result.attempt for result in case.attempts if result.status is Status.FAILED]
    shots = {visit.attempt: visit.screenshot_path for visit in tries if visit.screenshot_path}
    return next((shots[attempt] for attempt in failed if attempt in shots), next(iter(shots.values()), None))


def _render_properties(values: dict[str, str], own: Sequence[tuple[str, str]] = ()) -> str:
    """All elements are written by hand, as `ElementTree` would: of a million cases that is a minute less (measured
    2026-11-26). `own` are those that a check recorded, in whatever words; ours keep their names.
    """
    items = "".join(
        [
            # Seconds are different each time, and made of digits.
            f'<property name="{name}" value="{value}" />' if name.endswith("_s") else _render_property(name, value)
            for name, value in values.items()
            if value
        ]
    )
    for name, value in own:
        if name not in values:
            items += _render_property(_quote(clean_text(name)), clean_text(value))
    return f"<properties>{items}</properties>" if items else "<properties />"


@lru_cache(maxsize=4096)  # hubs, nodes, sessions, outcomes come again and again
def _render_property(name: str, value: str) -> str:
    return f'<property name="{name}" value="{_quote(make_line(value, MESSAGE_LIMIT))}" />'


def _quote(text: str) -> str:
    """`text`, which is clean, for an attribute in double quotes."""
    return text if _NEEDS_NO_QUOTES(text) else escape(text, _ATTRIBUTE_ESCAPES)


def _open_tag(tag: str, attributes: dict[str, str]) -> str:
    return f"<{tag}{_render_attributes({name: clean_text(value) for name, value in attributes.items()})}>"


def _render(tag: str, text: str = "", **attributes: str) -> str:
    """An element that holds `text`; text and attributes are clean."""
    opening = f"<{tag}{_render_attributes(attributes)}"
    return f"{opening}>{escape(text)}</{tag}>" if text else f"{opening} />"


def _render_attributes(attributes: dict[str, str]) -> str:
    return "".join([f' {name}="{_quote(value)}"' for name, value in attributes.items()])


def _shorten(message: str) -> str:
    return make_line(message, MESSAGE_LIMIT)


def _format_time(seconds: float) -> str:
    """Fixed point: junit-10.xsd refuses `1e-05`; never negative."""
    if seconds >= 0.001:
        return f"{seconds:.3f}"
    return f"{seconds:.6f}" if seconds > 0 else "0.000"
