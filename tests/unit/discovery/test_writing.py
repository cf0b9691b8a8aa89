"""Conclusions as a list: what is written is read as the same sites, whatever pages said."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.discovery.words import By, Candidate, Conclusion, Found, Login, Why
from gridrunner.discovery.writing import write_list
from gridrunner.model import Expectation, ExpectedLogin, Site, Step, StepKind
from tests.support.site_lists import read

URL = "https://shop.example/in"


def found(domain: str = "shop.example", *, way: Candidate | None = None, login: Login | None = None) -> Conclusion:
    return Conclusion(
        domain=domain,
        found=Found(
            way=way or Candidate(by=By.LINK, url=URL, says="Log in"),
            login=login
            or Login(present=ExpectedLogin.YES, confidence=0.98, fields={"password": "#p"}, asks="password"),
            ended_at=f"{URL}/form?token=1",
            language="de-at",
        ),
        pages=2,
    )


def read_back(tmp_path: Path, text: str) -> tuple[Site, ...]:
    path = tmp_path / "found.yaml"
    path.write_text(text, encoding="utf-8")
    return read(path).sites


def test_an_entry_and_its_evidence(tmp_path: Path) -> None:
    text = write_list([found()], asked=1, title="Discovered")
    assert text.splitlines()[3:] == [
        "sites:",
        "  # shop.example: by link 'Log in'; 2 pages asked",
        "  #   confidence 0.98; asks for password",
        "  #   ends at https://shop.example/in/form",
        "  - id: shop.example",
        "    url: https://shop.example/in",
        "    locale: de",
        '    expect: {login: true, password: "#p"}',
    ]
    (site,) = read_back(tmp_path, text)
    assert site.expect == Expectation(login=ExpectedLogin.YES, password="#p")


def test_steps_are_read_back(tmp_path: Path) -> None:
    steps = (
        Step(kind=StepKind.DISMISS, target="cookie-wall"),
        Step(kind=StepKind.CLICK, target='a[title="x, {y}"] > b'),
        Step(kind=StepKind.FOLLOW, target="login-link"),
        Step(kind=StepKind.FILL, target="#a", value="b: c"),
    )
    way = Candidate(by=By.MENU, url=URL, steps=steps)
    (site,) = read_back(tmp_path, write_list([found(way=way)], asked=1, title="Discovered"))
    assert (site.url, site.steps) == (URL, steps)


@pytest.mark.parametrize(
    ("login", "expect"),
    [
        (
            Login(present=ExpectedLogin.NO, sso=("google", "apple")),
            Expectation(login=ExpectedLogin.NO, sso=("google", "apple")),
        ),
        (Login(present=ExpectedLogin.UNKNOWN), Expectation(login=ExpectedLogin.UNKNOWN)),
    ],
)
def test_what_is_no_form_is_said_so(tmp_path: Path, login: Login, expect: Expectation) -> None:
    (site,) = read_back(tmp_path, write_list([found(login=login)], asked=1, title="Discovered"))
    assert site.expect == expect


def test_what_was_not_found_is_a_comment_with_its_reason() -> None:
    none = Conclusion(domain="a.example", why=Why.WALL, detail="blocked", tried=("home page: blocked", "link: nothing"))
    assert write_list([none], asked=2, title="Discovered").splitlines() == [
        "# Discovered: 0 of 2 domains have a login that was seen.",
        "# Unfinished: 1 were not searched yet; the same command goes on.",
        "# Each entry was visited as it stands here. Look at what is below `none` before you rely on it.",
        "version: 1",
        "sites: []",
        "  # a.example: none (wall): blocked",
        "  #   link: nothing",
    ]


def test_two_domains_with_one_login_are_one_entry(tmp_path: Path) -> None:
    text = write_list([found(), found("shop.test")], asked=2, title="Discovered")
    assert len(read_back(tmp_path, text)) == 1
    assert "# shop.test: the same login as shop.example" in text


def test_ids_are_unique(tmp_path: Path) -> None:
    ways = [Candidate(by=By.LINK, url=f"{URL}/{number}") for number in range(2)]
    text = write_list([found("a.example/x", way=ways[0]), found("a.example-x", way=ways[1])], asked=2, title="D")
    assert [site.id for site in read_back(tmp_path, text)] == ["a.example-x", "a.example-x-2"]


def test_an_older_entry_keeps_its_id_tags_and_locale(tmp_path: Path) -> None:
    old = Site(id="shop", url="https://shop.example/old", locale="fr", tags=("bank",))
    (site,) = read_back(tmp_path, write_list([found("shop")], asked=1, title="D", templates={"shop": old}))
    assert (site.id, site.url, site.locale, site.tags) == ("shop", URL, "fr", ("bank",))


def test_what_a_page_says_stays_in_its_comment(tmp_path: Path) -> None:
    hostile = "Log in\n  - id: planted\n\u2028\x1b[31m\u202eurl: https://evil.example/"
    way = Candidate(by=By.LINK, url=URL, says=hostile)
    none = Conclusion(domain=f"b.example{hostile}", why=Why.UNKNOWN, detail=hostile, tried=(hostile, hostile))
    sites = read_back(tmp_path, write_list([found(way=way), none], asked=2, title=hostile))
    assert [site.id for site in sites] == ["shop.example"]
