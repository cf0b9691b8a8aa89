"""The traffic of visits, kept in an archive or served out of one: begun before a visit and ended after it.

What a replay was answered, by which rule, and what it asked for in vain stands in the observation's probes, under
ARCHIVE_PROBE.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from gridrunner.archive.matching import Matcher
from gridrunner.archive.preflights import answer_preflight, is_preflight
from gridrunner.archive.reading import Archive
from gridrunner.archive.scrubbing import make_typed_replacer
from gridrunner.archive.seen import see
from gridrunner.archive.shapes import shape_of
from gridrunner.archive.traffic import (
    ARCHIVE_PROBE,
    NOT_IN_ARCHIVE,
    Answer,
    Asked,
    Exchange,
    Failure,
    Mode,
    RecordedVisit,
    Rule,
    Served,
    Silence,
)
from gridrunner.archive.typed import typed_by
from gridrunner.archive.writing import ArchiveWriter, VisitWriter
from gridrunner.browser.port import Page
from gridrunner.browser.tab_settings import VisitTraffic
from gridrunner.model import Facts, Observation, Site
from gridrunner.text import redact_url

LAST_BODIES_S: Final = 2.0
"""After a visit, bodies that were asked for are awaited so long; they take milliseconds (Chromium 156, 2026-11-30)."""

MISSING_LIMIT: Final = 30
"""Addresses named in an observation of what the archive does not hold."""

ReadFacts = Callable[[Observation], Facts | None]


# -------------------------------------------------------------------------------------------------------------- keeping


class Recording:
    """Keeps what visits ask for and get. `read_facts` are those that a visit kept."""

    mode = Mode.RECORD

    def __init__(self, writer: ArchiveWriter, read_facts: ReadFacts) -> None:
        self._writer, self._read_facts = writer, read_facts

    def begin(self, page: Page, site: Site, attempt: int) -> VisitTraffic:
        """See `Traffic`."""
        visit = self._writer.begin_visit(site, attempt)
        page.record(visit.keep, visit.lack)
        return _Kept(page, visit, self._read_facts)


class _Kept:
    """A visit that is recorded."""

    def __init__(self, page: Page, visit: VisitWriter, read_facts: ReadFacts) -> None:
        self._page, self._visit, self._read_facts = page, visit, read_facts

    def end(self, observation: Observation) -> Observation:
        """See `VisitTraffic`."""
        self._page.end_recording(deadline=time.monotonic() + LAST_BODIES_S)
        self._visit.finish(see(observation, self._read_facts(observation)))
        return observation


# -------------------------------------------------------------------------------------------------------------- serving


class Replaying:
    """Serves visits out of an archive, and asks no server."""

    mode = Mode.REPLAY

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def begin(self, page: Page, site: Site, attempt: int) -> VisitTraffic:  # noqa: ARG002 - the newest visit is served
        """See `Traffic`. A site that the archive does not hold gets nothing. Raises UsageError for an archive that is
        damaged there.
        """
        place = self._archive.visits.get(site.id)
        visit = self._archive.read_visit(place) if place is not None else RecordedVisit(site=site)
        replay = Replay(self._archive, visit, site)
        page.serve(replay.answer, started_ms=visit.started_ms)
        return replay


class Replay:
    """Answers the requests of one visit, and counts."""

    def __init__(self, archive: Archive, visit: RecordedVisit, site: Site) -> None:
        self._archive, self._visit, self._site = archive, visit, site
        self._matcher = Matcher(visit.exchanges)
        self._to_stand_ins = make_typed_replacer(typed_by(site))
        self._rules: Counter[Rule] = Counter()
        self._missing: Counter[str] = Counter()
        self._damaged: list[str] = []
        self._asked = 0

    def answer(self, asked: Asked) -> Served:
        """What the archive holds for a request."""
        self._asked += 1
        url = asked.url.partition("#")[0]
        # the list may name an address with a token, which the archive has a stand-in for; what was typed has one, too
        url = self._visit.site.url if url == self._site.url.partition("#")[0] else self._to_stand_ins(url)
        content_type = next((text for name, text in asked.headers.items() if name.lower() == "content-type"), "")
        found = self._matcher.find(asked.method, url, shape_of(asked.body, content_type))
        if found is None:
            if is_preflight(asked) and self._matcher.holds(preflighted_method(asked), url):
                self._rules[Rule.PREFLIGHT] += 1
                return answer_preflight(asked)
            self._missing[f"{asked.method} {redact_url(url)}"] += 1
            return Failure(NOT_IN_ARCHIVE)
        self._rules[found.rule] += 1
        return self._serve(self._visit.exchanges[found.index], is_first=self._asked == 1)

    def _serve(self, exchange: Exchange, *, is_first: bool) -> Served:
        if exchange.error:
            return Failure(exchange.error)
        if exchange.answer is None:  # the page itself never came, and is not waited for again
            return Failure("net::ERR_TIMED_OUT") if is_first else Silence()
        if not exchange.is_whole and exchange.kind != "Document":
            return Silence()
        answer = self._archive.read_answer(exchange)
        if isinstance(answer, Answer):
            return answer
        self._damaged.append(f"{redact_url(exchange.url)}: {answer}")
        return Failure(NOT_IN_ARCHIVE)

    def end(self, observation: Observation) -> Observation:
        """The visit is over: what was served is written down."""
        return replace(observation, probes={**observation.probes, ARCHIVE_PROBE: self.describe()})

    def describe(self) -> Mapping[str, Any]:
        """What was served, by rule, and what was asked for in vain; addresses without their queries."""
        described: dict[str, Any] = {
            "of": self._visit.run,
            "asked": self._asked,
            "recorded": len(self._visit.exchanges),
            "rules": {str(rule): count for rule, count in sorted(self._rules.items())},
            "missing": dict(self._missing.most_common(MISSING_LIMIT)),
            "lacks": dict(self._visit.lacks),
        }
        if self._damaged:
            described["damaged"] = self._damaged[:MISSING_LIMIT]
        return described


def preflighted_method(asked: Asked) -> str:
    """The method of the request that a preflight is for."""
    return next(
        (text for name, text in asked.headers.items() if name.lower() == "access-control-request-method"), "GET"
    )
