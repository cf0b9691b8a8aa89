"""What a thread makes of its turns: answers are told and kept, faults are no answers, busy servers are asked again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gridrunner.browser.user_probes import UserProbe
from gridrunner.discovery.search import Limits, Search
from gridrunner.discovery.words import Domain, Why
from gridrunner.errors import GridFault, SessionNotCreated
from gridrunner.model import Detection, Fault, FaultKind, Observation, Outcome, Site
from gridrunner.run.discovering import FAULTS, _Crew, _FactsInHand
from gridrunner.run.search_journal import Line, SearchJournal
from gridrunner.run.turns import Turns

Visit = Callable[[Site], Observation]

LOGIN = Detection(login_present=True, confidence=0.9)
FAULT = Fault(kind=FaultKind.SESSION_LOST, message="the node is gone")


class Sessions:
    """A hub whose sessions answer with `visit`."""

    def __init__(self, visit: Visit, *, slots: int = 1) -> None:
        self._visit, self._slots = visit, slots
        self.opened = self.closed = 0
        self.sites: list[Site] = []

    def slots(self) -> int:
        return self._slots

    def open_session(self, *, slot: str, timeout_s: float) -> Sessions:
        self.opened += 1
        return self

    def visit(
        self, site: Site, *, attempt: int, upcoming: Site | None, probes: tuple[UserProbe, ...] = ()
    ) -> Observation:
        self.sites.append(site)
        return self._visit(site)

    def close(self) -> None:
        self.closed += 1


class Heard:
    def __init__(self) -> None:
        self.concluded_names: list[str] = []
        self.news: list[str] = []

    def asked(self, search: Search) -> None:
        pass

    def concluded(self, search: Search) -> None:
        self.concluded_names.append(search.domain.name)

    def say(self, text: str) -> None:
        self.news.append(text)


class Kept(SearchJournal):
    def __init__(self) -> None:
        super().__init__(None, {})
        self.lines: list[Line] = []

    def write(self, line: Line) -> None:
        self.lines.append(line)


class Stage:
    """Searches of hosts of ours, and a crew for them over `hub`."""

    def __init__(self, hub: Any, *names: str) -> None:
        self.searches = [
            Search(Domain(name=name, starts=(f"http://{name}.localhost/",)), Limits(pages=2)) for name in names
        ]
        self.heard, self.journal = Heard(), Kept()
        turns = Turns(self.searches, host_delay_s=0.0, private_hosts=())
        store = _FactsInHand(run_folder=Path())
        self.crew = _Crew(turns, hub, store, self.journal, self.heard, has_pauses=False)


def observe(site: Site, **what: Any) -> Observation:
    return Observation(**{"site": site.id, "attempt": 1, "outcome": Outcome.OBSERVED, "url": site.url, **what})


def test_answers_are_told_and_kept() -> None:
    hub = Sessions(lambda site: observe(site, detection=LOGIN))
    stage = Stage(hub, "a", "b")
    stage.crew.work("1")
    assert stage.heard.concluded_names == ["a", "b"]
    assert [(line.domain, line.ask.url) for line in stage.journal.lines] == [
        ("a", "http://a.localhost/"),
        ("b", "http://b.localhost/"),
    ]
    assert (hub.opened, hub.closed, stage.crew.failure) == (1, 1, None)


def test_a_fault_is_no_answer_and_the_next_session_asks_again() -> None:
    faults = iter([FAULT, FAULT])

    def visit(site: Site) -> Observation:
        fault = next(faults, None)
        return observe(site, outcome=None, fault=fault) if fault is not None else observe(site, detection=LOGIN)

    hub = Sessions(visit, slots=4)
    stage = Stage(hub, "a")
    stage.crew.work("1")
    assert (len(stage.journal.lines), hub.opened, dict(stage.crew.lost)) == (1, 3, {})
    assert stage.searches[0].conclusion is not None


def test_a_domain_of_faults_alone_stays_without_an_answer() -> None:
    def visit(site: Site) -> Observation:
        return observe(site, outcome=None, fault=FAULT) if site.id == "a" else observe(site, detection=LOGIN)

    stage = Stage(Sessions(visit, slots=4), "a", "b")
    stage.crew.work("1")
    assert stage.crew.lost == {"a": "the node is gone"}
    assert stage.heard.concluded_names == ["b"]
    assert stage.heard.news == [f"a: without an answer after {FAULTS} faults; the last one: the node is gone"]


def test_nothing_but_faults_ends_the_search() -> None:
    stage = Stage(Sessions(lambda site: observe(site, outcome=None, fault=FAULT)), "a", "b", "c")
    stage.crew.work("1")
    assert isinstance(stage.crew.failure, GridFault)
    assert "the browsers meet nothing but faults; the last one: the node is gone" in str(stage.crew.failure)


def test_a_session_that_cannot_be_had_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Sessions(lambda site: observe(site, detection=LOGIN))

    def refuse(*, slot: str, timeout_s: float) -> Sessions:
        raise SessionNotCreated("no browser starts")

    monkeypatch.setattr(hub, "open_session", refuse)
    stage = Stage(hub, "a")
    stage.crew.work("1")
    assert "no browser starts" in str(stage.crew.failure)


def test_a_busy_server_is_asked_once_more() -> None:
    answers = iter([429, 429])

    def visit(site: Site) -> Observation:
        return observe(site, outcome=Outcome.REFUSED, http_status=next(answers), detail="HTTP status 429")

    hub = Sessions(visit)
    stage = Stage(hub, "a")
    stage.crew.work("1")
    assert len(hub.sites) == 2
    assert [line.domain for line in stage.journal.lines] == ["a"]
    conclusion = stage.searches[0].conclusion
    assert conclusion is not None
    assert conclusion.why is Why.WALL
