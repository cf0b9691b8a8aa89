"""Styles of a copy: what stays, what goes, and that nothing in them could begin a tag."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import tinycss2
from hypothesis import example, given
from hypothesis import strategies as st

from gridrunner.browser.copy_styles import FETCHING_FUNCTIONS, NESTING_LIMIT, clean_styles


def test_styles_ask_nobody_and_end_nothing() -> None:
    styles = (
        "@import url(other.css);/* who wrote it */@font-face{font-family:x;src:url(f.woff2)}"
        "a{background:url( 'https://t.example/p.gif?u=1' )}b{fill:url(#shade)}i::after{content:'</style>'}"
    )
    assert clean_styles(styles) == ('a{background:url("data:,")}b{fill:url("#shade")}i::after{content:"\\3C /style>"}')


@pytest.mark.parametrize(
    ("styles", "clean"),
    [
        ("a > b + c ~ d.e/**/.f { margin: -0.5em auto }", "a > b + c ~ d.e.f { margin: -0.5em auto }"),
        (".w-1\\/2:hover{--a: {x};color:#FFF !important}", ".w-1\\/2:hover{--a: {x};color:#FFF !important}"),
        ("@media (300px<width<=600px){a{b:c}}", "@media (300px< width<=600px){a{b:c}}"),
        ("@layer x, y; @supports (a:b) { @layer x { a { &:hover { c:d } } } }",) * 2,
        ("@container (width > 400px) { a { inset: 0 } }",) * 2,
        ("a{background:URL(x) , u\\72l('y')}", 'a{background:url("data:,") , url("data:,")}'),
        ("a{background:image-set('x' 1x, url(y) 2x) 0}", 'a{background:url("data:,") 0}'),
        ("@media print{@font-face{src:url(x)}a{b:c}@import 'x';d{e:f}}", "@media print{a{b:c}d{e:f}}"),
        ("@\\69mport 'x';@IMPORT 'y';a{b:c}", "a{b:c}"),
        ("<!-- a{b:c} -->", "a{b:c}"),
        ("\\3c script{x:\\<img}", "\\3C script{x:\\3C img}"),
        ("a{b:'x", 'a{b:"x"}'),
        ("fill:url('#a')", 'fill:url("#a")'),
        ("a{b:" + "9" * 5000 + "}", ""),
    ],
)
def test_styles_mean_what_they_meant(styles: str, clean: str) -> None:
    assert clean_styles(styles) == clean
    assert clean_styles(clean) == clean


def test_what_nests_too_deeply_is_cut() -> None:
    assert clean_styles("(" * 20_000) == "(" * (NESTING_LIMIT + 1) + ")" * (NESTING_LIMIT + 1)


PARTS = st.sampled_from(
    [
        *(
            "<",
            "</style>",
            "<img ",
            "<!--",
            "-->",
            "\\",
            "\\3c ",
            "'",
            '"',
            "/*",
            "*/",
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            ";",
            ":",
        ),
        *(
            "@import",
            "@media",
            "@font-face",
            "url(",
            "url('",
            "image-set(",
            "src(",
            "a",
            "-",
            "--",
            "1",
            ".",
            "+",
            "#",
            "%",
        ),
        *(
            " ",
            "\n",
            "\r",
            "\0",
            "é",
            "u+",
            "?",
            "!",
            "=",
            "|",
            "//",
            "https://x.example/y",
            "var(--x)",
            "\f",
            "e3",
            "@",
        ),
    ]
)


@example("\\ ")  # an escaped blank
@example("\\-->")  # a name that would end a comment of HTML
@given(st.lists(PARTS, max_size=40).map("".join))
def test_whatever_comes_begins_no_tag_and_asks_nobody(styles: str) -> None:
    clean = clean_styles(styles)
    assert not re.search(r"<[A-Za-z/!?]", clean)
    assert set(fetched_by(tinycss2.parse_component_value_list(clean))) <= {"", "data:,"}
    assert clean_styles(clean) == clean


def fetched_by(tokens: Iterable[Any]) -> Iterator[str]:
    """What a reader of styles would fetch, by the same parser; places in the document as nothing."""
    for token in tokens:
        if token.type == "at-keyword" and token.lower_value in {"import", "font-face", "namespace"}:
            yield token.lower_value
        if token.type == "function" and token.lower_name in FETCHING_FUNCTIONS:
            address = token.arguments[0].value
            yield "" if address.startswith("#") else address
        if token.type == "url":
            yield token.value
        yield from fetched_by(getattr(token, "content", None) or getattr(token, "arguments", None) or ())
