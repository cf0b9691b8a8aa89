"""Whether browsers have a way out to the sites of others. Owns what answered and what did not; the invariant: a public
site is called unreachable only when another public domain was visited through the same hub, and answered, since its
first doubtful visit began.

A dead resolver, a firewall and a network without a route look like sites that are down, all of them at once. So nobody
is asked but the sites of the run: those that are visited anyway, and, when none of these is left, one that answered
before. What is in doubt is visited again after all others; meanwhile the hub rests, longer each time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gridrunner.model import Fault, Observation, Outcome
from gridrunner.text import count_of

DOUBTFUL_ERRORS: Final = frozenset(
    {
        # Chromium, net/base/net_error_list.h (2026-11): the other end said nothing. A name that the resolver
        # of this machine says does not exist has other words (`browser.visit`)
        "net::ERR_NAME_NOT_RESOLVED",
        "net::ERR_NAME_RESOLUTION_FAILED",
        "net::ERR_DNS_TIMED_OUT",
        "net::ERR_DNS_SERVER_FAILED",
        "net::ERR_ADDRESS_UNREACHABLE",
        "net::ERR_CONNECTION_FAILED",
        "net::ERR_CONNECTION_TIMED_OUT",
        "net::ERR_TIMED_OUT",
        # A proxy may not reach that one site, or none: Squid answers 503 to both; of a SOCKS proxy's answers Chromium
        # tells none apart, and a dead one is ERR_PROXY_CONNECTION_FAILED (156, 2026-11-30)
        "net::ERR_TUNNEL_CONNECTION_FAILED",
        "net::ERR_SOCKS_CONNECTION_FAILED",
    }
)

ASKED_OF_OTHERS: Final = frozenset(
    {"net::ERR_NAME_NOT_RESOLVED", "net::ERR_TUNNEL_CONNECTION_FAILED", "net::ERR_SOCKS_CONNECTION_FAILED"}
)
"""What a resolver or a proxy says, and not the only site that there is."""

OUTAGE_DOMAINS: Final = 3
"""Two dead sites in a row may well be; three without an answer of any other are rather our own network."""

FIRST_REST_S: Final = 1.0
LONGEST_REST_S: Final = 15.0
"""A resolver or a link that comes back is found within this; visits in vain are eight to a minute and slot at most."""


@dataclass(slots=True)
class _Way:
    """The way out of one hub's browsers, or by one egress of theirs."""

    answers_began_s: dict[str, float] = field(default_factory=dict)  # the newest answered visit, by domain
    began_s: dict[str, float] = field(default_factory=dict)  # the first doubtful visit, by site
    silent: set[str] = field(default_factory=set)  # domains in doubt since the last answer
    rests: int = 0
    rest_until_s: float = 0.0


class Outages:
    """The ways out of all hubs, by name."""

    def __init__(self, domains: Mapping[str, str]) -> None:
        """`domains` are those of public sites by id; a site that is not in it is ours, and proves nothing."""
        self._domain_of = domains
        self._count = len(set(domains.values()))
        self._ways: dict[str, _Way] = {}
        self._answered_at_s: float | None = None
        self._answering: dict[str, str] = {}  # a site of each domain that answered
        self._words = ""
        self.waiting_since_s: float | None = None
        """Since when the run waits for any public site to answer; None: it does not."""

    def is_public(self, site: str | None) -> bool:
        """Whether the site is on a public domain."""
        return site in self._domain_of

    def note_answer(self, way_name: str, site: str, began_s: float, now_s: float) -> str:
        """A page of the site came by this way, in a visit that began at `began_s`: what it needed for that (names,
        routes) was there since. Words where that ends a wait, else empty.
        """
        domain = self._domain_of.get(site)
        if domain is None:
            return ""
        way = self._ways.setdefault(way_name, _Way())
        way.answers_began_s[domain] = max(began_s, way.answers_began_s.get(domain, 0.0))
        self._answered_at_s = now_s
        self._answering[domain] = site
        way.silent.clear()
        way.rests, way.rest_until_s = 0, now_s
        since_s, self.waiting_since_s = self.waiting_since_s, None
        return "" if since_s is None else f"{domain} answers again after {now_s - since_s:.0f} s: the run goes on"

    def explain_doubt(self, way_name: str, observation: Observation, began_s: float) -> str:
        """Why a visit that came back empty says nothing about its site, in one sentence; empty where it does."""
        is_silent = observation.outcome is Outcome.TIMED_OUT or observation.detail in DOUBTFUL_ERRORS
        domain = self._domain_of.get(observation.site)
        if not is_silent or domain is None or observation.http_status is not None:
            return ""
        if self._count == 1 and observation.detail not in ASKED_OF_OTHERS:  # there is no other site to ask
            return ""
        way = self._ways.setdefault(way_name, _Way())
        since_s = way.began_s.setdefault(observation.site, began_s)
        others_s = (at_s for other, at_s in way.answers_began_s.items() if other != domain)
        if not any(at_s >= since_s for at_s in others_s):
            said = observation.detail or observation.outcome
            return f"{domain} does not answer ({said}), and no other public site has since"
        if since_s == began_s:  # the network may have gone between the two: another attempt has to show it as well
            del way.began_s[observation.site]
        return ""

    def note_loss(
        self, way_name: str, site: str, fault: Fault, now_s: float, *, has_others: bool, is_whole_hub: bool = True
    ) -> float | None:
        """A visit of the site was lost to the network; until when the hub should rest, None: it need not, since others
        (`has_others`) wait that may answer, or leave the hub by another egress.
        """
        way = self._ways.setdefault(way_name, _Way())
        way.silent.add(self._domain_of.get(site, site))
        self._words = fault.message
        if has_others and (len(way.silent) < OUTAGE_DOMAINS or not is_whole_hub):
            return None
        if self.waiting_since_s is None:
            self.waiting_since_s = now_s
        if now_s >= way.rest_until_s:  # else another slot's loss began this rest
            way.rest_until_s = now_s + min(LONGEST_REST_S, FIRST_REST_S * 2.0**way.rests)
            way.rests += 1
        return way.rest_until_s

    def find_witness(self, site: str) -> str | None:
        """A site of another domain that answered before, to be asked once more; None: there is none."""
        domain = self._domain_of.get(site)
        return next((known for name, known in reversed(self._answering.items()) if name != domain), None)

    def describe(self, now_s: float) -> str:
        """What the run waits for, in one sentence."""
        silent = set().union(*(way.silent for way in self._ways.values()))
        since = "since the run began" if self._answered_at_s is None else f"for {now_s - self._answered_at_s:.0f} s"
        return f"no public site has answered {since} ({count_of(len(silent), 'domain')} asked): {self._words}"
