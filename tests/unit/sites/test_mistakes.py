"""Lists with mistakes: each has its exact message, all of them come at once, sorted, bounded and without secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gridrunner.errors import SiteListError, UsageError
from gridrunner.sites import yaml_nodes
from gridrunner.sites.mistakes import FileReport, raise_mistakes
from tests.support.site_lists import SITE, mistakes_in, mistakes_of, read_stdin

HEAD = "version: 1\nsites:\n"
NO_SITES = "the list has no sites; write 'version: 1' and at least one entry under 'sites'"

STRUCTURE = {
    "": ["the list is empty; write one URL per line"],
    " \n\t\n": ["the list is empty; write one URL per line"],
    "# only\n": ["the list has no sites; write one URL per line"],
    "---\n# only\n": ["3:1: a site list is a mapping with version and sites, not nothing; write 'version: 1' first"],
    "%YAML 1.1\n---\n...\n": [
        "3:1: a site list is a mapping with version and sites, not nothing; write 'version: 1' first"
    ],
    "- url: https://a.example/\n": [
        "1:1: a site list is a mapping with version and sites, not a list; put it under 'sites:', after 'version: 1'"
    ],
    "version: 1\n": ["1:1: sites is missing; add a list of sites under 'sites:'"],
    "version: 1\nsites: []\n": [f"2:8: {NO_SITES}"],
    "version: 1\nsites:\n": [
        "2:7: sites has no value; write a list such as '- url: https://example.org/login', or remove the key"
    ],
    "version: 1\nsites: {a: b}\n": [
        "2:8: sites cannot be a mapping; write a list such as '- url: https://example.org/login'"
    ],
    "version: 1\nsite: []\n": [
        "1:1: sites is missing; add a list of sites under 'sites:'",
        "2:1: unknown key 'site' in the list; did you mean 'sites'?",
    ],
    "sites:\n  - url: https://a.example/\n": ["1:1: version is missing; add 'version: 1' at the top"],
    "version: 2\nsites:\n  - url: https://a.example/\n": [
        "1:10: version 2 is newer than this gridrunner can read (1); install a newer gridrunner"
    ],
    "version: one\nsites:\n  - url: https://a.example/\n": ["1:10: version must be 1; write 'version: 1'"],
    "version: [1]\nsites:\n  - url: https://a.example/\n": ["1:10: version must be 1; write 'version: 1'"],
    "version: 1\nversion: 1\nsites:\n  - url: https://a.example/\n": [
        "2:1: key 'version' stands twice in the list, the first is in line 1; keep one of them"
    ],
    "version: 1\nserve: nowhere-at-all\nsites:\n  - url: https://a.example/\n": [
        "2:8: serve: there is no folder 'nowhere-at-all'; it is relative to the list's own folder"
    ],
    "version: 1\nserve: [x]\ndefaults: [x]\nsites:\n  - url: https://a.example/\n": [
        "2:8: serve cannot be a list; write a folder",
        "3:11: defaults cannot be a list; write a mapping such as {locale: en}",
    ],
    "version: 1\ndefaults: {url: x, locale: xx_y}\nsites:\n  - url: https://a.example/\n": [
        "2:12: unknown key 'url' in defaults; known are locale, tags, visitor, visit_timeout_s, expect",
        "2:28: locale: 'xx_y' is not a locale; write a tag such as en, pt-BR or zh-Hant (BCP 47)",
    ],
    SITE + "---\nversion: 1\n": ["4:1: a second document begins here; put all sites into the first and remove '---'"],
    HEAD + "  - https://a.example/\n": ["3:5: a site is a mapping, not a single value; write '- url: https://…'"],
    HEAD + "  - [a]\n": ["3:5: a site is a mapping, not a list; write its keys, such as url: https://…"],
    HEAD + "  - id: x\n": ["3:5: url is missing; add 'url: https://…'"],
    HEAD + "  - url:\n": [
        "3:9: url has no value; write an address such as https://example.org/login, or remove the key"
    ],
    HEAD + "  - url: [a]\n": ["3:10: url cannot be a list; write an address such as https://example.org/login"],
    HEAD + "  - {[a]: b, url: https://a.example/}\n": [
        (
            "3:6: a key of a site is a word, not a list; known are id, url, locale, tags, steps, expect, "
            "visitor, visit_timeout_s, quarantine"
        )
    ],
}

KEYS = {
    "usrname: x": ["unknown key 'usrname' in a site; did you mean 'username', inside expect?"],
    "tag: [a]": ["unknown key 'tag' in a site; did you mean 'tags'?"],
    "Locale: en": ["unknown key 'Locale' in a site; did you mean 'locale'?"],
    "zzz: en": [
        (
            "unknown key 'zzz' in a site; known are id, url, locale, tags, steps, expect, visitor, "
            "visit_timeout_s, quarantine"
        )
    ],
    "serve: demo": ["unknown key 'serve' in a site; serve stands once, at the top of the list"],
    "<<: {a: b}": ["merge keys (<<) are not read; put what sites share under 'defaults'"],
    "url: https://b.example/": ["key 'url' stands twice in a site, the first is in line 3; keep one of them"],
}

VALUES = {
    "id: GitHub Login": [
        (
            "9: id: 'GitHub Login' is not an id: only a-z, 0-9, '.', '_' and '-', and a letter or digit first;"
            " write 'github-login'"
        )
    ],
    "id: ..": [
        "9: id: '..' is not an id: only a-z, 0-9, '.', '_' and '-', and a letter or digit first; write 'site-1'"
    ],
    "id: " + "x" * 129: [f"9: id: '{'x' * 59}…' has 129 characters; at most 128 are allowed"],
    "id: null": ["9: id has no value; write a word such as github, or remove the key"],
    "locale: en_US": ["13: locale: 'en_US' is not a locale; write 'en-US'"],
    "locale: ZH-hant-tw": ["13: locale: 'ZH-hant-tw' is not a locale; write 'zh-Hant-TW'"],
    "locale: english": ["13: locale: 'english' is not a locale; write a tag such as en, pt-BR or zh-Hant (BCP 47)"],
    "locale: [en]": ["13: locale cannot be a list; write a tag such as en or pt-BR"],
    "tags: bank": ["11: tags cannot be a single value; write [bank]"],
    "tags: {a: b}": ["11: tags cannot be a mapping; write a list such as [bank, mail]"],
    "tags:": ["10: tags has no value; write a list such as [bank, mail], or remove the key"],
    "tags: [Bank, ok, 'two words', '#', [x]]": [
        "12: tags: 'Bank' is not a tag: only a-z, 0-9, '.', '_' and '-'; write 'bank'",
        "22: tags: 'two words' is not a tag: only a-z, 0-9, '.', '_' and '-'; write 'two-words'",
        "35: tags: '#' is not a tag: only a-z, 0-9, '.', '_' and '-'; use letters",
        "40: an item of tags cannot be a list; write one word",
    ],
    f"tags: [{', '.join(f't{number}' for number in range(65))}]": ["11: tags: 65 items; at most 64 are allowed"],
    f"tags: [{'t' * 65}]": [f"12: tags: '{'t' * 59}…' has 65 characters; at most 64 are allowed"],
    "visitor: nobody": ["14: visitor: 'nobody' is no visitor; write auto, plain or a locale such as de-CH"],
    "visit_timeout_s: soon": [
        "22: visit_timeout_s: 'soon' is not a number of seconds above 0 and up to 3600; write 60"
    ],
    **{
        f"visit_timeout_s: {text}": [
            f"22: visit_timeout_s: '{text}' is not a number of seconds above 0 and up to 3600; write 60"
        ]
        for text in ("0", "-1", "3601", "nan", "inf", "1_0", "true")
    },
    "expect: true": ["13: expect cannot be a single value; write a mapping such as {login: true}"],
    "expect: {usrname: x}": ["14: unknown key 'usrname' in expect; did you mean 'username'?"],
    "expect: {login: maybe}": ["21: login: 'maybe' is not an expectation; write true, false or unknown"],
    "expect: {login: unkown}": ["21: login: 'unkown' is not an expectation; write unknown"],
    "locale: xx": [
        "13: locale: 'xx': there is no language 'xx' (ISO 639-1); write a tag such as en, pt-BR or zh-Hant (BCP 47)"
    ],
    "locale: cz-CZ": ["13: locale: 'cz-CZ': there is no language 'cz' (ISO 639-1); did you mean 'cs-CZ'?"],
    "expect: {sso: [googel]}": ["20: sso: 'googel' is no provider that is known; did you mean 'google'?"],
    "expect: {login: false, username: '#u'}": [
        ("13: expect: login is false, and username is named; a page without a login form has none: remove one of them")
    ],
    "expect: {login: true, outcome: http-error}": [
        (
            "13: expect: outcome is http-error, and login is expected; of such a visit there is no page to judge: "
            "remove one of them"
        )
    ],
    "expect: {outcome: http_error}": ["23: outcome: 'http_error' is not an outcome; did you mean 'http-error'?"],
    "expect: {sso: google}": ["19: sso cannot be a single value; write [google]"],
    "expect: {sso: [Sign in with Google]}": [
        "20: sso: 'Sign in with Google' is not a provider: only a-z, 0-9 and single '-'; write 'sign-in-with-google'"
    ],
    "expect: {username: '#a >'}": [
        "24: username: '#a >' is not a CSS selector: nothing follows '>'; write what it leads to"
    ],
    "expect: {password: }": [
        (
            "24: password has no value; write CSS in quotes such as \"#login\" (without them '#' begins a comment),"
            " or remove the key"
        )
    ],
}

STEPS = {
    "5": ['13: a step cannot be a single value; write a mapping such as {click: "#login"}'],
    "{clik: a}": ["14: unknown key 'clik' in a step; did you mean 'click'?"],
    "{click: a, wait_for: b}": [
        (
            "13: a step does one thing, not click and wait_for; write one of click, fill, wait_for, follow, "
            "dismiss, identify per step"
        )
    ],
    "{}": ["13: a step does nothing; write one of click, fill, wait_for, follow, dismiss, identify per step"],
    "{value: x}": ["13: a step does nothing; write one of click, fill, wait_for, follow, dismiss, identify per step"],
    "{fill: a}": ["13: fill needs a value; write {fill: CSS, value: TEXT}"],
    "{fill: a, value: [x]}": ["30: value cannot be a list; write a text"],
    "{click: a, value: x}": ["31: click takes no value; only fill does"],
    "{follow: login}": ["22: follow: 'login' is unknown; write login-link, or click: CSS"],
    "{wait_for: 'a >>> '}": [
        "24: wait_for: 'a >>> ' is not a CSS selector: a part is empty; write CSS on both sides of >>>"
    ],
}

SYNTAX = {
    SITE + "    id: !!python/object/apply:os.system [ls]\n": [
        (
            "4:9: the tag '!!python/object/apply:os.system' is not allowed;"
            " a site list holds text, numbers, lists and mappings"
        ),
        "4:9: id cannot be a list; write a word such as github",
    ],
    SITE + "    id: *nope\n": [
        (
            "4:9: the alias '*nope' stands for nothing that was written before;"
            " write the value, or quote a text that begins with '*'"
        )
    ],
    SITE + "    tags: &a [*a]\n": [
        (
            "4:15: the alias '*a' stands for nothing that was written before;"
            " write the value, or quote a text that begins with '*'"
        )
    ],
    SITE + "    id: @x\n": ["4:9: a value cannot begin with '@'; put it in quotes"],
    SITE + "    id: `x\n": ["4:9: a value cannot begin with '`'; put it in quotes"],
    SITE + "\tid: x\n": ["4:1: a tab cannot indent YAML; use spaces"],
    SITE + "    tags: [a\n    id: x\n": [
        "5:7: the list that '[' opens in line 4 is not closed; add ']', or ',' between its items"
    ],
    SITE + "    expect: {login: true\n": [
        "5:1: the mapping that '{' opens in line 4 is not closed; add '}', or ',' between its pairs"
    ],
    SITE + '    id: "x\n': ["5:1: the quote that is opened in line 4 is not closed; add it"],
    SITE + "   id: x\n": ["4:4: this does not fit the list begun in line 3; fix the indentation"],
    SITE + "    id: a: b\n": ["4:10: a ':' cannot stand here; quote a text that holds ': ', or fix the indentation"],
    SITE + "    id x\n    tags: [a]\n": ["5:5: a key has no ':'; write 'key: value'"],
    SITE + '    id: "\\q"\n': ["4:10: unknown escape; write \\\\ for a backslash, or single quotes"],
    SITE + "    expect: {login: true, username: #login}\n": [
        "5:1: a value is missing here, or '#' made a comment of it; put a text that holds '#' in quotes"
    ],
    SITE + "    id: |x\n": [
        "4:10: not valid YAML: did not find expected comment or line break; see https://yaml.org/spec/1.1/"
    ],
    "a: " + "[" * 50: [
        "1:19: nested deeper than 16 levels; a site list needs six",
    ],
}

URLS = {
    "/login": "'/login' is relative; write a whole address such as https://example.org/login",
    "github.com/login": "'github.com/login' has no scheme; write 'https://github.com/login'",
    "localhost:8000/x": "'localhost:8000/x' has no scheme; write 'https://localhost:8000/x'",
    "//a.example/": "'//a.example/' has no scheme; write 'https:' before it",
    "ftp://a.example/": "'ftp://a.example/' is not http or https; only web pages can be visited",
    "javascript:alert(1)": "'javascript:alert(1)' is not http or https; only web pages can be visited",
    "https:/a.example": "'https:/a.example' has no // after 'https:'; write https://host/path",
    "https:///x": "'https:///x' has no host; write https://host/path",
    "https://?x": "'https://' has no host; write https://host/path",
    "https://a.example/a b": "'https://a.example/a b' has a blank in it; write %20, or remove it",
    "https://a.example/\u200b": "'https://a.example/\\u200b' has an unprintable character in it; remove it",
    "https:\\\\a.example": "'https:\\\\\\\\a.example' has a backslash in it; write / or %5C",
    "http://[::1": "the host cannot be read; write https://host:port/path",
    "http://[v1.x]/": "'http://[v1.x]/': the host in brackets is not an IPv6 address; write such as http://[::1]/",
    "http://a..example/": (
        "'http://a..example/': 'a..example' is not a host name: a part of it is empty or too long; correct it"
    ),
    "https://*.example/": "'https://*.example/': '*.example' is not a host name; write letters, digits, '-' and '.'",
    "http://a.example:99999/": "the port is not a number from 0 to 65535; write https://host:port/path",
    "http://a.example:x/": "the port is not a number from 0 to 65535; write https://host:port/path",
    "http://a.example:0/": "'http://a.example:0/' has port 0, where nothing can listen; write another port",
    "https://a.example/"
    + "x" * 8000: f"'https://a.example/{'x' * 41}…' has 8,018 characters; at most 8,000 are allowed",
}

CSV = {
    "url,lokale\nhttps://a.example/,en": ["1: unknown column 'lokale'; did you mean 'locale'?"],
    "url,name\nhttps://a.example/,x": [
        "1: unknown column 'name'; did you mean 'username'?",
    ],
    "url,url\nhttps://a.example/,x": ["1: column 'url' stands there twice; keep one of them"],
    "url\n": ["1: the list has no sites; write a header line with a url column, and one site per line"],
    "url,tags\nhttps://a.example/\nhttps://b.example/,x,y": [
        f"{line}: {line * 2 - 3} cells, but the header has 2 columns; add the missing cells, "
        'or quote ("…") a cell that holds the delimiter'
        for line in (2, 3)
    ],
    "url,id\n,x": ["2: url: the cell is empty; write an address such as https://example.org/login"],
    "url,id\nhttps://a.example/,X\nb.example/,y": [
        "2: id: 'X' is not an id: only a-z, 0-9, '.', '_' and '-', and a letter or digit first; write 'x'",
        "3: url: 'b.example/' has no scheme; write 'https://b.example/'",
    ],
    'url,id\n"https://a.example/,x\n': ['2: a quote (") is left open; close it'],
    'url,id\n"https://a.example/"x,x\n': [
        '2: text follows a closing quote; double each quote inside a quoted cell ("")'
    ],
    'url,id\n"' + "x\n" * 70_000: ['2: a cell is longer than 131,072 characters; is a quote (") left open?'],
    "url,id\nhttps://a.example/,x\nhttps://b.example/,x\n": [
        "3: id: 'x' is already taken at <stdin>:2; give each site an id of its own"
    ],
}


@pytest.mark.parametrize("text", STRUCTURE)
def test_structure(text: str) -> None:
    assert mistakes_in(text) == STRUCTURE[text]


@pytest.mark.parametrize("line", KEYS)
def test_key(line: str) -> None:
    assert mistakes_in(f"{SITE}    {line}\n") == [f"4:5: {mistake}" for mistake in KEYS[line]]


@pytest.mark.parametrize("line", VALUES)
def test_value(line: str) -> None:
    assert mistakes_in(f"{SITE}    {line}\n") == [f"4:{mistake}" for mistake in VALUES[line]]


@pytest.mark.parametrize("step", STEPS)
def test_step(step: str) -> None:
    assert mistakes_in(f"{SITE}    steps: [{step}]\n") == [f"4:{mistake}" for mistake in STEPS[step]]


def test_number_of_steps_is_bounded() -> None:
    steps = ", ".join(["{click: a}"] * 51)
    assert mistakes_in(f"{SITE}    steps: [{steps}]\n") == ["4:12: steps: 51 steps; at most 50 are allowed"]


def test_steps_are_a_list() -> None:
    assert mistakes_in(f"{SITE}    steps: x\n") == [
        '4:12: steps cannot be a single value; write a list such as [{click: "#login"}]'
    ]


@pytest.mark.skipif(not yaml.__with_libyaml__, reason="the places are libyaml's")
@pytest.mark.parametrize("text", SYNTAX)
def test_yaml_syntax(text: str) -> None:
    assert mistakes_in(text) == SYNTAX[text]


@pytest.mark.parametrize("text", SYNTAX)
def test_yaml_syntax_without_libyaml(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "_LOADER", yaml.SafeLoader)
    line = int(SYNTAX[text][0].partition(":")[0])
    assert abs(int(mistakes_in(text)[0].partition(":")[0]) - line) <= 1


def test_sites_before_a_syntax_error_are_checked() -> None:
    text = "version: 1\nsites:\n  - url: /a\n  - url: /b\n  - x: [\n"
    assert [mistake.partition(" ")[0] for mistake in mistakes_in(text)] == ["3:10:", "4:10:", "6:1:"]


@pytest.mark.parametrize("url", URLS)
def test_url(url: str) -> None:
    escaped = url.replace("\\", "\\\\")
    assert mistakes_in(f'version: 1\nsites:\n  - url: "{escaped}"\n') == [f"3:10: url: {URLS[url]}"]


@pytest.mark.parametrize("url", URLS)
def test_url_in_text(url: str) -> None:
    assert mistakes_in(f"# list\n  {url}\n") == [f"2:3: url: {URLS[url]}"]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "HTTPS://A.EXAMPLE/",
        "http://localhost:8000/",
        "http://127.0.0.1/",
        "http://[::1]:80/x",
        "https://münchen.example/ä?ö#ü",
        "https://a_b.example/",
        "https://a.example./",
        "https://a.example/@user/%20?q=a@b&c=[1]#/login",
        "https://" + "a" * 63 + ".example/",
    ],
)
def test_good_url(url: str) -> None:
    assert [site.url for site in read_stdin(url).sites] == [url]


@pytest.mark.parametrize("text", CSV)
def test_csv(text: str) -> None:
    assert mistakes_in(text) == CSV[text]


def test_csv_needs_a_header(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("https://a.example/,x\n", encoding="utf-8")
    header = "id,url,locale,tags,login,username,password,submit,sso,outcome,visitor,visit_timeout_s"
    assert mistakes_of(path) == [
        f"{path}:1: the first line holds a URL, not names of columns; put a header before it: {header}"
    ]
    path.write_text("id,locale\nx,en\n", encoding="utf-8")
    assert mistakes_of(path) == [f"{path}:1: there is no column url; add one"]


# ------------------------------------------------------------------------------------------------------ several at once


def test_all_mistakes_of_all_files_come_sorted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "b.yaml").write_text(SITE + "    tag: x\n    id: B\n  - {id: x, url: /x}\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("https://a.example/\na.example\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert mistakes_of("b.yaml", "nope.yaml", "a.txt") == [
        "b.yaml:4:5: unknown key 'tag' in a site; did you mean 'tags'?",
        "b.yaml:5:9: id: 'B' is not an id: only a-z, 0-9, '.', '_' and '-', and a letter or digit first; write 'b'",
        "b.yaml:6:18: url: '/x' is relative; write a whole address such as https://example.org/login",
        "nope.yaml: no such file; check the path",
        "a.txt:2:1: url: 'a.example' has no scheme; write 'https://a.example/'",
    ]


def test_id_taken_in_another_file_names_both_places(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1\nsites:\n  - {id: x, url: /broken}\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("url,id\nhttps://b.example/,x\n", encoding="utf-8")
    assert mistakes_of(tmp_path / "a.yaml", tmp_path / "b.csv") == [
        f"{tmp_path}/a.yaml:3:18: url: '/broken' is relative; write a whole address such as https://example.org/login",
        f"{tmp_path}/b.csv:2: id: 'x' is already taken at {tmp_path}/a.yaml:3; give each site an id of its own",
    ]


def test_serve_guesses_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "replicas").mkdir()
    text = "version: 1\nserve: replica\nsites: [{url: https://a.example/}]\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert mistakes_of("a.yaml") == ["a.yaml:2:8: serve: there is no folder 'replica'; did you mean 'replicas'?"]


def test_only_fifty_mistakes_are_listed() -> None:
    with pytest.raises(SiteListError) as caught:
        read_stdin("version: 1\nsites:\n" + "  - x\n" * 1500)
    assert str(caught.value) == "1,500 mistakes in the site list"
    assert len(caught.value.mistakes) == 51
    assert caught.value.mistakes[49].startswith("<stdin>:52:5: ")
    assert caught.value.mistakes[50] == "… and 1,450 more mistakes"
    assert isinstance(caught.value, UsageError)


@pytest.mark.parametrize(("count", "last"), [(50, "<stdin>:52:5: "), (51, "… and 1 more mistake")])
def test_last_line_at_the_limit(count: int, last: str) -> None:
    assert mistakes_of("-", stdin=("version: 1\nsites:\n" + "  - x\n" * count).encode())[-1].startswith(last)


def test_same_line_is_not_repeated() -> None:
    report = FileReport("a.yaml")
    for text in ("one", "two", "one"):
        report.add(text, 3, 4)
    with pytest.raises(SiteListError) as caught:
        raise_mistakes([report])
    assert (str(caught.value), caught.value.mistakes) == (
        "2 mistakes in the site list",
        ("a.yaml:3:4: one", "a.yaml:3:4: two"),
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://ada:s3cret@a.example/x",
        "https://s3cret@a.example/x",
        "ada:s3cret@a.example",
        "ftp://ada:s3cret@a.example/",
        "https://ada:s3/cret@a.example/",
        "https://a b.example/?token=s3cret",
        "https:/ada:s3cret@a.example/",
        "https://ada:s3/c r@s3/et@a.example/",
        "ada:s3/cret@a.example",
        "/x?token=s3cret",
    ],
)
def test_secret_is_not_repeated(url: str) -> None:
    for text in (url, f"version: 1\nsites: [{{url: '{url}'}}]\n", f'url\n"{url}"\n'):
        assert "s3" not in "".join(mistakes_in(text))


def test_credentials_are_refused_with_a_way_out() -> None:
    assert mistakes_in("https://ada:x@a.example/in?y=z") == [
        (
            "1:1: url: 'https://…@a.example/in' has credentials in it, which would end up in reports; remove them"
            " (for a page behind HTTP authentication: expect: {outcome: auth-required})"
        )
    ]


def test_text_of_a_fill_step_is_not_repeated() -> None:
    text = (
        f"{SITE}    steps: [{{fill: 'a >', value: s3cret}}, {{click: a, value: s3cret}}, {{fil: a, value: s3cret}}]\n"
    )
    assert "s3cret" not in "".join(mistakes_in(text))


# --------------------------------------------------------------------------------------------------------- hostile YAML


def test_billion_laughs_are_stopped() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    text = "\n".join(["version: 1", "sites:", "  - " + "\n    ".join(lines)])
    assert mistakes_in(text) == [
        (
            "6:42: one entry holds more than 10,000 values, with those that aliases repeat;"
            " write each site as an entry of its own"
        )
    ]


def test_keys_at_the_top_are_bounded() -> None:
    text = "version: 1\n" + "".join(f"k{number}: x\n" for number in range(1000))
    assert mistakes_in(text) == [
        "101:1: more than 100 keys at the top, where a site list has four; put each site into a list under 'sites:'"
    ]
