"""The search for a domain's login: says what to look at next, takes what was seen, and comes to a conclusion.

A machine of its own for each domain, without a clock: the same answers bring the same questions, so that a search is
taken up again from its journal. In order of cost: the pages that somebody named; the home page; the ways that it
shows (links, buttons, accounts, menus, new tabs), each tried from its own beginning, so that the way back is the way
itself; then what nobody links to (`places`). Invariants: what is asked of a domain never exceeds `Limits.pages`; a
wall ends the search; only a page on which the detector sees a login, or a way in through another service, is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from gridrunner.discovery.locales import locale_of
from gridrunner.discovery.places import is_allowed, plan_look_up, read_places
from gridrunner.discovery.tables import load_tables
from gridrunner.discovery.ways import SURE, domain_of, is_lasting, is_of
from gridrunner.discovery.words import (
    Answer,
    Ask,
    By,
    Candidate,
    Conclusion,
    Domain,
    Found,
    Login,
    Looked,
    LookUp,
    Seen,
    Way,
    WayKind,
    Why,
)
from gridrunner.model import ExpectedLogin, Outcome, Step, StepKind
from gridrunner.text import count_of

WALLS: Final = frozenset({Outcome.BLOCKED, Outcome.REFUSED, Outcome.AUTH_REQUIRED})

UNOPENED: Final = frozenset({Outcome.UNREACHABLE, Outcome.HTTP_ERROR, Outcome.REDIRECT_LOOP})
"""A home page that ends so is asked for under its next address: many domains have a name for `www.` alone."""

MOST_DEPTH: Final = 3
"""Pages from the home page to a login: a menu, a choice of the kind of customer, the form."""

DEEPER: Final = 0.2
"""What each page of the way costs a candidate: of two alike the nearer one is tried first."""

NEW_TAB: Final = 4.0
"""A tab that a press opened is what the press was for: before everything else that the page shows."""

_FOLLOW: Final = Step(kind=StepKind.FOLLOW, target="login-link")
_DISMISS: Final = Step(kind=StepKind.DISMISS, target="cookie-wall")


class Limits(Struct, frozen=True, kw_only=True):
    """What one domain may cost. `pages`: everything asked of it, visits and look-ups alike; twelve is the home page,
    four ways and seven questions (CISPA's framework asks up to 500 addresses of a domain, research of 2024; four
    guessed paths of them). `candidates`: ways that its pages show which are tried. `respects_robots`: what robots.txt
    forbids is not visited.
    """

    pages: int = 12
    candidates: int = 4
    respects_robots: bool = False


class Search:
    """The search of one domain. Ask what `ask` says and `tell` what came, until `conclusion` is there."""

    def __init__(self, domain: Domain, limits: Limits) -> None:
        self.domain = domain
        self._limits = limits
        self._waiting: list[Candidate] = list(domain.hints)
        self._starts = list(domain.starts)
        self._home: Seen | None = None
        self._robots: str | None = None
        self._has_looked = False
        self._gone: set[tuple[str, tuple[Step, ...]]] = set()
        self._pages = self._tries = 0
        self._tried: list[str] = []
        self._clues: list[str] = []
        self._stores: list[str] = []
        self._fallback: Found | None = None
        self.conclusion: Conclusion | None = None
        self.ask: Ask | None = None
        self._choose()

    @property
    def locale(self) -> str | None:
        """Whose visitor asks: the list's word, else the language of the home page, as the entry will have it."""
        return self.domain.locale or locale_of(self._language)

    def tell(self, answer: Answer) -> None:
        """Take the answer to `ask`."""
        asked = self.ask
        assert asked is not None, "nothing was asked"
        match asked, answer:
            case Candidate(), Seen():
                self._pages += 1
                self._take_visit(asked, answer)
            case LookUp(), Looked():
                self._pages += answer.requests
                self._take_look_up(asked, answer)
            case _:
                raise AssertionError("an answer to another question")
        if self.conclusion is None:
            self._choose()
        else:
            self.ask = None

    # ---------------------------------------------------------------------------------------------------------- taking

    def _take_visit(self, asked: Candidate, seen: Seen) -> None:
        self._gone.add((asked.url, asked.steps))
        self._tried.append(f"{_describe(asked)}: {_describe_end(seen)}")
        if asked.by is By.HOME:
            self._take_home(seen)
        elif seen.outcome in WALLS:
            self._end(Why.WALL, f"{_describe(asked)} meets one: {seen.detail or seen.outcome}")
        if self.conclusion is None:
            self._judge(asked, seen)
        if self.conclusion is None and seen.outcome is Outcome.OBSERVED:
            self._waiting += self._follow_on(asked, seen)

    def _take_home(self, seen: Seen) -> None:
        if seen.outcome in UNOPENED and self._starts:
            return
        self._home = seen
        host = urlsplit(seen.url).hostname or ""
        tables = load_tables()
        if seen.outcome in WALLS:
            self._end(Why.WALL, seen.detail or str(seen.outcome))
        elif seen.outcome is not Outcome.OBSERVED:
            is_there = seen.outcome not in {Outcome.UNREACHABLE, Outcome.TIMED_OUT, Outcome.HTTP_ERROR}
            self._end(Why.UNKNOWN if is_there else Why.UNREACHABLE, seen.detail or str(seen.outcome))
        elif is_of(host, tables.stores) and self._has_moved(seen.url):
            self._end(Why.APP_ONLY, f"the domain leads to {host}")
        elif is_of(host, tables.others) and self._has_moved(seen.url):
            self._end(Why.NO_ACCOUNT, f"the domain leads to a page at {host}")

    def _judge(self, asked: Candidate, seen: Seen) -> None:
        """Conclude from a login, keep what may stand for one, and note what speaks of one."""
        self._stores += [store for store in seen.stores if store not in self._stores]
        login = seen.login
        if login is None:
            return
        found = Found(way=asked, login=login, ended_at=seen.url, language=seen.language or self._language)
        is_led_by_words = asked.score >= SURE or asked.by in {By.HINT, By.CHANGE_PASSWORD, By.PATH, By.ROBOTS}
        if login.present is ExpectedLogin.YES:
            if not login.is_aside:
                self._find(found)
            elif self._fallback is None or self._fallback.login.present is not ExpectedLogin.YES:
                self._fallback = found
        elif self._fallback is None and asked.by is not By.HOME and is_led_by_words:
            is_unseen = login.present is ExpectedLogin.UNKNOWN
            if login.sso or is_unseen:
                self._fallback = found
        elif self._fallback is None and login.is_put_away:
            self._fallback = found
        if login.present is ExpectedLogin.NO and is_led_by_words and not login.sso and asked.by is not By.HOME:
            self._clues.append(f"{_describe(asked)} leads to no form")

    def _take_look_up(self, asked: LookUp, looked: Looked) -> None:
        self._robots = looked.robots
        if not self._has_looked:
            return  # robots.txt alone, because it is respected
        candidates = read_places(looked, asked)
        self._tried.append(
            f"{count_of(looked.requests, 'look-up')}: {count_of(len(candidates), 'place')} worth a visit"
        )
        self._waiting = list(candidates)

    # --------------------------------------------------------------------------------------------------------- choosing

    def _choose(self) -> None:
        """Set `ask` to the next question, or come to the conclusion."""
        self.ask = None
        if self._pages >= self._limits.pages and self.conclusion is None:
            self._give_up()
        if self.conclusion is None:
            self.ask = self._next_ask()
            if self.ask is None:
                self._give_up()

    def _next_ask(self) -> Ask | None:
        if self._limits.respects_robots and self._robots is None:
            return LookUp(url=_robots_of(self.domain.starts[0]))
        candidate = self._take_best() if self._home is None or self._tries < self._limits.candidates else None
        if candidate is not None:
            self._tries += candidate.by is not By.HINT
            return candidate
        if self._home is None:
            if not self._starts:
                return None
            start = self._starts.pop(0)
            if not self._may_visit(start):
                return None
            return Candidate(by=By.HOME, url=start)
        if self._fallback is not None or self._has_looked:
            return self._take_best() if self._has_looked and self._fallback is None else None
        self._waiting.clear()
        self._has_looked = True
        # one page is kept for the visit of what is found
        room = self._limits.pages - self._pages - 1
        robots = self._robots if self._limits.respects_robots else None
        return plan_look_up(self._home.url, self._language, room, robots)

    def _take_best(self) -> Candidate | None:
        while self._waiting:
            best = max(self._waiting, key=lambda candidate: candidate.score - DEEPER * candidate.depth)
            self._waiting.remove(best)
            if (best.url, best.steps) in self._gone:
                continue
            if self._may_visit(best.url):
                return best
        return None

    def _may_visit(self, url: str) -> bool:
        """Whether robots.txt lets us, where it is respected; what it forbids is a clue."""
        if not self._robots or not self._limits.respects_robots or is_allowed(self._robots, url):
            return True
        self._clues.append(f"robots.txt forbids {urlsplit(url).path or '/'}")
        return False

    def _follow_on(self, asked: Candidate, seen: Seen) -> Iterator[Candidate]:
        """The candidates that a page shows, each with the whole way to it."""
        if asked.depth >= MOST_DEPTH:
            return
        if seen.says_account and asked.by is By.HOME:
            self._clues.append(f"the home page says {seen.says_account!r}")
        for tab in seen.tabs:
            yield Candidate(by=By.NEW_TAB, url=tab, says=asked.says, score=NEW_TAB, depth=asked.depth + 1)
        base = self._base_of(asked, seen)
        login = seen.login
        if login is not None and login.is_put_away and seen.opener:
            way = Way(kind=WayKind.BUTTON, score=NEW_TAB, says="what opens the form in the page", selector=seen.opener)
            yield self._make(way, base, asked, seen)
        for way in seen.ways:
            if way.selector or is_lasting(way.url):
                yield self._make(way, base, asked, seen)

    def _make(self, way: Way, base: Candidate, asked: Candidate, seen: Seen) -> Candidate:
        by = _by_of(way)
        if base.steps and by in {By.LINK, By.OVERLAY}:
            by = asked.by
        led = Candidate(by=by, url=way.url, says=way.says, score=way.score, depth=asked.depth + 1)
        if way.kind is WayKind.LINK and is_lasting(way.url):
            return led
        step = _FOLLOW if way.selector == seen.follows else _press(way.selector)
        before = (_DISMISS,) if seen.has_cookie_wall and not base.steps else base.steps
        return replace(led, url=base.url, steps=(*before, step))

    @staticmethod
    def _base_of(asked: Candidate, seen: Seen) -> Candidate:
        """Where a way from this page begins: at its own address, or, where that will not last, as it was reached."""
        has_moved = asked.steps and seen.url.partition("#")[0] != asked.url.partition("#")[0]
        if has_moved and is_lasting(seen.url):
            return Candidate(by=asked.by, url=seen.url)
        return asked

    # ------------------------------------------------------------------------------------------------------- concluding

    def _give_up(self) -> None:
        if self._fallback is not None:
            self._find(self._fallback)
        elif self._home is None:
            self._end(Why.UNKNOWN, "; ".join(self._clues) or "the budget of pages is used up")
        elif self._stores and not any("leads to no form" in clue for clue in self._clues):
            self._end(Why.APP_ONLY, f"no login on the web; the site links to its app at {self._stores[0]}")
        elif self._clues:
            self._end(Why.UNKNOWN, "; ".join(self._clues[:3]))
        else:
            looked = ", in well-known places and in its sitemap" if self._has_looked else ""
            self._end(Why.NO_ACCOUNT, f"nothing on the home page{looked} speaks of one")

    def _find(self, found: Found) -> None:
        self.conclusion = Conclusion(
            domain=self.domain.name,
            found=found,
            pages=self._pages,
            tried=tuple(self._tried),
            leads_to=self._leads_to,
        )

    def _end(self, why: Why, detail: str) -> None:
        if self._fallback is not None:
            self._find(self._fallback)
            return
        self.conclusion = Conclusion(
            domain=self.domain.name,
            why=why,
            detail=detail,
            pages=self._pages,
            tried=tuple(self._tried),
            leads_to=self._leads_to,
        )

    def _has_moved(self, url: str) -> bool:
        return bool(self.domain.starts) and domain_of(url) != domain_of(self.domain.starts[0])

    @property
    def _leads_to(self) -> str:
        return domain_of(self._home.url) if self._home is not None and self._has_moved(self._home.url) else ""

    @property
    def _language(self) -> str:
        return (self._home.language if self._home is not None else "") or self.domain.locale or ""


def _by_of(way: Way) -> By:
    match way.kind:
        case WayKind.MENU:
            return By.MENU
        case WayKind.BUTTON:
            return By.ACCOUNT if way.is_account else By.OVERLAY
        case WayKind.LINK if way.opens_tab:
            return By.NEW_TAB
        case WayKind.LINK if way.is_account:
            return By.ACCOUNT
        case WayKind.LINK:
            return By.MENU if way.is_hidden else By.LINK
        case _:
            assert_never(way.kind)


def _press(selector: str) -> Step:
    return Step(kind=StepKind.CLICK, target=selector)


def _robots_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/robots.txt"


def _describe(asked: Candidate) -> str:
    return f"{asked.by} {asked.says!r}" if asked.says else str(asked.by)


def _describe_end(seen: Seen) -> str:
    if seen.outcome is not Outcome.OBSERVED:
        return f"{seen.outcome} ({seen.detail})" if seen.detail else str(seen.outcome)
    return _describe_login(seen.login)


def _describe_login(login: Login | None) -> str:
    match login.present if login is not None else None:
        case ExpectedLogin.YES:
            return "a login beside another form" if login is not None and login.is_aside else "a login"
        case ExpectedLogin.UNKNOWN:
            return "perhaps a login, which cannot be seen"
        case ExpectedLogin.NO:
            ways_in = f" but {', '.join(login.sso)}" if login is not None and login.sso else ""
            return f"no login form{ways_in}"
        case None:
            return "nothing to see"
