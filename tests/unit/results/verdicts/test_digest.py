"""A run in a few figures."""

from __future__ import annotations

from gridrunner.model import Observation, Outcome, Site, Verdict
from gridrunner.results.verdicts.cases import SiteVerdict
from gridrunner.results.verdicts.digest import Digester, DomainVisits


def visited(url: str, visits: int) -> SiteVerdict:
    site = Site(id=url, url=url)
    observations = tuple(
        Observation(site=site.id, attempt=attempt, outcome=Outcome.OBSERVED) for attempt in range(1, visits + 1)
    )
    return SiteVerdict(site=site, verdict=Verdict.PASSED, cases=(), observations=observations, busy_s=0.0)


def test_domains_are_told_by_their_visits() -> None:
    digester = Digester()
    for url, visits in (
        ("https://a.example.com/", 1),
        ("https://b.example.com/", 2),
        ("https://once.org/", 1),
        ("https://never.net/", 0),
        ("https://twice.org/", 2),
        ("http://replica.localhost/", 5),
    ):
        digester.add(visited(url, visits))
    digest = digester.finish(wall_s=1.0, slots=1, sessions=1, faults=0)
    assert digest.domains == (
        DomainVisits(domain="example.com", sites=2, visits=3),
        DomainVisits(domain="twice.org", sites=1, visits=2),
    )
