"""Owns the summary that `gridrunner sites check` prints of lists without mistakes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, assert_never

from gridrunner.model import Expectation, ExpectedLogin, Outcome
from gridrunner.sites.lists import SiteLists
from gridrunner.text import count_of

MAX_NAMES: Final = 12  # locales or tags named in a line; with counts they fill one and a half lines of 120


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
        (
            "login",
            ", ".join(f"{_name_login(login)} {logins[login]:,}" for login in (*ExpectedLogin, None) if logins[login]),
        ),
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


def _name_login(login: ExpectedLogin | None) -> str:
    match login:
        case ExpectedLogin.YES:
            return "a login form"
        case ExpectedLogin.NO:
            return "none"
        case ExpectedLogin.UNKNOWN:
            return "unknown"
        case None:
            return "nothing claimed"
        case _:
            assert_never(login)


def _join(names: list[str]) -> str:
    shown = names[:MAX_NAMES]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def _join_counts(counts: Counter[str]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return _join([f"{name} {count:,}" for name, count in ordered])


def _count_fields(expects: Iterable[Expectation]) -> str:
    """How many sites say where username, password and submit are, and name providers."""
    counts = {"username": 0, "password": 0, "submit": 0, "sso": 0}
    for expect in expects:
        for name in expect.named_fields:
            counts[name] += 1
        counts["sso"] += bool(expect.sso)
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
