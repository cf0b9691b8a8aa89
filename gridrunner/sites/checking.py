"""Owns the summary that `gridrunner sites check` prints of lists without mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from gridrunner.model import Expectation, ExpectedLogin, Outcome
from gridrunner.sites.lists import SiteLists
from gridrunner.text import count_of

MAX_NAMES: Final = 12  # locales or tags named in a line; with counts they fill one and a half lines of 120

_LOGIN_WORDS: Final = {
    ExpectedLogin.YES: "a login form",
    ExpectedLogin.NO: "none",
    ExpectedLogin.UNKNOWN: "unknown",
    None: "nothing claimed",
}


def describe_lists(lists: SiteLists) -> str:
    """A few lines about the sites: how many, their locales, tags and expectations."""
    sites = lists.sites
    expects = [site.expect for site in sites]
    files = list(dict.fromkeys(site.source.file for site in sites if site.source))
    locales = Counter(site.locale or "(none)" for site in sites)
    named = sum(1 for locale in locales if locale != "(none)")
    tags = Counter(tag for site in sites for tag in site.tags)
    logins = Counter(expect.login for expect in expects)
    outcomes = Counter(str(expect.outcome) for expect in expects)
    rows = [
        ("sites", f"{count_of(len(sites), 'site', spec=',')} in {_join(files) or 'no list'}"),
        ("serves", _join([str(replay.folder) for replay in lists.replays])),
        ("locales", f"{named:,}: {_join_counts(locales)}" if named else ""),
        ("tags", f"{len(tags):,}: {_join_counts(tags)}" if tags else ""),
        ("login", ", ".join(f"{words} {logins[login]:,}" for login, words in _LOGIN_WORDS.items() if logins[login])),
        ("fields", _count_fields(expects)),
        ("outcomes", _join_counts(outcomes) if set(outcomes) != {str(Outcome.OBSERVED)} else ""),
        (
            "steps",
            count_of(sum(1 for site in sites if site.steps), "site", spec=",")
            if any(site.steps for site in sites)
            else "",
        ),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows if text)


def _join(names: list[str]) -> str:
    shown = names[:MAX_NAMES]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def _join_counts(counts: Counter[str]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _join([f"{name} {count:,}" for name, count in ordered])


def _count_fields(expects: Iterable[Expectation]) -> str:
    """How many sites say where username, password and submit are, and name providers."""
    counts = Counter(
        name for expect in expects for name in ("username", "password", "submit", "sso") if getattr(expect, name)
    )
    return ", ".join(f"{name} {counts[name]:,}" for name in ("username", "password", "submit", "sso") if counts[name])
