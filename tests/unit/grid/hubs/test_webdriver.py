"""DevTools addresses as a client must see them, and errors in our words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import urllib3
from selenium.common.exceptions import InvalidSessionIdException, SessionNotCreatedException, WebDriverException

from gridrunner.browser.options import SessionOptions, make_options
from gridrunner.errors import GridFault, HubUnreachable, SessionLost, SessionNotCreated
from gridrunner.grid.hubs.webdriver import devtools_fallback, devtools_url, first_line, open_session, translated
from tests.support.page_server import PageServer


def driver_with(**capabilities: Any) -> Any:
    return SimpleNamespace(capabilities=capabilities)


@pytest.mark.parametrize(
    ("hub", "given", "expected"),
    [
        ("http://hub:4444", "ws://10.0.0.7:4444/session/a/se/cdp", "ws://hub:4444/session/a/se/cdp"),
        ("http://127.0.0.1:32801", "ws://172.18.0.2:4444/session/a/se/cdp", "ws://127.0.0.1:32801/session/a/se/cdp"),
        ("https://grid.example", "ws://hub:4444/session/a/se/cdp", "wss://grid.example/session/a/se/cdp"),
        ("https://me:secret@grid.example/wd/hub", "ws://h:1/session/a/se/cdp", "wss://grid.example/session/a/se/cdp"),
        ("http://proxy/grid", "ws://hub:4444/session/a/se/cdp", "ws://proxy/grid/session/a/se/cdp"),
        ("http://proxy/grid", "ws://hub:4444/grid/session/a/se/cdp", "ws://proxy/grid/session/a/se/cdp"),
    ],
)
def test_socket_address_is_the_one_the_client_reached_the_hub_by(hub: str, given: str, expected: str) -> None:
    assert devtools_url(driver_with(**{"se:cdp": given}), hub) == expected


@pytest.mark.parametrize(
    ("hub", "given", "expected"),
    [
        ("http://hub/grid", "ws://10.0.0.7:4444/session/a/se/cdp", "ws://hub/session/a/se/cdp"),
        ("http://hub/grid", "ws://10.0.0.7:4444/grid/session/a/se/cdp", ""),
        ("http://hub:4444", "ws://10.0.0.7:4444/session/a/se/cdp", ""),
    ],
)
def test_hub_with_a_sub_path_of_its_own_answers_sockets_outside_of_it(hub: str, given: str, expected: str) -> None:
    assert devtools_fallback(driver_with(**{"se:cdp": given}), hub) == expected


def test_session_without_devtools_says_what_to_enable() -> None:
    with pytest.raises(SessionNotCreated, match="enable CDP on the node"):
        devtools_url(driver_with(), "http://hub:4444")


def test_errors_are_translated_once() -> None:
    cases = [
        (
            SessionNotCreatedException("session not created: no\nmore"),
            SessionNotCreated,
            "hub: no session: session not created: no",
        ),
        (InvalidSessionIdException("gone"), SessionLost, "hub: gone"),
        (urllib3.exceptions.ReadTimeoutError(None, "/", "slow"), SessionNotCreated, "hub: no answer in time"),  # type: ignore[arg-type]
        (ConnectionRefusedError("refused"), HubUnreachable, "hub: cannot be reached: refused"),
    ]
    for raised, kind, message in cases:
        with pytest.raises(kind) as caught, translated("hub"):
            raise raised
        assert str(caught.value) == message


@pytest.mark.parametrize("path", ["", "/missing"])
def test_server_that_is_no_grid_is_named(path: str) -> None:
    options = make_options(SessionOptions(name="test"), None)
    page = "<!doctype html><title>a shop</title>"
    with PageServer({"/session": page}) as server, pytest.raises(GridFault) as caught:
        open_session(server.url(path), options, hub="hub", timeout_s=5)
    assert str(caught.value) in {
        "hub: no session: what answers there does not speak WebDriver",
        "hub: not found",  # the words of the server
    }


def test_of_a_page_in_place_of_an_error_the_words_are_told() -> None:
    page = "<!DOCTYPE html>\n<style>a { top: 0 }</style><title>502</title>\n<h1>Bad gateway</h1>"
    assert first_line(WebDriverException(page)) == "a page came instead of WebDriver's JSON: 502 Bad gateway"


def test_first_line_drops_selenium_s_stack() -> None:
    assert first_line(SessionNotCreatedException("one\ntwo", None, ["frame"])) == "one"
