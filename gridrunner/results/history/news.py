"""What a run has to say that earlier ones did not. Pure. The invariant: no news, no message; a failure that was there
before is not told again, and a flapping site never is.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from gridrunner.results.history.entries import RunEntry
from gridrunner.results.history.standing import Standing, judge_trails
from gridrunner.results.history.trails import make_trails
from gridrunner.text import count_of, make_log_line

TOLD_STANDINGS = (Standing.NEWLY_BROKEN, Standing.NEWLY_BLOCKED, Standing.MENDED)

TOLD_SITES = 10
"""Of each kind: a message is read on a phone."""


class SiteNews(Struct, frozen=True, kw_only=True):
    """A site and why it is told."""

    site: str
    why: str


class News(Struct, frozen=True, kw_only=True):
    """What is new with the run `run`: sites by what became of them, and why it is `incomplete` ("": it is not)."""

    run: str
    sites: int
    told: dict[Standing, tuple[SiteNews, ...]]
    incomplete: str = ""

    @property
    def is_worth_telling(self) -> bool:
        """Whether there is any."""
        return bool(self.told or self.incomplete)


def find_news(runs: Sequence[RunEntry], run: RunEntry, incomplete: str = "") -> News:
    """The news of `run`, which is one of `runs` (oldest first) or comes after them."""
    own = {run.run, *run.merged_from}
    known = [entry for entry in runs if entry.run not in own and entry.started <= run.started]
    trails = make_trails([*known, run])
    told: dict[Standing, list[SiteNews]] = {}
    for trail, stood in zip(trails, judge_trails(trails, len(known) + 1), strict=True):
        if stood.standing in TOLD_STANDINGS and stood.since == len(known):
            why = trail.newest.why or stood.says
            told.setdefault(stood.standing, []).append(SiteNews(site=trail.site, why=why))
    ordered = {standing: tuple(told[standing]) for standing in TOLD_STANDINGS if standing in told}
    return News(run=run.run, sites=len(run.sites), told=ordered, incomplete=incomplete)


def write_title(news: News) -> str:
    """`gridrunner: 3 newly broken, 1 newly mended, incomplete`."""
    parts = [f"{len(sites)} {standing.replace('-', ' ')}" for standing, sites in news.told.items()]
    return "gridrunner: " + ", ".join([*parts, *(["incomplete"] if news.incomplete else [])])


def write_body(news: News, links: Sequence[str]) -> str:
    """Plain text: what is new, then `links`."""
    lines = [f"run {_plain(news.run)}, {count_of(news.sites, 'site')}"]
    if news.incomplete:
        lines += ["", f"incomplete: {_plain(news.incomplete)}"]
    for standing, sites in news.told.items():
        lines += ["", f"{standing.replace('-', ' ')} ({len(sites)})"]
        lines += [f"- {_plain(site.site)}: {_plain(site.why)}" for site in sites[:TOLD_SITES]]
        if len(sites) > TOLD_SITES:
            lines.append(f"  and {len(sites) - TOLD_SITES} more")
    return "\n".join([*lines, "", *links]).rstrip()


def _plain(text: str) -> str:
    """From a page, so nothing of it may be a mention, markup or a link where it is read."""
    return (
        make_log_line(text, 200).replace("<", "‹").replace(">", "›").replace("@", "@\u200b").replace("//", "/\u200b/")
    )
