"""Contexts of one session leave by proxies of their own: what proxies and server saw, and what is whose fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gridrunner.model import FaultKind, Outcome, Site
from gridrunner.settings.egress import Egress
from gridrunner.settings.visits import Robots
from tests.browser.conftest import OpenSession
from tests.support.page_server import PageServer
from tests.support.proxies import Proxy

pytestmark = pytest.mark.browser

LOGIN = "<!doctype html><title>{}</title><form><input name=user><input type=password><button>Log in</button></form>"
HIDDEN = "hunter2-secret"


@pytest.fixture
def server() -> Iterator[PageServer]:
    def say_the_way(handler: Any) -> None:
        handler.reply(200, LOGIN.format(handler.headers.get("Via", "direct")))

    with PageServer({"/": say_the_way}) as running:
        yield running


def site(name: str, *tags: str) -> Site:
    return Site(id=name, url=f"http://{name}.example/", tags=tags)


def test_contexts_of_one_session_leave_by_both_proxies_and_a_dead_one_costs_no_verdict(
    server: PageServer, open_session: OpenSession
) -> None:
    with (
        Proxy("http", server.port, stamp="vienna", login=f"ada:{HIDDEN}") as vienna,
        Proxy("socks5", server.port) as tokyo,
        Proxy("http", server.port) as gone,
    ):
        dead = gone.server
        gone.__exit__(None, None, None)
        session = open_session(
            egresses=(
                Egress(name="vienna", server=vienna.server, region="AT", user="ada", password=HIDDEN, tags=("at",)),
                Egress(name="tokyo", server=tokyo.server, region="JP", tags=("jp",)),
                Egress(name="wrong", server=vienna.server, user="ada", password="no", tags=("wrong",)),
                Egress(name="gone", server=dead, tags=("gone",)),
            )
        )

        def visit(name: str, *tags: str, attempt: int = 1) -> Any:
            return session.visit(site(name, *tags), attempt=attempt, upcoming=site("next", "jp"))

        one, two = visit("one", "at"), visit("two", "jp")
        assert (one.outcome, one.title, one.visitor["egress"]) == (Outcome.OBSERVED, "1.1 vienna", "vienna (AT)")
        assert (two.outcome, two.title, two.visitor["egress"]) == (Outcome.OBSERVED, "direct", "tokyo (JP)")
        assert (set(vienna.asked), set(tokyo.asked)) == ({"one.example"}, {"two.example"})
        assert vienna.refused == 1, "the password is asked for once"

        again = visit("three", "at", attempt=2)
        assert (again.title, again.visitor["egress"]) == ("direct", "tokyo (JP)")

        for name in ("wrong", "gone"):
            lost = visit("four", name)
            assert lost.outcome is None, name
            assert lost.fault is not None, name
            assert lost.fault.kind is FaultKind.NETWORK, name
            assert f"egress {name}: " in lost.fault.message
            session = open_session(beside=session)  # as a run does after a fault

        unreached = visit("dead", "jp")
        assert (unreached.outcome, unreached.detail) == (Outcome.UNREACHABLE, "net::ERR_SOCKS_CONNECTION_FAILED")
        assert HIDDEN not in repr((one, two, again, unreached, session._settings))


def test_replicas_and_other_loopback_hosts_leave_by_no_proxy(server: PageServer, open_session: OpenSession) -> None:
    with Proxy("http", server.port, stamp="vienna") as vienna:
        session = open_session(egresses=(Egress(name="vienna", server=vienna.server),), egress="vienna")
        seen = session.visit(Site(id="a", url=server.url("/", "shop.demo.localhost")), attempt=1, upcoming=None)
        assert (seen.title, vienna.asked) == ("direct", [])


def test_the_proxy_of_the_environment_is_the_browsers_too(
    server: PageServer, open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Proxy("http", server.port, stamp="office") as office:
        monkeypatch.setenv("http_proxy", office.server)
        monkeypatch.setenv("no_proxy", "10.0.0.0/8,near.example")
        session = open_session()
        seen = session.visit(site("far"), attempt=1, upcoming=None)
        assert (seen.outcome, seen.title) == (Outcome.OBSERVED, "1.1 office")
        for url in ("http://10.1.2.3:9/", "http://near.example/", server.url("/", "shop.demo.localhost")):
            session.visit(Site(id="a", url=url, visit_timeout_s=2.0), attempt=1, upcoming=None)
        assert set(office.asked) == {"far.example"}


def test_robots_txt_is_heeded_where_that_is_asked_for_and_read_once_by_the_way_of_the_visit(
    open_session: OpenSession,
) -> None:
    asked: list[str] = []

    def answer(handler: Any) -> None:
        asked.append(handler.path)
        if handler.path == "/robots.txt":
            handler.reply(200, "User-agent: *\nDisallow: /private\n", Content_Type="text/plain")
        else:
            handler.reply(200, LOGIN.format("in"))

    pages = dict.fromkeys(("/robots.txt", "/private/login", "/login"), answer)
    with PageServer(pages) as server, Proxy("http", server.port) as proxy:
        session = open_session(egresses=(Egress(name="e", server=proxy.server),), egress="e", robots=Robots.RESPECT)

        def visit(path: str, host: str = "http://one.example") -> Any:
            return session.visit(Site(id="a", url=host + path), attempt=1, upcoming=None)

        left_out, seen = visit("/private/login"), visit("/login")
        assert (left_out.outcome, left_out.blocked_by) == (Outcome.BLOCKED, "robots.txt")
        assert left_out.detail == "not visited: robots.txt forbids /private/login (--robots respect)"
        assert (seen.outcome, seen.title) == (Outcome.OBSERVED, "in")
        assert asked == ["/robots.txt", "/login"]
        ours = visit("/private/login", server.url("", "shop.demo.localhost"))
        assert (ours.outcome, asked[2:]) == (Outcome.OBSERVED, ["/private/login"])
