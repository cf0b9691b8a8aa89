"""Whose a site is."""

from __future__ import annotations

import pytest

from gridrunner.model import PlannedSite, Site
from gridrunner.planning.domains import Chain, find_domain, find_longest_chain


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.example.com/login", "example.com"),
        ("https://login.bank.co.uk:8443/", "bank.co.uk"),
        ("https://example.com./", "example.com"),
        ("https://one.github.io/", "one.github.io"),
        ("https://github.io/", "github.io"),
        ("https://bücher.de/", "xn--bcher-kva.de"),
        ("https://anmelden.xn--bcher-kva.de/", "xn--bcher-kva.de"),
        ("https://login.new-top-level/", "login.new-top-level"),
        ("https://8.8.8.8/", "8.8.8.8"),
        ("https://[2001:4860:4860::8888]/", "2001:4860:4860::8888"),
    ],
)
def test_a_public_site_has_the_domain_of_its_owner(url: str, domain: str) -> None:
    assert find_domain(url) == domain


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/",
        "http://bank.localhost:8000/",
        "http://127.0.0.1/",
        "http://10.1.2.3/",
        "http://[::1]/",
        "http://169.254.169.254/",
        "http://intranet/",
        "http://nas.local/",
        "http://app.internal/",
        "http://router.home.arpa/",
        "http://shop.test/",
        "http://[broken/",
        "about:blank",
    ],
)
def test_what_is_ours_has_none(url: str) -> None:
    assert find_domain(url) is None


def test_a_host_that_the_user_opened_is_theirs() -> None:
    assert find_domain("https://staging.corp.example/", {"staging.corp.example"}) is None
    assert find_domain("https://www.corp.example/", {"staging.corp.example"}) == "corp.example"


def planned(url: str, expected_s: float) -> PlannedSite:
    return PlannedSite(site=Site(id=url, url=url), expected_s=expected_s)


def test_the_longest_chain_counts_its_pauses() -> None:
    sites = [
        planned("https://a.example.com/", 2.0),
        planned("https://b.example.com/", 3.0),
        planned("https://c.example.com/", 1.0),
        planned("https://a.example.org/", 3.0),
        planned("https://b.example.org/", 3.0),
        planned("https://alone.net/", 30.0),
    ]
    assert find_longest_chain(sites, 1.0) == Chain(domain="example.com", sites=3, seconds=8.0)
    assert find_longest_chain(sites[-2:], 1.0) is None
    assert find_longest_chain([planned(f"http://s{number}.localhost/", 1.0) for number in range(9)], 1.0) is None
