"""pytest's reports as results: one for each check and site, made of the reports of its phases.

Invariant: a result has one line that says what happened, and bounded text that is fit for JSON, XML and terminals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, assert_never

import pytest

from gridrunner.judging.items import TAG, check_of, site_of
from gridrunner.model import Result, Status
from gridrunner.text import DETAILS_LIMIT, MESSAGE_LIMIT, cap_text, clean_text, make_line

NOTE_PROPERTY = "note"
"""`record_property("note", text)` in a check that passes: the text becomes the message of its result."""


MOST_PROPERTIES = 20
"""Of a result; what is more than a handful of figures belongs into a file."""

NAME_LIMIT = 64


@dataclass(slots=True)
class _Pending:
    """What the phases of one (check, site) have said so far; the worst phase gives status and message."""

    status: Status | None = None
    message: str = ""
    texts: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    duration_s: float = 0.0


class ResultCollector:
    """A pytest plugin that makes one result of the reports of each (check, site) and hands it over at its teardown.

    `on_started(check, site)` comes before a check runs (not with pytest-xdist), `on_crashed(node id, message)` when a
    process of pytest-xdist died in one.
    """

    def __init__(
        self,
        *,
        on_result: Callable[[Result], None],
        on_started: Callable[[str, str], None] | None = None,
        on_crashed: Callable[[str, str], None] | None = None,
    ) -> None:
        self._on_result = on_result
        self._on_started = on_started
        self._on_crashed = on_crashed
        self._pending: dict[tuple[str, str], _Pending] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Says which check is about to run."""
        if self._on_started is not None and (site := site_of(item)) is not None:
            self._on_started(check_of(item, site), site)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes in the report of one phase."""
        tag: dict[str, Any] | None = getattr(report, TAG, None)
        if tag is None:
            if report.failed and self._on_crashed is not None and report.when not in ("setup", "call", "teardown"):
                self._on_crashed(report.nodeid, str(report.longrepr))
            return
        key = (tag["check"], tag["site"])
        pending = self._pending.setdefault(key, _Pending())
        _take_report(pending, report, tag)
        if report.when == "teardown":
            del self._pending[key]
            self._on_result(_to_result(pending, tag))


def _take_report(pending: _Pending, report: pytest.TestReport, tag: Mapping[str, Any]) -> None:
    pending.duration_s += report.duration
    for name, value in report.user_properties:
        if name != NOTE_PROPERTY and len(pending.properties) < MOST_PROPERTIES:
            pending.properties[make_line(str(name), NAME_LIMIT)] = make_line(str(value), MESSAGE_LIMIT)
    is_expected_failure = hasattr(report, "wasxfail") and report.skipped
    if report.failed:
        status, message = Status(tag["status"]), str(tag["message"]) or _last_line(report.longreprtext)
    elif report.skipped:
        status, message = Status.SKIPPED, _skip_reason(report, is_xfail=is_expected_failure)
    elif report.when == "call":
        notes = [str(value) for name, value in report.user_properties if name == NOTE_PROPERTY]
        status, message = Status.PASSED, "; ".join(notes)
    else:
        return
    if report.failed:
        pending.texts.append(_text_of(report))
        pending.texts += [f"--- {title} ---\n{text}" for title, text in report.sections if text.strip()]
    if pending.status is None or _weight_of(status) > _weight_of(pending.status):
        pending.status, pending.message = status, message


def _weight_of(status: Status) -> int:
    """A failure stays one when the teardown breaks as well."""
    match status:
        case Status.PASSED:
            return 0
        case Status.SKIPPED:
            return 1
        case Status.ERROR:
            return 2
        case Status.FAILED:
            return 3
        case _:
            assert_never(status)


def _to_result(pending: _Pending, tag: Mapping[str, Any]) -> Result:
    status, message = pending.status, pending.message
    if status is None:
        status, message = Status.ERROR, "pytest reported no outcome"
    return Result(
        check=tag["check"],
        site=tag["site"],
        attempt=tag["attempt"],
        status=status,
        message=make_line(message, MESSAGE_LIMIT),
        details=cap_text(clean_text("\n".join(pending.texts)), DETAILS_LIMIT),
        properties=tuple(pending.properties.items()),
        duration_s=round(pending.duration_s, 6),
    )


def _text_of(report: pytest.TestReport) -> str:
    """The text of a failure, without the line by which pytest-xdist names its process."""
    text = report.longreprtext
    return text.partition("\n")[2] if hasattr(report, "node") else text


def _skip_reason(report: pytest.TestReport, *, is_xfail: bool) -> str:
    if is_xfail:
        reason = str(report.wasxfail)
        return f"expected to fail: {reason}" if reason else "expected to fail"
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return text.removeprefix("Skipped: ")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
