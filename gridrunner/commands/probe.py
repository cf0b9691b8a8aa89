"""`gridrunner probe URL`: one page, what is made of it and why, and a picture with the fields marked."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import assert_never
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dom_probes.suite.comparison import Mark, compare_detectors
from gridrunner import codec
from gridrunner.browser.guarding import make_guard
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.page_state import EXTENSION_ERROR
from gridrunner.browser.reach import find_places
from gridrunner.browser.visit import VisitSettings
from gridrunner.commands.parsing import Command, add_settings, settings_of
from gridrunner.errors import ExitCode, UsageError
from gridrunner.model import Detection, Expectation, ExpectedLogin, Form, Observation, Outcome, Site
from gridrunner.results.verdicts.scores import describe_answer
from gridrunner.run.one_session import open_one_session
from gridrunner.run.selecting import read_user_probes
from gridrunner.settings.visits import VISITOR_KEYS, Screenshots
from gridrunner.terminal.console import make_printer
from gridrunner.terminal.progress import clean


def probe_command(arguments: argparse.Namespace) -> int:
    """Visit one page, print what was found, write the screenshot.

    Returns 0 when the page was observed, 1 when the visit ended otherwise, 3 for a fault of ours.
    """
    parts = urlsplit(arguments.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"{arguments.url}: not an http or https address", hint="write it whole: https://example.org/login"
        )
    settings = settings_of(arguments)
    visits = settings.visits
    probes = read_user_probes(visits.probe_files, visits.extensions)
    places = find_places([arguments.url], settings.visits.allow_private)
    with tempfile.TemporaryDirectory(prefix="gridrunner-probe-") as name:
        folder = Path(name)
        with open_one_session(
            settings,
            os.environ,
            command="probe",
            options=SessionOptions(
                name="gridrunner probe",
                places=places,
                extensions=tuple(path.resolve() for path in visits.extensions),
            ),
            visit_settings=VisitSettings(
                guard=make_guard([arguments.url], places),
                visit_timeout_s=settings.visits.visit_timeout_s,
                visitor=settings.visits.visitor,
                user_agent=settings.visits.user_agent,
                user_agent_suffix=settings.visits.user_agent_suffix,
                screenshots=Screenshots.ALL,
                screenshot_kind="png",
                is_marked=True,
                probes=probes,
                has_own_context=not visits.extensions,
            ),
            folder=folder,
        ) as session:
            observation = session.visit(Site(id="page", url=arguments.url), attempt=1, upcoming=None)
        picture = arguments.screenshot or (None if arguments.as_json else Path("probe.png"))
        if observation.screenshot_path is not None and picture is not None:
            picture.write_bytes((folder / observation.screenshot_path).read_bytes())
    if arguments.as_json:
        print(codec.encode(observation).decode())
    else:
        screenshot = picture if observation.screenshot_path else None
        _print(observation, screenshot, with_waits=arguments.with_waits)
    if observation.fault is not None:
        return ExitCode.INCOMPLETE
    return ExitCode.OK if observation.outcome is Outcome.OBSERVED else ExitCode.FAILED


def _print(observation: Observation, screenshot: Path | None, *, with_waits: bool) -> None:
    console = make_printer()
    if observation.fault is not None:
        console.print(f"[yellow]fault[/] {observation.fault.kind}: {escape(clean(observation.fault.message))}")
        return
    console.print(f"[bold]{escape(clean(observation.title)) or '(no title)'}[/]  {escape(clean(observation.url))}")
    detail = f": {escape(clean(observation.detail))}" if observation.detail else ""
    ready = f", ready by {observation.ready_by}" if observation.ready_by else ""
    console.print(f"{observation.outcome}{detail}{ready}, {observation.timings.total_s:.2f} s")
    if with_waits:
        for cause, seconds in sorted(observation.timings.waits.items(), key=lambda wait: -wait[1]):
            console.print(f"  waited {seconds:.3f} s for {escape(clean(cause))}")
    if observation.detection is not None:
        _print_detection(observation.detection, console)
    _print_probes(observation, console)
    for event in observation.events:
        if event.kind == EXTENSION_ERROR:
            console.print(f"[yellow]extension error[/] {escape(clean(event.text))}")
    if screenshot is not None:
        console.print(f"screenshot: {escape(str(screenshot))}")


def _print_probes(observation: Observation, console: Console) -> None:
    """What probes of the user's own said, and what of it is other than ours."""
    answers = {answer.name: answer for answer in compare_detectors(Expectation(), observation, observation.detection)}
    for name, kept in observation.probes.items():
        answer = answers.get(name)
        if answer is None:
            console.print(
                f"[bold]{escape(clean(name))}[/] {escape(clean(codec.encode(kept.get('value')).decode(), 300))}"
            )
            continue
        took = f", {answer.took_s * 1000:.0f} ms" if answer.took_s is not None else ""
        console.print(f"[bold]{escape(clean(name))}[/]: {escape(clean(describe_answer(answer)))}{took}")
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
        for point in answer.points:
            is_same = point.mark is Mark.RIGHT
            ours = "" if is_same else f"gridrunner: {point.wanted or 'none'}"
            given = point.given or "none"
            table.add_row(f"  {'=' if is_same else '≠'} {point.what}", escape(clean(given)), escape(clean(ours)))
        reason = answer.value.get("reason")
        if isinstance(reason, str):
            table.add_row("  reason", escape(clean(reason)), "")
        console.print(table)


def _print_detection(detection: Detection, console: Console) -> None:
    console.print(f"[bold]{_describe_login(detection.found_login)}[/] (confidence {detection.confidence:.2f})")
    for line in (*detection.hidden, *detection.evidence):
        console.print(f"  {escape(clean(line))}")
    for form in detection.forms:
        _print_form(form, console)
    if detection.sso:
        console.print("sign in with: " + ", ".join(sorted({provider.name for provider in detection.sso})))
    point = detection.insertion_point
    if point is not None:
        covers = f", would cover {escape(clean(', '.join(point.covers)))}" if point.covers else ""
        place = f"{point.box.width:.0f}x{point.box.height:.0f} at {point.box.x:.0f},{point.box.y:.0f}"
        console.print(f"insertion point: {point.side} {escape(clean(point.anchor.selector))}, {place}{covers}")


def _describe_login(login: ExpectedLogin) -> str:
    match login:
        case ExpectedLogin.YES:
            return "login form"
        case ExpectedLogin.NO:
            return "no login form"
        case ExpectedLogin.UNKNOWN:
            return "unknown whether there is a login form"
        case _:
            assert_never(login)


def _print_form(form: Form, console: Console) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    for name, element in form.named_fields.items():
        table.add_row(f"  {name}", escape(clean(element.selector)), escape(clean(element.label, 60)))
    for element in form.password_new:
        table.add_row("  new password", escape(clean(element.selector)), escape(clean(element.label, 60)))
    step = f", {form.step} step" if form.step else ""
    console.print(f"[bold]{form.kind}[/] {form.score:.2f}{step}")
    console.print(table)
    for line in form.evidence:
        console.print(f"    [dim]{escape(clean(line))}[/]")


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL")
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="default: probe.png; with --json only where it is named"
    )
    parser.add_argument("-v", "--verbose", dest="with_waits", action="store_true", help="say what the visit waited for")
    parser.add_argument("--json", dest="as_json", action="store_true", help="print the detection as JSON")
    add_settings(parser, "probe", "extension", "grid", "browser", "visit_timeout", "allow_private", *VISITOR_KEYS)


PROBE = Command(configure=_configure, execute=probe_command)
