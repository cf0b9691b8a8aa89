"""A one-click button really put at the insertion point of small pages: what works, and what is noticed otherwise."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from dom_probes.suite.expectations import Conclusion
from dom_probes.suite.insertion import judge_trial
from gridrunner.browser.devtools.page import DevToolsPage
from gridrunner.browser.options import VIEWPORT
from gridrunner.model import INSERTION_PROBE, Expectation, ExpectedLogin, Observation, Site, Step, StepKind
from tests.browser.conftest import OpenSession
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

STYLES = "<style>form{width:340px;max-width:90%;margin:60px auto}input{display:block;width:100%;height:40px}</style>"
FORM = (
    "<form><h1>Log in</h1><label>E-mail <input id=user type=email></label><label>Password <input id=pass type=password>"
    "</label><button>Log in</button></form>"
)
LOGIN = (
    f"<!doctype html><html lang=en><title>Log in</title><meta name=viewport content='width=device-width'>{STYLES}{FORM}"
)
PAGES = {
    "/plain": LOGIN,
    "/rtl": LOGIN.replace("<html lang=en>", "<html lang=ar dir=rtl>"),
    "/transformed": LOGIN.replace("<form>", "<form style='transform:translate(30px,20px) scale(1.1)'>").replace(
        "<html lang=en>", "<html lang=en style='transform:translateZ(0);padding:25px'>"
    ),
    "/modal": f"<!doctype html><html lang=en><title>Shop</title>{STYLES}<p>Shop</p>"
    f"<dialog id=d style='width:400px'>{FORM}"
    "</dialog><button id=open onclick='d.showModal()'>Log in</button>",
    "/shadow": "<!doctype html><html lang=en><title>Log in</title><x-login></x-login><script>"
    "customElements.define('x-login', class extends HTMLElement "
    f"{{ connectedCallback() {{ this.attachShadow({{mode: 'open'}}).innerHTML = `{STYLES}{FORM}`"
    " }})</script>",
    "/frame": "<!doctype html><html lang=en><title>Log in</title><div style='height:1200px'>Read</div>"
    "<iframe id=f src='http://other.localhost:PORT/plain' width=600 height=420></iframe>",
    "/below": LOGIN.replace("<form>", "<div style='height:5000px'>Read</div><form>"),
    "/restless": LOGIN + "<p id=p></p><script>setInterval(() => p.textContent = performance.now(), 20)</script>",
    "/no-phone": LOGIN.replace("</style>", "@media(max-width:600px){form{display:none}}</style>"),
    "/closes": LOGIN + "<script>addEventListener('mousedown', (event) => { if (!event.target.closest('form')) "
    "document.querySelector('form').remove() })</script>",
    "/swallows": LOGIN
    + "<script>addEventListener('click', (event) => event.stopImmediatePropagation(), true)</script>",
    "/jumps": LOGIN + "<script>new MutationObserver(() => document.body.style.paddingTop = '30px').observe("
    "document.documentElement, {childList: true})</script>",
    "/traces": LOGIN
    + "<script>addEventListener('mousemove', (event) => { if (event.clientX > 99) document.body.dataset.seen = 1 "
    "})</script>",
    "/walled": LOGIN + "<div id=wall style='position:fixed;inset:0;z-index:2147483647;background:#fff'>cookies?</div>"
    "<script>new MutationObserver((_, self) => { self.disconnect(); document.documentElement.append(wall) }).observe("
    "document.documentElement, {childList: true})</script>",
}


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer({"/plain": LOGIN}) as other:
        frame = PAGES["/frame"].replace("PORT", str(other.port))
        with PageServer({**PAGES, "/frame": frame}) as served:
            yield served


SIZE = "() => [innerWidth, innerHeight, scrollX, scrollY, document.querySelectorAll('gridrunner-button').length]"


def try_page(
    open_session: OpenSession, server: PageServer, path: str, **site: Any
) -> tuple[dict[str, Any], Observation]:
    observation: Observation = open_session(try_insertion=True, visit_timeout_s=15.0).visit(
        Site(id="s", url=server.url(path), expect=Expectation(login=ExpectedLogin.YES), **site),
        attempt=1,
        upcoming=None,
    )
    assert INSERTION_PROBE in observation.probes, observation.detail or observation.detection
    return observation.probes[INSERTION_PROBE], observation


def judge(observation: Observation) -> tuple[Conclusion, str]:
    judgement = judge_trial(Expectation(login=ExpectedLogin.YES), observation)
    return judgement.conclusion, judgement.message


@pytest.mark.parametrize("path", ["/plain", "/rtl", "/transformed", "/shadow", "/frame", "/modal", "/below"])
def test_button_works_and_leaves_no_trace(open_session: OpenSession, server: PageServer, path: str) -> None:
    steps = (Step(kind=StepKind.CLICK, target="#open"),) if path == "/modal" else ()
    trial, observation = try_page(open_session, server, path, steps=steps)
    assert (trial["is_tried"], trial["reason"]) == (True, "")
    assert (trial["is_clicked"], trial["is_trusted"], trial["is_focus_kept"]) == (True, True, True)
    assert (trial["moved_px"], trial["is_gone"], trial["is_equal"]) == (0, True, True)
    assert (trial["phone"]["is_visible"], trial["phone"]["gap_px"]) == (True, 0)
    assert judge(observation) == (Conclusion.PASSED, "")


def test_end_of_a_field_is_left_where_people_read_from_the_right(open_session: OpenSession, server: PageServer) -> None:
    for path, is_left in (("/plain", False), ("/rtl", True)):
        trial, observation = try_page(open_session, server, path)
        assert observation.detection is not None
        point = observation.detection.insertion_point
        assert point is not None
        assert point.anchor.box is not None
        assert (point.box.x < point.anchor.box.x + point.anchor.box.width / 2) is is_left
        assert (trial["phone"]["box"][0] < 390 / 2) is is_left


def test_viewport_and_page_are_as_before(
    open_session: OpenSession, server: PageServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = open_session(try_insertion=True)
    pages: list[Any] = []
    discard = DevToolsPage.discard

    def look_and_discard(page: DevToolsPage) -> None:
        pages.append(page.run(SIZE, deadline=time.monotonic() + 5))
        discard(page)

    monkeypatch.setattr(DevToolsPage, "discard", look_and_discard)
    for path in ("/plain", "/frame", "/swallows"):
        session.visit(Site(id="s", url=server.url(path)), attempt=1, upcoming=None)
    assert pages == [[*VIEWPORT, 0, 0, 0]] * 3


def test_page_that_changes_by_itself_is_not_blamed_on_the_button(open_session: OpenSession, server: PageServer) -> None:
    trial, observation = try_page(open_session, server, "/restless")
    assert (trial["is_equal"], trial["is_restless"]) == (False, True)
    assert judge(observation) == (Conclusion.PASSED, "")


def test_form_that_a_phone_does_not_show_is_said(open_session: OpenSession, server: PageServer) -> None:
    trial, observation = try_page(open_session, server, "/no-phone")
    assert not trial["phone"]["is_field_visible"]
    assert judge(observation) == (Conclusion.PASSED, "on a phone's width the field itself is not shown")


def test_click_outside_of_a_form_does_not_reach_the_page(open_session: OpenSession, server: PageServer) -> None:
    trial, _ = try_page(open_session, server, "/closes")
    assert (trial["is_clicked"], trial["is_equal"]) == (True, True)


@pytest.mark.parametrize(
    ("path", "conclusion", "words"),
    [
        ("/swallows", Conclusion.FAILED, "was clicked, and the click did not arrive"),
        ("/jumps", Conclusion.FAILED, "px; leaves a trace"),
        ("/traces", Conclusion.FAILED, "leaves a trace: the page is another one"),
        ("/walled", Conclusion.SKIPPED, "was not clicked: div#wall lies over it"),
    ],
)
def test_what_goes_wrong_is_noticed(
    open_session: OpenSession, server: PageServer, path: str, conclusion: Conclusion, words: str
) -> None:
    _, observation = try_page(open_session, server, path)
    concluded, message = judge(observation)
    assert concluded is conclusion, message
    assert words in message


def test_page_without_a_point_is_not_tried(open_session: OpenSession, server: PageServer) -> None:
    with PageServer({"/": "<!doctype html><title>x</title><h1>Roses</h1>" + "<p>Roses need sun.</p>" * 20}) as garden:
        observation = open_session(try_insertion=True).visit(
            Site(id="s", url=garden.url("/")), attempt=1, upcoming=None
        )
    assert INSERTION_PROBE not in observation.probes
