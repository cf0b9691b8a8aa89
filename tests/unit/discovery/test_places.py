"""What a server says to paths: when one of them is told, and what robots.txt and sitemaps name."""

from __future__ import annotations

import pytest

from gridrunner.discovery.places import (
    CHANGE_PASSWORD,
    NEVER_THERE,
    choose_paths,
    is_allowed,
    plan_look_up,
    random_path,
    read_places,
    read_sitemap,
)
from gridrunner.discovery.words import By, Looked, LookUp, Place

ORIGIN = "https://shop.example"
ASKED = LookUp(url=f"{ORIGIN}/robots.txt", groups=((NEVER_THERE, CHANGE_PASSWORD), ("/none", "/login")))


def at(path: str, status: int | None = 200, to: str | None = None, *, elsewhere: bool = False) -> Place:
    address = "" if status is None else ORIGIN + (to or path)
    return Place(path=path, status=status, address=address, elsewhere=elsewhere)


def found(*places: Place) -> list[tuple[By, str]]:
    looked = Looked(requests=3, places=places)
    return [(candidate.by, candidate.url.removeprefix(ORIGIN)) for candidate in read_places(looked, ASKED)]


def test_a_path_is_told_where_nothing_else_is_there() -> None:
    assert found(at("/none", 404), at("/login")) == [(By.PATH, "/login")]


def test_the_address_for_changing_passwords_goes_first() -> None:
    places = (at(NEVER_THERE, 404), at(CHANGE_PASSWORD, 200, "/settings"), at("/none", 404), at("/login"))
    assert found(*places) == [(By.CHANGE_PASSWORD, CHANGE_PASSWORD), (By.PATH, "/login")]


def test_an_address_that_leads_to_another_origin_is_told() -> None:
    assert found(at(NEVER_THERE, 404), at(CHANGE_PASSWORD, None, elsewhere=True)) == [
        (By.CHANGE_PASSWORD, CHANGE_PASSWORD)
    ]


@pytest.mark.parametrize(
    "places",
    [
        (at("/none"), at("/login")),
        (at("/none", 200, "/"), at("/login", 200, "/")),
        (at("/none", None, elsewhere=True), at("/login", None, elsewhere=True)),
        (at("/none", None, elsewhere=True), at("/login")),
        (at("/none", 404), at("/login", 404)),
        (at("/none", 404), at("/login", None)),
        (at("/login"),),
    ],
    ids=["soft-404", "all-to-home", "all-elsewhere", "others-elsewhere", "not-there", "no-answer", "no-guard"],
)
def test_a_server_that_has_everything_says_nothing(places: tuple[Place, ...]) -> None:
    assert found(*places) == []


def test_a_path_that_leads_to_another_place_than_everything_does_is_told() -> None:
    assert found(at("/none", 200, "/"), at("/login", 200, "/id/start")) == [(By.PATH, "/login")]


def test_where_every_path_leads_is_a_candidate_if_it_is_called_a_login() -> None:
    assert found(at(NEVER_THERE, 200, "/gate/login"), at(CHANGE_PASSWORD, 200, "/gate/login")) == [
        (By.PATH, "/gate/login")
    ]


def test_robots_name_what_they_hide() -> None:
    robots = "User-agent: *\nDisallow: /cart\nDisallow: /a/signin\nDisallow: /login/forgot\nAllow: /register/login\n"
    looked = Looked(requests=1, robots=robots)
    assert [(item.by, item.url) for item in read_places(looked, ASKED)] == [(By.ROBOTS, f"{ORIGIN}/a/signin")]


def test_rules_of_robots_are_kept() -> None:
    robots = "User-agent: *\nDisallow: /\nAllow: /login\n\nUser-agent: gridrunner\nDisallow: /in*\n"
    assert is_allowed(robots, f"{ORIGIN}/shop")
    assert not is_allowed(robots, f"{ORIGIN}/inner")
    assert is_allowed("<html>no rules</html>", f"{ORIGIN}/inner")


def test_a_sitemap_is_read_for_the_logins_of_the_same_owner() -> None:
    text = (
        "<urlset><url><loc> https://shop.example/area/sign-in?a=1&amp;b=2 </loc></url>"
        "<url><loc><![CDATA[https://www.shop.example/login]]></loc></url><url><loc>https://shop.example/roses</loc></url>"
        "<url><loc>https://other.example/login</loc></url><url><loc>https://shop.example/sign-up</loc></url></urlset>"
    )
    assert read_sitemap([text], f"{ORIGIN}/") == (
        "https://www.shop.example/login",
        "https://shop.example/area/sign-in?a=1&b=2",
    )


def test_what_robots_forbid_is_not_asked_for() -> None:
    robots = "User-agent: *\nDisallow: /login\nDisallow: /.well-known/\nDisallow: /sitemap.xml\n"
    look_up = plan_look_up(f"{ORIGIN}/", "", 11, robots)
    assert look_up is not None
    assert [group[1:] for group in look_up.groups] == [choose_paths("", 6)[1:]]
    assert look_up.texts == ()


def test_paths_begin_with_those_of_the_language() -> None:
    assert choose_paths("de-AT", 3) == ("/anmelden", "/kundenlogin", "/login")
    assert choose_paths("xx", 2) == ("/login", "/account/login")


@pytest.mark.parametrize("room", range(12))
def test_a_look_up_keeps_within_its_room(room: int) -> None:
    look_up = plan_look_up(f"{ORIGIN}/", "fr", room)
    assert (look_up is None) is (room < 3)
    assert look_up is None or look_up.most_requests <= room


def test_the_path_that_nobody_has_is_the_same_each_time() -> None:
    assert random_path(ORIGIN) == random_path(ORIGIN) != random_path("https://other.example")
