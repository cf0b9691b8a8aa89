"""The language that a page says it is in, as the locale of a site list; pure."""

from __future__ import annotations

from gridrunner.sites.values import BadEntry, read_locale


def locale_of(language: str) -> str | None:
    """`lang` of a page as a locale, its language alone where the rest is none; None where it says nothing."""
    for text in (language, language.replace("_", "-").partition("-")[0].lower()):
        try:
            return read_locale(text)
        except BadEntry:
            continue
    return None
