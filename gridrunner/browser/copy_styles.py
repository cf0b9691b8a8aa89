"""Styles of a copy: read and written again by a CSS parser, without what asks a server for something; pure.

tinycss2 makes the tokens (CSS Syntax Level 3), and only tokens are written: at-rules of an allow-list, addresses inside
of the document, texts. Invariant: what is written holds no "<" that could begin or end a tag, so that it is harmless
wherever an HTML parser takes it for markup; written twice it is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import tinycss2
from tinycss2.serializer import BAD_PAIRS, serialize_string_value

AT_RULES: Final = frozenset(
    {
        # the conditions, layers and scopes of a style sheet, and what animates; CSS at-rules as of CSS Snapshot 2025
        *("media", "supports", "layer", "container", "scope", "starting-style", "keyframes", "-webkit-keyframes"),
        *("property", "counter-style", "position-try"),
    }
)
"""Left out: those that fetch (import, font-face, document) and those that say nothing about the picture."""

FETCHING_FUNCTIONS: Final = frozenset(
    {"url", "src", "image", "image-set", "-webkit-image-set", "cross-fade", "-webkit-cross-fade"}
)
"""Functions whose strings are addresses (CSS Values 5, CSS Images 4)."""

NESTING_LIMIT: Final = 48
"""Brackets in brackets; style sheets of pages nest four or five deep, and this is written recursively."""

NO_ADDRESS: Final = 'url("data:,")'

_BRACKETS: Final = {"() block": ("(", ")"), "[] block": ("[", "]"), "{} block": ("{", "}")}
_WRITTEN_ERRORS: Final = frozenset({")", "]", "}", "bad-url"})
"""What is wrong and stays so, because a browser leaves out the rule around it; the rest says nothing."""

_TAG_SAFE: Final = "\\3C "  # "<" as an escape of CSS


@lru_cache(maxsize=16)  # the frames and attempts of a site share their sheets; 1 MB takes a second (2026-11-30)
def clean_sheet(text: str) -> str:
    """A style sheet as it may stand in a copy; empty where the parser cannot read it."""
    return clean_styles(text)


def clean_styles(text: str) -> str:
    """The same for the declarations of a `style` attribute, or the value of one."""
    try:
        tokens = tinycss2.parse_component_value_list(text)
    except ValueError:  # an integer of more digits than Python reads (4,300)
        return ""
    clean = "".join(_write(tokens, depth=0))
    stripped = clean.strip()
    # A blank at the end may belong to an escape, whose backslash would take what comes after it
    return stripped + " " if stripped.endswith("\\") and clean.endswith(" ") else stripped


def _write(tokens: Sequence[Any], *, depth: int) -> Iterator[str]:
    """The tokens as text, with what keeps neighbours apart between them."""
    previous, ending = "", ""
    for token in _kept(tokens):
        kind = token.value if token.type == "literal" else token.type
        if kind == "whitespace":
            if previous != "whitespace":
                yield (ending := " ")
        elif previous == "<" and kind != "=":
            yield " "
        elif (previous, kind) in BAD_PAIRS or (kind == ">" and ending.endswith("--")):  # "-->" is a token of its own
            yield "/**/"
        if kind != "whitespace":
            for ending in _write_token(token, depth=depth):
                yield ending
        previous = kind


def _kept(tokens: Sequence[Any]) -> Iterator[Any]:
    """The tokens without comments and without the at-rules that are left out."""
    remaining = iter(tokens)
    for token in remaining:
        if token.type == "comment" or (token.type == "literal" and token.value in {"<!--", "-->", "\\"}):
            continue
        if token.type == "error" and token.kind not in _WRITTEN_ERRORS:
            continue
        if token.type == "at-keyword" and token.lower_value not in AT_RULES:
            for skipped in remaining:
                if skipped.type == "{} block" or (skipped.type == "literal" and skipped.value == ";"):
                    break
            continue
        yield token


def _write_token(token: Any, *, depth: int) -> Iterator[str]:
    match token.type:
        case "() block" | "[] block" | "{} block":
            opening, closing = _BRACKETS[token.type]
            yield opening
            yield from _write_inside(token.content, depth=depth)
            yield closing
        case "function":
            if token.lower_name in FETCHING_FUNCTIONS:
                yield _write_address(_address_of(token))
                return
            yield tinycss2.serialize_identifier(token.name).replace("\\<", _TAG_SAFE) + "("
            yield from _write_inside(token.arguments, depth=depth)
            yield ")"
        case "url":
            yield _write_address(token.value)
        case "string":
            yield f'"{_in_string(token.value)}"'
        case "error":
            yield NO_ADDRESS if token.kind == "bad-url" else token.kind
        case "literal":
            yield token.value
        case _:  # names and numbers: a "<" in one is escaped by the backslash before it
            yield token.serialize().replace("\\<", _TAG_SAFE)


def _write_inside(tokens: Sequence[Any], *, depth: int) -> Iterator[str]:
    if depth < NESTING_LIMIT:
        yield from _write(tokens, depth=depth + 1)


def _address_of(function: Any) -> str:
    """The address of `url("…")`; empty for what may have several, or one that is put together."""
    arguments = [token for token in function.arguments if token.type not in {"whitespace", "comment"}]
    is_plain = function.lower_name == "url" and len(arguments) == 1 and arguments[0].type == "string"
    return str(arguments[0].value) if is_plain else ""


def _write_address(address: str) -> str:
    return f'url("{_in_string(address)}")' if address.startswith("#") else NO_ADDRESS


def _in_string(value: str) -> str:
    return str(serialize_string_value(value)).replace("<", _TAG_SAFE)
