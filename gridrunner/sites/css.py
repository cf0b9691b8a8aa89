"""Owns what counts as a CSS selector in a site list: what `querySelector` would take, and a little less.

tinycss2 makes the tokens (CSS Syntax Level 3); the grammar here is that of Selectors Level 4 without pseudo-elements,
which match no element. Forgiving places of browsers (`:is(…)`, brackets that the end of the text closes) are strict
here, because in a list they are slips. A pseudo-class that is not known passes, unless it is known to be no CSS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

import tinycss2
import tinycss2.nth

MAX_SELECTOR_CHARS: Final = 2000  # ten times the longest selector that browsers' "copy selector" made of the demo pages
MAX_NESTING: Final = 16  # brackets in brackets; no list has more than three, and the grammar here is recursive
CROSSING: Final = ">>>"

_NAME = r"-?[A-Za-z_][A-Za-z0-9_-]*"
_ATTRIBUTE = rf"""\[{_NAME}(?:[~|^$*]?=(?:{_NAME}|"[^"\\\n>]*"|'[^'\\\n>]*'))?\]"""
_COMPOUND = rf"(?:{_NAME}(?:[#.]{_NAME}|{_ATTRIBUTE})*|(?:[#.]{_NAME}|{_ATTRIBUTE})+)"
_SIMPLE: Final = re.compile(rf"{_COMPOUND}(?:(?: | ?> ?){_COMPOUND})*")
"""Selectors that need no parser, which takes 50 times as long: nine of ten in the demo list."""

_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}
_COMBINATORS: Final = {">", "+", "~"}
_ATTRIBUTE_MATCHERS: Final = {"=", "~=", "|=", "^=", "$=", "*="}
_LEGACY_PSEUDO_ELEMENTS: Final = {"before", "after", "first-line", "first-letter"}
_SELECTOR_FUNCTIONS: Final = {"not", "is", "where", "-webkit-any"}
_HOST_FUNCTIONS: Final = {"host", "host-context"}
_NTH_FUNCTIONS: Final = {"nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type"}
_WORD_FUNCTIONS: Final = {"lang", "dir", "state"}
_NEEDS_ARGUMENT: Final = {"not", "is", "where", "has", "lang", "dir", "state", "host-context"} | _NTH_FUNCTIONS
_FOREIGN: Final = {
    # https://api.jquery.com/category/selectors/jquery-selector-extensions/
    **dict.fromkeys(("animated", "button", "checkbox", "contains", "eq", "even", "file", "first", "gt"), "jQuery"),
    **dict.fromkeys(("header", "hidden", "image", "input", "last", "lt", "odd", "parent", "password"), "jQuery"),
    **dict.fromkeys(("radio", "reset", "selected", "submit", "text", "visible"), "jQuery"),
    # https://playwright.dev/docs/other-locators
    **dict.fromkeys(["has-text", "text-is", "text-matches", "nth-match", "above", "below", "near"], "Playwright"),
}


class _BadSelectorError(Exception):
    pass


@lru_cache(maxsize=4096)  # a list repeats `#password` thousands of times
def find_selector_problem(selector: str) -> str | None:
    """What is wrong with a selector, and what would be right; None when it is good.

    `host >>> inner` crosses an open shadow root or a frame: each part is a selector of its own. The text is cut at
    every `>>>`, wherever it stands, as the visit does.
    """
    if len(selector) > MAX_SELECTOR_CHARS:
        return f"longer than {MAX_SELECTOR_CHARS:,} characters; shorten it"
    parts = [part.strip() for part in selector.split(CROSSING)]
    if not all(parts):
        return "a part is empty; write CSS on both sides of >>>" if len(parts) > 1 else "it is empty; write CSS"
    try:
        for part in parts:
            if not _SIMPLE.fullmatch(part):
                _check_part(part)
    except _BadSelectorError as error:
        return str(error)
    return None


def _check_part(part: str) -> None:
    if part.startswith(("//", "./", "xpath=", "text=", "(//")):
        raise _BadSelectorError("this is not CSS (XPath or a locator of Playwright's); write a CSS selector")
    _check_brackets(part)
    _check_list(tinycss2.parse_component_value_list(part, skip_comments=True), _check_complex)


def _check_brackets(part: str) -> None:
    """Refuse what the end of the text would close by itself: brackets, quotes, comments, escapes."""
    expected: list[str] = []
    position = 0
    while position < len(part):
        char = part[position]
        if char == "\\":
            position += 1
            if position == len(part):
                raise _BadSelectorError("ends with a backslash; remove it or double it")
        elif char in "\"'":
            position = _end_of_string(part, position)
        elif part.startswith("/*", position):
            position = part.find("*/", position + 2) + 1
            if position == 0:
                raise _BadSelectorError("a comment is not closed; add */")
        elif char in _CLOSING:
            expected.append(_CLOSING[char])
            if len(expected) > MAX_NESTING:
                raise _BadSelectorError(f"brackets are nested deeper than {MAX_NESTING} levels; simplify it")
        elif char in _CLOSING.values():
            if not expected:
                raise _BadSelectorError(f"{char!r} closes nothing; remove it or open a bracket before it")
            closing = expected.pop()
            if char != closing:
                raise _BadSelectorError(f"{char!r} stands where {closing!r} would close the bracket; fix the brackets")
        position += 1
    if expected:
        raise _BadSelectorError(f"a bracket is not closed; add {expected[-1]!r}")


def _end_of_string(part: str, start: int) -> int:
    position = start + 1
    while position < len(part):
        if part[position] == part[start]:
            return position
        position += 2 if part[position] == "\\" else 1
    raise _BadSelectorError(f"a quote is not closed; add {part[start]}")


def _strip(tokens: Sequence[Any]) -> list[Any]:
    start, end = 0, len(tokens)
    while start < end and tokens[start].type == "whitespace":
        start += 1
    while end > start and tokens[end - 1].type == "whitespace":
        end -= 1
    return list(tokens[start:end])


def _is(token: Any, *values: str) -> bool:
    return token.type == "literal" and token.value in values


def _check_list(tokens: Sequence[Any], check: Callable[[list[Any]], None]) -> None:
    items: list[list[Any]] = [[]]
    for token in tokens:
        if _is(token, ","):
            items.append([])
        else:
            items[-1].append(token)
    for item in items:
        stripped = _strip(item)
        if not stripped:
            raise _BadSelectorError("a selector is missing beside ','" if len(items) > 1 else "a selector is missing")
        check(stripped)


def _check_complex(tokens: list[Any]) -> None:
    """Compounds joined by combinators; neither starts nor ends with one."""
    position = _check_compound(tokens, 0)
    while position < len(tokens):
        has_space = False
        combinator = None
        while position < len(tokens) and (
            tokens[position].type == "whitespace" or _is(tokens[position], *_COMBINATORS)
        ):
            if tokens[position].type == "whitespace":
                has_space = True
            elif combinator is not None:
                raise _BadSelectorError(f"{tokens[position].value!r} follows {combinator!r}; keep one of them")
            else:
                combinator = tokens[position].value
            position += 1
        if combinator is None and not has_space:
            raise _BadSelectorError(
                f"{_show(tokens[position])} cannot stand there; put a blank or a combinator before it"
            )
        if position == len(tokens):
            raise _BadSelectorError(f"nothing follows {combinator!r}; write what it leads to")
        position = _check_compound(tokens, position)


def _check_relative(tokens: list[Any]) -> None:
    """A complex selector that may start with a combinator, as inside `:has()`."""
    if _is(tokens[0], *_COMBINATORS):
        tokens = _strip(tokens[1:])
    if not tokens:
        raise _BadSelectorError("nothing follows the combinator in :has()")
    _check_complex(tokens)


def _check_compound(tokens: list[Any], start: int) -> int:
    """Check the compound selector at `start`; returns the position behind it."""
    position = _skip_type(tokens, start)
    while position < len(tokens):
        token = tokens[position]
        if token.type == "hash":
            if not token.is_identifier:
                raise _BadSelectorError(
                    f"'#{token.value}' is not an id selector: it starts with a digit; write [id=\"{token.value}\"]"
                )
        elif token.type == "[] block":
            _check_attribute(_strip(token.content))
        elif _is(token, "."):
            position += 1
            if position == len(tokens) or tokens[position].type != "ident":
                raise _BadSelectorError("'.' is not followed by a class name; write .name")
        elif _is(token, ":"):
            position = _check_pseudo(tokens, position + 1)
        else:
            break
        position += 1
    if position == start:
        _refuse(tokens[start])
    return position


def _skip_type(tokens: list[Any], start: int) -> int:
    """The position behind a type selector (`a`, `*`, `*|a`, `|a`) at `start`, if there is one."""
    position = start
    if _is(tokens[position], "*") or tokens[position].type == "ident":
        position += 1
    if position < len(tokens) and _is(tokens[position], "|"):
        if position > start and tokens[start].type == "ident":
            raise _BadSelectorError(f"the namespace {tokens[start].value!r} is not declared; write *|name")
        position += 1
        if position == len(tokens) or not (_is(tokens[position], "*") or tokens[position].type == "ident"):
            raise _BadSelectorError("'|' is not followed by an element name; write *|name")
        position += 1
    return position


def _check_attribute(tokens: list[Any]) -> None:
    """The inside of `[…]`: name, or name, matcher, value and maybe `i`."""
    if tokens and _is(tokens[0], "*") and len(tokens) > 1 and _is(tokens[1], "|"):
        tokens = tokens[2:]
    elif tokens and _is(tokens[0], "|"):
        tokens = tokens[1:]
    if not tokens or tokens[0].type != "ident":
        raise _BadSelectorError("'[' is not followed by an attribute name; write [name] or [name=\"value\"]")
    rest = _strip(tokens[1:])
    if not rest:
        return
    if not _is(rest[0], *_ATTRIBUTE_MATCHERS):
        raise _BadSelectorError(f"{_show(rest[0])} does not compare an attribute; use one of = ~= |= ^= $= *=")
    value = _strip(rest[1:])
    if not value or value[0].type not in {"ident", "string"}:
        raise _BadSelectorError('the value of an attribute needs quotes; write [name="value"]')
    flag = _strip(value[1:])
    if flag and not (len(flag) == 1 and flag[0].type == "ident" and flag[0].lower_value == "i"):
        raise _BadSelectorError(f"{_show(flag[0])} follows the value of an attribute; only i may")


def _check_pseudo(tokens: list[Any], position: int) -> int:
    """Check what follows a colon; returns the position of its last token."""
    if position < len(tokens) and _is(tokens[position], ":"):
        raise _BadSelectorError("a pseudo-element (::) matches no element; name the element it belongs to")
    if position == len(tokens) or tokens[position].type not in {"ident", "function"}:
        raise _BadSelectorError("':' is not followed by the name of a pseudo-class; write :name")
    token = tokens[position]
    name = token.lower_value if token.type == "ident" else token.lower_name
    if name in _LEGACY_PSEUDO_ELEMENTS:
        raise _BadSelectorError(f"the pseudo-element :{name} matches no element; name the element it belongs to")
    if name in _FOREIGN:
        raise _BadSelectorError(
            f':{name} is {_FOREIGN[name]}\'s and no CSS; write an attribute selector such as [type="…"]'
        )
    if token.type == "function":
        _check_arguments(name, _strip(token.arguments))
    elif name in _NEEDS_ARGUMENT:
        raise _BadSelectorError(f":{name} needs something in brackets; write :{name}(…)")
    return position


def _check_arguments(name: str, arguments: list[Any]) -> None:
    if not arguments:
        raise _BadSelectorError(f":{name}() is empty; write what it applies to")
    if name in _SELECTOR_FUNCTIONS:
        _check_list(arguments, _check_complex)
    elif name in _HOST_FUNCTIONS:
        if _check_compound(arguments, 0) < len(arguments):
            raise _BadSelectorError(f":{name}() takes one element; remove blanks, combinators and commas")
    elif name == "has":
        if any(_names_has(token) for token in arguments):
            raise _BadSelectorError(":has() cannot stand inside :has(); write them one after the other")
        _check_list(arguments, _check_relative)
    elif name in _NTH_FUNCTIONS:
        _check_nth(name, arguments)
    elif name in _WORD_FUNCTIONS and not (len(arguments) == 1 and arguments[0].type == "ident"):
        raise _BadSelectorError(f":{name}() takes a word, such as :{name}({'en' if name == 'lang' else 'ltr'})")


def _names_has(token: Any) -> bool:
    if token.type != "function":
        return False
    return token.lower_name == "has" or any(_names_has(inner) for inner in token.arguments)


def _check_nth(name: str, arguments: list[Any]) -> None:
    of = next((at for at, token in enumerate(arguments) if token.type == "ident" and token.lower_value == "of"), None)
    if of is not None and name in {"nth-child", "nth-last-child"}:
        selectors = _strip(arguments[of + 1 :])
        arguments = arguments[:of]
        _check_list(selectors, _check_complex)
    try:
        pattern = tinycss2.nth.parse_nth(arguments)
    except StopIteration:  # tinycss2 1.5.1 lets it out for a lone '+'
        pattern = None
    if pattern is None:
        raise _BadSelectorError(f":{name}() takes a number, even, odd, or a pattern such as 2n+1")


def _refuse(token: Any) -> None:
    if token.type == "error":
        raise _BadSelectorError(f"cannot be read: {token.message}; write a CSS selector")
    if _is(token, *_COMBINATORS):
        raise _BadSelectorError(f"a selector cannot start with {token.value!r}; write what comes before it")
    if _is(token, "||"):
        raise _BadSelectorError("the combinator '||' is known to no browser; use a blank or '>'")
    raise _BadSelectorError(f"{_show(token)} starts no selector; write an element, #id, .class or [attribute]")


def _show(token: Any) -> str:
    text: str = tinycss2.serialize([token])
    return repr(text if len(text) <= 20 else text[:19] + "…")
