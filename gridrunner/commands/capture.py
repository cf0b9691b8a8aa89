"""`gridrunner sites capture URL|RUN`: pages kept for replay, scrubbed.

A run that was made with `--capture` holds the copies already; what it does not hold is visited again.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from gridrunner.browser.guarding import make_guard
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.reach import find_places
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.commands.parsing import Command, add_settings, settings_of
from gridrunner.errors import ExitCode, NothingToRun, UsageError
from gridrunner.model import Site, Verdict
from gridrunner.results.journal.lines import JOURNAL_NAME
from gridrunner.results.record import RunRecord, load_run
from gridrunner.run.capturing import copied_pages, keep_page
from gridrunner.run.one_session import open_one_session
from gridrunner.run.replays import LOOPBACK
from gridrunner.run.seals import list_replays
from gridrunner.settings.loading import Settings
from gridrunner.settings.visits import VISITOR_KEYS, Screenshots
from gridrunner.sites.captured import Kept, label_of, list_of
from gridrunner.sites.replay import ReplayServer
from gridrunner.sites.values import BadEntry, read_id


def capture_command(arguments: argparse.Namespace) -> int:
    """Capture one address, or the pages of a run; says what was kept where.

    Returns 0, or 1 when a page could not be captured (each is named). Raises UsageError, NothingToRun, GridFault.
    """
    settings = settings_of(arguments)
    console = Console(stderr=True, highlight=False)
    source = str(arguments.source)
    if urlsplit(source).scheme in {"http", "https"}:
        wanted = {each.id: each for each in (_site_of_address(source, arguments.site),)}
        done, record = {}, None
    elif (Path(source) / JOURNAL_NAME).is_file():
        record = load_run(Path(source))
        wanted = {site.id: site for site in _wanted_sites(record, arguments.site)}
        done = {id_: seen for id_, seen in copied_pages(record, Path(source)).items() if id_ in wanted}
    else:
        raise UsageError(
            f"{source}: neither an http address nor a run folder",
            hint="write https://example.org/login, or a folder under runs/",
        )
    kept: list[Kept | None] = []
    for id_, seen in done.items():
        kept.append(keep_page(wanted[id_], seen, Path(source), arguments.folder, console))
    missing = [site for id_, site in wanted.items() if id_ not in done]
    if missing:
        with _open_session(settings, record, missing) as (session, folder):
            for site in missing:
                seen = session.visit(site, attempt=1, upcoming=None)
                kept.append(keep_page(site, seen, folder, arguments.folder, console))
    if any(kept):
        console.print(f"replay: gridrunner run --sites {list_of(arguments.folder)}", markup=False)
    return ExitCode.OK if all(kept) else ExitCode.FAILED


# ----------------------------------------------------------------------------------------------------------- selecting


def _site_of_address(address: str, names: Sequence[str]) -> Site:
    if not urlsplit(address).hostname:
        raise UsageError(f"{address}: not an http or https address", hint="write it whole: https://example.org/login")
    if len(names) > 1:
        raise UsageError("--site: one address gets one id")
    try:
        name = read_id(names[0]) if names else label_of(f"{urlsplit(address).hostname}{urlsplit(address).path}")
    except BadEntry as error:
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


# ------------------------------------------------------------------------------------------------------------ visiting


@contextmanager
def _open_session(
    settings: Settings, record: RunRecord | None, sites: Sequence[Site]
) -> Iterator[tuple[BrowserSession, Path]]:
    """A session that copies every page it visits, and the folder that its evidence goes to."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gridrunner-capture-")))
        rules: list[str] = []
        hint = "run the list that asks for them with --capture instead"
        for replica in list_replays(record.header, (), os.environ, hint=hint) if record is not None else ():
            rules += stack.enter_context(ReplayServer(replica)).host_rules(LOOPBACK)
        urls = [site.url for site in sites]
        places = find_places(urls, settings.visits.allow_private)
        session = stack.enter_context(
            open_one_session(
                settings,
                os.environ,
                command="capture",
                options=SessionOptions(name="gridrunner capture", host_rules=tuple(rules), places=places),
                visit_settings=VisitSettings(
                    guard=make_guard(urls, places),
                    visit_timeout_s=settings.visits.visit_timeout_s,
                    visitor=settings.visits.visitor,
                    user_agent=settings.visits.user_agent,
                    user_agent_suffix=settings.visits.user_agent_suffix,
                    screenshots=Screenshots.ALL,
                    capture=Screenshots.ALL,
                ),
                folder=folder,
            )
        )
        yield session, folder


def _configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="URL|RUN", help="an address, or a run folder: its failed sites")
    parser.add_argument(
        "--site",
        action="append",
        default=[],
        metavar="ID",
        help="of a run: this site, whatever became of it (repeatable); of an address: the id that it gets",
    )
    parser.add_argument(
        "--out",
        dest="folder",
        type=Path,
        default=Path("sites/captured"),
        metavar="DIR",
        help="pages go into DIR, their list is DIR.yaml; both are added to (default sites/captured)",
    )
    add_settings(parser, "grid", "browser", "visit_timeout", "allow_private", *VISITOR_KEYS)


CAPTURE = Command(configure=_configure, execute=capture_command)
