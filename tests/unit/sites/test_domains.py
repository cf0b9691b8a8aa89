"""What `sites discover` is given, as domains to be searched."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pytest

from gridrunner.errors import SiteListError, UsageError
from gridrunner.sites.domains import ListedDomain, read_domains


def read(*sources: str, kind: str = "auto", limit: int | None = None, stdin: str = "") -> tuple[ListedDomain, ...]:
    return read_domains(sources, kind, limit, BytesIO(stdin.encode()))


def test_a_bare_domain_is_tried_under_three_addresses() -> None:
    (domain,) = read("shop.example")
    assert domain.name == "shop.example"
    assert domain.starts == ("https://shop.example/", "https://www.shop.example/", "http://shop.example/")


@pytest.mark.parametrize(
    ("text", "name", "starts"),
    [
        ("https://www.shop.example", "www.shop.example", ("https://www.shop.example/", "http://www.shop.example/")),
        ("https://shop.example/de/", "shop.example/de/", ("https://shop.example/de/",)),
        ("http://a.localhost:8080/", "a.localhost:8080", ("http://a.localhost:8080/",)),
        ("https://127.0.0.1/", "127.0.0.1", ("https://127.0.0.1/",)),
    ],
)
def test_an_address_is_taken_as_it_stands(text: str, name: str, starts: tuple[str, ...]) -> None:
    assert [(domain.name, domain.starts) for domain in read(text)] == [(name, starts)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tranco.csv", "1,shop.example\n2,bank.example\n"),
        ("crux.csv", "origin,rank\nhttps://shop.example,1000\nhttps://bank.example,1000\n"),
        ("list.txt", "# mine\nshop.example\nbank.example  # too\nshop.example\n"),
        ("list.csv", "domain,tags\nshop.example,a\nbank.example,b\n"),
        (
            "list.yaml",
            "version: 1\nsites:\n  - {id: a, url: https://shop.example/}\n  - {id: b, url: https://bank.example/}",
        ),
    ],
)
def test_lists_of_every_kind(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    assert [domain.name for domain in read(str(path))] == ["shop.example", "bank.example"]
    assert [domain.name for domain in read(str(path), limit=1)] == ["shop.example"]


def test_standard_input_and_names_beside_one_another() -> None:
    assert [domain.name for domain in read("-", "c.example", stdin="a.example\nb.example\na.example\n")] == [
        "a.example",
        "b.example",
        "c.example",
    ]


def test_pages_that_others_found_are_hints(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    pages = [{"login_page_candidate": "https://shop.example/login"}]
    path.write_text(json.dumps([{"domain": "shop.example", "login_page_candidates": pages}, {"domain": "b.example"}]))
    assert [(domain.name, domain.hints) for domain in read(str(path))] == [
        ("shop.example", ("https://shop.example/login",)),
        ("b.example", ()),
    ]


@pytest.mark.parametrize("source", ["no domain", "shop", "ftp://shop.example/"])
def test_what_is_neither_a_domain_nor_a_file_is_named(source: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(source)
    assert "is no file either" in (caught.value.hint or "")


def test_mistakes_of_a_list_have_their_lines() -> None:
    with pytest.raises(SiteListError) as caught:
        read("-", stdin="shop.example\nno domain\n")
    assert [mistake.startswith("<stdin>:2") for mistake in caught.value.mistakes] == [True]


def test_a_kind_that_there_is_not() -> None:
    with pytest.raises(UsageError, match="--kind 'trancoo' is unknown"):
        read("shop.example", kind="trancoo")
