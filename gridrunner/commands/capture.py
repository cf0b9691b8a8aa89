"""`gridrunner sites capture URL|RUN` and the end of `gridrunner run --capture`: pages kept for replay, scrubbed.

A run that was made with `--capture` holds the copies already; what it does not hold is visited again. Everything that is
written goes through `gridrunner.browser.scrubbing` first, but for the screenshot, which shows what the page showed.
"""

from __future__ import annotations

import argparse
import gzip
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace
from rich.console import Console

from gridrunner import codec
from gridrunner.browser.evidence import EvidenceStore, Screenshots
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.scrubbing import scrub_json, scrub_text
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import ExitCode, NothingToRun, UsageError
from gridrunner.foreign import MOST_FACTS_BYTES, MOST_PAGE_BYTES, read_file, read_gzip
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.status import HubAddress
from gridrunner.model import Detection, Expectation, ExpectedLogin, Observation, Site, Verdict
from gridrunner.results.journal.evidence import find_evidence
from gridrunner.results.journal.lines import JOURNAL_NAME
from gridrunner.results.record import RunRecord, load_run
from gridrunner.run.hubs import choose_grid, require_no_driver
from gridrunner.settings.loading import RunConfig
from gridrunner.sites.captured import PAGE_NAME, Captured, Kept, keep_captured, label_of, list_of
from gridrunner.sites.replay import ReplayServer
from gridrunner.sites.values import BadValueError, read_id, read_locale
from gridrunner.text import count_of

SESSION_TIMEOUT_S = 60.0
"""As for `gridrunner probe`."""

RUN_FOLDER_NAME = "captured"
"""Of the captures of a run, in its own folder."""


def execute_capture(config: RunConfig, env: Mapping[str, str], arguments: argparse.Namespace) -> int:
    """Capture one address, or the pages of a run; says what was kept where.

    Returns 0, or 1 when a page could not be captured (each is named). Raises UsageError, NothingToRun, GridFault.
    """
    console = Console(stderr=True, highlight=False)
    source = str(arguments.source)
    if urlsplit(source).scheme in {"http", "https"}:
        wanted = {each.id: each for each in (_site_of_address(source, arguments.site),)}
        done, record = {}, None
    elif (Path(source) / JOURNAL_NAME).is_file():
        record = load_run(Path(source))
        wanted = {site.id: site for site in _wanted_sites(record, arguments.site)}
        done = {id_: seen for id_, seen in _copied(record, Path(source)).items() if id_ in wanted}
    else:
        raise UsageError(
            f"{source}: neither an http address nor a run folder",
            hint="write https://example.org/login, or a folder under runs/",
        )
    kept: list[Kept | None] = []
    for id_, seen in done.items():
        kept.append(_keep(wanted[id_], seen, Path(source), arguments.folder, console))
    missing = [site for id_, site in wanted.items() if id_ not in done]
    if missing:
        with _open_session(config, env, record) as (session, folder):
            for site in missing:
                seen = session.visit(site, attempt=1, upcoming=None)
                kept.append(_keep(site, seen, folder, arguments.folder, console))
    if any(kept):
        console.print(f"replay: gridrunner run --sites {list_of(arguments.folder)}", markup=False)
    return ExitCode.OK if all(kept) else ExitCode.FAILED


def export_captures(record: RunRecord, folder: Path, console: Console, *, only_failed: bool) -> None:
    """At the end of a run: the copies of its pages as a list of their own in the run folder."""
    out = folder / RUN_FOLDER_NAME
    copied = _copied(record, folder)
    wanted = [found.site for found in record.site_verdicts() if not only_failed or found.verdict is Verdict.FAILED]
    quiet = Console(quiet=True)
    try:
        kept = [_keep(site, copied[site.id], folder, out, quiet) for site in wanted if site.id in copied]
    except (UsageError, OSError) as error:  # the run's verdicts stand, whatever becomes of its copies
        console.print(f"warning: the pages were not captured: {error}", style="yellow", markup=False, highlight=False)
        return
    if kept:
        pages = count_of(len(kept), "page")
        console.print(f"captured {pages}; replay: gridrunner run --sites {list_of(out)}", markup=False, highlight=False)


# ----------------------------------------------------------------------------------------------------------- selecting


def _site_of_address(address: str, names: Sequence[str]) -> Site:
    if not urlsplit(address).hostname:
        raise UsageError(f"{address}: not an http or https address", hint="write it whole: https://example.org/login")
    if len(names) > 1:
        raise UsageError("--site: one address gets one id")
    try:
        name = read_id(names[0]) if names else label_of(f"{urlsplit(address).hostname}{urlsplit(address).path}")
    except BadValueError as error:
        raise UsageError(f"--site {names[0]}: {error}") from error
    return Site(id=name, url=address)


def _wanted_sites(record: RunRecord, names: Sequence[str]) -> list[Site]:
    verdicts = list(record.site_verdicts())
    if names:
        known = {found.site.id: found.site for found in verdicts}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise UsageError(f"--site {unknown[0]}: the run has no such site", hint=f"it has {', '.join(known)}"[:300])
        return [known[name] for name in dict.fromkeys(names)]
    failed = [found.site for found in verdicts if found.verdict is Verdict.FAILED]
    if not failed:
        raise NothingToRun("no site of the run failed", hint="name one: --site ID")
    return failed


def _copied(record: RunRecord, folder: Path) -> dict[str, Observation]:
    """By site, the last observation of the run whose page was copied during it."""
    found = {}
    for id_, attempts in record.observations.items():
        for seen in attempts:
            if seen.capture_path and find_evidence(folder, seen.capture_path) is not None:
                found[id_] = seen
    return found


# ------------------------------------------------------------------------------------------------------------ visiting


@contextmanager
def _open_session(
    config: RunConfig, env: Mapping[str, str], record: RunRecord | None
) -> Iterator[tuple[BrowserSession, Path]]:
    """A session that copies every page it visits, and the folder that its evidence goes to."""
    choice = choose_grid(config, env)
    require_no_driver(choice, "capture")
    settings = VisitSettings(
        visit_timeout_s=config["visit_timeout"], screenshots=Screenshots.ALL, copies=Screenshots.ALL
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gridrunner-capture-")))
        rules: list[str] = []
        for replica in record.header.replays if record is not None else ():
            rules += stack.enter_context(ReplayServer(Path(replica))).host_rules("127.0.0.1")
        options = SessionOptions(name="gridrunner capture", host_rules=tuple(rules))
        store = EvidenceStore(run_folder=folder)
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
        stack.callback(session.close)
        yield session, folder


# ------------------------------------------------------------------------------------------------------------- keeping


def _keep(site: Site, seen: Observation, folder: Path, out: Path, console: Console) -> Kept | None:
    """Keep one page of the run (or temporary) `folder`; None, and the reason said, where there is none."""
    page = find_evidence(folder, seen.capture_path) if seen.capture_path else None
    if page is None:
        why = seen.fault.message if seen.fault is not None else f"{seen.outcome}: {seen.detail}".rstrip(": ")
        console.print(f"{site.id}: not captured: {why}", markup=False, style="yellow")
        return None
    kept = keep_captured(_captured(site, seen, page, folder), out)
    what = "captured" if kept.is_new else "is there already"
    console.print(f"{site.id}: {what}: {kept.folder / PAGE_NAME}", markup=False)
    return kept


def _captured(site: Site, seen: Observation, page: Path, folder: Path) -> Captured:
    files = {PAGE_NAME: read_file(page, most_bytes=MOST_PAGE_BYTES)}
    facts_file = find_evidence(folder, seen.facts_path) if seen.facts_path else None
    language = ""
    if facts_file is not None:
        facts = codec.decode(read_gzip(facts_file, most_bytes=MOST_FACTS_BYTES), dict)
        files["facts.json.gz"] = gzip.compress(codec.encode(scrub_json(facts)), mtime=0)
        language = str((facts["frames"][0]["page"] or {}).get("lang", "")) if facts.get("frames") else ""
    picture = find_evidence(folder, seen.screenshot_path) if seen.screenshot_path else None
    if picture is not None:
        files[f"screenshot{picture.suffix}"] = read_file(picture, most_bytes=MOST_PAGE_BYTES)
    is_listed = site.expect.login is not None
    expect = _scrubbed(site.expect if is_listed else expect_as_detected(seen.detection))
    origin = (
        "what it expects is from the site list"
        if is_listed
        else f"what it expects is as detected {_describe(seen.detection)}: nobody has looked at it"
    )
    remark = f"{scrub_text(seen.url)} on {datetime.now(UTC):%Y-%m-%d}; {origin}"
    named = replace(site, locale=site.locale or _locale(language), expect=expect)
    return Captured(site=named, files=files, remarks=(remark,))


def expect_as_detected(detection: Detection | None) -> Expectation:
    """What was found as an expectation: a page replays to what it was taken for."""
    if detection is None:
        return Expectation()
    login = detection.login if detection.login_present else None
    said = {True: ExpectedLogin.YES, False: ExpectedLogin.NO, None: ExpectedLogin.UNKNOWN}[detection.login_present]
    chosen = (login.username, login.password_current, login.submit) if login is not None else (None, None, None)
    username, password, submit = (element.selector if element is not None else None for element in chosen)
    return Expectation(login=said, username=username, password=password, submit=submit)


def _describe(detection: Detection | None) -> str:
    return f"({detection.confidence:.2f})" if detection is not None else "(nothing)"


def _scrubbed(expect: Expectation) -> Expectation:
    """The copy's ids are masked; selectors that name them follow."""
    username, password, submit = (
        scrub_text(css) if css is not None else None for css in (expect.username, expect.password, expect.submit)
    )
    return replace(expect, username=username, password=password, submit=submit)


def _locale(language: str) -> str | None:
    try:
        return read_locale(language)
    except BadValueError:
        return None
