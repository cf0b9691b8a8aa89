"""A run as JUnit XML for CI. Owns the form of junit.xml; the invariant: exactly one testcase for each (check, site) that
the plan owes, with its final verdict, unique by (classname, name), and the same record gives the same bytes.

Why it looks as it does, by reader (research of 2026-11 on their sources):

- GitLab keeps the first of two testcases of one name, so attempts are children (`rerunFailure`, `flakyFailure`: Surefire,
  read by Jenkins), never testcases; it reads one `[[ATTACHMENT|path]]` a testcase, alone on its line in system-out.
- Jenkins takes what stands before the last dot of `classname` for a package: site ids, which hold dots, go into `name`.
- Quarantined and known failures are `<skipped>`, with what really came out as properties of the testcase.
- A fault of ours is `<error>`, a site's verdict `<failure>`; what was planned and not run is an error, never absent.
- Jenkins' junit-10.xsd allows neither `file`, `line` and properties on a testcase nor `skipped` on the root: `strict`
  leaves them out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO
from xml.etree import ElementTree as ET

from gridrunner.model import Observation, Result, Status, Verdict
from gridrunner.results.causes import function_of, key_of
from gridrunner.results.files import open_atomically
from gridrunner.results.quarantine import describe_quarantine
from gridrunner.results.record import CaseVerdict, RunRecord, name_outcome
from gridrunner.results.text import cap_text, clean_text, make_line

JUNIT_NAME = "junit.xml"

DETAILS_LIMIT = 16_384
"""Characters of one attempt's explanation. GitLab takes files of 30 MB (docs.gitlab.com, unit test reports): some 1,800
failed cases fit when each is this long."""

MESSAGE_LIMIT = 500
"""Characters of a message: one line in every reader's list."""

TOTAL_DETAILS_LIMIT = 20_000_000
"""Characters of explanations in one file, two thirds of GitLab's 30 MB; after that each is cut to `_SPARE_LIMIT`."""

_SPARE_LIMIT = 500

_BATCH = 200
"""Testcases serialised at once: one call each costs half as much again (39 against 26 µs a case, measured 2026-11-24)."""


def write_junit(record: RunRecord, path: Path, *, strict: bool = False, attachment_base: str = "") -> None:
    """Write `record` to `path` as JUnit XML, whole or not at all, in memory that does not grow with the run.

    `strict` writes only what junit-10.xsd allows. `attachment_base` is put before the paths of screenshots: GitLab
    wants them relative to the project's folder, Jenkins absolute; empty, they are relative to the run folder. Raises
    RunFolderError when the file cannot be written.
    """
    with open_atomically(path) as file:
        _JunitFile(record, file, is_strict=strict, attachment_base=attachment_base).write()


class _JunitFile:
    """Writes one file; knows how many characters of explanations it has spent."""

    def __init__(self, record: RunRecord, file: IO[bytes], *, is_strict: bool, attachment_base: str) -> None:
        self._record = record
        self._file = file
        self._is_strict = is_strict
        self._attachment_base = attachment_base
        self._spent = 0
        self._classnames = name_classes(record.plan.checks)

    def write(self) -> None:
        suites = [(name, checks, self._count(checks)) for name, checks in self._group_checks()]
        totals = sum((counts for _, _, counts in suites), Counter[str]())
        root = self._count_attributes(totals)
        if self._is_strict:
            root.pop("skipped")
        root = {"name": "gridrunner", **root, "time": _format_time(self._record.last_at_s)}
        self._put(f'<?xml version="1.0" encoding="utf-8"?>\n{_open_tag("testsuites", root)}\n')
        for name, checks, counts in suites:
            self._write_suite(name, checks, counts)
        self._put("</testsuites>\n")

    def _group_checks(self) -> list[tuple[str, tuple[str, ...]]]:
        groups: dict[str, list[str]] = {}
        for check in self._record.plan.checks:
            groups.setdefault(self._classnames[check], []).append(check)
        return [(name, tuple(checks)) for name, checks in groups.items()]

    def _count(self, checks: Sequence[str]) -> Counter[str]:
        counts: Counter[str] = Counter()
        duration_s = 0.0
        for case in self._record.verdicts(checks):
            counts[_shown_verdict(case)] += 1
            duration_s += _time_of(case, self._record)
        counts["microseconds"] = round(duration_s * 1e6)
        return counts

    def _count_attributes(self, counts: Counter[str]) -> dict[str, str]:
        return {
            "tests": str(sum(counts[verdict] for verdict in Verdict)),
            "failures": str(counts[Verdict.FAILED]),
            "errors": str(counts[Verdict.ERROR] + counts[Verdict.NOT_RUN]),
            "skipped": str(counts[Verdict.SKIPPED]),
        }

    def _write_suite(self, name: str, checks: tuple[str, ...], counts: Counter[str]) -> None:
        header = self._record.header
        attributes = {
            "name": name,
            **self._count_attributes(counts),
            "time": _format_time(counts["microseconds"] / 1e6),
        }
        attributes["timestamp"] = header.started.partition(".")[0].partition("+")[0].removesuffix("Z")
        self._put(_open_tag("testsuite", attributes) + "\n")
        shard = self._record.plan.shard
        known = {
            "run": header.run,
            "plan": header.plan,
            "shard": f"{shard[0]}/{shard[1]}" if shard else "",
            "merged_from": " ".join(header.merged_from),
            "gridrunner": header.version,
        }
        self._put_element(_make_properties(known))
        cases = self._record.verdicts(checks)
        while batch := [self._make_case(case) for case in islice(cases, _BATCH)]:
            holder = ET.Element("batch")
            holder.extend(batch)
            self._file.write(ET.tostring(holder, encoding="utf-8").removeprefix(b"<batch>").removesuffix(b"</batch>"))
        self._put("</testsuite>\n")

    def _make_case(self, case: CaseVerdict) -> ET.Element:
        attributes = {
            "classname": self._classnames[case.check],
            "name": f"{function_of(case.check)}[{case.site.id}]",
            "time": _format_time(_time_of(case, self._record)),
        }
        source = case.site.source
        if source is not None and not self._is_strict:
            attributes |= {"file": source.file, "line": str(source.line)}
        element = ET.Element("testcase", {name: clean_text(value) for name, value in attributes.items()})
        # A visit is described once a site, and wherever something went wrong: GitLab takes 30 MB a file.
        is_told = case.verdict is not Verdict.PASSED or case.check == self._record.plan.checks[0]
        properties = (_describe_visit(case) if is_told else {}) | _describe_excuse(case)
        if not self._is_strict and properties:
            element.append(_make_properties(properties))
        self._add_outcome(element, case)
        lines = self._list_output(case, properties)
        element.tail = "\n"
        if lines:
            ET.SubElement(element, "system-out").text = "\n".join(lines) + "\n"
        return element

    def _add_outcome(self, element: ET.Element, case: CaseVerdict) -> None:
        match _shown_verdict(case):
            case Verdict.FAILED:
                failures = [result for result in case.attempts if result.status is Status.FAILED]
                first = ET.SubElement(element, "failure", type=key_of(case), message=_shorten(failures[0].message))
                first.text = self._explain(failures[0])
                for result in failures[1:]:
                    self._add_rerun(element, "rerunFailure", key_of(case), result)
            case Verdict.FLAKY:
                for result in case.attempts:
                    if result.status is Status.FAILED:
                        self._add_rerun(element, "flakyFailure", key_of(case), result)
            case Verdict.ERROR:
                last = case.attempts[-1] if case.attempts else None
                error = ET.SubElement(element, "error", type=key_of(case), message=_shorten(case.reason))
                error.text = self._explain(last) if last is not None else clean_text(case.reason)
            case Verdict.NOT_RUN:
                ET.SubElement(element, "error", type=key_of(case), message=_shorten(f"not run: {case.reason}"))
            case Verdict.SKIPPED:
                message = f"known: fails in the baseline as well: {case.reason}" if case.is_known else case.reason
                ET.SubElement(element, "skipped", message=_shorten(message))
            case Verdict.PASSED:
                pass

    def _add_rerun(self, element: ET.Element, tag: str, kind: str, result: Result) -> None:
        rerun = ET.SubElement(element, tag, type=kind, message=_shorten(result.message))
        ET.SubElement(rerun, "stackTrace").text = self._explain(result)

    def _explain(self, result: Result) -> str:
        limit = DETAILS_LIMIT if self._spent < TOTAL_DETAILS_LIMIT else _SPARE_LIMIT
        text = cap_text(clean_text(f"attempt {result.attempt}\n{result.details or result.message}"), limit)
        self._spent += len(text)
        return text

    def _list_output(self, case: CaseVerdict, properties: dict[str, str]) -> list[str]:
        if case.verdict not in {Verdict.FAILED, Verdict.FLAKY, Verdict.ERROR}:
            return []
        lines = [f"{name}={make_line(value)}" for name, value in properties.items()] if self._is_strict else []
        screenshot = _find_screenshot(case, self._record.observations.get(case.site.id, ()))
        if screenshot:
            path = str(PurePosixPath(self._attachment_base) / screenshot)
            lines.append(f"[[ATTACHMENT|{make_line(path, 1000)}]]")
        return lines

    def _put(self, text: str) -> None:
        self._file.write(text.encode())

    def _put_element(self, element: ET.Element) -> None:
        self._file.write(ET.tostring(element, encoding="utf-8") + b"\n")


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


def _time_of(case: CaseVerdict, record: RunRecord) -> float:
    """Seconds of a case: judging it, and for the first check of the plan the visits that all checks of the site share,
    so that a suite's sum counts each second once.
    """
    judged_s = sum(result.duration_s for result in case.attempts)
    if case.check != record.plan.checks[0]:
        return judged_s
    return judged_s + sum(seen.timings.total_s for seen in record.observations.get(case.site.id, ()))


def _shown_verdict(case: CaseVerdict) -> Verdict:
    """A known failure is no failure here: Jenkins makes a build unstable for each, whatever the exit code says."""
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
    seen = case.observation
    described = {"url": case.site.url}
    if case.site.locale:
        described["locale"] = case.site.locale
    if case.site.tags:
        described["tags"] = " ".join(case.site.tags)
    if case.attempts:
        described["attempts"] = str(len(case.attempts))
    if seen is not None:
        described |= {
            "outcome": name_outcome(seen),
            "ready_by": str(seen.ready_by or ""),
            "hub": seen.hub,
            "node": seen.node,
            "session": seen.session,
            "slot": seen.slot,
            "visit_s": _format_time(seen.timings.total_s),
            "navigate_s": _format_time(seen.timings.navigate_s),
            "ready_s": _format_time(seen.timings.ready_s),
            "probe_s": _format_time(seen.timings.probe_s),
        }
    return {name: value for name, value in described.items() if value}


def _find_screenshot(case: CaseVerdict, tries: Sequence[Observation]) -> str | None:
    """The screenshot of the first attempt that failed, or of any attempt."""
    failed = [result.attempt for result in case.attempts if result.status is Status.FAILED]
    shots = {seen.attempt: seen.screenshot_path for seen in tries if seen.screenshot_path}
    return next((shots[attempt] for attempt in failed if attempt in shots), next(iter(shots.values()), None))


def _make_properties(values: dict[str, str]) -> ET.Element:
    properties = ET.Element("properties")
    for name, value in values.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=make_line(value, MESSAGE_LIMIT))
    return properties


def _open_tag(tag: str, attributes: dict[str, str]) -> str:
    element = ET.Element(tag, {name: clean_text(value) for name, value in attributes.items()})
    return ET.tostring(element, encoding="unicode", short_empty_elements=False).removesuffix(f"</{tag}>")


def _shorten(message: str) -> str:
    return make_line(message, MESSAGE_LIMIT)


def _format_time(seconds: float) -> str:
    """Fixed point: junit-10.xsd refuses `1e-05`; never negative."""
    return f"{max(seconds, 0.0):.6f}" if 0 < seconds < 0.001 else f"{max(seconds, 0.0):.3f}"
