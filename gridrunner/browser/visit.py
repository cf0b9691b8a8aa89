"""One visit: navigate, do the steps, wait until ready, probe, detect, keep evidence. Remote failure is data.

The order of a visit is `visit_page`, read from top to bottom. Every wait in it is bounded by the visit's deadline; a
page that hangs, crashes, leaves or answers with something else ends as an outcome with a name.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec

from dom_probes.suite.comparison import gives_cause_to_fail
from gridrunner.browser.answers import public_address, read_retry_after
from gridrunner.browser.blocking import BLOCKED_PATTERNS
from gridrunner.browser.challenges import find_page_wall, look_for_wall
from gridrunner.browser.copying import copy_page
from gridrunner.browser.dead_hosts import DeadHosts
from gridrunner.browser.detecting import detect_page
from gridrunner.browser.evidence import EvidenceStore, mark_detection, take_screenshot
from gridrunner.browser.frames import collect_facts, find_closed_roots
from gridrunner.browser.guarding import NameGuard
from gridrunner.browser.insertion import try_insertion
from gridrunner.browser.names import describe_net_error
from gridrunner.browser.outcomes import classify_document, classify_net_error, explain_own_error, name_wall
from gridrunner.browser.port import CommandFailed, DeadlinePassed, Page, PageError, PageGone
from gridrunner.browser.readiness import DOCUMENT_LIMIT, KeptLeaving, Waits, wait_until_ready
from gridrunner.browser.robots import RobotsBook
from gridrunner.browser.selectors import NotThere, locate
from gridrunner.browser.steps import StepFailed, StepLimits, dismiss_wall, do_steps
from gridrunner.browser.tab_settings import TabSettings
from gridrunner.browser.user_probes import UserProbe, run_user_probes
from gridrunner.browser.walls import Wall
from gridrunner.errors import NetworkLost, SessionLost
from gridrunner.model import (
    EXPECTED_PROBE,
    INSERTION_PROBE,
    Detection,
    Facts,
    Observation,
    Outcome,
    ReadyBy,
    Site,
    Timings,
)
from gridrunner.settings.egress import Egress
from gridrunner.settings.visits import Screenshots, VisitOptions
from gridrunner.text import redact_url

GAVE_UP = "net::ERR_ABORTED"
"""What a browser says that cannot go on (with 96 open files, 2026-12-01), and of an answer that is no page."""

PROBE_RESERVE_S = 3.0
"""Of a visit's time this much is kept for probing and evidence: a page that never gets ready is probed as it is."""

PROBE_RESERVE_SHARE = 0.3
"""No more of a short visit's time than this share is kept back."""

STILL_LEAVING_DOCUMENTS = 3
STILL_LEAVING_S = 2.0
"""At the deadline: after more documents, the last of them younger, a page is still leaving; logins take 2 or 3."""

EVIDENCE_TIMEOUT_S = 4.0
"""A screenshot took 0.03 to 0.4 s (Chromium 156, 2026-11-24); a renderer that is stuck gives none at all."""

STUCK_EVIDENCE_TIMEOUT_S = 1.0
"""For the picture of a page whose time is up: visits took 4 to 5 s longer than --visit-timeout says (2026-11-30)."""

FILE_NAME_TIMEOUT_S = 0.5
"""For the event that names a file to download; it comes within milliseconds of the navigation's answer."""

PROXY_REFUSES = "the browser reaches no site: its proxy does not take the name and password that it was given"

INSERTION_TIMEOUT_S = 4.0
"""Trying the insertion point took 0.2 to 0.5 s (Chromium 156, demo list, 2026-11-24)."""


class VisitSettings(VisitOptions, frozen=True, kw_only=True):
    """What holds for every visit of a run: what the user wants of it, and what follows from that.

    Screenshots are webp or png; with `is_marked` the fields that were found are drawn on them (reports draw on clean
    ones themselves). With `is_lean` first attempts do not fetch what `gridrunner.browser.blocking` names, nor from the
    hosts that earlier visits found to be dead. Without
    `has_own_context` a site gets the first context of its session, where alone extensions run.
    """

    probes: tuple[UserProbe, ...] = ()
    screenshot_kind: str = "webp"
    is_marked: bool = False
    is_lean: bool = False
    has_own_context: bool = True
    guard: NameGuard | None = None
    step_limits: StepLimits = StepLimits()
    tabs: TabSettings = TabSettings()
    egresses: tuple[Egress, ...] = ()
    private_hosts: frozenset[str] = frozenset()
    robots_book: RobotsBook = msgspec.field(default_factory=RobotsBook)
    dead_hosts: DeadHosts = msgspec.field(default_factory=DeadHosts)


@dataclass(slots=True)
class _Draft:
    """What a visit has come to so far; turned into an observation at its end."""

    outcome: Outcome | None = None
    detail: str = ""
    ready_by: ReadyBy | None = None
    facts: Facts | None = None
    detection: Detection | None = None
    probes: dict[str, Any] = field(default_factory=dict)
    clock: dict[str, float] = field(default_factory=dict)
    waits: Waits = field(default_factory=Waits)
    wall: Wall | None = None


class _Ended(PageError):
    """The visit ended before there was anything to detect."""

    def __init__(self, outcome: Outcome, detail: str) -> None:
        super().__init__(detail)
        self.outcome = outcome


def visit_page(
    page: Page,
    site: Site,
    *,
    attempt: int,
    settings: VisitSettings,
    store: EvidenceStore,
    on_navigating: Callable[[], None] = lambda: None,
) -> Observation:
    """Visit `site` on a prepared page. `on_navigating` is called once when there is nothing to do but wait.

    Raises SessionLost and NetworkLost; everything else that goes wrong is the observation's outcome.
    """
    started = time.monotonic()
    timeout_s = site.visit_timeout_s or settings.visit_timeout_s
    deadline = started + timeout_s
    soft_deadline = deadline - min(PROBE_RESERVE_S, timeout_s * PROBE_RESERVE_SHARE)
    draft = _Draft()
    try:
        if settings.guard is not None:
            page.guard(settings.guard.refuses)
        if settings.is_lean and attempt == 1:
            page.block(BLOCKED_PATTERNS + settings.dead_hosts.patterns(site.url))
        with _Lap(draft, "navigate_s"):
            _navigate(page, site.url, on_navigating, deadline=soft_deadline)
        if site.steps:
            with _Lap(draft, "steps_s"):
                do_steps(page, site.steps, settings.step_limits, deadline=soft_deadline)
        _probe_until_it_stays(page, draft, soft_deadline=soft_deadline, deadline=deadline)
        again = partial(_probe_until_it_stays, page, draft, soft_deadline=soft_deadline, deadline=deadline)
        draft.wall = look_for_wall(page, draft, again, soft_deadline=soft_deadline, deadline=deadline)
        if settings.dismiss_walls and draft.facts is not None:
            with _Lap(draft, "steps_s"):
                is_dismissed = dismiss_wall(page, draft.facts, deadline=soft_deadline)
            if is_dismissed:
                _probe_until_it_stays(page, draft, soft_deadline=soft_deadline, deadline=deadline)
        with _Lap(draft, "probe_s"):
            _resolve_expected(page, site, draft, deadline=deadline)
            draft.probes |= run_user_probes(page, settings.probes, deadline=deadline)
        _name_outcome(page, draft)
    except _Ended as end:
        draft.outcome, draft.detail = end.outcome, str(end)
    except StepFailed as error:
        draft.outcome, draft.detail = Outcome.STEP_FAILED, str(error)
        if (wall := find_page_wall(page, None, deadline=deadline)) is not None:
            draft.wall, (draft.outcome, draft.detail) = wall, name_wall(wall)
    except PageGone:
        draft.outcome, draft.detail = Outcome.CRASHED, "the page's renderer died"
    except KeptLeaving:
        draft.outcome = Outcome.NAVIGATED_AWAY
        draft.detail = f"the page was replaced more than {DOCUMENT_LIMIT} times while it was probed"
    except DeadlinePassed:
        draft.outcome, draft.detail = Outcome.TIMED_OUT, f"the page did not answer within {timeout_s:g} s"
    except CommandFailed as error:
        draft.outcome, draft.detail = Outcome.NAVIGATED_AWAY, f"the page left while it was probed: {error}"
    settings.dead_hosts.add(page.state.dead_hosts)
    return _conclude(page, site, attempt, settings, store, draft, started)


def _navigate(page: Page, url: str, on_navigating: Callable[[], None], *, deadline: float) -> None:
    navigation = page.navigate(url)
    on_navigating()
    try:
        page.wait_until(lambda: navigation.is_answered or page.state.did_download, deadline=deadline)
    except DeadlinePassed:
        raise _Ended(Outcome.TIMED_OUT, "the server sent no page in time") from None
    if page.state.did_download or navigation.is_download:
        with contextlib.suppress(DeadlinePassed):
            page.wait_until(lambda: page.state.did_download, deadline=time.monotonic() + FILE_NAME_TIMEOUT_S)
        raise _Ended(Outcome.DOWNLOAD, "the address answers with a file to download")
    if navigation.error:
        if page.state.is_refused_by_proxy:
            raise NetworkLost(PROXY_REFUSES)
        if own := explain_own_error(navigation.error):
            raise NetworkLost(own)
        if navigation.error == GAVE_UP and page.state.http_status is None:
            raise SessionLost(f"the browser gave the page up before any server was asked ({GAVE_UP})")
        raise _Ended(classify_net_error(navigation.error), describe_net_error(navigation.error, url))
    if navigation.brings_document:
        # The answer comes before the document; what is asked too soon is lost.
        with contextlib.suppress(DeadlinePassed):
            page.wait_until(lambda: page.has_document or page.state.did_download, deadline=deadline)
    if page.state.http_status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        raise NetworkLost(PROXY_REFUSES)


def _probe_until_it_stays(page: Page, draft: _Draft, *, soft_deadline: float, deadline: float) -> None:
    """Wait and probe; when the page leaves meanwhile, the same of the page that came."""
    for _ in range(DOCUMENT_LIMIT):
        with _Lap(draft, "ready_s"):
            ready = wait_until_ready(page, draft.waits, deadline=soft_deadline)
        draft.ready_by = ready.by
        try:
            with _Lap(draft, "probe_s"):
                draft.facts = collect_facts(page, ready, deadline=deadline)
            with _Lap(draft, "detect_s"):
                draft.detection = detect_page(draft.facts)
            if draft.detection.login_present is not True:
                with _Lap(draft, "probe_s"):
                    _look_into_closed_roots(page, draft, deadline=deadline)
        except CommandFailed:
            if time.monotonic() > soft_deadline:
                raise
            continue
        return
    raise KeptLeaving


def _look_into_closed_roots(page: Page, draft: _Draft, *, deadline: float) -> None:
    """Before "no login form" is said: what stands in closed shadow roots is unknown, never absent."""
    if draft.facts is not None and (closed := find_closed_roots(page, deadline=deadline)):
        draft.facts = {**draft.facts, "closed_roots": closed}
        draft.detection = detect_page(draft.facts)


def _resolve_expected(page: Page, site: Site, draft: _Draft, *, deadline: float) -> None:
    """What the selectors of the site list match, as the collector writes it, so that checks compare like with like."""
    resolved: dict[str, dict[str, str | None]] = {}
    for name, selector in site.expect.named_fields.items():
        try:
            matches: str | None = locate(page, selector, deadline=deadline).canonical
        except (NotThere, CommandFailed):
            matches = None
        resolved[name] = {"selector": selector, "matches": matches}
    if resolved:
        draft.probes[EXPECTED_PROBE] = resolved


def _name_outcome(page: Page, draft: _Draft) -> None:
    has_login = draft.detection is not None and draft.detection.login_present is True
    draft.outcome, draft.detail = classify_document(
        status=page.state.http_status, asks_for_login=page.state.asks_for_login, has_login=has_login, wall=draft.wall
    )
    if draft.outcome is Outcome.OBSERVED and not has_login and _was_still_leaving(page, draft):
        draft.outcome = Outcome.NAVIGATED_AWAY
        draft.detail = f"the page was replaced {page.state.documents - 1} times and still was at the deadline"
    if draft.outcome is Outcome.OBSERVED and draft.ready_by is ReadyBy.DEADLINE and not draft.detail:
        draft.detail = f"at its deadline the page was still waiting for: {draft.waits.last or 'nothing we know'}"


def _was_still_leaving(page: Page, draft: _Draft) -> bool:
    """Whether the deadline found a page that keeps leaving, only not often enough yet for KeptLeaving."""
    is_fresh = time.monotonic() - page.state.last_document_s < STILL_LEAVING_S
    return draft.ready_by is ReadyBy.DEADLINE and page.state.documents > STILL_LEAVING_DOCUMENTS and is_fresh


def _conclude(
    page: Page,
    site: Site,
    attempt: int,
    settings: VisitSettings,
    store: EvidenceStore,
    draft: _Draft,
    started: float,
) -> Observation:
    outcome, detail = draft.outcome or Outcome.OBSERVED, draft.detail
    if page.state.is_crashed and outcome in {Outcome.TIMED_OUT, Outcome.NAVIGATED_AWAY}:
        # The news came after the wait for an answer.
        outcome, detail = Outcome.CRASHED, "the page's renderer died"
    facts_path = screenshot_path = capture_path = None
    with _Lap(draft, "evidence_s"):
        if draft.facts is not None:
            facts_path = store.write_facts(site.id, attempt, draft.facts)
        if outcome is Outcome.OBSERVED and _wants_picture(settings.capture, page, site, attempt, outcome, draft):
            capture_path = _keep_copy(page, site, attempt, store)
        if _wants_picture(settings.screenshots, page, site, attempt, outcome, draft):
            limit_s = STUCK_EVIDENCE_TIMEOUT_S if outcome is Outcome.TIMED_OUT else EVIDENCE_TIMEOUT_S
            screenshot_path = _keep_screenshot(page, site, attempt, settings, store, draft.detection, limit_s)
        if settings.try_insertion and outcome is Outcome.OBSERVED and draft.detection is not None:
            _try_insertion(page, draft.detection, draft)
    facts = draft.facts or {}
    return Observation(
        site=site.id,
        attempt=attempt,
        outcome=outcome,
        detail=detail,
        url=redact_url(str(facts.get("url", "")) or site.url),
        title=str(facts.get("title", ""))[:300],
        http_status=page.state.http_status,
        blocked_by=draft.wall.by.value if draft.wall is not None and outcome is Outcome.BLOCKED else "",
        address=public_address(page.state.address),
        retry_after_s=read_retry_after(page.state.headers),
        ready_by=draft.ready_by,
        detection=draft.detection,
        facts_path=facts_path,
        screenshot_path=screenshot_path,
        capture_path=capture_path,
        events=tuple(page.state.events),
        probes=draft.probes,
        timings=Timings(total_s=round(time.monotonic() - started, 4), waits=draft.waits.rounded(), **draft.clock),
    )


def _try_insertion(page: Page, detection: Detection, draft: _Draft) -> None:
    """After the evidence, because it makes the page small and large again."""
    with contextlib.suppress(PageGone):
        record = try_insertion(page, detection, deadline=time.monotonic() + INSERTION_TIMEOUT_S)
        if record is not None:
            draft.probes[INSERTION_PROBE] = record


def _keep_screenshot(
    page: Page,
    site: Site,
    attempt: int,
    settings: VisitSettings,
    store: EvidenceStore,
    detection: Detection | None,
    limit_s: float,
) -> str | None:
    """None where the page gives no picture: an empty tab, or a page that crashed or is stuck."""
    if page.state.documents == 0 or page.state.is_crashed:
        return None
    limit = time.monotonic() + limit_s
    if settings.is_marked and detection is not None:
        mark_detection(page, detection, deadline=limit)
    kind = settings.screenshot_kind
    image = take_screenshot(page, kind=kind, deadline=limit)
    return None if image is None else store.write(site.id, f"screenshot-{attempt}.{kind}", image)


def _keep_copy(page: Page, site: Site, attempt: int, store: EvidenceStore) -> str | None:
    """Keep the page itself, for `gridrunner sites capture`; None where it does not let itself be copied any more."""
    try:
        copy = copy_page(page, deadline=time.monotonic() + EVIDENCE_TIMEOUT_S)
    except PageGone:
        return None
    return store.write(site.id, f"page-{attempt}.html", copy.html.encode()) if copy is not None else None


def _wants_picture(policy: Screenshots, page: Page, site: Site, attempt: int, outcome: Outcome, draft: _Draft) -> bool:
    match policy:
        case Screenshots.NONE:
            return False
        case Screenshots.ALL:
            return True
        case Screenshots.FAILED:
            events = tuple(page.state.events)
            seen = Observation(site=site.id, attempt=attempt, outcome=outcome, events=events, probes=draft.probes)
            return attempt > 1 or gives_cause_to_fail(site, seen, draft.detection)


class _Lap:
    """Adds the seconds of its block to one of the visit's timings, also when the block raises."""

    def __init__(self, draft: _Draft, name: str) -> None:
        self._clock, self._name, self._started = draft.clock, name, 0.0

    def __enter__(self) -> None:
        self._started = time.monotonic()

    def __exit__(self, *_exception: object) -> None:
        seconds = time.monotonic() - self._started
        self._clock[self._name] = round(self._clock.get(self._name, 0.0) + seconds, 4)
