"""What people see of a search."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from gridrunner.discovery.search import Limits, Search
from gridrunner.discovery.words import By, Candidate, Conclusion, Domain, Found, Login, Seen, Why
from gridrunner.model import ExpectedLogin, Outcome, Step, StepKind
from gridrunner.terminal.searching import SearchDisplay, describe, print_ways

YES = Login(present=ExpectedLogin.YES)
PRESS = Step(kind=StepKind.FOLLOW, target="login-link")


def found(domain: str, by: By = By.LINK, pages: int = 2, *steps: Step) -> Conclusion:
    way = Candidate(by=by, url=f"https://{domain}/in?secret=1", steps=steps)
    return Conclusion(domain=domain, found=Found(way=way, login=YES), pages=pages)


def paper(*, is_terminal: bool = False) -> tuple[Console, StringIO]:
    text = StringIO()
    return Console(file=text, width=100, force_terminal=is_terminal, color_system=None), text


def search_of(name: str) -> Search:
    return Search(Domain(name=name, starts=(f"https://{name}/",)), Limits(pages=1))


def test_a_conclusion_is_one_line_without_queries() -> None:
    assert describe(found("a.example", By.LINK, 2, PRESS)) == "a.example: link: https://a.example/in and 1 step"
    none = Conclusion(domain="b.example", why=Why.WALL, detail="blocked")
    assert describe(none) == "b.example: none (wall): blocked"


def test_the_table_of_ways_has_what_was_found_first() -> None:
    console, text = paper()
    none = Conclusion(domain="c.example", why=Why.UNKNOWN, pages=12)
    print_ways([none, found("a.example"), found("b.example", pages=3), found("d.example", By.HOME, 1)], console)
    assert [line.split() for line in text.getvalue().splitlines()] == [
        ["way", "domains", "pages", "each"],
        ["link", "2", "2.5"],
        ["home", "page", "1", "1.0"],
        ["none:", "unknown", "1", "12.0"],
    ]


@pytest.mark.parametrize(
    ("flags", "lines"),
    [
        (
            {"quiet": False, "verbose": True},
            ["a.example: asks https://a.example/", "a.example: home page: https://a.example/", "news"],
        ),
        ({"quiet": False, "verbose": False}, ["news"]),
        ({"quiet": True, "verbose": False}, []),
    ],
)
def test_lines_where_there_is_no_terminal(flags: dict[str, bool], lines: list[str]) -> None:
    console, text = paper()
    search = search_of("a.example")
    display = SearchDisplay(console, [search], **flags)
    with display.shown():
        display.asked(search)
        search.tell(Seen(outcome=Outcome.OBSERVED, url="https://a.example/", login=YES))
        display.concluded(search)
        display.say("news")
    assert [line.replace("news ::x", "news") for line in text.getvalue().splitlines()] == lines


def test_a_bar_where_there_is_one() -> None:
    console, text = paper(is_terminal=True)
    search = search_of("a.example")
    display = SearchDisplay(console, [search], quiet=False, verbose=False)
    with display.shown():
        search.tell(Seen(outcome=Outcome.OBSERVED, url="https://a.example/", login=YES))
        display.concluded(search)
    assert "1/1 1 found" in text.getvalue()
