"""The visits of a search: threads take turns, make one visit each, and tell the search what was seen.

A fault of ours is no answer: the question is asked again, and a domain that meets three of them stays without an
answer (exit code 3). The decisions are in `gridrunner.discovery`.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from dom_probes import read_probe
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.guarding import make_guard
from gridrunner.browser.options import SessionOptions
from gridrunner.browser.reach import find_places
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.steps import StepLimits
from gridrunner.browser.user_probes import UserProbe
from gridrunner.browser.visit import VisitSettings
from gridrunner.discovery.search import Search
from gridrunner.discovery.seeing import LOOK_UP_PROBE, WAYS_PROBE, read_look_up, read_visit
from gridrunner.discovery.words import Answer, Candidate, LookUp
from gridrunner.dispatch.machine.courtesy import BUSY_STATUSES
from gridrunner.dispatch.machine.courtesy import Answer as ServerAnswer
from gridrunner.errors import GridFault, UsageError
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.grid.hubs.processes import drivers_ended, reap_orphans
from gridrunner.grid.hubs.remote import RemoteHub
from gridrunner.grid.status import HubAddress
from gridrunner.model import Facts, Observation, Outcome, Site
from gridrunner.planning.constants import SESSION_TIMEOUT_S, VISITS_PER_SESSION
from gridrunner.run.choosing import choose_grid
from gridrunner.run.search_journal import Line, SearchJournal
from gridrunner.run.selecting import private_hosts_of
from gridrunner.run.signals import stop_on_signals
from gridrunner.run.turns import Turns
from gridrunner.settings.grid import GridSettings
from gridrunner.settings.loading import Settings
from gridrunner.settings.visits import Screenshots

STEP_S: Final = 4.0
"""A step of a search waits for its target as long as Cypress does by default: the page showed it a moment ago."""

FAULTS: Final = 3
"""Of one domain; then it stays without an answer."""

STOP_S: Final = 1.5
"""How long a stop waits for the visits under way (as `dispatch.settings.stop_grace_s`)."""

BUSY_AGAIN: Final = 1
"""Times that a question is asked again of a server that answers 429 or 503, after the time that it asked for."""

PAUSE_IN_LOOK_UP_MS: Final = 500
"""Between two questions of a look-up, which bring a status and no page; without pauses where there is no host delay."""


class Watcher(Protocol):
    """What people see of a search; called from any thread."""

    def asked(self, search: Search) -> None:
        """A page was asked for."""
        ...

    def concluded(self, search: Search) -> None:
        """A search came to its end."""
        ...

    def say(self, text: str) -> None:
        """A line of news."""
        ...


class Searched(Struct, frozen=True, kw_only=True):
    """How it ended: whether it was stopped by a signal, and the domains that met too many faults, with the last one."""

    was_interrupted: bool
    lost: Mapping[str, str]


class _FactsInHand(EvidenceStore, frozen=True, kw_only=True):
    """Keeps facts for the caller of the visit instead of in files."""

    held: dict[str, Facts] = msgspec.field(default_factory=dict)

    def write_facts(self, site: str, attempt: int, facts: Facts) -> str:  # noqa: ARG002 - as the store has it
        self.held[site] = facts
        return ""


def take_up(searches: Sequence[Search], journal: SearchJournal) -> None:
    """Tell searches what the journal holds of them, as far as it answers what they ask."""
    for search in searches:
        for line in journal.answered.get(search.domain.name, ()):
            if search.ask != line.ask:  # asked by another version, or with other limits: from here on it is asked anew
                break
            search.tell(line.answer)


def run_searches(
    searches: Sequence[Search], settings: Settings, env: Mapping[str, str], journal: SearchJournal, watcher: Watcher
) -> Searched:
    """Bring the searches to their conclusions. Raises UsageError for a grid that would be brought up for it, GridFault
    when no session can be had.
    """
    open_searches = [search for search in searches if search.conclusion is None]
    if not open_searches:
        return Searched(was_interrupted=False, lost={})
    urls = [url for search in searches for url in (*search.domain.starts, *(hint.url for hint in search.domain.hints))]
    store = _FactsInHand(run_folder=Path())
    hub = _open_hub(settings, env, urls, store)
    turns = Turns(
        open_searches,
        host_delay_s=settings.dispatch.host_delay_s,
        private_hosts=private_hosts_of(settings.visits),
    )
    is_stopped = threading.Event()

    def stop() -> None:
        is_stopped.set()
        turns.stop()

    reap_orphans()
    crew = _Crew(turns, hub, store, journal, watcher, has_pauses=settings.dispatch.host_delay_s > 0)
    with drivers_ended(), stop_on_signals(stop):
        slots = min(hub.slots(), len(open_searches), _most_visits(settings.grid, is_local=isinstance(hub, LocalHub)))
        threads = [
            threading.Thread(target=crew.work, args=(str(number),), daemon=True) for number in range(1, slots + 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and not is_stopped.is_set():
                thread.join(timeout=0.2)
            thread.join(timeout=STOP_S / len(threads) if is_stopped.is_set() else None)
    if crew.failure is not None and not is_stopped.is_set():
        raise crew.failure
    return Searched(was_interrupted=is_stopped.is_set(), lost=dict(crew.lost))


def _most_visits(grid: GridSettings, *, is_local: bool) -> int:
    """How many visits at once --slots allows, which counts sessions."""
    return sys.maxsize if grid.slots is None else grid.slots * grid.lanes(is_local=is_local)


def _open_hub(
    settings: Settings, env: Mapping[str, str], urls: Sequence[str], store: EvidenceStore
) -> LocalHub | RemoteHub:
    choice = choose_grid(settings, env)
    for kind in choice.kinds:
        raise UsageError(
            f"--grid {kind}: discover brings up no grid",
            hint="leave --grid out, or name the hub of a grid that is up (`gridrunner grid status`)",
        )
    if len(choice.urls) > 1 or (choice.urls and choice.browser is not None):
        raise UsageError("--grid: discover takes one hub", hint="name one hub, or leave --grid out")
    places = find_places(urls, settings.visits.allow_private)
    options = SessionOptions(name="gridrunner discover", places=places)
    visits = VisitSettings(
        guard=make_guard(urls, places),
        visit_timeout_s=settings.visits.visit_timeout_s,
        visitor=settings.visits.visitor,
        user_agent=settings.visits.user_agent,
        user_agent_suffix=settings.visits.user_agent_suffix,
        egress=settings.visits.egress,
        egresses=settings.egresses,
        screenshots=Screenshots.NONE,
        is_lean=True,
        step_limits=StepLimits(step_s=STEP_S),
    )
    if choice.browser is not None:
        return LocalHub(
            browser=choice.browser,
            browsers=settings.grid.browsers,
            options=options,
            settings=visits,
            store=store,
            lanes_per_browser=settings.grid.lanes_here,
        )
    return RemoteHub(
        address=HubAddress(url=choice.urls[0]),
        ca_file=settings.grid.hub_ca,
        options=options,
        settings=visits,
        store=store,
        lanes_per_session=settings.grid.lanes_on_hubs,
    )


class _Crew:
    """What the threads share. `failure` is what ended the work before its end."""

    def __init__(
        self,
        turns: Turns,
        hub: LocalHub | RemoteHub,
        store: _FactsInHand,
        journal: SearchJournal,
        watcher: Watcher,
        *,
        has_pauses: bool,
    ) -> None:
        self._turns, self._hub, self._store, self._journal, self._watcher = turns, hub, store, journal, watcher
        self._pause_ms = PAUSE_IN_LOOK_UP_MS if has_pauses else 0
        self._faults: Counter[str] = Counter()
        self._busy: Counter[str] = Counter()
        self._in_a_row = 0
        self.lost: dict[str, str] = {}
        self.failure: Exception | None = None

    def work(self, slot: str) -> None:
        """One thread: a turn, a visit, and so on until there is none."""
        visitor = _Visitor(self._hub, slot)
        try:
            while (search := self._turns.take()) is not None:
                answer, goes_on = ServerAnswer(), False
                try:
                    answer, goes_on = self._take_turn(search, visitor)
                finally:
                    why = self._turns.give_back(search, answer, goes_on=goes_on)
                if why:
                    self._watcher.say(why)
        except Exception as error:  # noqa: BLE001 - told to the thread that waits for this one
            self.failure = self.failure or error
            self._turns.stop()
        finally:
            visitor.close()

    def _take_turn(self, search: Search, visitor: _Visitor) -> tuple[ServerAnswer, bool]:
        """One question of a search; what its server said, and whether there is another."""
        name, asked = search.domain.name, search.ask
        assert asked is not None, "a search that has ended has no turn"
        self._watcher.asked(search)
        try:
            observation = visitor.visit(search, asked, self._probe_of(asked))
        except GridFault as error:
            return ServerAnswer(), self._meet_fault(search, str(error))
        facts = self._store.held.pop(name, None)
        if observation.fault is not None:
            return ServerAnswer(), self._meet_fault(search, observation.fault.message)
        self._in_a_row = 0
        server = ServerAnswer(
            status=observation.http_status, retry_after_s=observation.retry_after_s, address=observation.address
        )
        is_busy = observation.outcome is Outcome.REFUSED and observation.http_status in BUSY_STATUSES
        if is_busy and self._busy[name] < BUSY_AGAIN:
            self._busy[name] += 1
            return server, True
        answer: Answer
        if isinstance(asked, LookUp):
            answer = read_look_up(observation, search.domain.starts[0])
        else:
            answer = read_visit(observation, facts)
        self._journal.write(Line(domain=name, ask=asked, answer=answer))
        search.tell(answer)
        if search.conclusion is not None:
            self._watcher.concluded(search)
        return server, search.conclusion is None

    def _meet_fault(self, search: Search, message: str) -> bool:
        """Whether the question is asked again. Raises GridFault when nothing but faults come."""
        name = search.domain.name
        self._faults[name] += 1
        self._in_a_row += 1
        if self._in_a_row >= FAULTS * max(self._hub.slots(), 1):
            raise GridFault(f"the browsers meet nothing but faults; the last one: {message}")
        if self._faults[name] < FAULTS:
            return True
        self.lost[name] = message
        self._watcher.say(f"{name}: without an answer after {FAULTS} faults; the last one: {message}")
        return False

    def _probe_of(self, asked: Candidate | LookUp) -> UserProbe:
        if isinstance(asked, Candidate):
            return UserProbe(name=WAYS_PROBE, source=read_probe("find_ways.js"))
        options: dict[str, Any] = {
            "groups": asked.groups,
            "texts": asked.texts,
            "most": asked.most_requests - 1,
            "pause_ms": self._pause_ms,
        }
        return UserProbe(name=LOOK_UP_PROBE, source=read_probe("look_up.js"), options=options)


class _Visitor:
    """Visits with one session, replaced after a fault and after VISITS_PER_SESSION pages."""

    def __init__(self, hub: LocalHub | RemoteHub, slot: str) -> None:
        self._hub, self._slot = hub, slot
        self._session: BrowserSession | None = None
        self._visits = 0

    def visit(self, search: Search, asked: Candidate | LookUp, probe: UserProbe) -> Observation:
        """The visit that a question asks for. Raises GridFault when no session can be had."""
        if self._session is None or self._visits >= VISITS_PER_SESSION:
            self.close()
            self._session = self._hub.open_session(slot=self._slot, timeout_s=SESSION_TIMEOUT_S)
        self._visits += 1
        steps = asked.steps if isinstance(asked, Candidate) else ()
        site = Site(id=search.domain.name, url=asked.url, steps=steps, locale=search.locale)
        observation = self._session.visit(site, attempt=1, upcoming=site, probes=(probe,))
        if observation.fault is not None:
            self.close()
        return observation

    def close(self) -> None:
        """Give the session back."""
        if self._session is not None:
            with suppress(GridFault):
                self._session.close()
        self._session, self._visits = None, 0
