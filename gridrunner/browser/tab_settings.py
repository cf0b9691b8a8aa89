"""How the tabs of a run begin, and what is done with the traffic of the visits in them; protocols, as in `port`."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from gridrunner.archive.traffic import Mode
from gridrunner.browser.port import Page
from gridrunner.model import Observation, Site


class VisitTraffic(Protocol):
    """The traffic of one visit, kept or served."""

    def end(self, observation: Observation) -> Observation:
        """The visit is over. Raises OutputLost, SessionLost."""
        ...


class Traffic(Protocol):
    """What is done with the traffic of all visits; lanes use it at once."""

    @property
    def mode(self) -> Mode:
        """Whether it is kept or served."""
        ...

    def begin(self, page: Page, site: Site, attempt: int) -> VisitTraffic:
        """Before `page` is navigated."""
        ...


class TabSettings(Struct, frozen=True, kw_only=True):
    """How tabs begin. `first_url`: what a new one shows, None for what costs least; where the first one does not come
    within `empty_tab_timeout_s`, this lane's tabs begin with about:blank. `traffic`: what is done with what they ask
    for; None: nothing.
    """

    first_url: str | None = None
    empty_tab_timeout_s: float = 3.0
    traffic: Traffic | None = None
