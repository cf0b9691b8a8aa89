"""A Selenium Grid hub that is up already, as the dispatcher sees it: its slots, and sessions opened through it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from msgspec.structs import replace

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.browser.visitors import name_session
from gridrunner.errors import SessionNotCreated, UsageError
from gridrunner.grid.drivers.table import DRIVER_NAMES
from gridrunner.grid.hubs.client import HubClient, count_slots, find_draining_sessions
from gridrunner.grid.hubs.lanes import LanePool, OpenBrowser
from gridrunner.grid.hubs.webdriver import (
    WebDriverSession,
    authorization_of,
    devtools_fallback,
    devtools_url,
    open_session,
    quit_session,
)
from gridrunner.grid.status import HubAddress, NodeStatus
from gridrunner.host.proxies import find_proxy
from gridrunner.text import redact_url

SOCKETS_PER_SESSION = 10
"""Of a node, unless it was started with another --connection-limit-per-session (Selenium Grid 4.48, `NodeOptions`)."""


class RemoteHub:
    """A hub by its URL. Credentials in the URL are used and never shown."""

    def __init__(
        self,
        *,
        address: HubAddress,
        options: SessionOptions,
        settings: VisitSettings,
        store: EvidenceStore,
        lanes_per_session: int = 1,
        ca_file: Path | None = None,
    ) -> None:
        """`ca_file`: the certificates (PEM) that an https hub is checked with. Raises UsageError when the address holds
        no http or https URL, or the file no certificates.
        """
        parts = urlsplit(address.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(
                f"--grid {redact_url(address.url)}: neither {DRIVER_NAMES} nor the URL of a hub",
                hint="write --grid local, or a hub such as --grid http://localhost:4444",
            )
        self.client = HubClient(address, ca_file=ca_file)
        self.name = self.client.name
        self._url, self._ca_file = address.url.rstrip("/"), ca_file
        self._options, self._settings, self._lanes_per_session = options, settings, lanes_per_session
        self._agent = name_session(settings, version="", platform="")
        self._pool = LanePool(
            hub=self.name,
            opener=self._open_browser,
            per_browser=lanes_per_session,
            settings=settings,
            store=store,
            most_sockets=SOCKETS_PER_SESSION,
        )

    def slots(self) -> int:
        """Visits at once: the slots of the nodes that are UP, times the lanes of each. Sessions of ours on nodes that
        drain are told to take no further visit. Raises HubUnreachable.
        """
        nodes = self.client.nodes()
        self._agent = self._name_browsers(nodes)
        self._pool.note_draining(find_draining_sessions(nodes))
        return count_slots(nodes) * self._lanes_per_session

    def open_session(self, *, slot: str, timeout_s: float) -> BrowserSession:
        """A lane for `slot`, on a new session where the others are full. Raises GridFault within `timeout_s` and the
        socket's own limit.
        """
        return self._pool.open_lane(slot=slot, timeout_s=timeout_s)

    def _name_browsers(self, nodes: Sequence[NodeStatus]) -> str:
        """What sessions call themselves, where every node has the same browser: the hub chooses the node."""
        kinds = {(node.browser_version.partition(".")[0], node.platform) for node in nodes}
        version, platform = kinds.pop() if len(kinds) == 1 else ("", "")
        return name_session(self._settings, version=version, platform=platform)

    def _open_browser(self, slot: str, timeout_s: float) -> OpenBrowser:
        named = replace(self._options, name=f"{self._options.name} {slot}", user_agent=self._agent)
        try:
            session = open_session(
                self._url, make_options(named, None), hub=self.name, timeout_s=timeout_s, ca_file=self._ca_file
            )
        except SessionNotCreated as error:
            evicted = self.client.evict_unreached_node(str(error))
            if evicted is None:
                raise
            raise SessionNotCreated(f"{error}; node {evicted} is dead, and its hub was told to forget it") from error
        try:
            address = devtools_url(session, self._url)
        except BaseException:
            self._quit(session)
            raise
        return OpenBrowser(
            node=_node_of(session) or self.client.find_node(session.id),
            session_id=session.id,
            devtools_url=address,
            devtools_fallback=devtools_fallback(session, self._url),
            devtools_headers=tuple(f"{name}: {value}" for name, value in authorization_of(self._url).items()),
            ca_file=self._ca_file,
            proxy=find_proxy(self._url, os.environ),
            end=lambda: self._quit(session),
            end_now=lambda: self._quit(session),
        )

    def _quit(self, session: WebDriverSession) -> None:
        if not quit_session(session):
            self.client.end_session(session.id)


def _node_of(session: WebDriverSession) -> str:
    return str(session.capabilities.get("se:containerName") or session.capabilities.get("se:nodeId") or "")
