"""Where the settings want browsers: what --grid, --browser and --extension come to. Nothing is started."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.browser.binaries import Browser, find_browser
from gridrunner.errors import UsageError
from gridrunner.grid.drivers.choosing import DriverSettings
from gridrunner.grid.drivers.table import LOCAL, drivers_of, hub_urls_of
from gridrunner.run.manifests import require_manifest
from gridrunner.settings.grid import BrowserName
from gridrunner.settings.loading import Settings


class GridChoice(Struct, frozen=True, kw_only=True):
    """What --grid and --browser come to: hub URLs, the browser of this machine when `local` is among them, and the
    kinds of grid that drivers open.
    """

    urls: tuple[str, ...]
    browser: Browser | None
    kinds: tuple[str, ...] = ()


def choose_grid(settings: Settings, env: Mapping[str, str]) -> GridChoice:
    """Check --grid, --browser and --extension. Raises UsageError; nothing is started."""
    _check_elastic(settings)
    places, wanted = settings.grid.places, settings.grid.browser
    extensions = settings.visits.extensions
    for folder in extensions:
        require_manifest(folder)
    if extensions:
        if wanted is BrowserName.HEADLESS_SHELL:
            raise UsageError("--extension: headless-shell has no extensions", hint="use --browser chromium")
        wanted = wanted or BrowserName.CHROMIUM
    browser = find_browser(wanted, env) if LOCAL in places else None
    if browser is not None and settings.grid.no_sandbox:
        browser = replace(browser, is_sandbox_waived=True)
    kinds = tuple(row.name for row in drivers_of(places) if row.is_opened)
    return GridChoice(urls=hub_urls_of(places), browser=browser, kinds=kinds)


def _check_elastic(settings: Settings) -> None:
    """Raises UsageError where --elastic cannot be meant."""
    grid = settings.grid
    if not grid.elastic:
        return
    if any(row.is_opened for row in drivers_of(grid.places)) or not hub_urls_of(grid.places):
        raise UsageError(
            "--elastic is for hubs that are named by URL and make slots on demand",
            hint="a fleet on AWS is raised by --scale; name the hub: --grid http://hub:4444",
        )
    if grid.slots is None:
        raise UsageError("--elastic: how many sessions at once?", hint="say --slots N: the hub makes so many slots")


def driver_settings(settings: Settings, env: Mapping[str, str]) -> DriverSettings:
    """What the settings say to drivers."""
    return DriverSettings(
        env=env,
        name=settings.grid.name,
        hub_image=settings.grid.hub_image,
        node_image=settings.grid.node_image,
        fleet=settings.fleet.file,
        hub_ca=settings.grid.hub_ca,
        host_address=settings.fleet.serve_address,
        scale_timeout_s=settings.fleet.scale_timeout_s,
    )
