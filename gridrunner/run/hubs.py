"""Which hubs a run uses: browsers of this machine and Selenium Grid hubs, made from the settings."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

from msgspec import Struct
from rich.console import Console

from gridrunner.browser.binaries import Browser, BrowserName, find_browser
from gridrunner.browser.evidence import EvidenceStore, Screenshots
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.visit import UserProbe, VisitSettings
from gridrunner.dispatch.ports import Hub
from gridrunner.errors import GridFault, UsageError
from gridrunner.grid.drivers.choosing import DriverSettings, make_driver
from gridrunner.grid.drivers.protocol import OpenGrid, RunDemand, Say
from gridrunner.grid.drivers.table import LOCAL
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.grid.hubs.owners import owner_token
from gridrunner.grid.hubs.reaping import REAP_TIMEOUT_S, reap_sessions
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.status import HubAddress
from gridrunner.settings.loading import Origin, RunConfig

BROUGHT_UP = ("docker", "aws")
"""Grids that a driver opens for a run (`grid.drivers.protocol.choosing`): the one that is up, or one made for this run alone."""


class GridChoice(Struct, frozen=True, kw_only=True):
    """What --grid and --browser come to: hub URLs, the browser of this machine when `local` is among them, and the kinds
    of grid that drivers open.
    """

    urls: tuple[str, ...]
    browser: Browser | None
    kinds: tuple[str, ...] = ()


def choose_grid(config: RunConfig, env: Mapping[str, str]) -> GridChoice:
    """Check --grid, --browser and --extension. Raises UsageError; nothing is started."""
    places: Sequence[str] = config["grid"]
    wanted = BrowserName(config["browser"]) if config["browser"] else None
    for folder in config["extension"]:
        if not (folder / "manifest.json").is_file():
            raise UsageError(f"--extension {folder}: no unpacked extension (it has no manifest.json)")
    if config["extension"]:
        if wanted is BrowserName.HEADLESS_SHELL:
            raise UsageError("--extension: headless-shell has no extensions", hint="use --browser chromium")
        wanted = wanted or BrowserName.CHROMIUM
        if config["isolation"] == "context" and config.origin_of("isolation").origin is not Origin.DEFAULT:
            raise UsageError(
                "--extension: extensions do not run in browser contexts of their own",
                hint="leave --isolation out: each site gets a session of its own then",
            )
    browser = find_browser(wanted, env) if LOCAL in places else None
    kinds = tuple(dict.fromkeys(place for place in places if place in BROUGHT_UP))
    urls = tuple(place for place in places if place != LOCAL and place not in BROUGHT_UP)
    return GridChoice(urls=urls, browser=browser, kinds=kinds)


def require_no_driver(choice: GridChoice, command: str) -> None:
    """Raises UsageError where --grid names a grid that would be brought up for one page."""
    for kind in choice.kinds:
        raise UsageError(
            f"--grid {kind}: {command} opens one page and brings up no grid",
            hint="leave --grid out, or name the hub of a grid that is up (`gridrunner grid status`)",
        )


def driver_settings(config: RunConfig, env: Mapping[str, str]) -> DriverSettings:
    """What the settings say to drivers."""
    return DriverSettings(
        env=env,
        name=config["grid_name"],
        hub_image=config["hub_image"],
        node_image=config["node_image"],
        fleet=config["fleet"],
        host_address=config["serve_address"],
        scale_timeout_s=config["scale_timeout"],
    )


@contextmanager
def open_grids(
    choice: GridChoice, settings: DriverSettings, demand: RunDemand, say: Say
) -> Iterator[tuple[OpenGrid, ...]]:
    """The grids of --grid that drivers open, in the hands of one run; closed again however the block ends. SIGTERM
    counts as Ctrl-C meanwhile, so that a cancelled CI job leaves no containers. Raises GridFault and UsageError.
    """
    if not choice.kinds:
        yield ()
        return
    with _signals_as_interrupt(), ExitStack() as stack:
        yield tuple(stack.enter_context(make_driver(kind, settings).open_for_run(demand, say)) for kind in choice.kinds)


@contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    """Also Ctrl-C: a shell that starts something in the background has it ignore that."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def make_say(console: Console) -> Say:
    """Lines about what a grid does, where people read."""
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)


def make_hubs(
    config: RunConfig,
    choice: GridChoice,
    *,
    run: str,
    folder: Path,
    host_rules: Sequence[str],
    probes: tuple[UserProbe, ...],
    addresses: Sequence[HubAddress] = (),
) -> tuple[Hub, ...]:
    """The hubs of a run, or with `addresses` those alone. `host_rules` are what their browsers find replicas by.

    Raises UsageError for a URL that is none.
    """
    options = SessionOptions(
        name=f"gridrunner {run}",
        run=run,
        owner=owner_token(),
        browser_on_hubs=BrowserName(config["browser"]) if config["browser"] else None,
        host_rules=tuple(host_rules),
        extensions=tuple(path.resolve() for path in config["extension"]),
    )
    settings = VisitSettings(
        visit_timeout_s=config["visit_timeout"],
        probes=probes,
        screenshots=Screenshots(config["screenshots"]),
        copies=Screenshots(config["capture"]),
        has_own_context=not config["extension"],
        dismiss_walls=config["dismiss_walls"],
        try_insertion=config["try_insertion"],
        is_lean=_may_be_lean(config),
    )
    store = EvidenceStore(run_folder=folder)
    lanes = count_lanes(config, is_local=True)
    hubs: list[Hub] = []
    if choice.browser is not None and not addresses:
        browsers = config["slots"] or os.cpu_count() or 1
        hubs.append(
            LocalHub(
                browser=choice.browser,
                browsers=browsers,
                options=options,
                settings=settings,
                store=store,
                lanes_per_browser=lanes,
            )
        )
    hubs.extend(
        RemoteHub(
            address=address,
            ca_file=config["hub_ca"],
            options=options,
            settings=settings,
            store=store,
            lanes_per_session=count_lanes(config, is_local=False),
        )
        for address in addresses or [HubAddress(url=url) for url in choice.urls]
    )
    return tuple(hubs)


@contextmanager
def keep_in_order(hubs: Sequence[Hub], run: str) -> Iterator[None]:
    """Before a run: refuse hubs that are too old, and end sessions of runs that are over; after it, those that this one
    left. A hub that does not answer is left alone. Raises UsageError.
    """
    clients = [hub.client for hub in hubs if isinstance(hub, RemoteHub)]
    for client in clients:
        with suppress(GridFault):
            client.require_supported(timeout_s=REAP_TIMEOUT_S)
    reap_sessions(clients)
    try:
        yield
    finally:
        reap_sessions(clients, (run,))


def _may_be_lean(config: RunConfig) -> bool:
    """Whether first attempts may leave pictures out: not where one of them may be the only screenshot or copy."""
    wants_every_picture = "all" in {config["screenshots"], config["capture"]}
    return config["fetch"] == "lean" and config["retries"] > 0 and not wants_every_picture


def isolation_of(config: RunConfig) -> str:
    """`context` or `session`: --isolation, but a session for each site where extensions are loaded. Chromium runs them
    in the session's first context only (156, tried with --load-extension and Extensions.loadUnpacked, 2026-11-24).
    """
    return "session" if config["extension"] else str(config["isolation"])


LOCAL_LANES = 2
"""Visits at once in one browser of this machine: one waits while another works. On hubs a node gives each session one
core and a page that kills its browser could not be kept apart for want of slots, so there it is one."""


def count_lanes(config: RunConfig, *, is_local: bool) -> int:
    """Visits at once in one session: --contexts-per-session or what suits the place; one where sites get a session."""
    if isolation_of(config) == "session":
        return 1
    return int(config["contexts_per_session"] or (LOCAL_LANES if is_local else 1))
