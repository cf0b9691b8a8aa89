"""Pages that try to reach what is private, in every way that we know of: nothing of it comes, from whatever origin."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import urllib3
import websocket

from gridrunner.browser.binaries import find_browser
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.guarding import make_guard
from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.browser.reach import find_places
from gridrunner.browser.session import BrowserSession
from gridrunner.browser.visit import VisitSettings
from gridrunner.grid.hubs import webdriver
from gridrunner.grid.hubs.local import LocalHub
from gridrunner.grid.hubs.processes import start_chromedriver
from gridrunner.grid.hubs.sandbox import with_sandbox
from gridrunner.model import Observation, Outcome, Site
from gridrunner.settings.grid import BrowserName
from tests.support.page_server import PageServer
from tests.support.reach_attacks import IN_PAGE, LEAVING, SPELLINGS, WAYS, Listener, make_pages

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("browser", [BrowserName.HEADLESS_SHELL, BrowserName.CHROMIUM]),
]

ORIGINS = ("page.evil.example", "page.demo.localhost")
"""A page without a certificate; one that browsers trust as if it had one, and chromedriver as itself."""

REBOUND = "rebound.evil.example"
"""A name of the attacker's that leads to loopback."""

WITHOUT_BYTES = {
    *("window", "window-alone", "window-later", "window-post"),  # windows stay closed, whatever is allowed
    *("stun", "turn", "turns", "candidate-tcp", "candidate-udp"),  # WebRTC goes by the address alone
    *(
        "preconnect",
        "transport",
        "address-space",
    ),  # no byte of the page's; QUIC to what answers; another space than said
    *("refresh", "leaving-refresh", "speculation"),  # slower than the visit; full Chromium does not
}
"""Ways that bring nothing even where the place is allowed."""

RELAYS = {"turn", "turns"}
"""Chromium 156 checks the addresses of relays, and not where their names lead: such a port gets the greeting of TURN or
TLS, of which a page chooses the host name alone."""

OpenSession = Callable[..., BrowserSession]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener(list(WAYS)) as listening:
        yield listening


@pytest.fixture
def open_session(tmp_path: Path) -> Iterator[OpenSession]:
    """Opens a session for pages that `server` shows under the names of ORIGINS, as a run does for replicas."""
    opened: list[BrowserSession] = []

    def open_one(browser: BrowserName, server: PageServer, *allowed: str) -> BrowserSession:
        rules = [f"MAP {REBOUND} 127.0.0.1", *(f"MAP {host} 127.0.0.1:{server.port}" for host in ORIGINS)]
        hub = LocalHub(
            browser=find_browser(browser, os.environ),
            browsers=1,
            options=SessionOptions(name="test", host_rules=tuple(rules), places=find_places((), allowed)),
            settings=VisitSettings(guard=make_guard([f"http://{host}/" for host in ORIGINS], ())),
            store=EvidenceStore(run_folder=tmp_path),
        )
        opened.append(hub.open_session(slot="1", timeout_s=60))
        return opened[-1]

    yield open_one
    for session in opened:
        session.kill()


def visit(session: BrowserSession, host: str, path: str) -> Observation:
    seen = session.visit(Site(id="a", url=f"http://{host}{path}"), attempt=1, upcoming=None)
    assert seen.fault is None
    return seen


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_page_connects_to_loopback(
    open_session: OpenSession, listener: Listener, browser: BrowserName, origin: str
) -> None:
    with PageServer(make_pages(listener, "127.0.0.1")) as server:
        session = open_session(browser, server)
        assert visit(session, origin, "/").outcome is Outcome.OBSERVED
        visit(session, origin, "/spellings")
        for way in LEAVING:
            visit(session, origin, f"/leaving/{way}")
    assert listener.connected() == []


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_name_that_leads_to_loopback_gets_no_byte(
    open_session: OpenSession, listener: Listener, browser: BrowserName, origin: str
) -> None:
    """DNS rebinding: where a name leads is known when the connection is there, and then nothing is sent."""
    with PageServer(make_pages(listener, REBOUND)) as server:
        assert visit(open_session(browser, server), origin, "/").outcome is Outcome.OBSERVED
    assert set(listener.talked()) <= RELAYS
    assert listener.connected(), "or nothing was shown: the name leads there"


@pytest.mark.parametrize("origin", ORIGINS)
def test_no_page_goes_to_a_name_that_leads_to_loopback(
    open_session: OpenSession,
    listener: Listener,
    browser: BrowserName,
    origin: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_up = socket.getaddrinfo

    def rebind(host: str, *arguments: Any, **more: Any) -> Any:
        return look_up("127.0.0.1" if host == REBOUND else host, *arguments, **more)

    monkeypatch.setattr("socket.getaddrinfo", rebind)
    with PageServer(make_pages(listener, REBOUND)) as server:
        session = open_session(browser, server)
        seen = [visit(session, origin, f"/leaving/{way}") for way in LEAVING]
    assert listener.talked() == []
    events = [event.text for observation in seen for event in observation.events if event.kind == "network-failure"]
    assert [
        text for text in events if text.startswith("leads to a private address that no list names: http://rebound.")
    ]


def test_what_is_allowed_is_reached(open_session: OpenSession, listener: Listener, browser: BrowserName) -> None:
    """The same pages, allowed to: the ways are ways, and --allow-private opens them."""
    with PageServer(make_pages(listener, "127.0.0.1")) as server:
        session = open_session(browser, server, "127.0.0.0/8", "localhost")
        visit(session, ORIGINS[1], "/")
        for way in LEAVING:
            visit(session, ORIGINS[1], f"/leaving/{way}")
    missing = {*IN_PAGE, *(f"leaving-{way}" for way in LEAVING)} - set(listener.talked())
    assert missing <= WITHOUT_BYTES


def test_one_port_is_allowed_and_no_other(open_session: OpenSession, listener: Listener, browser: BrowserName) -> None:
    port = listener.ports["fetch"]
    with PageServer(make_pages(listener, "127.0.0.1")) as server:
        visit(open_session(browser, server, f"127.0.0.1:{port}"), ORIGINS[0], "/")
    assert listener.talked() == ["fetch"]
    assert listener.connected() == ["fetch"]


def test_spellings_are_ways(open_session: OpenSession, listener: Listener, browser: BrowserName) -> None:
    with PageServer(make_pages(listener, "127.0.0.1")) as server:
        visit(open_session(browser, server, "127.0.0.0/8", "localhost", "a.b.localhost"), ORIGINS[1], "/spellings")
    assert set(listener.talked()) >= {"127.0.0.1", "localhost", "a.b.localhost", "2130706433", "127.1", "0x7f.1"}
    assert set(listener.talked()) <= set(SPELLINGS) - {"0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"}


def test_devtools_answers_no_page(browser: BrowserName) -> None:
    """Who knows its port and even its secret path: a page's WebSocket says where it comes from, and its requests read
    nothing and change nothing.
    """
    found = with_sandbox(find_browser(browser, os.environ))
    process = start_chromedriver(found.chromedriver, user=found.user)
    try:
        options = make_options(SessionOptions(name="test"), found)
        session = webdriver.open_session(process.url, options, hub="local", timeout_s=60)
        address = webdriver.devtools_url(session, process.url)
        for origin in (*(f"http://{host}" for host in ORIGINS), "http://localhost", "https://example.org", "null"):
            with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
                websocket.create_connection(address, origin=origin, timeout=30)
        root = f"http://127.0.0.1:{urlsplit(address).port}"
        for path in ("/json/version", "/json/list"):
            answer = urllib3.request("GET", root + path, headers={"Origin": "http://localhost"}, retries=False)
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert urllib3.request("GET", root + path, headers={"Host": REBOUND}, retries=False).status == 500
        assert urllib3.request("GET", f"{root}/json/new?http://localhost/", retries=False).status == 405
        assert (
            "Access-Control-Allow-Methods" not in urllib3.request("OPTIONS", f"{root}/json/new", retries=False).headers
        )
    finally:
        process.end()
