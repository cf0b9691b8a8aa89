"""`gridrunner probe URL`: one page, what is made of it and why, and a picture with the fields marked."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gridrunner import codec
from gridrunner.browser.evidence import EvidenceStore, Screenshots
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import ExitCode, UsageError
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.status import HubAddress
from gridrunner.model import Detection, Form, Observation, Outcome, Site
from gridrunner.run.hubs import choose_grid, require_no_driver
from gridrunner.settings.loading import RunConfig
from gridrunner.terminal.progress import clean

SESSION_TIMEOUT_S = 60.0


def execute_probe(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Visit one page, print what was found, write the screenshot.

    Returns 0 when the page was observed, 1 when the visit ended otherwise, 3 for a fault of ours.
    """
    parts = urlsplit(arguments.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(
            f"{arguments.url}: not an http or https address", hint="write it whole: https://example.org/login"
        )
    choice = choose_grid(config, env)
    require_no_driver(choice, "probe")
    settings = VisitSettings(
        visit_timeout_s=config["visit_timeout"], screenshots=Screenshots.ALL, screenshot_kind="png", is_marked=True
    )
    with tempfile.TemporaryDirectory(prefix="gridrunner-probe-") as folder:
        store = EvidenceStore(run_folder=Path(folder))
        options = SessionOptions(name="gridrunner probe")
        hub: LocalHub | RemoteHub
        if choice.browser is not None:
            hub = LocalHub(browser=choice.browser, browsers=1, options=options, settings=settings, store=store)
        else:
            hub = RemoteHub(
                address=HubAddress(url=choice.urls[0]),
                ca_file=config["hub_ca"],
                options=options,
                settings=settings,
                store=store,
            )
        session = hub.open_session(slot="1", timeout_s=SESSION_TIMEOUT_S)
        try:
            observation = session.visit(Site(id="page", url=arguments.url), attempt=1, upcoming=None)
        finally:
            session.close()
        if observation.screenshot_path is not None:
            arguments.screenshot.write_bytes((store.run_folder / observation.screenshot_path).read_bytes())
    if arguments.as_json:
        print(codec.encode(observation).decode())
    else:
        _print(observation, arguments.screenshot if observation.screenshot_path else None)
    if observation.fault is not None:
        return ExitCode.INCOMPLETE
    return ExitCode.OK if observation.outcome is Outcome.OBSERVED else ExitCode.FAILED


def _print(observation: Observation, screenshot: Path | None) -> None:
    console = Console(highlight=False)
    if observation.fault is not None:
        console.print(f"[yellow]fault[/] {observation.fault.kind}: {escape(clean(observation.fault.message))}")
        return
    console.print(f"[bold]{escape(clean(observation.title)) or '(no title)'}[/]  {escape(clean(observation.url))}")
    detail = f": {escape(clean(observation.detail))}" if observation.detail else ""
    ready = f", ready by {observation.ready_by}" if observation.ready_by else ""
    console.print(f"{observation.outcome}{detail}{ready}, {observation.timings.total_s:.2f} s")
    if observation.detection is not None:
        _print_detection(observation.detection, console)
    if screenshot is not None:
        console.print(f"screenshot: {escape(str(screenshot))}")


def _print_detection(detection: Detection, console: Console) -> None:
    verdict = {True: "login form", False: "no login form", None: "unknown whether there is a login form"}
    console.print(f"[bold]{verdict[detection.login_present]}[/] (confidence {detection.confidence:.2f})")
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


def _print_form(form: Form, console: Console) -> None:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    rows = {"username": form.username, "password": form.password_current, "submit": form.submit}
    for name, element in rows.items():
        if element is not None:
            table.add_row(f"  {name}", escape(clean(element.selector)), escape(clean(element.label, 60)))
    for element in form.password_new:
        table.add_row("  new password", escape(clean(element.selector)), escape(clean(element.label, 60)))
    step = f", {form.step} step" if form.step else ""
    console.print(f"[bold]{form.kind}[/] {form.score:.2f}{step}")
    console.print(table)
    for line in form.evidence:
        console.print(f"    [dim]{escape(clean(line))}[/]")
