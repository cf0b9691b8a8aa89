"""The summary of `sites check`."""

from __future__ import annotations

from pathlib import Path

import pytest

from gridrunner.sites.checking import describe_lists
from gridrunner.sites.lists import SiteLists
from tests.support.site_lists import read, read_stdin


def test_small_list() -> None:
    assert describe_lists(read_stdin("https://a.example/")) == (
        "sites     1 site in <stdin>\nlogin     nothing claimed 1"
    )


def test_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pages").mkdir()
    (tmp_path / "b.txt").write_text("https://b.example/\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text(
        """\
version: 1
serve: pages
defaults: {locale: de}
sites:
  - {url: https://a.example/1, tags: [bank], expect: {login: true, username: a, password: b, submit: c}}
  - {url: https://a.example/2, tags: [bank, shop], expect: {login: true, password: b, sso: [google]}}
  - {url: https://a.example/3, locale: fr, steps: [{click: a}], expect: {login: false, outcome: blocked}}
  - {url: https://a.example/4, locale: fr, expect: {login: unknown}}
""",
        encoding="utf-8",
    )
    assert (
        describe_lists(read("a.yaml", "b.txt"))
        == """\
sites     5 sites in a.yaml, b.txt
serves    pages
locales   2: de 2, fr 2, (none) 1
tags      2: bank 2, shop 1
login     a login form 2, none 1, unknown 1, nothing claimed 1
fields    username 1, password 2, submit 1, sso 1
outcomes  observed 4, blocked 1
steps     1 site"""
    )


def test_long_lines_are_cut() -> None:
    tags = ", ".join(f"t{number:02}" for number in range(30))
    text = describe_lists(read_stdin(f"version: 1\nsites: [{{url: https://a.example/, tags: [{tags}]}}]\n"))
    assert text.splitlines()[1] == "tags      30: " + ", ".join(f"t{n:02} 1" for n in range(12)) + " and 18 more"


def test_nothing() -> None:
    assert describe_lists(SiteLists(sites=())) == "sites     0 sites in no list"
