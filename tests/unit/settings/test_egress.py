"""Where visits leave from: the tables of gridrunner.toml, and which site takes which."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gridrunner.errors import UsageError
from gridrunner.model import Site
from gridrunner.settings.egress import Egress, choose_egress, has_other_region, read_egresses
from gridrunner.settings.loading import load_settings

VIENNA = Egress(name="vienna", server="http://10.0.0.1:3128", region="AT", locales=("de",), tags=("bank",))
TOKYO = Egress(name="tokyo", server="socks5://10.0.0.2:1080", region="JP", locales=("ja",), sites=("shop-*",))
OTHER = Egress(name="other", server="http://10.0.0.3:3128", region="AT")
ALL = (VIENNA, OTHER, TOKYO)

FILE = """
[egress.vienna]
proxy = "http://ada:p%40ss@proxy.example:3128"
region = "AT"
locales = ["de-AT"]

[egress.tokyo]
proxy = "socks5://[::1]"
sites = ["shop-*"]

[egress.paris]
proxy = "https://eve@proxy.example"
password_variable = "PARIS"
"""


def site(name: str = "a", locale: str | None = None, *tags: str) -> Site:
    return Site(id=name, url="https://a.example/", locale=locale, tags=tags)


@pytest.mark.parametrize(
    ("visited", "name"),
    [
        (site(locale="de"), "vienna"),
        (site(locale="de-CH"), "vienna"),
        (site("a", None, "x", "bank"), "vienna"),
        (site("shop-7"), "tokyo"),
        (site(locale="den"), None),
        (site(), None),
    ],
)
def test_a_site_leaves_by_the_first_egress_whose_rules_name_it(visited: Site, name: str | None) -> None:
    egress = choose_egress(visited, 1, ALL, "")
    assert (egress.name if egress else None) == name


def test_one_that_is_named_is_for_all() -> None:
    egress = choose_egress(site(locale="ja"), 1, ALL, "other")
    assert egress is OTHER


def test_a_further_visit_takes_another_region_where_there_is_one() -> None:
    assert choose_egress(site(locale="de"), 2, ALL, "") is TOKYO
    assert choose_egress(site(locale="ja"), 3, ALL, "") is VIENNA
    assert choose_egress(site(locale="de"), 2, (VIENNA, OTHER), "") is VIENNA
    assert choose_egress(site(), 2, ALL, "") is None
    assert not has_other_region(VIENNA, Egress(name="nowhere", server="http://10.0.0.4:1"))


def test_tables_of_the_file() -> None:
    mistakes: list[str] = []
    vienna, tokyo, paris = read_egresses(tomllib.loads(FILE)["egress"], {"PARIS": "s3cret"}, mistakes, "f")
    assert mistakes == []
    assert (vienna.server, vienna.user, vienna.password) == ("http://proxy.example:3128", "ada", "p@ss")
    assert (vienna.shown, vienna.locales) == ("vienna (AT)", ("de-AT",))
    assert (tokyo.server, tokyo.shown, tokyo.sites) == ("socks5://[::1]:1080", "tokyo", ("shop-*",))
    assert (paris.server, paris.user, paris.password) == ("https://proxy.example:443", "eve", "s3cret")


def test_no_text_holds_a_password() -> None:
    vienna, *_ = read_egresses(tomllib.loads(FILE)["egress"], {"PARIS": ""}, [], "f")
    assert "p@ss" not in f"{vienna!r} {vienna} {(vienna,)}"
    assert "ada" not in repr(vienna)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('proxy = "ftp://a"', "proxy takes http://host:port, https://host:port, socks5://host:port"),
        ("region = 'AT'", "proxy takes http://host:port, https://host:port, socks5://host:port"),
        ('proxy = "http://u:hunter2@a:99999"', "proxy takes http://host:port, https://host:port, socks5://host:port"),
        (
            'proxy = "socks5://u:hunter2@a"',
            "Chromium gives SOCKS proxies no password; name an http or https proxy, or one without",
        ),
        ('proxi = "http://a"', "unknown key proxi; known are proxy, region, password-variable, locales, tags, sites"),
        ('proxy = "http://a"\nlocales = "de"', 'locales is a list of words, such as ["de", "fr-CH"]'),
        ('proxy = "http://a"\nregion = 7', "region is a text in quotes"),
        ('proxy = "http://a"\npassword-variable = "NO"', "password-variable names NO, which is not set"),
    ],
)
def test_mistakes_are_named_and_repeat_no_password(text: str, mistake: str) -> None:
    mistakes: list[str] = []
    assert read_egresses(tomllib.loads(f"[egress.e]\n{text}")["egress"], {}, mistakes, "f") == []
    assert mistakes == [f"f: egress.e: {mistake}"]


def test_what_is_no_table_or_no_name() -> None:
    mistakes: list[str] = []
    read_egresses({"A b": {}, "c": "x"}, {}, mistakes, "f")
    assert mistakes == [
        "f: egress.A b: a name is up to 32 of a-z, 0-9 and -",
        'f: egress.c: is a table; write [egress.c] and below it proxy = "http://host:3128"',
    ]


def test_the_file_and_the_command_line_together(tmp_path: Path) -> None:
    (tmp_path / "gridrunner.toml").write_text(FILE, encoding="utf-8")
    env = {"PARIS": "s3cret"}
    settings = load_settings({"egress": "tokyo"}, env, tmp_path)
    assert ([egress.name for egress in settings.egresses], settings.visits.egress) == (
        ["vienna", "tokyo", "paris"],
        "tokyo",
    )
    with pytest.raises(UsageError, match="--egress berlin: there is no such egress"):
        load_settings({"egress": "berlin"}, env, tmp_path)
    with pytest.raises(UsageError, match="--extension: extensions run in a session's first context"):
        load_settings({"extension": ["x"]}, env, tmp_path)
    (tmp_path / "gridrunner.toml").write_text('egress = "tokyo"', encoding="utf-8")
    with pytest.raises(UsageError, match=r"egress: write tables, \[egress\.NAME\]"):
        load_settings({}, env, tmp_path)
