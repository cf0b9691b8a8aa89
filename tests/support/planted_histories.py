"""Histories written by a seed: many steady sites, and a few with something planted in them that has a name."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from gridrunner.model import Outcome, Verdict
from gridrunner.results.history.entries import RunEntry, SiteEntry, VisitEntry
from gridrunner.results.history.standing import Standing

FIRST_NIGHT = datetime(2026, 9, 1, 1, 30, tzinfo=UTC)

LOCALES = ("de", "en", "es", "fr", "ja", "pl", "pt-BR", "tr")
TAGS = ("bank", "shop", "forum", "mail", "school")
WALLS = ("cloudflare", "akamai", "datadome")

NOISE = 0.002
"""Of steady sites: first attempts that fail and pass when tried again, one in 500."""


class Planted(Struct, frozen=True, kw_only=True):
    """A site, what it is to be called, and the run in which that began (None: it has no beginning)."""

    site: str
    standing: Standing
    since: int | None = None


class Planting(Struct, frozen=True, kw_only=True):
    """`runs`, oldest first, and what was planted in them; every other site is steady."""

    runs: list[RunEntry]
    planted: list[Planted]


def plant_history(sites: int, runs: int, *, seed: int = 1, each: int = 12) -> Planting:
    """`each` sites of every kind among `sites`, over `runs` nights."""
    rng = random.Random(seed)
    kinds: dict[Standing, Callable[[], int | None]] = {
        Standing.NEWLY_BROKEN: lambda: runs - 1,
        Standing.NEWLY_BLOCKED: lambda: runs - 1,
        Standing.BROKEN: lambda: rng.randrange(runs // 3, runs - 1),
        Standing.FLAPPING: lambda: None,
        Standing.LIST_ROT: lambda: rng.randrange(runs // 2, runs - 3),
        Standing.BLOCKED: lambda: rng.randrange(runs // 2, runs - 1),
        Standing.SLOWER: lambda: rng.randrange(runs // 2, runs - 7),
        Standing.MENDED: lambda: runs - 1,
    }
    planted = [
        Planted(site=f"{standing}-{number}", standing=standing, since=begin())
        for standing, begin in kinds.items()
        for number in range(each)
    ]
    by_site = {one.site: one for one in planted}
    names = [*by_site, *(f"site-{number:04}" for number in range(sites - len(planted)))]
    rng.shuffle(names)
    usual_s = {name: rng.lognormvariate(0.8, 0.5) for name in names}
    nights = []
    for night in range(runs):
        pace = 1.4 if night == runs // 2 else rng.uniform(0.95, 1.05)  # one slow night of the machine
        played = [_play(name, by_site.get(name), night, usual_s[name] * pace, rng, runs) for name in names]
        nights.append(_make_run(night, played))
    return Planting(runs=nights, planted=planted)


def _make_run(night: int, sites: list[SiteEntry]) -> RunEntry:
    begun = FIRST_NIGHT + timedelta(days=night)
    return RunEntry(
        run=f"{begun:%Y%m%d-%H%M%S}-a{night:03x}",
        started=begun.isoformat(timespec="seconds"),
        plan="0f" * 32,
        sites=tuple(sites),
        version="0.1.0" if night < 30 else "0.2.0",
        detector="7" if night < 45 else "8",
        wall_s=round(sum(visit.seconds for site in sites for visit in site.visits) / 40, 2),
        exit_code=int(any(site.verdict is Verdict.FAILED for site in sites)),
    )


def _play(name: str, planted: Planted | None, night: int, usual_s: float, rng: random.Random, runs: int) -> SiteEntry:
    seconds = round(usual_s * rng.lognormvariate(0, 0.15), 2)
    place = sum(map(ord, name))
    about: dict[str, Any] = {
        "url": f"https://{name}.example/login",
        "locale": LOCALES[place % len(LOCALES)],
        "tags": (TAGS[place % len(TAGS)],),
    }
    standing = planted.standing if planted is not None else None
    since = planted.since if planted is not None else None
    is_begun = since is not None and night >= since
    match standing:
        case Standing.NEWLY_BROKEN | Standing.BROKEN if is_begun:
            return _fail(name, seconds, **about)
        case Standing.MENDED if runs - 9 <= night < runs - 1:
            return _fail(name, seconds, **about)
        case Standing.NEWLY_BLOCKED | Standing.BLOCKED if is_begun:
            wall = WALLS[place % len(WALLS)]
            visits = (VisitEntry(seconds, Outcome.BLOCKED),)
            return SiteEntry(
                name, visits, Verdict.SKIPPED, cause="", why="a wall against bots", wall=wall, status=403, **about
            )
        case Standing.LIST_ROT if is_begun:
            why = "http-error: 404 instead of a page"
            return _fail(name, seconds, ended=Outcome.HTTP_ERROR, status=404, why=why, **about)
        case Standing.SLOWER if is_begun:
            seconds = round(seconds * 1.9, 2)
        case Standing.FLAPPING if rng.random() < 0.3:
            is_lost = rng.random() < 0.3
            return _fail(name, seconds, **about) if is_lost else _flap(name, seconds, **about)
        case _:
            pass
    if rng.random() < NOISE:
        return _flap(name, seconds, **about)
    return SiteEntry(name, (VisitEntry(seconds, Outcome.OBSERVED),), Verdict.PASSED, "passed", status=200, **about)


def _fail(
    name: str,
    seconds: float,
    *,
    ended: Outcome = Outcome.OBSERVED,
    status: int = 200,
    why: str = "no login form found, expected one",
    **about: Any,
) -> SiteEntry:
    cause = "Check failed: login is found" if ended is Outcome.OBSERVED else "Site answered with an HTTP error"
    return SiteEntry(
        name,
        (VisitEntry(seconds, ended), VisitEntry(seconds, ended)),
        Verdict.FAILED,
        "failed",
        status=status,
        cause=cause,
        why=why,
        shot=f"evidence/{name}/shot-2.webp",
        **about,
    )


def _flap(name: str, seconds: float, **about: Any) -> SiteEntry:
    visits = (VisitEntry(seconds, Outcome.OBSERVED), VisitEntry(seconds, Outcome.OBSERVED))
    why = "no login form found, expected one"
    cause = "Check failed: login is found"
    return SiteEntry(name, visits, Verdict.FLAKY, "failed", status=200, cause=cause, why=why, **about)


def list_steady(planting: Planting) -> Iterator[str]:
    """The sites in which nothing was planted."""
    planted = {one.site for one in planting.planted}
    for site in planting.runs[-1].sites:
        if site.site not in planted:
            yield site.site
