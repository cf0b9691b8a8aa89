"""A page whose browser answers at once, as written here: what a visit asks, and what becomes of bad answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from gridrunner.browser.devtools.connection import Connection
from gridrunner.browser.devtools.page import DevToolsPage
from gridrunner.browser.page_state import PageFrame
from gridrunner.browser.port import CommandFailed, PageGone
from tests.support.fake_connection import FakeConnection


@pytest.fixture
def connection() -> FakeConnection:
    return FakeConnection()


@pytest.fixture
def page(connection: FakeConnection) -> DevToolsPage:
    page = DevToolsPage(cast("Connection", connection))
    page.prepare()
    page.wait_until_prepared(deadline=0.0)
    connection.sent.clear()
    return page


def test_tab_is_made_in_a_context_of_its_own_and_thrown_away_with_it(
    connection: FakeConnection, page: DevToolsPage
) -> None:
    assert (page.main_frame, page.target, page.context) == ("top", "tab", "context")
    page.discard()
    assert connection.sent == [("Target.disposeBrowserContext", {"browserContextId": "context"})]


def test_context_that_cannot_be_made_is_said(connection: FakeConnection) -> None:
    connection.answers["Target.createTarget"] = None
    page = DevToolsPage(cast("Connection", connection))
    page.prepare()
    with pytest.raises(CommandFailed, match=r"Target\.createTarget: refused"):
        page.wait_until_prepared(deadline=0.0)


def test_javascript_runs_in_a_world_that_is_made_once_per_document(
    connection: FakeConnection, page: DevToolsPage
) -> None:
    connection.answers["Runtime.callFunctionOn"] = {"result": {"value": 3}}
    assert [page.run("f", 1, deadline=0.0), page.run("f", 2, deadline=0.0)] == [3, 3]
    assert connection.methods() == ["Page.createIsolatedWorld", "Runtime.callFunctionOn", "Runtime.callFunctionOn"]


def test_closed_roots_follow_the_arguments(connection: FakeConnection, page: DevToolsPage) -> None:
    connection.answers["Runtime.callFunctionOn"] = {"result": {"value": None}}
    page.run("copy", {"style_bytes": 9}, with_closed_roots=True, deadline=0.0)
    method, params = connection.sent[-1]
    assert (method, params["arguments"]) == (
        "Runtime.callFunctionOn",
        [{"value": {"style_bytes": 9}}, {"objectId": "element"}],
    )


def test_javascript_that_throws_is_a_refusal_in_its_first_line(connection: FakeConnection, page: DevToolsPage) -> None:
    thrown = {"exceptionDetails": {"exception": {"description": "TypeError: no\n at f"}}, "result": {}}
    connection.answers["Runtime.callFunctionOn"] = thrown
    with pytest.raises(CommandFailed, match=r"^JavaScript: TypeError: no$"):
        page.run("f", deadline=0.0)


@pytest.mark.parametrize(
    "ask",
    [
        lambda page: page.run("f", frame="gone", deadline=0.0),
        lambda page: page.find_frame("f", frame="gone", deadline=0.0),
        lambda page: page.run_at_owner("f", PageFrame(id="inner", parent="gone"), deadline=0.0),
        lambda page: page.read_resource(PageFrame(id="gone", parent="top"), "http://a/x.css", deadline=0.0),
    ],
    ids=["run", "find_frame", "run_at_owner", "read_resource"],
)
def test_frame_that_went_away_meanwhile_is_a_refusal(page: DevToolsPage, ask: Callable[[DevToolsPage], object]) -> None:
    with pytest.raises(CommandFailed, match="the frame is gone"):
        ask(page)


def test_frame_inside_an_element_is_waited_for_until_it_has_come(
    connection: FakeConnection, page: DevToolsPage
) -> None:
    connection.answers["Runtime.callFunctionOn"] = {"result": {"objectId": "element"}}
    with pytest.raises(CommandFailed, match="has not come yet"):
        page.find_frame("f", frame="top", deadline=0.0)
    connection.tell("Page.frameAttached", frameId="inner", parentFrameId="top")
    assert page.find_frame("f", frame="top", deadline=0.0) == "inner"


def test_frame_s_owner_is_asked_in_the_frame_above(connection: FakeConnection, page: DevToolsPage) -> None:
    connection.tell("Page.frameAttached", frameId="inner", parentFrameId="top")
    connection.answers["Runtime.callFunctionOn"] = {"result": {"value": 2}}
    assert page.run_at_owner("f", page.state.frames["inner"], deadline=0.0) == 2
    assert connection.sent[-1] == (
        "Runtime.callFunctionOn",
        {
            "functionDeclaration": connection.sent[-1][1]["functionDeclaration"],
            "objectId": "element",
            "returnByValue": True,
        },
    )


def test_page_that_crashed_answers_nothing(connection: FakeConnection, page: DevToolsPage) -> None:
    connection.tell("Inspector.targetCrashed")
    with pytest.raises(PageGone):
        page.wait_until(lambda: False, deadline=0.0)


@pytest.mark.parametrize(
    ("answer", "error", "is_download", "brings_document"),
    [
        ({"frameId": "top", "loaderId": "1"}, "", False, True),
        ({"frameId": "top"}, "", False, False),
        ({"errorText": "net::ERR_ABORTED", "isDownload": True}, "net::ERR_ABORTED", True, False),
    ],
)
def test_what_comes_of_a_navigation(
    connection: FakeConnection,
    page: DevToolsPage,
    answer: dict[str, Any],
    error: str,
    is_download: bool,
    brings_document: bool,
) -> None:
    connection.answers["Page.navigate"] = answer
    navigation = page.navigate("http://a/")
    assert navigation.is_answered
    assert (navigation.error, navigation.is_download, navigation.brings_document) == (
        error,
        is_download,
        brings_document,
    )


def test_page_is_drawn_in_full_once_before_it_is_clicked(connection: FakeConnection, page: DevToolsPage) -> None:
    page.click(1, 2, deadline=0.0)
    page.click(1, 2, deadline=0.0)
    assert connection.methods() == ["Emulation.setDeviceMetricsOverride", *["Input.dispatchMouseEvent"] * 6]


def test_pictures_and_resources_are_decoded(page: DevToolsPage) -> None:
    assert page.take_picture(kind="png", quality=None, deadline=0.0) == b"image"
    assert page.read_resource(page.state.frames["top"], "http://a/x.css", deadline=0.0) == "body"
