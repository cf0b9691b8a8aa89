"""A plan as people read it."""

from __future__ import annotations

import pytest

from gridrunner.model import Plan, PlannedSite, Site
from gridrunner.planning.domains import find_longest_chain
from gridrunner.terminal.plan import print_plan


@pytest.mark.parametrize(
    ("urls", "is_said"),
    [
        ([f"https://w{number}.example.com/" for number in range(300)], True),
        ([f"https://s{number}.example/" for number in range(298)] + ["https://a.org/", "https://b.a.org/"], False),
    ],
)
def test_one_domain_that_makes_the_run_long_is_told(
    urls: list[str], is_said: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    sites = tuple(PlannedSite(site=Site(id=url, url=url), expected_s=5.0) for url in urls)
    plan = Plan(hash="0" * 64, sites=sites, checks=("login-found",))
    print_plan(plan, slots=20, chain=find_longest_chain(sites, 1.0))
    said = " ".join(capsys.readouterr().out.split())
    assert ("all 300 sites are on example.com, which gets one visit at a time: at least 29 min 59 s" in said) is is_said
