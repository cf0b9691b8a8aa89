"""Which hubs a run uses: browsers of this machine and Selenium Grid hubs, made from the settings."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gridrunner.browser.binaries import Browser, BrowserName, find_browser
from gridrunner.browser.evidence import EvidenceStore, Screenshots
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.visit import UserProbe, VisitSettings
from gridrunner.config import Origin, RunConfig
from gridrunner.dispatch.ports import Hub
from gridrunner.errors import UsageError
from gridrunner.grid.local import NAME as LOCAL
from gridrunner.grid.local import LocalHub
from gridrunner.grid.remote import RemoteHub

NOT_YET = frozenset({"docker", "aws"})
"""Grids that CLI.md names and this version cannot bring up by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridChoice:
    """What --grid and --browser come to: hub URLs, and the browser of this machine when `local` is among them."""

    urls: tuple[str, ...]
    browser: Browser | None


def choose_grid(config: RunConfig, env: Mapping[str, str]) -> GridChoice:
    """Check --grid, --browser and --extension. Raises UsageError; nothing is started."""
    places: Sequence[str] = config["grid"]
    for place in places:
        if place in NOT_YET:
            raise UsageError(
                f"--grid {place}: this version does not bring up a grid by itself",
                hint="start a Selenium Grid and name its hub, such as --grid http://localhost:4444",
            )
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
    return GridChoice(urls=tuple(place for place in places if place != LOCAL), browser=browser)


def make_hubs(
    config: RunConfig,
    choice: GridChoice,
    *,
    run: str,
    folder: Path,
    host_rules: Sequence[str],
    probes: tuple[UserProbe, ...],
) -> tuple[Hub, ...]:
    """The hubs of a run. Raises UsageError for a URL that is none."""
    options = SessionOptions(
        name=f"gridrunner {run}",
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
    if choice.browser is not None:
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
            url=url,
            options=options,
            settings=settings,
            store=store,
            lanes_per_session=count_lanes(config, is_local=False),
        )
        for url in choice.urls
    )
    return tuple(hubs)


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
