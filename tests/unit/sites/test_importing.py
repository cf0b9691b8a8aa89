"""`sites import`: lists of other people become site lists that read the same."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import yaml

from gridrunner.errors import SiteListError, UsageError
from gridrunner.model import Expectation, ExpectedLogin, Site
from gridrunner.sites.importing import guess_kind, import_list
from tests.support.site_lists import read_stdin


def import_text(text: str, kind: str = "auto", limit: int | None = None) -> str:
    return import_list("-", kind, limit, io.BytesIO(text.encode()))


def mistakes_in(text: str, kind: str = "auto") -> list[str]:
    with pytest.raises(SiteListError) as caught:
        import_text(text, kind)
    return list(caught.value.mistakes)


def sites_of(yaml_text: str) -> list[Site]:
    """The sites without their places, and PyYAML's own reading agrees about ids and URLs."""
    plain = [(entry["id"], entry["url"]) for entry in yaml.safe_load(yaml_text)["sites"]]
    sites = [
        Site(**{name: getattr(site, name) for name in Site.__struct_fields__ if name != "source"})
        for site in read_stdin(yaml_text).sites
    ]
    assert [(site.id, site.url) for site in sites] == plain
    return sites


def test_tranco() -> None:
    text = "1,google.com\n2,a.example\r\n3,xn--80ak6aa92e.com\n"
    assert import_text(text) == (
        "# 3 sites imported from <stdin> by `gridrunner sites import`.\n"
        "# Nothing is claimed about them until you add `expect`, such as `expect: {login: true}`.\n"
        "version: 1\n"
        "sites:\n"
        "  - id: google.com\n"
        "    url: https://google.com/\n"
        "    steps: [{follow: login-link}]\n"
        "  - id: a.example\n"
        "    url: https://a.example/\n"
        "    steps: [{follow: login-link}]\n"
        "  - id: xn-80ak6aa92e.com\n"
        "    url: https://xn--80ak6aa92e.com/\n"
        "    steps: [{follow: login-link}]\n"
    )


def test_limit_reads_no_further() -> None:
    text = "1,a.example\n2,b.example\nnonsense\n"
    assert [site.id for site in sites_of(import_text(text, limit=2))] == ["a.example", "b.example"]
    assert [site.id for site in sites_of(import_text("url\na.example\n\nb.example\n", limit=1))] == ["a.example"]
    assert [site.id for site in sites_of(import_text("a.example\nb c\n", limit=1))] == ["a.example"]


def test_text_may_lack_schemes() -> None:
    text = "# mine\na.example\nhttp://b.example/x?y=1: z\nlocalhost:80\nc.example:8443/in  # c\n".replace(": z", ":")
    assert [site.url for site in sites_of(import_text(text))] == [
        "https://a.example/",
        "http://b.example/x?y=1:",
        "https://localhost:80/",
        "https://c.example:8443/in",
    ]


def test_csv_keeps_what_a_site_list_knows_and_names_the_rest() -> None:
    text = (
        "Domain;ID;Locale;Tags;Login;Username;Password;Submit;SSO;Outcome;visit_timeout_s;Owner;Since\n"
        'a.example/in;no;pt-BR;bank 1;unknown;"#u: ""x""";[a=b];button;google;;2.5;me;2020\n'
        "b.example;;no;;no;;;;;;;;\n"
    ).replace('#u: ""x""', '[t=""x: #""]')
    written = import_text(text)
    assert written.splitlines()[1] == "# Columns not taken: owner, since"  # each site claims something
    assert sites_of(written) == [
        Site(
            id="no",
            url="https://a.example/in",
            locale="pt-BR",
            tags=("bank", "1"),
            expect=Expectation(
                login=ExpectedLogin.UNKNOWN,
                username='[t="x: #"]',
                password="[a=b]",
                submit="button",
                sso=("google",),
            ),
            visit_timeout_s=2.5,
        ),
        Site(id="b.example", url="https://b.example/", locale="no", expect=Expectation(login=ExpectedLogin.NO)),
    ]


def test_the_header_speaks_only_of_sites_that_nothing_is_claimed_about() -> None:
    claimed = import_text("url,login\nhttps://a.example/,yes\nhttps://b.example/,\n").splitlines()
    assert claimed[1] == "# Nothing is claimed about 1 of them until you add `expect`, such as `expect: {login: true}`."
    assert import_text("url,login\nhttps://a.example/,yes\n").splitlines()[1] == "version: 1"


def test_ids_are_unique_and_kept_texts() -> None:
    text = "123.example\n1.2.3.4\nhttps://a.example/\na.example\nhttps://a.example/?b\n"
    assert [site.id for site in sites_of(import_text(text))] == [
        "123.example",
        "1.2.3.4",
        "a.example",
        "a.example-2",
        "a.example-3",
    ]


def test_file_of_any_name(tmp_path: Path) -> None:
    path = tmp_path / "top-1m"
    path.write_text("1,a.example\n", encoding="utf-8")
    text = import_list(str(path), "auto", None, io.BytesIO())
    assert text.splitlines()[0] == f"# 1 site imported from {path} by `gridrunner sites import`."


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1,a.example\n", "tranco"),
        ("# x\n1;a.example", "tranco"),
        ("url\n", "csv"),
        ("Rank,Domain\n", "csv"),
        ("https://a.example/", "text"),
        ("a.example", "text"),
        ("version: 1", "yaml"),
        ("", "text"),
    ],
)
def test_guess_kind(text: str, kind: str) -> None:
    assert guess_kind(text) == kind


def test_mistakes_come_at_once() -> None:
    assert mistakes_in("1,a.example\n2 b.example\n3,x y.example\n4,ada:s3cret@a.example\n5,b.example/\n", "tranco") == [
        "<stdin>:2:1: url: '2 b.example' is not a line of a ranking; write rank,domain",
        "<stdin>:3:1: url: '3,x y.example' is not a line of a ranking; write rank,domain",
        "<stdin>:4:1: url: 'ada:…@a.example' is not http or https; only web pages can be visited",
    ]
    assert mistakes_in("not a url\nmailto:x@a.example\n/in\n") == [
        "<stdin>:1:1: url: 'not a url' has a blank in it; write %20, or remove it",
        "<stdin>:2:1: url: 'mailto:…@a.example' is not http or https; only web pages can be visited",
        "<stdin>:3:1: url: '/in' is relative; write a whole address such as https://example.org/login",
    ]
    assert mistakes_in("url,id\na.example,x\nb.example,x\n") == [
        "<stdin>:3: id: 'x' is already taken at <stdin>:2; give each site an id of its own"
    ]
    assert mistakes_in("version: 1\nsites: []\n") == ["<stdin>: this is YAML already; use it as it is, with --sites"]
    assert mistakes_in("a,b\n1,2\n", "csv") == ["<stdin>:1: there is no column url; add one"]
    assert mistakes_in("") == ["<stdin>: the list has no sites; write one URL per line"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SiteListError) as caught:
        import_list(str(tmp_path / "no.csv"), "auto", None, io.BytesIO())
    assert caught.value.mistakes == (f"{tmp_path}/no.csv: no such file; check the path",)


@pytest.mark.parametrize(
    ("kind", "limit", "message", "hint"),
    [
        ("trancoo", None, "--kind 'trancoo' is unknown", "Did you mean 'tranco'?"),
        ("xml", None, "--kind 'xml' is unknown", "Known are auto, csv, tranco, crux, sso-monitor, text"),
        ("auto", 0, "--limit 0 leaves nothing to import", "Give 1 or more"),
    ],
)
def test_options_that_cannot_be(kind: str, limit: int | None, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        import_text("a.example", kind, limit)
    assert (str(caught.value), caught.value.hint) == (message, hint)
