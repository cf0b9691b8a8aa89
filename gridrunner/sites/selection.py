"""Owns `--select`: which sites of a list an expression names. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from gridrunner.errors import UsageError
from gridrunner.model import Site
from gridrunner.sites.mistakes import guess, show_value

Matcher = Callable[[Site, str], bool]


def _has_tag(site: Site, name: str) -> bool:
    return name in site.tags


def _has_locale(site: Site, code: str) -> bool:
    if site.locale is None:
        return False
    asked, locale = code.replace("_", "-").lower(), site.locale.lower()
    return locale == asked or locale.startswith(asked + "-")


def _has_id(site: Site, glob: str) -> bool:
    return fnmatchcase(site.id, glob)


_KINDS: Final[dict[str, Matcher]] = {"tag": _has_tag, "locale": _has_locale, "id": _has_id}
_HINT: Final = "Write tag:NAME, locale:CODE or id:GLOB, such as tag:bank, locale:de or 'id:bank-*'"


def select_sites(sites: Sequence[Site], expressions: Sequence[str]) -> tuple[Site, ...]:
    """The sites that any of the expressions names, in their order; all of them when there is no expression.

    `tag:NAME`, `locale:CODE` (a language takes in its scripts and regions) and `id:GLOB` (`*`, `?`, `[abc]`). Raises
    UsageError for an expression that is none of these.
    """
    if not expressions:
        return tuple(sites)
    tests = [_parse(expression) for expression in expressions]
    return tuple(site for site in sites if any(matches(site, value) for matches, value in tests))


def _parse(expression: str) -> tuple[Matcher, str]:
    kind, colon, value = (part.strip() for part in expression.partition(":"))
    if not colon:
        raise UsageError(f"--select {show_value(expression)} does not say what it selects by", hint=_HINT)
    if kind not in _KINDS:
        close = guess(kind, _KINDS)
        hint = f"Did you mean {close}:{value}?" if close else _HINT
        raise UsageError(f"--select {show_value(expression)}: cannot select by {show_value(kind)}", hint=hint)
    if not value:
        raise UsageError(f"--select {show_value(expression)} names nothing after the colon", hint=_HINT)
    return _KINDS[kind], value
