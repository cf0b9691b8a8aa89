"""`gridrunner run`, told as a list of steps: prepare, visit and judge, run live checks, render, say what came out.

What the user can have got wrong is found while preparing, before the first browser starts. From then on everything is
in the journal first, and every other file of the run folder is rendered from it.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from msgspec.structs import replace
from rich.console import Console

from gridrunner import __version__
from gridrunner.browser.detecting import start_loading_detector
from gridrunner.browser.evidence import Screenshots
from gridrunner.browser.options import SessionOptions
from gridrunner.commands.capture import export_captures
from gridrunner.commands.plan import print_plan
from gridrunner.dispatch.ports import JudgeSink
from gridrunner.dispatch.records import DispatchRecord
from gridrunner.dispatch.settings import DispatchSettings
from gridrunner.dispatch.shell import Dispatcher
from gridrunner.dispatch.summary import StoppedBy
from gridrunner.errors import ExitCode, UsageError
from gridrunner.grid.drivers.protocol import RunDemand
from gridrunner.grid.hubs.live import LiveGrid, forget_live_grid, write_live_grid
from gridrunner.grid.hubs.owners import owner_token
from gridrunner.grid.hubs.processes import reap_orphans
from gridrunner.judging.process import JudgeProcess, run_live_checks
from gridrunner.judging.protocol import Selection
from gridrunner.model import Plan
from gridrunner.planning.plan import owed_sites
from gridrunner.results.history import open_history
from gridrunner.results.journal.events import JournalHeader, Judged, RunEnded
from gridrunner.results.journal.files import make_folder
from gridrunner.results.journal.lines import JOURNAL_NAME, JournalWriter
from gridrunner.results.journal.planfile import PLAN_NAME, write_plan
from gridrunner.results.record import RunRecord, load_run
from gridrunner.results.verdicts.quarantine import list_excused
from gridrunner.run.fleet import measure_fleet, open_price_book, wanted_nodes
from gridrunner.run.hubs import (
    GridChoice,
    choose_grid,
    count_lanes,
    driver_settings,
    isolation_of,
    keep_in_order,
    make_hubs,
    make_say,
    open_grids,
)
from gridrunner.run.judge_port import JudgeRounds
from gridrunner.run.prepare import Prepared, prepare_run
from gridrunner.run.publishing import Publisher, make_publisher
from gridrunner.run.recording import journal_event
from gridrunner.run.selecting import (
    find_unknown_sites,
    make_selection,
    read_user_probes,
)
from gridrunner.settings.loading import RunConfig
from gridrunner.sites.replay import ReplayServer
from gridrunner.terminal.progress import Tally, make_progress
from gridrunner.text import drop_users_in

if TYPE_CHECKING:
    from gridrunner.run.storing import StoreSession


LOOPBACK = "127.0.0.1"

FLEET_OUTAGE_S = 300.0
"""How long a run on a fleet waits with no node at all: an instance that spot took is replaced within minutes."""

GRID_EVIDENCE = "evidence/_grid"
"""In the run folder: logs of containers that failed. No site id begins with an underscore."""

CLOSED_NETWORK = ("MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1")
"""When every site of a run is a replica, no other host may be asked: look-ups that fail slowly hold up pages."""


def _open_store(config: RunConfig, env: Mapping[str, str]) -> StoreSession | None:
    if config["store"] is None or config["dry_run"]:
        return None
    from gridrunner.run.storing import open_store  # noqa: PLC0415 - boto3 takes half a second, and most runs need none

    return open_store(config, env)


def _make_folders(config: RunConfig, folder: Path) -> None:
    """The folders of runs, of --junit and of --json: what cannot be made is said before any visit. Raises RunFolderError."""
    make_folder(folder.parent)
    for file in (config["junit"], config["json"]):
        if file is not None and str(file) != "-":
            make_folder(Path(file).parent)


def execute_run(config: RunConfig, env: Mapping[str, str], *, command: tuple[str, ...]) -> int:
    """Run, from the settings to the exit code. Raises GridrunnerError for what the user can mend."""
    console = make_console(config)
    publisher = make_publisher(config, env)
    choice = choose_grid(config, env)
    probes = read_user_probes(config["probe"], config["extension"])
    selection = make_selection(config)
    stored = _open_store(config, env)
    config = stored.config if stored is not None else config
    with ExitStack() as stack:
        rounds = JudgeRounds()
        prepared, judge = prepare_run(
            config, choice, selection, rounds, stack, agree=stored.agree if stored is not None else None
        )
        if isolation_of(config) != config["isolation"]:
            console.print("--extension: a session for each site, because extensions run in no other context")
        for warning in prepared.warnings:
            console.print(f"warning: {warning}", style="yellow", markup=False, highlight=False)
        host_rules = _serve_replays(prepared, LOOPBACK, stack)
        hubs = make_hubs(config, choice, run=prepared.run, folder=prepared.folder, host_rules=host_rules, probes=probes)
        if config["dry_run"]:
            judge.abort()
            print_plan(prepared.rest, slots=config["slots"], console=Console())
            return ExitCode.OK
        _make_folders(config, prepared.folder)
        start_loading_detector()
        reap_orphans()
        say = make_say(console)
        prices = open_price_book(config)
        demand = replace(_demand_of(config, prepared), nodes=wanted_nodes(config, prepared.rest, say))
        if stored is not None:
            stored.begin(prepared.run, prepared.plan)
        opened = stack.enter_context(open_grids(choice, driver_settings(config, env), demand, say))
        live = _live_grid(config, choice, prepared, host_rules)
        for grid in opened:
            grid_rules = _serve_replays(prepared, grid.host_address, stack)
            hubs += make_hubs(
                config,
                choice,
                run=prepared.run,
                folder=prepared.folder,
                host_rules=grid_rules,
                probes=probes,
                addresses=grid.hubs,
            )
            live = live or _live_grid(config, choice, prepared, grid_rules, hub_url=grid.hubs[0].url)
        stack.enter_context(keep_in_order(hubs, prepared.run))
        write_plan(prepared.folder / PLAN_NAME, prepared.plan)
        journal = stack.enter_context(_open_journal(prepared, command))
        for result in prepared.judged:
            journal.write(Judged(result=result))
        started = time.monotonic()
        owed = owed_sites(prepared.rest)
        tally = Tally(
            total=len(owed),
            expected_s={planned.site.id: planned.expected_s for planned in owed},
            excused=list_excused([planned.site for planned in owed], prepared.plan.checks),
        )
        progress = make_progress(console, tally, quiet=config["quiet"], verbose=config["verbose"])

        def keep(record: DispatchRecord) -> None:
            event = journal_event(record)
            if event is not None:
                journal.write(event)
            progress.record(record)

        def connect(sink: JudgeSink) -> JudgeRounds:
            rounds.connect(judge, sink)
            return rounds

        dispatcher = Dispatcher(
            replace(prepared.rest, checks=recorded_checks(prepared.rest, judge)),
            hubs,
            connect,
            _dispatch_settings(config),
            recorder=keep,
            attempts=prepared.attempts,
            early=find_unknown_sites(config, [planned.site for planned in owed]),
        )
        try:
            with publisher.reporter.fold("gridrunner_visits", "Visits"), _stop_on_signals(dispatcher):
                summary = dispatcher.run()
        finally:
            progress.close()
            for grid in opened:
                for file in grid.keep_evidence(prepared.folder / GRID_EVIDENCE):
                    console.print(f"kept {file}", markup=False, highlight=False)
        if judge.live_checks and prepared.live_sites and summary.stopped_by is StoppedBy.FINISHED:
            try:
                assert live is not None, "no hub, no run"
                _run_live(config, live, prepared, judge.live_checks, selection, journal)
            except KeyboardInterrupt:
                console.print("interrupted during the live checks", style="yellow")
                summary = replace(summary, stopped_by=StoppedBy.INTERRUPTED)
        code = ExitCode.INTERRUPTED if summary.stopped_by is StoppedBy.INTERRUPTED else ExitCode.OK
        elapsed_s = round(time.monotonic() - started, 3)
        for grid in opened:
            used = measure_fleet(grid, config, prices, at_s=elapsed_s)
            if used is not None:
                journal.write(used)
        ended = RunEnded(exit_code=code, at_s=elapsed_s, reason=str(summary.stopped_by))
        record = load_run(prepared.folder).ended_by(ended)
        journal.write(replace(ended, exit_code=publisher.exit_code_of(record)))
    code = _finish(config, publisher, record, prepared.folder, console)
    return stored.finish(record, prepared.folder, code, say) if stored is not None else code


def make_console(config: RunConfig) -> Console:
    """Where people read: standard error, coloured as --color says."""
    force = {"always": True, "never": False}.get(config["color"])
    return Console(stderr=True, force_terminal=force, no_color=config["color"] == "never" or None)


def recorded_checks(plan: Plan, judge: JudgeProcess) -> tuple[str, ...]:
    """The plan's checks without the live ones, which are run after the visits."""
    return tuple(check for check in plan.checks if check not in judge.live_checks)


def _open_journal(prepared: Prepared, command: tuple[str, ...]) -> JournalWriter:
    header = JournalHeader(
        run=prepared.run,
        plan=prepared.plan.hash,
        started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        version=__version__,
        command=tuple(drop_users_in(word) for word in command),
        replays=tuple(str(path) for path in prepared.replays),
    )
    return JournalWriter(prepared.folder / JOURNAL_NAME, header)


def _serve_replays(prepared: Prepared, address: str | None, stack: ExitStack) -> tuple[str, ...]:
    """Serve the replica pages that the lists ask for at `address` of this machine alone (None: browsers cannot reach
    it); the resolver rules that lead browsers there. Raises UsageError when that cannot be.
    """
    rules: list[str] = []
    for folder in prepared.replays:
        if address is None:
            raise UsageError(
                f"{folder}: replica pages are served by this machine, which the grid's nodes cannot reach",
                hint="run this list with --grid local or --grid docker",
            )
        server = stack.enter_context(ReplayServer(folder, bind=address))
        rules.extend(server.host_rules(address))
    if rules and not needs_internet(prepared.plan):
        rules.extend(CLOSED_NETWORK)
    return tuple(rules)


def needs_internet(plan: Plan) -> bool:
    """Whether a site of the plan is no replica."""
    hosts = {planned.site.url.split("/", 3)[2].partition(":")[0] for planned in plan.sites}
    return not all(host.endswith(".localhost") for host in hosts)


def _demand_of(config: RunConfig, prepared: Prepared) -> RunDemand:
    owed = owed_sites(prepared.rest)
    return RunDemand(
        run=prepared.run,
        sites=len(owed),
        expected_s=sum(planned.expected_s for planned in owed),
        slots=config["slots"],
        needs_internet=needs_internet(prepared.plan) or not prepared.replays,
    )


def _dispatch_settings(config: RunConfig) -> DispatchSettings:
    return DispatchSettings(
        slots=config["slots"] and config["slots"] * count_lanes(config, is_local="local" in config["grid"]),
        retries=config["retries"],
        visit_timeout_s=config["visit_timeout"],
        deadline_s=config["deadline"],
        max_failures=config["max_failures"],
        outage_limit_s=FLEET_OUTAGE_S if "aws" in config["grid"] else DispatchSettings().outage_limit_s,
        visits_per_session=1 if isolation_of(config) == "session" else DispatchSettings().visits_per_session,
    )


@contextmanager
def _stop_on_signals(dispatcher: Dispatcher) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the run in good order; a second Ctrl-C ends it at once."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        dispatcher.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _live_grid(
    config: RunConfig,
    choice: GridChoice,
    prepared: Prepared,
    host_rules: Sequence[str],
    *,
    hub_url: str | None = None,
) -> LiveGrid | None:
    """Where live checks get their sessions: at `hub_url`, or else in browsers of this machine or at the first hub that
    the user names; None without any.
    """
    if hub_url is None and choice.browser is None:
        if not choice.urls:
            return None
        hub_url = choice.urls[0]
    options = SessionOptions(
        name=f"gridrunner {prepared.run} live",
        run=prepared.run,
        owner=owner_token(),
        host_rules=tuple(host_rules),
        extensions=tuple(path.resolve() for path in config["extension"]),
    )
    return LiveGrid(
        options=options, hub_url=hub_url, hub_ca=config["hub_ca"], browser=choice.browser if hub_url is None else None
    )


def _run_live(
    config: RunConfig,
    live: LiveGrid,
    prepared: Prepared,
    checks: Sequence[str],
    selection: Selection,
    journal: JournalWriter,
) -> None:
    """Run the live checks of every site that was visited, through pytest-xdist, and journal their results."""
    write_live_grid(prepared.folder, live)
    try:
        sites = dict.fromkeys(prepared.live_sites, 1)
        results = run_live_checks(
            prepared.folder, sites, checks=checks, selection=selection, processes=config["slots"] or 2
        )
    finally:
        forget_live_grid(prepared.folder)
        reap_orphans()  # a live check that was killed for its silence leaves its driver
    for result in results:
        journal.write(Judged(result=result))


def _finish(config: RunConfig, publisher: Publisher, record: RunRecord, folder: Path, console: Console) -> ExitCode:
    """Remember durations, render the run folder, and say what came out; returns the exit code."""
    history, _warning = open_history(config["history"])
    if history is not None:
        with history:
            history.add_run(record)
    code = publisher.publish(folder, console, record=record, junit_copy=config["junit"])
    if config["capture"] != Screenshots.NONE:
        export_captures(record, folder, console, only_failed=config["capture"] == Screenshots.FAILED)
    return code
