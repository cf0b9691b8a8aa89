"""What became of an entry of a list."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from gridrunner.discovery.rechecking import Standing, describe_entry, domain_of_entry, is_rechecked, stand_of
from gridrunner.discovery.words import By, Candidate, Conclusion, Found, Login, Why
from gridrunner.model import Expectation, ExpectedLogin, Outcome, Site, SourceLine, Step, StepKind

URL = "https://shop.example/in"
YES = Expectation(login=ExpectedLogin.YES)
SITE = Site(id="shop", url=URL, expect=YES, source=SourceLine(file="a.yaml", line=3))
PRESS = (Step(kind=StepKind.FOLLOW, target="login-link"),)


def concluded(url: str = URL, ended_at: str = URL, steps: tuple[Step, ...] = ()) -> Conclusion:
    way = Candidate(by=By.HINT if url == URL else By.LINK, url=url, steps=steps)
    login = Login(present=ExpectedLogin.YES)
    return Conclusion(domain="shop", found=Found(way=way, login=login, ended_at=ended_at))


@pytest.mark.parametrize(
    ("site", "conclusion", "standing"),
    [
        (SITE, concluded(), Standing.TRUE),
        (SITE, concluded(ended_at=f"{URL}/?a=1#b"), Standing.TRUE),
        (SITE, concluded(ended_at="https://id.shop.example/"), Standing.REDIRECTED),
        (SITE, concluded("https://shop.example/new"), Standing.MOVED),
        (SITE, concluded(steps=PRESS), Standing.MOVED),
        (replace(SITE, steps=PRESS), concluded(steps=PRESS, ended_at="https://id.shop.example/"), Standing.TRUE),
        (SITE, Conclusion(domain="shop", why=Why.NO_ACCOUNT), Standing.GONE),
        (SITE, Conclusion(domain="shop", why=Why.UNKNOWN), Standing.GONE),
        (SITE, Conclusion(domain="shop", why=Why.WALL), Standing.UNTOLD),
        (SITE, Conclusion(domain="shop", why=Why.UNREACHABLE), Standing.UNTOLD),
    ],
)
def test_what_became_of_an_entry(site: Site, conclusion: Conclusion, standing: Standing) -> None:
    assert stand_of(site, conclusion) is standing
    assert describe_entry(site, standing, conclusion).startswith(f"a.yaml:3: shop: {standing}: ")


@pytest.mark.parametrize(
    ("expect", "is_asked"),
    [
        (YES, True),
        (Expectation(login=ExpectedLogin.UNKNOWN), True),
        (Expectation(login=ExpectedLogin.NO, sso=("google",)), True),
        (Expectation(login=ExpectedLogin.NO), False),
        (Expectation(), False),
        (Expectation(login=ExpectedLogin.YES, outcome=Outcome.BLOCKED), False),
    ],
)
def test_entries_that_claim_a_login_are_rechecked(expect: Expectation, is_asked: bool) -> None:
    assert is_rechecked(replace(SITE, expect=expect)) is is_asked


def test_the_search_begins_with_the_entry() -> None:
    domain = domain_of_entry(replace(SITE, steps=PRESS))
    assert domain.starts == ("https://shop.example/",)
    assert [(hint.url, hint.steps) for hint in domain.hints] == [(URL, PRESS)]
