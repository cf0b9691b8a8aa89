"""CSS of site lists, against what Chromium's `querySelector` took when it was asked (`selectors.json`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tinycss2

from gridrunner.sites import css
from gridrunner.sites.css import find_selector_problem

RECORDED = json.loads((Path(__file__).parent / "selectors.json").read_text(encoding="utf-8"))

UNKNOWN_PSEUDO_CLASSES = {
    *(":foo", ":foo(a)", "#a.b[c]:d", ":matches(a)", ":-moz-any(a)", ":--x"),
    *(":-internal-x", ":left", ":current(a)", ":nth-col(1)", ":blank"),
}
"""Chromium refuses them today; names come and go with browsers, so they pass here."""

STRICTER = {
    *("[a", "[x", '[a="b]', "[a=b", '[a="b"', ".a\\", "a\\", "a /*"),  # closed by the end of the text
    *("a::before", "a:before", "a::part(x)", "a::slotted(b)", "::slotted(a)", ":is(::before)"),  # match no element
    *(":is()", ":is(a,,b)", ":is(1)", ":where()", ":is(>a)", ":has(:is(:has(a)))"),  # forgiven, and match nothing
    *("&", "& a"),  # nesting, without anything to nest in
    "u+a",  # a range of characters to tinycss2, as to browsers of 2023
}


@pytest.mark.parametrize("selector", [*RECORDED["refused"]])
def test_refused_by_chromium(selector: str) -> None:
    assert (find_selector_problem(selector) is None) == (selector in UNKNOWN_PSEUDO_CLASSES)


@pytest.mark.parametrize("selector", RECORDED["taken"])
def test_taken_by_chromium(selector: str) -> None:
    assert (find_selector_problem(selector) is not None) == (selector in STRICTER)


@pytest.mark.parametrize("selector", [text for text in RECORDED["taken"] + RECORDED["refused"] if "|" not in text])
def test_short_cut_agrees_with_the_grammar(selector: str) -> None:
    if css._SIMPLE.fullmatch(selector.strip()):
        css._check_part(selector.strip())


@pytest.mark.parametrize(
    "selector",
    [
        "#login_field",
        "input[type=submit]",
        "ep-logowanie >>> #login",
        "a>>>b >>> c",
        "form[action='/x'] > input:nth-child(2n + 1 of .a, .b):not(:disabled, [hidden])",
        'button[aria-label="Anmelden (neu)"]',
        "#\\31 23",
        "日本 > .été",
        ":has(> input[type=password])",
    ],
)
def test_good(selector: str) -> None:
    assert find_selector_problem(selector) is None


@pytest.mark.parametrize(
    ("selector", "problem"),
    [
        ("", "it is empty; write CSS"),
        ("  ", "it is empty; write CSS"),
        ("a >>> ", "a part is empty; write CSS on both sides of >>>"),
        (">>> a", "a part is empty; write CSS on both sides of >>>"),
        ("a >>> >>> b", "a part is empty; write CSS on both sides of >>>"),
        ("a >>> b c)", "')' closes nothing; remove it or open a bracket before it"),
        ("a(b]", "']' stands where ')' would close the bracket; fix the brackets"),
        ("a[b", "a bracket is not closed; add ']'"),
        ("a[b='c]", "a quote is not closed; add '"),
        ("a /* b", "a comment is not closed; add */"),
        ("a\\", "ends with a backslash; remove it or double it"),
        ("a >", "nothing follows '>'; write what it leads to"),
        ("> a", "a selector cannot start with '>'; write what comes before it"),
        ("a > + b", "'+' follows '>'; keep one of them"),
        ("a || b", "the combinator '||' is known to no browser; use a blank or '>'"),
        ("a,,b", "a selector is missing beside ','"),
        ("a, ", "a selector is missing beside ','"),
        ("#1a", "'#1a' is not an id selector: it starts with a digit; write [id=\"1a\"]"),
        (".1a", "'.1a' starts no selector; write an element, #id, .class or [attribute]"),
        ("a..b", "'.' is not followed by a class name; write .name"),
        ("[a=1]", 'the value of an attribute needs quotes; write [name="value"]'),
        ("[a!=b]", "'!' does not compare an attribute; use one of = ~= |= ^= $= *="),
        ("[]", "'[' is not followed by an attribute name; write [name] or [name=\"value\"]"),
        ('[a="b" x]', "'x' follows the value of an attribute; only i may"),
        ("[a]b", "'b' cannot stand there; put a blank or a combinator before it"),
        ("x|a", "the namespace 'x' is not declared; write *|name"),
        ("a::before", "a pseudo-element (::) matches no element; name the element it belongs to"),
        ("a:after", "the pseudo-element :after matches no element; name the element it belongs to"),
        ("a:", "':' is not followed by the name of a pseudo-class; write :name"),
        (":not()", ":not() is empty; write what it applies to"),
        (":not", ":not needs something in brackets; write :not(…)"),
        (":nth-child(x)", ":nth-child() takes a number, even, odd, or a pattern such as 2n+1"),
        (":nth-child(+)", ":nth-child() takes a number, even, odd, or a pattern such as 2n+1"),
        (":lang(1)", ":lang() takes a word, such as :lang(en)"),
        (":host(a b)", ":host() takes one element; remove blanks, combinators and commas"),
        (":has(:not(:has(a)))", ":has() cannot stand inside :has(); write them one after the other"),
        (":has(>)", "nothing follows the combinator in :has()"),
        ("a:contains('b')", ':contains is jQuery\'s and no CSS; write an attribute selector such as [type="…"]'),
        ("input:password", ':password is jQuery\'s and no CSS; write an attribute selector such as [type="…"]'),
        ("a:has-text('b')", ':has-text is Playwright\'s and no CSS; write an attribute selector such as [type="…"]'),
        ("//form/input", "this is not CSS (XPath or a locator of Playwright's); write a CSS selector"),
        ("text=Log in", "this is not CSS (XPath or a locator of Playwright's); write a CSS selector"),
        ("'a'", "'\"a\"' starts no selector; write an element, #id, .class or [attribute]"),
        (":not(" * 17 + "a" + ")" * 17, "brackets are nested deeper than 16 levels; simplify it"),
        ("a" * 2001, "longer than 2,000 characters; shorten it"),
    ],
)
def test_problem(selector: str, problem: str) -> None:
    assert find_selector_problem(selector) == problem


def test_deepest_nesting_is_read() -> None:
    assert find_selector_problem(":not(" * 16 + "a" + ")" * 16) is None


def test_tokens_that_are_errors_are_named() -> None:
    assert [token.type for token in tinycss2.parse_component_value_list("url(a b)")] == ["error"]
    assert find_selector_problem("url(a b)") == "cannot be read: bad URL token; write a CSS selector"
