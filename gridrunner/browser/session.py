"""A lane of a browser session: it visits one site after another, each in a context of its own.

The session is Selenium's (opened by `gridrunner.grid`); the visits go over its DevTools socket, because that costs two
thirds of the same visit over BiDi and sees closed shadow roots (docs/design/protocol.md has the figures). The next
context is made while the present page loads, if the machine has time for it, and the last one is thrown away without
waiting.

Invariant: one thread visits; `kill` may come from any other.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from msgspec.structs import replace

from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.identity import Proxy, Visitor
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page, Tabs
from gridrunner.browser.robots import is_allowed, read_robots
from gridrunner.browser.user_probes import UserProbe
from gridrunner.browser.visit import VisitSettings, visit_page
from gridrunner.browser.visitors import describe_visitor, make_visitor
from gridrunner.errors import NetworkLost, SessionLost
from gridrunner.model import Fault, FaultKind, Observation, Outcome, Site
from gridrunner.planning.constants import ROBOTS
from gridrunner.planning.domains import find_domain
from gridrunner.settings.egress import Egress, choose_egress
from gridrunner.settings.visits import Robots
from gridrunner.text import redact_url

PREPARE_TIMEOUT_S = 15.0
"""A fresh context with its tab took 0.03 to 0.3 s (Chromium 156, two busy cores, 2026-11-24)."""


class BrowserSession:
    """One session. `hub`, `node` and `id` are what observations name."""

    def __init__(
        self,
        *,
        hub: str,
        node: str,
        session_id: str,
        tabs: Tabs,
        end: Callable[[], None],
        end_now: Callable[[], None],
        on_lost: Callable[[], None] = lambda: None,
        drains: Callable[[], bool] = lambda: False,
        has_idle_core: Callable[[], bool] = lambda: True,
        settings: VisitSettings,
        store: EvidenceStore,
    ) -> None:
        """`end` quits the session politely, `end_now` takes it away at once; both are bounded and never raise; `drains`
        tells whether its node does, `has_idle_core` whether its machine would make the next context while this page
        loads.
        """
        self.hub, self.node, self.id = hub, node, session_id
        self.tabs = tabs
        self._end, self._end_now, self._on_lost, self._drains = end, end_now, on_lost, drains
        self._has_idle_core = has_idle_core
        self._settings, self._store = settings, store
        self._is_visiting = False

    @property
    def is_leaving(self) -> bool:
        """Whether its node drains, so that it should take no further visit."""
        return self._drains()

    def visit(
        self, site: Site, *, attempt: int, upcoming: Site | None, probes: tuple[UserProbe, ...] = ()
    ) -> Observation:
        """Visit `site` in a fresh context; `probes` come after those of the run. A session that ends under us comes
        back as the observation's fault.
        """
        started, context_s = time.monotonic(), 0.0
        self._is_visiting = True
        visitor = None
        egress = self._egress_of(site, attempt)
        way_on = _proxy_of(self._egress_of(upcoming, 1)) if upcoming is not None else None
        try:
            if self._is_forbidden(site, egress):
                return self._leave_out(site, attempt)
            page, visitor = self._take_page(site, egress)
            context_s = round(time.monotonic() - started, 4)
            traffic = self._settings.tabs.traffic
            kept = traffic.begin(page, site, attempt) if traffic is not None else None
            observation = visit_page(
                page,
                site,
                attempt=attempt,
                settings=replace(self._settings, probes=self._settings.probes + probes),
                store=self._store,
                on_navigating=(lambda: self._prepare_ahead(way_on)) if upcoming is not None else lambda: None,
            )
            if kept is not None:
                observation = kept.end(observation)
            self.tabs.give_back(page)
        except (SessionLost, CommandFailed, DeadlinePassed) as error:
            self.tabs.close()
            self._on_lost()
            fault = Fault(kind=FaultKind.SESSION_LOST, message=str(error) or "no context could be made in time")
            observation = Observation(site=site.id, attempt=attempt, fault=fault, url=site.url)
            context_s = 0.0
        except NetworkLost as error:
            self.tabs.close()
            by = f"egress {egress.shown}: " if egress is not None else ""
            fault = Fault(kind=FaultKind.NETWORK, message=f"{by}{error}")
            observation = Observation(site=site.id, attempt=attempt, fault=fault, url=site.url)
        finally:
            self._is_visiting = False
        timings = replace(observation.timings, context_s=context_s, total_s=round(time.monotonic() - started, 4))
        who = describe_visitor(visitor) if visitor is not None else {}
        if egress is not None:
            who["egress"] = egress.shown
        return replace(observation, visitor=who, timings=timings, hub=self.hub, node=self.node, session=self.id)

    def _prepare_ahead(self, proxy: Proxy | None) -> None:
        if self._has_idle_core():
            self.tabs.prepare_ahead(proxy)

    def _take_page(self, site: Site, egress: Egress | None) -> tuple[Page, Visitor | None]:
        """A fresh page as the visitor of `site`. Raises what `Tabs.take` raises."""
        page = self.tabs.take(_proxy_of(egress), deadline=time.monotonic() + PREPARE_TIMEOUT_S)
        visitor = make_visitor(site, self._settings, page.browser)
        if visitor is not None:
            page.visit_as(visitor)
        return page, visitor

    def _is_forbidden(self, site: Site, egress: Egress | None) -> bool:
        """Whether robots.txt is heeded and forbids the page of a public site; asked for once per origin."""
        settings = self._settings
        if settings.robots is Robots.IGNORE or find_domain(site.url, settings.private_hosts) is None:
            return False
        text = settings.robots_book.find(site.url)
        if text is None:
            page, _ = self._take_page(site, egress)
            text = read_robots(page, site.url)
            settings.robots_book.add(site.url, text)
            self.tabs.give_back(page)
        return not is_allowed(text, site.url)

    def _leave_out(self, site: Site, attempt: int) -> Observation:
        return Observation(
            site=site.id,
            attempt=attempt,
            outcome=Outcome.BLOCKED,
            blocked_by=ROBOTS,
            detail=f"not visited: robots.txt forbids {urlsplit(site.url).path or '/'} (--robots respect)",
            url=redact_url(site.url),
            hub=self.hub,
            node=self.node,
            session=self.id,
        )

    def _egress_of(self, site: Site, attempt: int) -> Egress | None:
        return choose_egress(site, attempt, self._settings.egresses, self._settings.egress)

    def close(self) -> None:
        """Give the lane back; the browser ends with its last one. Bounded, never raises."""
        self.tabs.close()
        self._end()

    def kill(self) -> None:
        """Take the lane away at once, from any thread; the visit that uses it gets a fault."""
        self.tabs.abort()
        self._end_now()
        if not self._is_visiting:  # else the visit, which reads the socket, closes it
            self.tabs.close()


def _proxy_of(egress: Egress | None) -> Proxy | None:
    if egress is None:
        return None
    return Proxy(server=egress.server, user=egress.user, password=egress.password)
