"""Runs written by hand for the tests of results: small, with every verdict, and as large as asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hypothesis import settings

from gridrunner import codec
from gridrunner.model import (
    Box,
    Detection,
    Element,
    Expectation,
    ExpectedLogin,
    Fault,
    FaultKind,
    Field,
    Form,
    FormKind,
    InsertionPoint,
    Observation,
    Outcome,
    PageEvent,
    Plan,
    ReadyBy,
    Result,
    Role,
    Site,
    SourceLine,
    Status,
    Timings,
)
from gridrunner.planning.plan import make_plan
from gridrunner.results.journal.events import (
    Decided,
    Event,
    Faulted,
    JournalHeader,
    Judged,
    Observed,
    RunEnded,
    SessionChange,
    SessionChanged,
    VisitStarted,
)
from gridrunner.results.journal.planfile import write_plan
from gridrunner.results.record import RunRecord, build_record

FOUND = "test_login_form.py::test_login_is_found"
FIELDS = "test_login_form.py::test_fields_are_right"
POINT = "test_insertion_point.py::test_point_is_usable"
CHECKS = (FOUND, FIELDS, POINT)
STARTED = "2026-11-24T08:00:00+00:00"

HOSTILE = (
    "<script>window.pwned=1</script><img src=x onerror=window.pwned=1>]]>&\"'</textarea></title>\u2028"
    "\x1b[31mred\x1b]0;title\x07\x9b2J\x00\x08\ud800\ufffe [link](javascript:alert(1))"
    " | `code` @everyone #1 **bold**\r\n"
    "::error file=a::injected\n  ::set-output name=x::y\n##[command]rm\n##vso[task.complete]\n"
    "[red]markup[/red] [/] =HYPERLINK(1) \u202emoc.live https://evil.example www.evil.example <!-- -->"
)


def fuzz(examples: int) -> settings:
    """How many examples a fuzz test takes: `examples`, times GRIDRUNNER_FUZZ where that is set. Thousands at leisure:
    `GRIDRUNNER_FUZZ=20 pytest tests/unit/results -k "damaged or order or text"`.
    """
    return settings(max_examples=examples * int(os.environ.get("GRIDRUNNER_FUZZ", "1")), deadline=None)


def make_site(name: str, line: int = 1, /, **given: object) -> Site:
    values: dict[str, object] = {
        "id": name,
        "url": f"https://{name}.example/login?next=secret",
        "locale": "de",
        "tags": ("classic",),
        "expect": Expectation(login=ExpectedLogin.YES),
        "source": SourceLine(file="sites/some.yaml", line=line),
    }
    return Site(**(values | given))  # type: ignore[arg-type]


def make_result(check: str, site: str, status: Status = Status.PASSED, attempt: int = 1, message: str = "") -> Result:
    text = message or ("" if status is Status.PASSED else f"{status} at {site}")
    details = f"Traceback of {text}" if status is Status.FAILED else ""
    return Result(
        check=check, site=site, attempt=attempt, status=status, message=text, details=details, duration_s=0.00002
    )


def make_detection(label: str = "E-mail") -> Detection:
    username = Element(selector="#user", box=Box(x=480, y=330, width=400, height=40), label=label)
    password = Element(selector="#pass", box=Box(x=480, y=400, width=400, height=40), label="Password")
    submit = Element(selector="button", box=Box(x=480, y=470, width=400, height=44), label="Log in")
    form = Form(
        kind=FormKind.LOGIN,
        score=0.97,
        login_score=0.98,
        username=username,
        password_current=password,
        submit=submit,
        fields=(
            Field(role=Role.USERNAME, score=0.95, element=username),
            Field(role=Role.PASSWORD_CURRENT, score=0.99, element=password),
        ),
        box=Box(x=440, y=250, width=480, height=300),
        evidence=("+2.1 one password field, autocomplete=current-password", "+1.2 button says 'Log in'"),
    )
    return Detection(
        login_present=True,
        confidence=0.98,
        forms=(form,),
        insertion_point=InsertionPoint(
            anchor=username,
            side="inside-end",
            box=Box(x=844, y=336, width=28, height=28),
            evidence=("room of 28 px at the end of the field",),
        ),
        evidence=("login form with username, password and submit",),
        weights_version="1",
    )


def make_observation(
    site: str, attempt: int = 1, *, started_s: float = 0.0, slot: str = "slot-1", **given: object
) -> Observation:
    values: dict[str, object] = {
        "outcome": Outcome.OBSERVED,
        "url": f"https://{site}.example/login?session=secret",
        "title": f"Log in to {site}",
        "http_status": 200,
        "ready_by": ReadyBy.FOUND,
        "detection": make_detection(),
        "events": (PageEvent(kind="console-error", text="ReferenceError: x is not defined"),),
        "timings": Timings(
            total_s=2.0, context_s=0.2, navigate_s=0.8, ready_s=0.4, probe_s=0.3, detect_s=0.1, evidence_s=0.2
        ),
        "hub": "http://hub-1:4444",
        "node": "node-a",
        "session": "5e551011",
    }
    return Observation(
        site=site,
        attempt=attempt,
        started_s=started_s,
        slot=slot,
        **(values | given),  # type: ignore[arg-type]
    )


def make_header(plan: Plan, /, **given: object) -> JournalHeader:
    values: dict[str, object] = {"run": "run-1", "plan": plan.hash, "started": STARTED, "slots": 2, "version": "0.1.0"}
    return JournalHeader(**(values | given))  # type: ignore[arg-type]


def make_plan_of(sites: Sequence[Site], checks: Sequence[str] = CHECKS) -> Plan:
    return make_plan(sites, checks, {})


def write_run(folder: Path, plan: Plan, events: Iterable[Event], **given: object) -> Path:
    """A run folder as a run leaves it; `given` are fields of the header."""
    folder.mkdir(parents=True, exist_ok=True)
    write_plan(folder / "plan.json", plan)
    lines = [codec.encode(make_header(plan, **given)), *(codec.encode(event) for event in events)]
    (folder / "journal.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return folder


def pass_site(
    site: str, checks: Sequence[str] = CHECKS, *, started_s: float = 0.0, attempt: int = 1
) -> Iterator[Event]:
    yield VisitStarted(site=site, attempt=attempt, slot="slot-1", hub="http://hub-1:4444", at_s=started_s)
    yield Observed(observation=make_observation(site, attempt, started_s=started_s))
    for check in checks:
        yield Judged(result=make_result(check, site, attempt=attempt))


EVERY_SITES = ("passing", "flaky", "failing", "down", "lost", "broken-check", "skipping", "unreached", "unfinished")


def every_plan() -> Plan:
    return make_plan_of([make_site(name, line) for line, name in enumerate(EVERY_SITES, start=5)])


def every_events() -> list[Event]:
    """One site for each verdict, and for each way to it."""
    lost = Fault(kind=FaultKind.SESSION_LOST, message="the session ended while the site was visited")
    events: list[Event] = [
        SessionChanged(
            change=SessionChange.OPENED,
            slot="slot-1",
            hub="http://hub-1:4444",
            node="node-a",
            session="5e551011",
            at_s=1.0,
            duration_s=0.9,
        ),
        Decided(text="2 slots on 1 hub: all of them used", at_s=1.0),
        *pass_site("passing", started_s=1.0),
        Observed(observation=make_observation("flaky", started_s=3.0, screenshot_path="evidence/flaky/shot-1.webp")),
        Judged(result=make_result(FOUND, "flaky", Status.FAILED, message="no login form, expected one")),
        Judged(result=make_result(FIELDS, "flaky")),
        Judged(result=make_result(POINT, "flaky")),
        *pass_site("flaky", started_s=5.0, attempt=2),
        Observed(
            observation=make_observation("failing", started_s=7.0, screenshot_path="evidence/failing/shot-1.webp")
        ),
        Judged(result=make_result(FOUND, "failing", Status.FAILED, message="no login form, expected one")),
        Judged(result=make_result(FIELDS, "failing", Status.SKIPPED, message="no login form to look at")),
        Judged(result=make_result(POINT, "failing")),
        Observed(
            observation=make_observation("failing", 2, started_s=9.0, screenshot_path="evidence/failing/shot-2.webp")
        ),
        Judged(result=make_result(FOUND, "failing", Status.FAILED, 2, "still no login form")),
        Judged(result=make_result(FIELDS, "failing", Status.SKIPPED, 2, "no login form to look at")),
        Judged(result=make_result(POINT, "failing", attempt=2)),
        Observed(
            observation=make_observation(
                "down", started_s=1.5, slot="slot-2", outcome=Outcome.UNREACHABLE, detection=None, detail="refused"
            )
        ),
        Judged(result=make_result(FOUND, "down", Status.FAILED, message="unreachable: connection refused")),
        Judged(result=make_result(FIELDS, "down", Status.SKIPPED, message="unreachable")),
        Judged(result=make_result(POINT, "down", Status.SKIPPED, message="unreachable")),
        Observed(
            observation=make_observation("lost", started_s=4, slot="slot-2", outcome=None, fault=lost, detection=None)
        ),
        Faulted(fault=lost, hub="http://hub-1:4444", slot="slot-2", site="lost", at_s=6.0),
        Observed(observation=make_observation("broken-check", started_s=6.5, slot="slot-2")),
        Judged(result=make_result(FOUND, "broken-check")),
        Judged(result=make_result(FIELDS, "broken-check", Status.ERROR, message="NameError: name 'x' is not defined")),
        Judged(result=make_result(POINT, "broken-check")),
        Observed(observation=make_observation("skipping", started_s=8.5, slot="slot-2")),
        *(Judged(result=make_result(check, "skipping", Status.SKIPPED, message="quarantined")) for check in CHECKS),
        VisitStarted(site="unfinished", attempt=1, slot="slot-2", at_s=10.5),
        RunEnded(exit_code=3, at_s=12.0, reason="deadline"),
    ]
    return events


def every_record() -> RunRecord:
    plan = every_plan()
    return build_record(plan, make_header(plan), every_events())
