"""Which hubs a run uses: browsers of this machine, hubs by their URLs, and grids that drivers bring up for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from msgspec import Struct
from msgspec.structs import asdict, replace

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.guarding import NameGuard, make_guard
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.reach import Place, find_places
from gridrunner.browser.tab_settings import TabSettings, Traffic
from gridrunner.browser.visit import VisitSettings
from gridrunner.dispatch.ports import Hub
from gridrunner.errors import GridFault
from gridrunner.grid.drivers.choosing import make_driver
from gridrunner.grid.drivers.protocol import OpenGrid, RunDemand
from gridrunner.grid.drivers.table import names_fleet
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.grid.hubs.owners import owner_token
from gridrunner.grid.hubs.processes import drivers_ended
from gridrunner.grid.hubs.reaping import REAP_TIMEOUT_S, reap_sessions
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.status import HubAddress
from gridrunner.host.descriptors import require_descriptors
from gridrunner.planning.plan import owed_sites
from gridrunner.run.archives import NO_NETWORK, RANDOM_SEED, open_traffic
from gridrunner.run.choosing import driver_settings
from gridrunner.run.fleet import PriceBook, open_price_book, wanted_nodes
from gridrunner.run.manifests import require_loaded
from gridrunner.run.opening import Run
from gridrunner.run.prepare import Work
from gridrunner.run.replays import LOOPBACK, leads_elsewhere, serve_replays
from gridrunner.run.selecting import private_hosts_of
from gridrunner.settings.visits import Fetch, Robots, Screenshots


class Grids(Struct, frozen=True, kw_only=True):
    """The hubs of a run, in the order of --grid; the grids among them that drivers opened, with what those cost, and
    the resolver rules by which the browsers of this machine, or else of the first hub, find replicas.
    """

    hubs: tuple[Hub, ...]
    opened: tuple[OpenGrid, ...]
    prices: PriceBook | None
    host_rules: tuple[str, ...]
    first_url: str | None
    """Of a hub; None where the browsers of this machine come first."""


@contextmanager
def open_grids(run: Run, work: Work) -> Iterator[Grids]:
    """Serve the replicas and open the hubs of a run, in the hands of this run alone; closed again however the block
    ends. Raises GridFault and UsageError.
    """
    settings = run.settings
    is_on_fleet = names_fleet(settings.grid.places)
    nodes = wanted_nodes(settings.fleet, work.rest, run.say, is_on_fleet=is_on_fleet)
    prices = open_price_book(settings.fleet.file, is_on_fleet=is_on_fleet)
    with ExitStack() as stack:
        stack.enter_context(drivers_ended())
        require_descriptors(settings.grid.slots or settings.grid.browsers)
        traffic = stack.enter_context(open_traffic(run, work.folder))
        rules = _host_rules(run, work, LOOPBACK, stack)
        hubs = list(make_hubs(run, work, rules, traffic))
        if run.store is not None:
            run.store.begin(work.run, work.plan)
        opened: list[OpenGrid] = []
        first_url = run.choice.urls[0] if run.choice.urls and run.choice.browser is None else None
        has_hubs = bool(hubs)
        for kind in run.choice.kinds:
            driver = make_driver(kind, driver_settings(settings, run.env))
            grid = stack.enter_context(driver.open_for_run(_demand_of(run, work, nodes), run.say))
            grid_rules = _host_rules(run, work, grid.host_address, stack)
            hubs += _hubs_at(run, work, grid.hubs, grid_rules, traffic)
            if not has_hubs and not opened:
                rules, first_url = grid_rules, grid.hubs[0].url
            opened.append(grid)
        stack.enter_context(_kept_in_order(hubs, work.run))
        if hubs and run.settings.visits.extensions:
            require_loaded(hubs[0], run.settings.visits.extensions)
        yield Grids(hubs=tuple(hubs), opened=tuple(opened), prices=prices, host_rules=rules, first_url=first_url)


def _demand_of(run: Run, work: Work, nodes: int | None) -> RunDemand:
    owed = owed_sites(work.rest)
    return RunDemand(
        run=work.run,
        shard="{}/{}".format(*work.plan.shard) if work.plan.shard else "",
        sites=len(owed),
        slots=run.settings.grid.slots,
        needs_internet=leads_elsewhere(work.plan) or not work.replays,
        nodes=nodes,
    )


def make_hubs(run: Run, work: Work, host_rules: Sequence[str], traffic: Traffic | None = None) -> tuple[Hub, ...]:
    """The hubs that are there without a driver: browsers of this machine, and hubs by their URLs. `host_rules` are what
    their browsers find replicas by. Raises UsageError for what is not the URL of a hub.
    """
    settings, hubs = run.settings, []
    if run.choice.browser is not None:
        here = LocalHub(
            browser=run.choice.browser,
            browsers=settings.grid.browsers,
            options=session_options(run, work, host_rules),
            settings=visit_settings(run, work, traffic),
            store=EvidenceStore(run_folder=work.folder),
            lanes_per_browser=settings.grid.lanes_here,
        )
        if not here.has_sandbox:
            run.warn("browsers run without their sandbox, as --no-sandbox says: a page that breaks out is this user")
        hubs.append(here)
    return (*hubs, *_hubs_at(run, work, [HubAddress(url=url) for url in run.choice.urls], host_rules, traffic))


def _hubs_at(
    run: Run, work: Work, addresses: Sequence[HubAddress], host_rules: Sequence[str], traffic: Traffic | None
) -> tuple[Hub, ...]:
    settings = run.settings
    return tuple(
        RemoteHub(
            address=address,
            ca_file=settings.grid.hub_ca,
            options=session_options(run, work, host_rules),
            settings=visit_settings(run, work, traffic),
            store=EvidenceStore(run_folder=work.folder),
            lanes_per_session=settings.grid.lanes_on_hubs,
        )
        for address in addresses
    )


def session_options(run: Run, work: Work, host_rules: Sequence[str]) -> SessionOptions:
    """What the sessions of a run are opened with."""
    archive = run.settings.archive
    return SessionOptions(
        name=f"gridrunner {work.run}",
        run=work.run,
        owner=owner_token(),
        browser_on_hubs=run.settings.grid.browser,
        host_rules=tuple(host_rules),
        places=places_of(run, work),
        extensions=tuple(path.resolve() for path in run.settings.visits.extensions),
        random_seed=None if archive.record is None and archive.replay is None else RANDOM_SEED,
    )


def places_of(run: Run, work: Work) -> tuple[Place, ...]:
    """The private places that the browsers of a run may reach, its proxies among them. Raises UsageError."""
    ways = [f"http://{egress.server.partition('://')[2]}/" for egress in run.settings.egresses]
    urls = [planned.site.url for planned in work.plan.sites]
    return find_places([*urls, *ways], run.settings.visits.allow_private)


def _guard_of(run: Run, work: Work) -> NameGuard | None:
    """None where every site is a replica, or served out of an archive: no other name leads anywhere."""
    if _is_replay(run):
        return None
    if work.replays and not leads_elsewhere(work.plan):
        return None
    return make_guard((planned.site.url for planned in work.plan.sites), places_of(run, work))


def _host_rules(run: Run, work: Work, address: str | None, stack: ExitStack) -> tuple[str, ...]:
    return NO_NETWORK if _is_replay(run) else serve_replays(work.replays, work.plan, address, stack)


def _is_replay(run: Run) -> bool:
    return run.settings.archive.replay is not None


def visit_settings(run: Run, work: Work, traffic: Traffic | None) -> VisitSettings:
    """What holds for the visits of a run; `traffic` is kept or replayed."""
    settings, visits = run.settings, run.settings.visits
    if _is_replay(run):
        visits = replace(visits, robots=Robots.IGNORE)  # it was heeded, or not, when the archive was made
    # First attempts may leave pictures out, but not where one of them may be the only screenshot or copy, nor where a
    # replay will ask for them.
    wants_every_picture = Screenshots.ALL in {visits.screenshots, visits.capture} or traffic is not None
    return VisitSettings(
        **asdict(visits),
        probes=run.probes,
        guard=_guard_of(run, work),
        egresses=() if _is_replay(run) else settings.egresses,
        private_hosts=private_hosts_of(visits),
        tabs=TabSettings(traffic=traffic),
        has_own_context=not visits.extensions,
        is_lean=visits.fetch is Fetch.LEAN and settings.dispatch.retries > 0 and not wants_every_picture,
    )


@contextmanager
def _kept_in_order(hubs: Sequence[Hub], run: str) -> Iterator[None]:
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
