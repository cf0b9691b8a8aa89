"""Contexts of one session leave by proxies of their own: what proxies and server saw, and what is whose fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gridrunner.model import FaultKind, Outcome, Site
from gridrunner.settings.egress import Egress
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
