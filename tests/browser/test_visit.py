"""Visits in a real browser, on small pages: how they end, what they leave, what they see."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridrunner.browser.options import VIEWPORT
from gridrunner.browser.steps import StepLimits
from gridrunner.browser.tab_settings import TabSettings
from gridrunner.browser.user_probes import UserProbe
from gridrunner.browser.visit import EVIDENCE_TIMEOUT_S, STUCK_EVIDENCE_TIMEOUT_S
from gridrunner.model import (
    Expectation,
    ExpectedLogin,
    FaultKind,
    LoginStep,
    Observation,
    Outcome,
    ReadyBy,
    Site,
    Step,
    StepKind,
)
from gridrunner.settings.grid import BrowserName
from tests.browser.conftest import OpenSession
from tests.support.command_line import wait_until
from tests.support.devtools import tabs_of
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

LOGIN = (
    "<!doctype html><title>Log in</title><h1>Log in</h1><form method=post action=/session><label>E-mail "
    "<input id=user name=email type=email autocomplete=username></label><label>Password "
    "<input id=pass name=password type=password></label><button id=go>Log in</button></form>"
)
NO_LOGIN = "<!doctype html><title>Garden</title><h1>Roses</h1><p>" + "Roses need sun. " * 40


def redirect_for_ever(handler: Any) -> None:
    handler.reply(302, "", Location="/loop")


def ask_for_login(handler: Any) -> None:
    handler.reply(401, "who are you?", WWW_Authenticate='Basic realm="x"')


def send_file(handler: Any) -> None:
    handler.reply(200, "a;b", Content_Disposition="attachment; filename=a.csv")


PICTURE = "GIF89aZ\x00\x1e\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"  # 90 x 30


def send_picture_late(handler: Any) -> None:
    time.sleep(0.4)
    handler.reply(200, PICTURE)


STALLED = threading.Event()


def never_answer(handler: http.server.BaseHTTPRequestHandler) -> None:
    STALLED.wait(30)
    handler.close_connection = True


PAGES: dict[str, Any] = {
    "/login": LOGIN,
    "/garden": NO_LOGIN,
    "/late": "<!doctype html><title>App</title><div id=app aria-busy=true></div><script>setTimeout(() => { "
    "document.getElementById('app').removeAttribute('aria-busy'); "
    f"document.getElementById('app').innerHTML = {json.dumps(LOGIN)}"
    " }, 900)</script>",
    "/leaves": "<!doctype html><title>one moment</title><script>setTimeout(() => location = '/login', 300)</script>",
    "/refresh": "<!doctype html><meta http-equiv=refresh content='1;url=/login'><title>one moment</title>" + NO_LOGIN,
    "/restless": "<!doctype html><script>location.replace('/restless?' + Math.random())</script>",
    "/alert": "<!doctype html><script>alert('read me')</script>" + LOGIN,
    "/popup": "<!doctype html><script>window.open('/garden')</script>" + LOGIN,
    "/awaits-popup": "<!doctype html><title>Log in</title><div id=app aria-busy=true></div><script>const shown = "
    "window.open('/garden'), timer = setInterval(() => { if (shown && !shown.closed) return; clearInterval(timer); "
    f"app.removeAttribute('aria-busy'); app.innerHTML = {json.dumps(LOGIN)} }}, 20)</script>",
    "/closes-itself": "<!doctype html><title>x</title><script>setTimeout(() => window.close(), 100)</script>",
    "/busy": "<!doctype html><title>busy</title><script>setTimeout(() => { for (;;); }, 0)</script>",
    "/loop": redirect_for_ever,
    "/picture-button": LOGIN.replace("<button id=go>Log in</button>", "<input type=image id=go src=/late.gif>"),
    "/late.gif": send_picture_late,
    "/nothing": lambda handler: handler.reply(204, ""),
    "/auth": ask_for_login,
    "/file": send_file,
    "/stall": never_answer,
    "/error": lambda handler: handler.reply(500, "broken"),
    "/denied-login": lambda handler: handler.reply(403, LOGIN),
    "/modal": "<!doctype html><title>Shop</title><button id=open onclick=\"document.getElementById('d').showModal()\">"
    f"Log in</button><dialog id=d>{LOGIN}</dialog>",
    "/covered": LOGIN + "<div id=wall style='position:fixed;inset:0;background:#fff'>cookies?</div>",
    "/two-steps": "<!doctype html><title>Log in</title><form onsubmit=\"event.preventDefault(); location='/second?'"
    ' + this.who.value"><input id=who name=who><button id=next>Next</button></form>',
    "/second": LOGIN,
    "/shadow": "<!doctype html><title>Log in</title><x-login></x-login><script>customElements.define('x-login', class "
    "extends HTMLElement { connectedCallback() { this.attachShadow({mode: 'open'}).innerHTML = "
    f"{json.dumps(LOGIN)} }} }})</script>",
    "/closed": "<!doctype html><title>Log in</title><x-login style='display:block'></x-login><script>"
    "customElements.define('x-login', class extends HTMLElement "
    "{ connectedCallback() { this.attachShadow({mode: 'closed'}).innerHTML = "
    f"{json.dumps(LOGIN)} }} }})</script>",
    "/frame": "<!doctype html><title>Log in</title><h1>Welcome</h1>"
    "<iframe id=f src='http://other.localhost:PORT/login' width=500 height=300></iframe>",
    "/same-frame": "<!doctype html><title>Log in</title><iframe id=f src=/login width=500 height=300></iframe>",
    "/written-frame": "<!doctype html><title>Log in</title><iframe id=f width=500 height=300></iframe><script>"
    f"f.contentDocument.write({json.dumps(LOGIN)}); f.contentDocument.close()</script>",
    "/srcdoc-frame": f"<!doctype html><title>Log in</title><iframe srcdoc='{LOGIN}' width=500 height=300></iframe>",
    "/surrogate": "<!doctype html><script>document.title = 'half \\ud83d pair'; console.error('\\ud800 too')</script>"
    + LOGIN.replace("<title>Log in</title>", ""),
    "/console": "<!doctype html><script>console.error('oh no'); undefinedName()</script>" + LOGIN,
    "/remember": "<!doctype html><title>x</title><script>document.cookie='a=1'; localStorage.b=2; sessionStorage.c=3"
    "</script>" + NO_LOGIN,
}


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer({"/login": LOGIN}) as other:
        frame = str(PAGES["/frame"]).replace("PORT", str(other.port))
        with PageServer({**PAGES, "/frame": frame}) as served:
            yield served
            STALLED.set()


LIMITS = StepLimits()


def visit(
    open_session: OpenSession,
    server: PageServer,
    path: str,
    *,
    attempt: int = 1,
    limits: StepLimits = LIMITS,
    **site: Any,
) -> Observation:
    session = open_session(visit_timeout_s=site.pop("visit_timeout_s", 15.0), step_limits=limits)
    return session.visit(Site(id="s", url=server.url(path), **site), attempt=attempt, upcoming=None)


GIVE_NAME = Step(kind=StepKind.IDENTIFY, target="throwaway@example.org")
UNKNOWN_NAME = Step(kind=StepKind.IDENTIFY, target="nobody")


def selector_of(element: Any) -> str | None:
    return element.selector if element else None


@pytest.mark.parametrize(
    ("path", "outcome", "login"),
    [
        ("/login", Outcome.OBSERVED, True),
        ("/garden", Outcome.OBSERVED, False),
        ("/late", Outcome.OBSERVED, True),
        ("/leaves", Outcome.OBSERVED, True),
        ("/refresh", Outcome.OBSERVED, True),
        ("/alert", Outcome.OBSERVED, True),
        ("/popup", Outcome.OBSERVED, True),
        ("/denied-login", Outcome.OBSERVED, True),
        ("/shadow", Outcome.OBSERVED, True),
        ("/closed", Outcome.OBSERVED, None),
        ("/frame", Outcome.OBSERVED, True),
        ("/same-frame", Outcome.OBSERVED, True),
        ("/written-frame", Outcome.OBSERVED, True),
        ("/srcdoc-frame", Outcome.OBSERVED, True),
        ("/error", Outcome.HTTP_ERROR, False),
        ("/auth", Outcome.AUTH_REQUIRED, False),
    ],
)
def test_pages_that_are_observed(
    open_session: OpenSession, server: PageServer, path: str, outcome: Outcome, login: bool | None
) -> None:
    observation = visit(open_session, server, path)
    assert (observation.outcome, observation.fault) == (outcome, None), observation.detail
    assert observation.detection is not None
    assert observation.detection.login_present is login


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        ("/loop", Outcome.REDIRECT_LOOP),
        ("/file", Outcome.DOWNLOAD),
        ("/restless", Outcome.NAVIGATED_AWAY),
        ("/busy", Outcome.TIMED_OUT),
        ("/stall", Outcome.TIMED_OUT),
    ],
)
def test_pages_that_end_otherwise(open_session: OpenSession, server: PageServer, path: str, outcome: Outcome) -> None:
    observation = visit(open_session, server, path, visit_timeout_s=8.0)
    assert (observation.outcome, observation.fault) == (outcome, None), observation.detail
    assert observation.detail


def test_refused_connection_is_unreachable(open_session: OpenSession) -> None:
    observation = open_session().visit(Site(id="s", url="http://127.0.0.1:9/"), attempt=1, upcoming=None)
    assert observation.outcome is Outcome.UNREACHABLE
    assert "net::ERR" in observation.detail


def test_next_site_does_not_suffer(open_session: OpenSession, server: PageServer) -> None:
    session = open_session(visit_timeout_s=8.0)
    sites = [
        Site(id=path.strip("/"), url=server.url(path)) for path in ("/busy", "/login", "/stall", "/alert", "/login")
    ]
    outcomes = [
        session.visit(site, attempt=1, upcoming=sites[min(number + 1, len(sites) - 1)]).outcome
        for number, site in enumerate(sites)
    ]
    expected = [Outcome.TIMED_OUT, Outcome.OBSERVED, Outcome.TIMED_OUT, Outcome.OBSERVED, Outcome.OBSERVED]
    assert outcomes == expected


def test_what_the_page_did_is_kept(open_session: OpenSession, server: PageServer) -> None:
    events = {event.kind: event.text for event in visit(open_session, server, "/alert").events}
    assert events["dialog"] == "alert: read me"
    assert "popup" in {event.kind for event in visit(open_session, server, "/popup").events}
    texts = [event.text for event in visit(open_session, server, "/console").events if event.kind == "console-error"]
    assert any("oh no" in text for text in texts)
    assert any("undefinedName is not defined" in text for text in texts)


def test_a_popup_is_refused_and_its_page_goes_on(open_session: OpenSession, server: PageServer) -> None:
    observation = visit(open_session, server, "/awaits-popup")
    assert observation.detection is not None
    assert observation.detection.login_present is True
    assert [event.text for event in observation.events if event.kind == "popup"] == [server.url("/garden")]


def test_a_page_that_closes_its_window_is_gone_at_once(open_session: OpenSession, server: PageServer) -> None:
    session = open_session(visit_timeout_s=15.0)
    closed = session.visit(Site(id="s", url=server.url("/closes-itself")), attempt=1, upcoming=None)
    assert closed.outcome is Outcome.CRASHED
    assert closed.timings.total_s < 10
    assert [event.text for event in closed.events if event.kind == "crash"] == ["the page closed its own window"]
    assert session.visit(Site(id="t", url=server.url("/login")), attempt=1, upcoming=None).outcome is Outcome.OBSERVED


def test_a_button_that_is_a_picture_is_waited_for(open_session: OpenSession, server: PageServer) -> None:
    observation = visit(open_session, server, "/picture-button")
    assert observation.detection is not None
    assert observation.detection.login is not None
    assert observation.detection.login.submit is not None
    assert (observation.detection.login.submit.selector, observation.ready_by) == ("#go", ReadyBy.FOUND)


def test_pages_are_laid_out_and_pictured_at_their_size(open_session: OpenSession, server: PageServer) -> None:
    size = UserProbe(name="size", source="() => [innerWidth, innerHeight, devicePixelRatio, visualViewport.scale]")
    session = open_session(probes=(size,), screenshots="all", screenshot_kind="png")
    observation = session.visit(Site(id="s", url=server.url("/login")), attempt=1, upcoming=None)
    assert observation.probes["size"]["value"] == [*VIEWPORT, 1, 1]
    assert observation.screenshot_path is not None
    picture = (session._store.run_folder / observation.screenshot_path).read_bytes()
    assert struct.unpack(">II", picture[16:24]) == VIEWPORT  # PNG's header


def test_a_page_whose_time_is_up_gets_little_for_its_picture(
    open_session: OpenSession, server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not answer gives none, and the visit would overrun its limit by as much as is waited for."""
    left_s: list[float] = []

    def take(page: object, *, kind: str, deadline: float) -> None:
        left_s.append(deadline - time.monotonic())

    monkeypatch.setattr("gridrunner.browser.visit.take_screenshot", take)
    session = open_session(visit_timeout_s=2.0, screenshots="all")
    for path in ("/login", "/busy"):
        session.visit(Site(id=path[1:], url=server.url(path)), attempt=1, upcoming=None)
    assert [STUCK_EVIDENCE_TIMEOUT_S < seconds <= EVIDENCE_TIMEOUT_S for seconds in left_s] == [True, False]


@pytest.mark.parametrize("path", ["/file", "/nothing"])
def test_nothing_is_awaited_of_a_tab_that_shows_nothing(
    open_session: OpenSession, server: PageServer, path: str
) -> None:
    observation = visit(open_session, server, path)
    assert (observation.outcome is Outcome.OBSERVED, observation.screenshot_path) == (False, None)
    assert observation.timings.evidence_s < 2
    assert [event.text for event in observation.events] == (["a.csv"] if path == "/file" else [])


def test_a_browser_that_leaves_empty_tabs_unanswered_gets_others(open_session: OpenSession, server: PageServer) -> None:
    session = open_session(visit_timeout_s=15.0, tabs=TabSettings(empty_tab_timeout_s=0.5))
    tabs_of(session).connection.send("Target.setDiscoverTargets", {"discover": True})  # as another client of it may
    for name in ("first", "second"):
        observation = session.visit(Site(id=name, url=server.url("/login")), attempt=1, upcoming=None)
        assert (observation.fault, observation.outcome) == (None, Outcome.OBSERVED)
        assert observation.timings.context_s < 5


def test_a_browser_that_refuses_empty_tabs_gets_others(open_session: OpenSession, server: PageServer) -> None:
    session = open_session(tabs=TabSettings(first_url="http://"))  # Chromium: "Failed to open a new tab"
    observation = session.visit(Site(id="s", url=server.url("/login")), attempt=1, upcoming=None)
    assert observation.outcome is Outcome.OBSERVED


def test_first_attempts_leave_media_out_and_say_nothing_of_it(open_session: OpenSession) -> None:
    asked: list[str] = []

    def answer(handler: Any) -> None:
        asked.append(handler.path)
        handler.reply(200, "x")

    page = LOGIN + "<audio src=/a.mp3?v=1 preload=auto></audio><img src=/b.png>"
    with PageServer({"/": page, "/a.mp3": answer, "/b.png": answer}) as served:
        session = open_session(is_lean=True)
        site = Site(id="s", url=served.url("/"))
        lean = session.visit(site, attempt=1, upcoming=None)
        wait_until(lambda: "/b.png" in asked, "the picture of the first attempt")
        assert (asked, lean.events) == (["/b.png"], ())
        full = session.visit(site, attempt=2, upcoming=None)
        wait_until(lambda: "/a.mp3?v=1" in asked, "the media of the second attempt")
    assert lean.detection == full.detection


def test_half_a_surrogate_pair_stops_nothing(open_session: OpenSession, server: PageServer) -> None:
    observation = visit(open_session, server, "/surrogate", attempt=2)
    assert (observation.outcome, observation.fault) == (Outcome.OBSERVED, None)
    assert observation.title == "half \ufffd pair"


def test_ready_says_what_it_rests_on(open_session: OpenSession, server: PageServer) -> None:
    assert visit(open_session, server, "/login").ready_by is ReadyBy.FOUND
    assert visit(open_session, server, "/garden").ready_by is ReadyBy.QUIET


def test_one_site_leaves_nothing_to_the_next(open_session: OpenSession, server: PageServer) -> None:
    session = open_session()
    read = UserProbe(
        name="stored", source="() => [document.cookie, Object.keys(localStorage), Object.keys(sessionStorage)]"
    )
    first = session.visit(Site(id="a", url=server.url("/remember")), attempt=1, upcoming=None, probes=(read,))
    assert first.probes["stored"] == {"value": ["a=1", ["b"], ["c"]]}
    second = session.visit(Site(id="b", url=server.url("/garden")), attempt=1, upcoming=None, probes=(read,))
    assert second.probes["stored"] == {"value": ["", [], []]}


@pytest.mark.parametrize("is_idle", [True, False])
def test_next_context_is_made_ahead_where_there_is_time(
    open_session: OpenSession, server: PageServer, is_idle: bool
) -> None:
    session = open_session()
    session._has_idle_core = lambda: is_idle
    site = Site(id="s", url=server.url("/login"))
    for _ in range(2):
        assert session.visit(site, attempt=1, upcoming=site).outcome is Outcome.OBSERVED
        assert tabs_of(session).has_spare is is_idle


def test_facts_are_kept_and_can_be_read(open_session: OpenSession, server: PageServer, tmp_path: Path) -> None:
    observation = visit(open_session, server, "/login")
    assert observation.facts_path is not None
    facts = json.loads(gzip.decompress((tmp_path / observation.facts_path).read_bytes()))
    assert facts["version"] == 1
    assert facts["title"] == "Log in"


@pytest.mark.parametrize("browser", [BrowserName.HEADLESS_SHELL, BrowserName.CHROMIUM])
def test_pages_are_as_large_in_every_browser(
    open_session: OpenSession, server: PageServer, browser: BrowserName
) -> None:
    size = UserProbe(name="size", source="() => [innerWidth, innerHeight, devicePixelRatio]")
    session = open_session(browser=browser)
    observation = session.visit(Site(id="s", url=server.url("/login")), attempt=1, upcoming=None, probes=(size,))
    assert (observation.outcome, observation.probes["size"]) == (Outcome.OBSERVED, {"value": [*VIEWPORT, 1]})


def test_screenshot_only_where_something_is_wrong(
    open_session: OpenSession, server: PageServer, tmp_path: Path
) -> None:
    expect = Expectation(login=ExpectedLogin.YES)
    assert visit(open_session, server, "/login", expect=expect).screenshot_path is None
    wrong = visit(open_session, server, "/garden", expect=expect)
    assert wrong.screenshot_path is not None
    assert (tmp_path / wrong.screenshot_path).read_bytes()[8:12] == b"WEBP"
    assert visit(open_session, server, "/login", expect=expect, attempt=2).screenshot_path is not None


def test_expected_selectors_are_resolved_across_roots_and_frames(open_session: OpenSession, server: PageServer) -> None:
    for path, host in (("/shadow", "x-login"), ("/frame", "#f"), ("/same-frame", "#f")):
        expect = Expectation(
            login=ExpectedLogin.YES, username=f"{host} >>> #user", password=f"{host} >>> [type=password]"
        )
        observation = visit(open_session, server, path, expect=expect)
        assert observation.detection is not None
        login = observation.detection.login
        assert login is not None, path
        expected = observation.probes["expected"]
        assert expected["username"]["matches"] == selector_of(login.username), path
        assert expected["password"]["matches"] == selector_of(login.password_current), path


def test_expected_selector_that_matches_nothing(open_session: OpenSession, server: PageServer) -> None:
    observation = visit(open_session, server, "/login", expect=Expectation(username="#nobody"))
    assert observation.probes["expected"] == {"username": {"selector": "#nobody", "matches": None}}
    assert observation.screenshot_path is not None


def test_steps_open_a_modal(open_session: OpenSession, server: PageServer) -> None:
    steps = (Step(kind=StepKind.CLICK, target="#open"), Step(kind=StepKind.WAIT_FOR, target="#pass"))
    observation = visit(open_session, server, "/modal", steps=steps)
    assert observation.detection is not None
    assert (observation.outcome, observation.detection.login_present) == (Outcome.OBSERVED, True), observation.detail


def test_steps_go_through_a_navigation(open_session: OpenSession, server: PageServer) -> None:
    steps = (
        Step(kind=StepKind.FILL, target="#who", value="nobody@example.org"),
        Step(kind=StepKind.CLICK, target="#next"),
        Step(kind=StepKind.WAIT_FOR, target="#pass"),
    )
    observation = visit(open_session, server, "/two-steps", steps=steps)
    assert observation.outcome is Outcome.OBSERVED, observation.detail
    assert observation.url.endswith("/second")


@pytest.mark.parametrize(
    ("path", "target", "reason"),
    [
        ("/login", "#nobody", "nothing on the page matches it"),
        ("/covered", "#go", "div#wall lies over it"),
    ],
)
def test_step_that_cannot_be_done_says_why(
    open_session: OpenSession, server: PageServer, path: str, target: str, reason: str
) -> None:
    observation = visit(
        open_session, server, path, steps=(Step(kind=StepKind.CLICK, target=target),), visit_timeout_s=6.0
    )
    assert observation.outcome is Outcome.STEP_FAILED
    assert observation.detail.startswith(f"step 1 (click: {target}): ")
    assert reason in observation.detail
    assert observation.screenshot_path is not None


def test_killed_browser_is_a_fault_and_never_an_outcome(open_session: OpenSession, server: PageServer) -> None:
    session = open_session(visit_timeout_s=30.0)
    timer = threading.Timer(0.6, session.kill)
    timer.start()
    observation = session.visit(Site(id="s", url=server.url("/stall")), attempt=1, upcoming=None)
    timer.join()
    assert observation.outcome is None
    assert observation.fault is not None
    assert observation.fault.kind is FaultKind.SESSION_LOST


def test_nothing_is_left_behind(open_session: OpenSession, server: PageServer) -> None:
    session = open_session()
    session.visit(Site(id="s", url=server.url("/login")), attempt=1, upcoming=None)
    assert children_of_this_process() != []
    session.close()
    assert children_of_this_process() == []


def children_of_this_process() -> list[str]:
    """Command lines of living descendants that are browsers or drivers."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,comm="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 3) for line in listed.splitlines()]
    parents, children = {str(os.getpid())}, []
    for pid, ppid, stat, name in rows:
        if ppid in parents:
            parents.add(pid)
            if ("chrom" in name or "headless" in name) and not stat.startswith("Z"):
                children.append(name)
    return children


def test_user_probe_that_throws_is_data(open_session: OpenSession, server: PageServer) -> None:
    broken = UserProbe(name="mine.js", source="() => { throw new Error('mine is broken') }")
    observation = open_session().visit(
        Site(id="s", url=server.url("/login")), attempt=1, upcoming=None, probes=(broken,)
    )
    assert observation.outcome is Outcome.OBSERVED
    assert "mine is broken" in observation.probes["mine.js"]["error"]


WALL = (
    "<div id=cookie-wall style='position:fixed;inset:0;background:#fff'>We use cookies<button id=no "
    "onclick=\"setTimeout(() => document.getElementById('cookie-wall').remove(), 150)\">Alle ablehnen</button>"
    "<button id=yes>Alle akzeptieren</button></div>"
)
NAME_FIRST = (
    "<!doctype html><html lang=en><title>Sign in</title><h1>Sign in</h1>"
    '<form onsubmit="event.preventDefault(); const name ='
    " document.getElementById('name').value; setTimeout(() => { if (name != 'nobody') document.body.innerHTML ="
    " '<h1>Welcome ' + name + '</h1><form><input type=password id=p aria-label=Password><button>Sign in</button>"
    "</form>' },"
    ' 200)"><label>E-mail or phone <input id=name autocomplete=username></label>BUTTON</form>'
    "<a href=/new>Create account</a>"
)
FURTHER_PAGES = {
    "/name-first": NAME_FIRST.replace("BUTTON", "<button>Next</button>"),
    "/name-only": NAME_FIRST.replace("BUTTON", ""),
    "/home": "<!doctype html><html lang=de><title>Bank</title><a href=/contact>Kontakt</a>"
    "<a href=/signup>Konto eröffnen"
    "</a><a href=/login>Anmelden</a><h1>Willkommen</h1>" + "<p>Ihre Bank. </p>" * 40,
    "/walled-home": "<!doctype html><html lang=de><title>Bank</title><a href=/login>Anmelden</a>" + WALL,
    "/walled": LOGIN + WALL,
    "/login": LOGIN,
    "/garden": NO_LOGIN,
}


@pytest.fixture(scope="module")
def further() -> Iterator[PageServer]:
    with PageServer(FURTHER_PAGES) as served:
        yield served


FOLLOW = Step(kind=StepKind.FOLLOW, target="login-link")
DISMISS = Step(kind=StepKind.DISMISS, target="cookie-wall")


def steps_of(observation: Observation) -> list[str]:
    return [event.text for event in observation.events if event.kind == "step"]


def test_login_link_is_followed_in_the_pages_language(open_session: OpenSession, further: PageServer) -> None:
    observation = visit(open_session, further, "/home", steps=(FOLLOW,))
    assert observation.detection is not None
    assert (observation.url.rpartition("/")[2], observation.detection.login_present) == ("login", True), (
        observation.detail
    )
    assert steps_of(observation) == ["follows 'Anmelden'", "step 1 (follow: login-link)"]


@pytest.mark.parametrize(("path", "presses"), [("/name-first", "'Next'"), ("/name-only", "Enter")])
def test_throwaway_name_leads_to_the_password(
    open_session: OpenSession, further: PageServer, path: str, presses: str
) -> None:
    observation = visit(open_session, further, path, limits=StepLimits(password_s=10.0), steps=(GIVE_NAME,))
    assert observation.detection is not None, observation.detail
    assert observation.detection.login is not None
    assert observation.detection.login.step is LoginStep.PASSWORD
    assert steps_of(observation) == [
        f"gives the name 'throwaway@example.org' and presses {presses}",
        "step 1 (identify: throwaway@example.org)",
    ]


def test_name_that_leads_nowhere_is_said(open_session: OpenSession, further: PageServer) -> None:
    observation = visit(open_session, further, "/name-first", limits=StepLimits(password_s=0.5), steps=(UNKNOWN_NAME,))
    assert observation.detection is not None, observation.detail
    assert observation.detection.login is not None
    assert observation.detection.login.step is LoginStep.IDENTIFIER
    assert steps_of(observation)[1] == "no password is asked for within 0.5 s"


def test_whole_login_is_given_no_name(open_session: OpenSession, further: PageServer) -> None:
    observation = visit(open_session, further, "/login", steps=(Step(kind=StepKind.IDENTIFY, target="nobody"),))
    assert observation.outcome is Outcome.OBSERVED
    assert steps_of(observation)[0] == "the login asks for the password already: no name is given"


def test_page_without_a_first_step_says_so(open_session: OpenSession, further: PageServer) -> None:
    observation = visit(open_session, further, "/garden", steps=(Step(kind=StepKind.IDENTIFY, target="nobody"),))
    assert observation.outcome is not Outcome.OBSERVED
    assert "no first step of a login" in observation.detail


def test_wall_is_seen_past_and_dismissed_only_when_asked(open_session: OpenSession, further: PageServer) -> None:
    observation = visit(open_session, further, "/walled")
    assert observation.detection is not None
    assert (observation.detection.login_present, steps_of(observation)) == (True, [])
    assert observation.detection.insertion_point is not None
    assert "the field lies under div#cookie-wall" in " ".join(observation.detection.insertion_point.evidence)

    asked = visit(open_session, further, "/walled", steps=(DISMISS,))
    assert asked.detection is not None
    assert asked.detection.insertion_point is not None
    assert "lies under" not in " ".join(asked.detection.insertion_point.evidence)
    assert steps_of(asked) == ["dismisses a cookie wall with 'Alle ablehnen'", "step 1 (dismiss: cookie-wall)"]

    site = Site(id="s", url=further.url("/walled"))
    by_itself = open_session(dismiss_walls=True).visit(site, attempt=1, upcoming=None)
    assert by_itself.detection is not None
    assert by_itself.detection.insertion_point == asked.detection.insertion_point
    assert steps_of(by_itself) == ["dismisses a cookie wall with 'Alle ablehnen'"]


def test_wall_before_a_login_link(open_session: OpenSession, further: PageServer) -> None:
    observation = visit(open_session, further, "/walled-home", steps=(DISMISS, FOLLOW))
    assert (observation.outcome, observation.url.rpartition("/")[2]) == (Outcome.OBSERVED, "login"), observation.detail


def test_page_without_a_wall_goes_on(open_session: OpenSession, further: PageServer) -> None:
    observation = visit(open_session, further, "/garden", steps=(DISMISS,))
    assert observation.outcome is Outcome.OBSERVED
    assert steps_of(observation) == ["sees no cookie wall", "step 1 (dismiss: cookie-wall)"]
    failed = visit(open_session, further, "/garden", steps=(FOLLOW,), visit_timeout_s=8.0)
    assert failed.outcome is Outcome.STEP_FAILED
    assert "no link or button of the page says that it leads to a login" in failed.detail
