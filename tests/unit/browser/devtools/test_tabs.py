"""The tabs of a lane: made ahead, handed out one at a time, and blank where a browser serves no empty ones."""

from __future__ import annotations

from typing import Any, cast

import pytest

from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.tab import BLANK, NOWHERE
from gridrunner.browser.devtools.tabs import DevToolsTabs
from gridrunner.browser.port import CommandFailed
from gridrunner.browser.tab_settings import TabSettings
from tests.support.fake_connection import FakeConnection


@pytest.fixture
def connection() -> FakeConnection:
    return FakeConnection()


def make_tabs(connection: FakeConnection, **settings: Any) -> DevToolsTabs:
    has_own_context = settings.pop("has_own_context", True)
    return DevToolsTabs(
        cast("Connection", connection), settings=TabSettings(**settings), has_own_context=has_own_context
    )


def urls_of(connection: FakeConnection) -> list[str]:
    """What the tabs that were asked for begin with."""
    return [params["url"] for method, params in connection.sent if method == "Target.createTarget"]


def test_the_page_made_ahead_is_the_next_one(connection: FakeConnection) -> None:
    tabs = make_tabs(connection)
    first = tabs.take(deadline=0.0)
    spares = [tabs.has_spare]
    for _ in range(2):
        tabs.prepare_ahead()
        spares.append(tabs.has_spare)
    assert spares == [False, True, True]
    tabs.give_back(first)
    second = tabs.take(deadline=0.0)
    assert second is not first
    assert urls_of(connection) == [NOWHERE, NOWHERE]


def test_page_given_back_is_thrown_away_and_told_at_once(connection: FakeConnection) -> None:
    tabs = make_tabs(connection)
    tabs.give_back(tabs.take(deadline=0.0))
    assert connection.methods()[-1] == "Target.disposeBrowserContext"
    assert connection.flushes == 1


def test_browser_that_serves_no_empty_tabs_gets_blank_ones_from_then_on(connection: FakeConnection) -> None:
    attach = connection.answers.pop("Target.attachToTarget")
    connection.silent.add("Target.attachToTarget")
    tabs = make_tabs(connection, empty_tab_timeout_s=0.0)

    def serve_blank_tabs(method: str, params: dict[str, Any]) -> None:
        if method == "Target.createTarget" and params["url"] == BLANK:
            connection.silent.clear()
            connection.answers["Target.attachToTarget"] = attach

    connection.on_send = serve_blank_tabs
    first = tabs.take(deadline=0.0)
    tabs.give_back(first)
    tabs.take(deadline=0.0)
    assert urls_of(connection) == [NOWHERE, BLANK, BLANK]


def test_browser_that_makes_no_tab_at_all_says_why(connection: FakeConnection) -> None:
    connection.answers["Target.createTarget"] = None
    with pytest.raises(CommandFailed, match=r"Target\.createTarget: refused"):
        make_tabs(connection).take(deadline=0.0)


def test_page_that_closes_its_own_window_has_crashed_while_it_is_used(connection: FakeConnection) -> None:
    tabs = make_tabs(connection)
    page = tabs.take(deadline=0.0)
    connection.tell("Target.detachedFromTarget", "", sessionId="another tab")
    assert page.state.events == []
    connection.tell("Target.detachedFromTarget", "", sessionId="tab")
    assert [event.text for event in page.state.events] == ["the page closed its own window"]


def test_extensions_get_the_first_context_whose_tab_is_closed_alone(connection: FakeConnection) -> None:
    tabs = make_tabs(connection, has_own_context=False)
    tabs.give_back(tabs.take(deadline=0.0))
    assert "Target.createBrowserContext" not in connection.methods()
    assert connection.sent[-1] == ("Target.closeTarget", {"targetId": "top"})
