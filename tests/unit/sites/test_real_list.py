"""`sites/real.yaml`, the list of real pages: it reads, and it is as wide as it says. Nothing is visited."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gridrunner.model import ExpectedLogin, Site
from tests.support.site_lists import read

REAL = Path(__file__).parents[3] / "sites" / "real.yaml"

REGISTRIES = ("pypi", "npmjs", "debian", "rubygems", "crates", "packagist", "nuget", "docker", "maven", "cpan", "cran")


@pytest.fixture(scope="module")
def sites() -> tuple[Site, ...]:
    return read(REAL).sites


def test_it_is_wide(sites: tuple[Site, ...]) -> None:
    assert len(sites) >= 220
    assert len({site.locale for site in sites}) >= 28
    assert len({(site.locale or "").partition("-")[0] for site in sites}) >= 28
    assert all(site.tags and site.locale for site in sites)


def test_kinds_are_all_there(sites: tuple[Site, ...]) -> None:
    kinds = {"bank", "shop", "mail", "social", "dev", "government", "news", "telecom", "travel", "education", "games"}
    kinds |= {"health", "streaming", "saas", "forum", "identifier-first"}
    assert kinds <= {tag for site in sites for tag in site.tags}


def test_no_page_is_there_twice(sites: tuple[Site, ...]) -> None:
    assert len({site.url for site in sites}) == len(sites)


def test_no_package_registry_is_visited(sites: tuple[Site, ...]) -> None:
    hosts = [urlsplit(site.url).hostname or "" for site in sites]
    assert [host for host in hosts if any(name in host for name in REGISTRIES)] == []


def test_login_is_expected_unless_a_page_only_offers_providers(sites: tuple[Site, ...]) -> None:
    for site in sites:
        expected = ExpectedLogin.NO if "provider-choice" in site.tags else ExpectedLogin.YES
        assert site.expect.login is expected, site.id
        assert not any(step.value for step in site.steps), site.id


def test_header_says_what_it_is() -> None:
    header = REAL.read_text(encoding="utf-8").partition("version:")[0]
    assert "UNVERIFIED" in header
    assert "gridrunner run --sites sites/real.yaml" in header
