"""Owns how an entry is written into a YAML list; pure. Invariant: what is written here is read as the same site,
whatever a page put into its URL, selectors or steps.
"""

from __future__ import annotations

import json
import re
from typing import Final, assert_never

from gridrunner.model import ExpectedLogin, Outcome, Site, Step

_PLAIN_SCALAR: Final = re.compile(r"[A-Za-z][A-Za-z0-9._~/?=&+%@:;-]*(?<!:)")
_WORDS_OF_YAML: Final = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def write_site(site: Site) -> list[str]:
    """One entry of a YAML list, as its lines."""
    lines = [f"  - id: {_write_text(site.id)}", f"    url: {_write_text(site.url)}"]
    if site.locale is not None:
        lines.append(f"    locale: {_write_text(site.locale)}")
    if site.tags:
        lines.append(f"    tags: {_write_words(site.tags)}")
    if site.visitor is not None:
        lines.append(f"    visitor: {site.visitor}")
    if site.steps:
        lines.append(f"    steps: [{', '.join(map(_write_step, site.steps))}]")
    if site.visit_timeout_s is not None:
        lines.append(f"    visit_timeout_s: {site.visit_timeout_s:g}")
    expect = write_expectation(site)
    if expect:
        lines.append(f"    expect: {{{', '.join(expect)}}}")
    return lines


def _write_step(step: Step) -> str:
    value = "" if step.value is None else f", value: {quote(step.value)}"
    return f"{{{step.kind}: {_write_text(step.target)}{value}}}"


def write_expectation(site: Site) -> list[str]:
    """What an entry expects, as `key: value`."""
    expect, keys = site.expect, []
    if expect.login is not None:
        keys.append(f"login: {_write_login(expect.login)}")
    keys += [f"{name}: {quote(css)}" for name, css in expect.named_fields.items()]
    if expect.sso:
        keys.append(f"sso: {_write_words(expect.sso)}")
    if expect.outcome is not Outcome.OBSERVED:
        keys.append(f"outcome: {expect.outcome}")
    return keys


def _write_login(login: ExpectedLogin) -> str:
    match login:
        case ExpectedLogin.YES:
            return "true"
        case ExpectedLogin.NO:
            return "false"
        case ExpectedLogin.UNKNOWN:
            return "unknown"
        case _:
            assert_never(login)


def _write_words(words: tuple[str, ...]) -> str:
    return f"[{', '.join(_write_text(word) for word in words)}]"


def _write_text(text: str) -> str:
    """A text as a YAML scalar that every YAML library reads as a text."""
    is_plain = _PLAIN_SCALAR.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if is_plain else quote(text)


def quote(text: str) -> str:
    """A JSON string is a double-quoted scalar of YAML."""
    return json.dumps(text, ensure_ascii=False)
