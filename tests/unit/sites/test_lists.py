"""Lists without mistakes: what each format gives, defaults, ids, replay folders, several lists at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.model import Expectation, ExpectedLogin, Outcome, Site, SourceLine, Step, StepKind
from gridrunner.sites import drafts
from gridrunner.sites.lists import ServedFolder
from tests.support.site_lists import SITE, mistakes_of, read, read_stdin

FULL = """\
version: 1
defaults: {locale: en, tags: [any], visitor: plain, visit_timeout_s: 45, expect: {login: true, sso: [google]}}
sites:
  - id: github                     # unique
    url: https://github.com/login
    locale: pt-BR
    tags: [dev, identifier-password, dev]
    steps:
      - click: "#open"
      - {fill: "input[name=user]", value: ada}
      - {wait_for: "app-root >>> form"}
      - {follow: login-link}
      - {identify: nobody@example.org}
    expect:
      login: unknown
      username: "#login_field"
      password: "#password"
      submit: "input[type=submit]"
    visitor: de-CH
    visit_timeout_s: 2.5
  - url: https://example.org/
    expect: {outcome: auth-required}
"""


def test_yaml_gives_every_field(tmp_path: Path) -> None:
    path = tmp_path / "full.yaml"
    path.write_text(FULL, encoding="utf-8")
    assert read(path).sites == (
        Site(
            id="github",
            url="https://github.com/login",
            locale="pt-BR",
            tags=("dev", "identifier-password"),
            steps=(
                Step(kind=StepKind.CLICK, target="#open"),
                Step(kind=StepKind.FILL, target="input[name=user]", value="ada"),
                Step(kind=StepKind.WAIT_FOR, target="app-root >>> form"),
                Step(kind=StepKind.FOLLOW, target="login-link"),
                Step(kind=StepKind.IDENTIFY, target="nobody@example.org"),
            ),
            expect=Expectation(
                login=ExpectedLogin.UNKNOWN,
                username="#login_field",
                password="#password",
                submit="input[type=submit]",
                sso=("google",),
            ),
            visitor="de-CH",
            visit_timeout_s=2.5,
            source=SourceLine(file=str(path), line=4),
        ),
        Site(
            id="example.org",
            url="https://example.org/",
            locale="en",
            tags=("any",),
            expect=Expectation(login=ExpectedLogin.YES, sso=("google",), outcome=Outcome.AUTH_REQUIRED),
            visitor="plain",
            visit_timeout_s=45.0,
            source=SourceLine(file=str(path), line=21),
        ),
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_gives_every_field_but_steps(tmp_path: Path, delimiter: str, newline: str) -> None:
    rows = [
        ["id", "URL", "locale", "tags", "login", "username", "password", "submit", "sso", "outcome", "visit_timeout_s"],
        [
            "shop",
            "https://a.example/?a=b",
            "de-AT",
            "bank shop",
            "yes",
            "#u",
            '"[title=""a, b; c""]"',
            "",
            "",
            "observed",
            "9",
        ],
        [],
        ["", '"https://b.example/x"', "", "", "", "", "", "", "google saml", "", ""],
    ]
    path = tmp_path / "list.csv"
    text = newline.join(delimiter.join(row) for row in rows)
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read(path).sites == (
        Site(
            id="shop",
            url="https://a.example/?a=b",
            locale="de-AT",
            tags=("bank", "shop"),
            expect=Expectation(login=ExpectedLogin.YES, username="#u", password='[title="a, b; c"]'),
            visit_timeout_s=9.0,
            source=SourceLine(file=str(path), line=2),
        ),
        Site(
            id="b.example-x",
            url="https://b.example/x",
            expect=Expectation(sso=("google", "saml")),
            source=SourceLine(file=str(path), line=4),
        ),
    )


def test_csv_row_over_several_lines_has_the_line_where_it_begins(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('url,tags\nhttps://a.example/,"bank\nshop"\nhttps://b.example/,"x;y"\n', encoding="utf-8")
    assert [(site.tags, site.source.line) for site in read(path).sites if site.source] == [
        (("bank", "shop"), 2),
        (("x", "y"), 4),
    ]


def test_text_gives_urls(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbf# banks\r\nhttps://a.example/#/login   # main\r\n\r\n  http://b.example:81  \r\n")
    assert [(site.id, site.url, site.source) for site in read(path).sites] == [
        ("a.example", "https://a.example/#/login", SourceLine(file=str(path), line=2)),
        ("b.example-81", "http://b.example:81", SourceLine(file=str(path), line=4)),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\nsites: [{url: https://a.example/}]\n",
        "# c\n\n---\nversion: 1\nsites:\n- url: https://a.example/\n",
        '{"version": 1, "sites": [{"url": "https://a.example/"}]}',
        "url\nhttps://a.example/\n",
        'id,"url"\nx,https://a.example/\n',
        "https://a.example/\n",
        "# c\r\nhttps://a.example/",
        "\ufeffhttps://a.example/\n",
    ],
)
def test_format_of_standard_input_is_guessed(text: str) -> None:
    sites = read_stdin(text).sites
    assert [site.url for site in sites] == ["https://a.example/"]
    assert sites[0].source is not None
    assert sites[0].source.file == "<stdin>"


@pytest.mark.parametrize(
    ("written", "locale"),
    [("no", "no"), ("'no'", "no"), ("nb", "nb"), ("zh-Hant-TW", "zh-Hant-TW"), ("es-419", "es-419")],
)
def test_locale_is_read_as_written(written: str, locale: str) -> None:
    assert read_stdin(f"{SITE}    locale: {written}\n").sites[0].locale == locale


@pytest.mark.parametrize("word", ["on", "yes", "123", "1.0", "null-x", "12306"])
def test_id_is_read_as_written(word: str) -> None:
    assert read_stdin(f"{SITE}    id: {word}\n").sites[0].id == word


@pytest.mark.parametrize(
    ("word", "login"),
    [
        *((word, ExpectedLogin.YES) for word in ("true", "True", "yes", "on")),
        *((word, ExpectedLogin.NO) for word in ("false", "no", "off", "OFF")),
        ("unknown", ExpectedLogin.UNKNOWN),
    ],
)
def test_login_words(word: str, login: ExpectedLogin) -> None:
    assert read_stdin(f"{SITE}    expect: {{login: {word}}}\n").sites[0].expect.login is login


def test_missing_ids_are_derived_and_unique_beside_given_ones() -> None:
    text = """\
version: 1
sites:
  - url: https://www.Shop.example/My Account/
  - {id: a.example-login, url: https://x.example/}
  - url: https://a.example/login?next=1
  - url: https://a.example/login#x
  - url: https://a.example/Login/
  - url: https://münchen.example/Ä
  - url: http://[::1]:8080/
""".replace("My Account", "My%20Account")
    assert [site.id for site in read_stdin(text).sites] == [
        "shop.example-my-20account",
        "a.example-login",
        "a.example-login-2",
        "a.example-login-3",
        "a.example-login-4",
        "munchen.example-a",
        "1-8080",
    ]


def test_derived_ids_stay_below_the_limit() -> None:
    long = "https://a.example/" + "x" * 500
    first, second = read_stdin(f"{long}\n{long}\n").sites
    assert (len(first.id), second.id) == (118, first.id + "-2")


def test_site_can_be_an_alias_of_another(tmp_path: Path) -> None:
    text = "version: 1\nsites:\n  - &a {url: https://a.example/, tags: &t [x]}\n  - *a\n"
    text += "  - {url: https://b.example/, tags: *t}\n"
    sites = read_stdin(text).sites
    assert [(site.id, site.tags, site.source.line) for site in sites if site.source] == [
        ("a.example", ("x",), 3),
        ("a.example-2", ("x",), 4),
        ("b.example", ("x",), 5),
    ]


def test_serve_is_relative_to_the_list_and_each_folder_is_served_once(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    for name, folder in (("a.yaml", "pages"), ("b.yml", "./pages/../pages")):
        text = f"version: 1\nserve: {folder}\nsites:\n  - {{id: {name[0]}, url: http://a.demo.localhost/}}\n"
        (tmp_path / name).write_text(text, encoding="utf-8")
    lists = read(tmp_path / "a.yaml", tmp_path / "b.yml")
    assert lists.replays == (
        ServedFolder(folder=tmp_path / "pages", source=SourceLine(file=str(tmp_path / "a.yaml"), line=2)),
    )


def test_lists_are_joined_in_order(tmp_path: Path) -> None:
    (tmp_path / "z.txt").write_text("https://z.example/\n", encoding="utf-8")
    (tmp_path / "A.CSV").write_text("url\nhttps://a.example/\n", encoding="utf-8")
    lists = read(tmp_path / "z.txt", "-", tmp_path / "A.CSV", stdin=b"https://m.example/\n")
    assert [site.id for site in lists.sites] == ["z.example", "m.example", "a.example"]


def test_list_given_twice_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("https://a.example/\n", encoding="utf-8")
    again = tmp_path / "x" / ".." / "a.txt"
    (tmp_path / "x").mkdir()
    assert mistakes_of(path, again) == [f"{again}: given twice; name each list once"]
    assert mistakes_of("-", "-", stdin=b"https://a.example/") == ["<stdin>: given twice; name each list once"]


def test_no_source_gives_no_sites() -> None:
    assert read().sites == ()


def test_number_of_sites_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MAX_SITES", 2)
    monkeypatch.setattr("gridrunner.sites.lists.MAX_SITES", 2)
    urls = [f"https://a{number}.example/" for number in range(4)]
    (tmp_path / "a.txt").write_text("\n".join(urls), encoding="utf-8")
    (tmp_path / "a.csv").write_text("\n".join(["url", *urls]), encoding="utf-8")
    yaml_text = "version: 1\nsites:\n" + "".join(f"- url: {url}\n" for url in urls)
    (tmp_path / "a.yaml").write_text(yaml_text, encoding="utf-8")
    too_many = "more than 2 sites; split the list over several runs"
    assert mistakes_of(tmp_path / "a.txt") == [f"{tmp_path}/a.txt:3: {too_many}"]
    assert mistakes_of(tmp_path / "a.csv") == [f"{tmp_path}/a.csv:4: {too_many}"]
    assert mistakes_of(tmp_path / "a.yaml") == [f"{tmp_path}/a.yaml:5: {too_many}"]
    for name in ("b.txt", "c.txt"):
        (tmp_path / name).write_text("\n".join(urls[:2]), encoding="utf-8")
    assert mistakes_of(tmp_path / "b.txt", tmp_path / "c.txt") == [
        f"{tmp_path}/c.txt: the lists hold more than 2 sites together; split them over several runs"
    ]
