"""The search of a domain, played from answers: what is asked next, and what is said in the end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gridrunner.discovery.places import CHANGE_PASSWORD, NEVER_THERE
from gridrunner.discovery.search import Limits, Search
from gridrunner.discovery.words import By, Candidate, Domain, Login, Looked, LookUp, Place, Seen, Way, WayKind, Why
from gridrunner.model import ExpectedLogin, Outcome, Step, StepKind

HOME = "https://shop.example/"
LOGIN_PAGE = "https://shop.example/in"
LINK = Way(kind=WayKind.LINK, score=3.3, says="Log in", url=LOGIN_PAGE)
BUTTON = Way(kind=WayKind.BUTTON, score=3.3, says="Log in", selector="#open")
MENU = Way(kind=WayKind.MENU, score=0.7, says="Menu", selector="#burger")
YES = Login(present=ExpectedLogin.YES, confidence=0.98)
NO = Login(present=ExpectedLogin.NO, confidence=0.99)
UNKNOWN = Login(present=ExpectedLogin.UNKNOWN, confidence=0.5)


def begin(*hints: Candidate, **limits: Any) -> Search:
    starts = (HOME, "https://www.shop.example/", "http://shop.example/")
    return Search(Domain(name="shop.example", starts=starts, hints=hints), Limits(**limits))


def seen(login: Login | None = NO, *, url: str = HOME, **what: Any) -> Seen:
    return Seen(**{"outcome": Outcome.OBSERVED, "url": url, "login": login, "language": "en", **what})


def asked(search: Search) -> Candidate:
    assert isinstance(search.ask, Candidate)
    return search.ask


def look_up_of(search: Search) -> LookUp:
    assert isinstance(search.ask, LookUp)
    return search.ask


def end_with_nothing(search: Search) -> None:
    """Answer every question with nothing."""
    while search.ask is not None:
        if isinstance(search.ask, LookUp):
            paths = [path for group in search.ask.groups for path in group]
            places = tuple(Place(path=path, status=404, address=HOME) for path in paths)
            search.tell(Looked(requests=search.ask.most_requests, places=places))
        else:
            search.tell(seen(url=search.ask.url))


def test_a_login_on_the_home_page_costs_one_page() -> None:
    search = begin()
    assert (asked(search).by, asked(search).url) == (By.HOME, HOME)
    search.tell(seen(YES))
    assert search.conclusion is not None
    assert search.conclusion.found is not None
    assert (search.conclusion.pages, search.conclusion.found.way.by) == (1, By.HOME)


def test_a_link_is_followed_by_its_address() -> None:
    search = begin()
    search.tell(seen(ways=(LINK,)))
    assert (asked(search).by, asked(search).url, asked(search).steps) == (By.LINK, LOGIN_PAGE, ())
    search.tell(seen(YES, url=LOGIN_PAGE, language="de"))
    assert search.conclusion is not None
    assert search.conclusion.found is not None
    assert (search.conclusion.pages, search.conclusion.found.language) == (2, "de")


def test_the_next_addresses_of_a_home_page_are_tried() -> None:
    search = begin()
    search.tell(Seen(outcome=Outcome.UNREACHABLE, detail="net::ERR_NAME_NOT_RESOLVED"))
    assert asked(search).url == "https://www.shop.example/"
    search.tell(Seen(outcome=Outcome.HTTP_ERROR, detail="HTTP status 404"))
    assert asked(search).url == "http://shop.example/"
    search.tell(Seen(outcome=Outcome.UNREACHABLE, detail="net::ERR_CONNECTION_REFUSED"))
    assert search.conclusion is not None
    assert (search.conclusion.why, search.conclusion.detail) == (Why.UNREACHABLE, "net::ERR_CONNECTION_REFUSED")


@pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.REFUSED, Outcome.AUTH_REQUIRED])
def test_a_wall_ends_the_search(outcome: Outcome) -> None:
    search = begin()
    search.tell(Seen(outcome=outcome, detail="by somebody"))
    assert search.conclusion is not None
    assert (search.conclusion.why, search.conclusion.pages) == (Why.WALL, 1)
    assert search.ask is None


def test_a_wall_on_the_way_ends_it_as_well() -> None:
    search = begin()
    search.tell(seen(ways=(LINK, replace(LINK, url=f"{LOGIN_PAGE}/b"))))
    search.tell(Seen(outcome=Outcome.BLOCKED, detail="blocked by cloudflare", url=LOGIN_PAGE))
    assert search.conclusion is not None
    assert search.conclusion.why is Why.WALL
    assert "link 'Log in' meets one" in search.conclusion.detail


def test_a_button_is_pressed_from_the_beginning_and_what_it_shows_is_a_way_on() -> None:
    search = begin()
    search.tell(seen(ways=(MENU,)))
    press_menu = Step(kind=StepKind.CLICK, target="#burger")
    assert (asked(search).by, asked(search).url, asked(search).steps) == (By.MENU, HOME, (press_menu,))
    search.tell(seen(ways=(BUTTON, MENU)))
    press_login = Step(kind=StepKind.CLICK, target="#open")
    assert (asked(search).by, asked(search).url, asked(search).steps) == (By.MENU, HOME, (press_menu, press_login))


def test_what_the_follow_step_would_press_is_said_by_that_step() -> None:
    search = begin()
    search.tell(seen(ways=(BUTTON,), follows="#open", has_cookie_wall=True))
    assert [(step.kind, step.target) for step in asked(search).steps] == [
        (StepKind.DISMISS, "cookie-wall"),
        (StepKind.FOLLOW, "login-link"),
    ]


@pytest.mark.parametrize(("follows", "kind"), [("#in", StepKind.FOLLOW), ("#other", StepKind.CLICK)])
def test_an_address_that_is_good_once_is_reached_from_its_page(follows: str, kind: StepKind) -> None:
    search = begin()
    once = replace(LINK, url=f"{LOGIN_PAGE}?state=8f3a9b27c61e0d485aa1", selector="#in")
    search.tell(seen(ways=(once,), follows=follows))
    assert (asked(search).url, [step.kind for step in asked(search).steps]) == (HOME, [kind])


def test_a_press_that_leads_to_another_page_goes_on_from_there() -> None:
    search = begin()
    search.tell(seen(ways=(BUTTON,)))
    search.tell(seen(url="https://shop.example/kinds", ways=(replace(BUTTON, selector="#private"),)))
    assert asked(search).url == "https://shop.example/kinds"
    assert [step.target for step in asked(search).steps] == ["#private"]


def test_a_tab_that_a_press_opened_goes_first() -> None:
    search = begin()
    search.tell(seen(ways=(BUTTON, LINK)))
    first = asked(search)
    search.tell(seen(tabs=("https://shop.example/tab",), ways=(BUTTON,)))
    assert first.by in {By.OVERLAY, By.LINK}
    assert (asked(search).by, asked(search).url) == (By.NEW_TAB, "https://shop.example/tab")


def test_a_login_beside_another_form_is_kept_until_something_better_is_seen() -> None:
    search = begin()
    search.tell(seen(ways=(LINK, replace(LINK, url=f"{LOGIN_PAGE}/b", score=3.0))))
    search.tell(seen(replace(YES, is_aside=True), url=LOGIN_PAGE))
    assert asked(search).url == f"{LOGIN_PAGE}/b"
    search.tell(seen(NO, url=f"{LOGIN_PAGE}/b"))
    assert search.conclusion is not None
    assert search.conclusion.found is not None
    assert search.conclusion.found.login.is_aside


@pytest.mark.parametrize(
    ("login", "present"),
    [(replace(NO, sso=("google",)), ExpectedLogin.NO), (UNKNOWN, ExpectedLogin.UNKNOWN)],
)
def test_providers_alone_and_what_cannot_be_seen_count_where_a_login_was_said(
    login: Login, present: ExpectedLogin
) -> None:
    search = begin()
    search.tell(seen(ways=(LINK,)))
    search.tell(seen(login, url=LOGIN_PAGE))
    assert search.conclusion is not None
    assert search.conclusion.found is not None
    assert search.conclusion.found.login.present is present


def test_on_the_home_page_they_do_not() -> None:
    search = begin()
    search.tell(seen(replace(NO, sso=("google",))))
    end_with_nothing(search)
    assert search.conclusion is not None
    assert search.conclusion.found is None


def test_a_form_that_is_put_away_is_opened() -> None:
    search = begin()
    search.tell(seen(replace(UNKNOWN, is_put_away=True), follows="#opener", opener="#opener"))
    assert [step.kind for step in asked(search).steps] == [StepKind.FOLLOW]
    search.tell(seen(YES))
    assert search.conclusion is not None
    assert search.conclusion.pages == 2


def test_what_nobody_links_to_is_asked_for_behind_a_path_that_nobody_has() -> None:
    search = begin()
    search.tell(seen(language="de"))
    look_up = look_up_of(search)
    assert look_up.url == "https://shop.example/robots.txt"
    assert look_up.groups[0] == (NEVER_THERE, CHANGE_PASSWORD)
    assert look_up.groups[1][1] == "/anmelden"
    assert look_up.most_requests <= 10
    moved = Place(path=CHANGE_PASSWORD, status=200, address=LOGIN_PAGE)
    nothing = Place(path=NEVER_THERE, status=404, address=f"https://shop.example{NEVER_THERE}")
    search.tell(Looked(requests=3, places=(nothing, moved)))
    assert (asked(search).by, asked(search).url) == (By.CHANGE_PASSWORD, f"https://shop.example{CHANGE_PASSWORD}")


@pytest.mark.parametrize("pages", range(1, 16))
@pytest.mark.parametrize("ways", [(), (LINK,), tuple(replace(LINK, url=f"{LOGIN_PAGE}/{n}") for n in range(9))])
def test_the_budget_is_never_exceeded(pages: int, ways: tuple[Way, ...]) -> None:
    search = begin(pages=pages)
    spent = 0
    while search.ask is not None:
        if isinstance(search.ask, LookUp):
            spent += search.ask.most_requests
            robots = "".join(f"Disallow: /signin/{n}\n" for n in range(9))
            search.tell(Looked(requests=search.ask.most_requests, robots=robots))
        else:
            spent += 1
            search.tell(seen(url=search.ask.url, ways=ways))
    assert search.conclusion is not None
    assert spent == search.conclusion.pages <= pages


def test_no_account_is_said_only_where_nothing_speaks_of_one() -> None:
    quiet, speaking = begin(), begin()
    quiet.tell(seen())
    speaking.tell(seen(says_account="Create account"))
    for search in (quiet, speaking):
        end_with_nothing(search)
    assert quiet.conclusion is not None
    assert speaking.conclusion is not None
    assert quiet.conclusion.why is Why.NO_ACCOUNT
    assert (speaking.conclusion.why, speaking.conclusion.detail) == (
        Why.UNKNOWN,
        "the home page says 'Create account'",
    )


def test_an_app_is_said_where_the_site_links_to_its_shop_alone() -> None:
    search = begin()
    search.tell(seen(stores=("apps.apple.com",)))
    end_with_nothing(search)
    assert search.conclusion is not None
    assert (search.conclusion.why, "apps.apple.com" in search.conclusion.detail) == (Why.APP_ONLY, True)


@pytest.mark.parametrize(
    ("url", "why"), [("https://www.facebook.com/shop", Why.NO_ACCOUNT), ("https://apps.apple.com/app/1", Why.APP_ONLY)]
)
def test_a_domain_that_leads_to_somebody_else_has_no_login_of_its_own(url: str, why: Why) -> None:
    search = begin()
    search.tell(seen(YES, url=url))
    assert search.conclusion is not None
    assert (search.conclusion.why, search.conclusion.pages) == (why, 1)


def test_hints_go_before_the_home_page() -> None:
    hint = Candidate(by=By.HINT, url=LOGIN_PAGE, says="the list")
    right, wrong = begin(hint), begin(hint)
    right.tell(seen(YES, url=LOGIN_PAGE))
    wrong.tell(Seen(outcome=Outcome.HTTP_ERROR, url=LOGIN_PAGE))
    assert right.conclusion is not None
    assert right.conclusion.found is not None
    assert right.conclusion.found.way == hint
    assert asked(wrong).by is By.HOME


def test_robots_are_read_first_where_they_are_respected() -> None:
    search = begin(respects_robots=True)
    assert look_up_of(search).groups == ()
    search.tell(Looked(requests=1, robots="User-agent: *\nDisallow: /in\n"))
    search.tell(seen(ways=(LINK, replace(LINK, url="https://shop.example/other", score=2.5))))
    assert asked(search).url == "https://shop.example/other"


def test_a_site_that_robots_forbid_altogether_is_not_visited() -> None:
    search = begin(respects_robots=True)
    search.tell(Looked(requests=1, robots="User-agent: *\nDisallow: /\n"))
    assert search.conclusion is not None
    assert (search.conclusion.why, search.conclusion.detail) == (Why.UNKNOWN, "robots.txt forbids /")


@pytest.mark.parametrize(
    "rules", ["Disallow: /", "Disallow: /\nAllow: /$", "Disallow: /\nAllow: /$\nAllow: /sitemap.xml"]
)
def test_what_robots_leave_is_asked_once(rules: str) -> None:
    search = begin(respects_robots=True)
    look_ups = []
    while search.ask is not None:
        if isinstance(search.ask, LookUp):
            look_ups.append(search.ask)
            search.tell(Looked(requests=1, robots=f"User-agent: *\n{rules}\n"))
        else:
            search.tell(seen(url=search.ask.url))
    assert len(look_ups) == 1 + ("sitemap" in rules)
    assert search.conclusion is not None
    assert search.conclusion.found is None


def test_hints_take_no_place_among_the_ways_of_pages() -> None:
    hints = [Candidate(by=By.HINT, url=f"{HOME}{number}") for number in range(3)]
    search = begin(*hints, candidates=1)
    for hint in hints:
        search.tell(seen(url=hint.url))
    search.tell(seen(ways=(LINK,)))
    assert asked(search).url == LOGIN_PAGE


def test_a_deep_way_ends() -> None:
    search = begin(pages=30, candidates=30)
    steps = []
    while isinstance(search.ask, Candidate):
        steps.append(len(search.ask.steps))
        search.tell(seen(ways=(replace(MENU, selector=f"#m{len(steps)}"),)))
    assert max(steps) == 3


def test_the_same_answers_bring_the_same_questions() -> None:
    questions = []
    for _ in range(2):
        search = begin()
        asks = []
        for answer in (seen(ways=(MENU, LINK)), seen(url=LOGIN_PAGE), seen(ways=(BUTTON,))):
            asks.append(search.ask)
            search.tell(answer)
        questions.append([*asks, search.ask])
    assert questions[0] == questions[1]


def test_an_answer_to_another_question_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="another question"):
        begin().tell(Looked(requests=1))


@pytest.mark.parametrize(
    ("language", "locale"),
    [("de-AT", "de-AT"), ("de_at", "de"), ("", None), ("odd words", None), ("zh-Hant", "zh-Hant")],
)
def test_the_visitor_follows_the_home_page(language: str, locale: str | None) -> None:
    search = begin()
    assert search.locale is None
    search.tell(seen(language=language))
    assert search.locale == locale


URLS = st.sampled_from([f"{HOME}{path}" for path in ("", "in", "a", "b?state=8f3a9b27c61e0d485aa1", "#/c")])
WAYS = st.builds(
    Way,
    kind=st.sampled_from(WayKind),
    score=st.sampled_from([0.4, 0.8, 2.5, 3.3]),
    url=URLS,
    selector=st.sampled_from(["#a", "#b"]),
    is_hidden=st.booleans(),
    is_account=st.booleans(),
    opens_tab=st.booleans(),
)
LOGINS = st.none() | st.builds(
    Login,
    present=st.sampled_from([ExpectedLogin.NO, ExpectedLogin.NO, ExpectedLogin.UNKNOWN, ExpectedLogin.YES]),
    sso=st.sampled_from([(), ("google",)]),
    is_aside=st.booleans(),
    is_put_away=st.booleans(),
)
SEEN = st.builds(
    Seen,
    outcome=st.sampled_from([Outcome.OBSERVED, Outcome.OBSERVED, *Outcome]),
    url=URLS,
    login=LOGINS,
    ways=st.lists(WAYS, max_size=4).map(tuple),
    tabs=st.sampled_from([(), (LOGIN_PAGE,)]),
    follows=st.sampled_from(["", "#a"]),
    stores=st.sampled_from([(), ("play.google.com",)]),
    has_cookie_wall=st.booleans(),
)


@given(st.lists(SEEN, max_size=30), st.booleans(), st.integers(1, 14), st.integers(0, 6))
def test_whatever_is_answered_a_search_ends_within_its_budget_and_asks_nothing_twice(
    answers: list[Seen], respects_robots: bool, pages: int, candidates: int
) -> None:
    search = begin(respects_robots=respects_robots, pages=pages, candidates=candidates)
    asks: list[Any] = []
    spent, following = 0, iter(answers)
    while search.ask is not None:
        asks.append(search.ask)
        if isinstance(search.ask, LookUp):
            spent += search.ask.most_requests
            paths = [path for group in search.ask.groups for path in group]
            places = tuple(Place(path=path, status=200, address=f"{LOGIN_PAGE}{path}") for path in paths)
            robots = "User-agent: *\nDisallow: /a\nDisallow: /signin\n"
            search.tell(Looked(requests=search.ask.most_requests, robots=robots, places=places))
        else:
            spent += 1
            search.tell(next(following, seen()))
    assert search.conclusion is not None
    assert search.conclusion.pages == spent <= max(pages, 1)
    assert len({repr(ask) for ask in asks}) == len(asks)
    assert (search.conclusion.found is None) is (search.conclusion.why is not None)
