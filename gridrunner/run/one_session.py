"""One session by itself, for commands that open a page by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.errors import UsageError
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.status import HubAddress
from gridrunner.planning.constants import SESSION_TIMEOUT_S
from gridrunner.run.choosing import choose_grid
from gridrunner.settings.loading import Settings


@contextmanager
def open_one_session(
    settings: Settings,
    env: Mapping[str, str],
    *,
    command: str,
    options: SessionOptions,
    visit_settings: VisitSettings,
    folder: Path,
) -> Iterator[BrowserSession]:
    """A session of its own for a command that opens pages by hand; their evidence goes to `folder`. Raises UsageError
    where --grid names a grid that would be brought up for it, GridFault when no session can be had.
    """
    choice = choose_grid(settings, env)
    for kind in choice.kinds:
        raise UsageError(
            f"--grid {kind}: {command} opens one page and brings up no grid",
            hint="leave --grid out, or name the hub of a grid that is up (`gridrunner grid status`)",
        )
    store = EvidenceStore(run_folder=folder)
    hub: LocalHub | RemoteHub
    if choice.browser is not None:
        hub = LocalHub(browser=choice.browser, browsers=1, options=options, settings=visit_settings, store=store)
    else:
        hub = RemoteHub(
            address=HubAddress(url=choice.urls[0]),
            ca_file=settings.grid.hub_ca,
            options=options,
            settings=visit_settings,
            store=store,
        )
    session = hub.open_session(slot="1", timeout_s=SESSION_TIMEOUT_S)
    try:
        yield session
    finally:
        session.close()
