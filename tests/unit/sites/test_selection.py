"""`--select`: what each expression names, and what is said of one that names nothing."""

from __future__ import annotations

import pytest

from gridrunner.errors import UsageError
from gridrunner.model import Site
from gridrunner.sites.selection import select_sites

SITES = tuple(
    Site(id=name, url="https://a.example/", locale=locale, tags=tags)
    for name, locale, tags in (
        ("bank-de", "de", ("bank",)),
        ("bank-at", "de-AT", ("bank", "shop")),
        ("news-zh", "zh-Hant-TW", ("news",)),
        ("den", "den", ()),
        ("none", None, ("news", "bank-x")),
    )
)


def ids(*expressions: str) -> list[str]:
    return [site.id for site in select_sites(SITES, expressions)]


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        ([], ["bank-de", "bank-at", "news-zh", "den", "none"]),
        (["tag:bank"], ["bank-de", "bank-at"]),
        (["tag:BANK"], []),
        (["locale:de"], ["bank-de", "bank-at"]),
        (["locale:de-AT"], ["bank-at"]),
        (["locale:DE_at"], ["bank-at"]),
        (["locale:zh"], ["news-zh"]),
        (["locale:zh-Hant"], ["news-zh"]),
        (["locale:zh-TW"], []),
        (["id:bank-*"], ["bank-de", "bank-at"]),
        (["id:bank-[!d]?"], ["bank-at"]),
        (["id:den"], ["den"]),
        (["id:*"], ["bank-de", "bank-at", "news-zh", "den", "none"]),
        ([" tag : news "], ["news-zh", "none"]),
        (["tag:news", "id:bank-de", "locale:zh"], ["bank-de", "news-zh", "none"]),
    ],
)
def test_select(expressions: list[str], expected: list[str]) -> None:
    assert ids(*expressions) == expected


@pytest.mark.parametrize(
    ("expression", "message", "hint"),
    [
        ("bank", "--select 'bank' does not say what it selects by", "Write tag:NAME"),
        ("", "--select '' does not say what it selects by", "Write tag:NAME"),
        ("tags:bank", "--select 'tags:bank': cannot select by 'tags'", "Did you mean tag:bank?"),
        ("lang:de", "--select 'lang:de': cannot select by 'lang'", "Write tag:NAME"),
        ("tag:", "--select 'tag:' names nothing after the colon", "Write tag:NAME"),
        (":x", "--select ':x': cannot select by ''", "Write tag:NAME"),
    ],
)
def test_malformed(expression: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        ids("tag:bank", expression)
    assert str(caught.value) == message
    assert (caught.value.hint or "").startswith(hint)
