"""What a resolver says, told from what none says."""

from __future__ import annotations

import socket
import threading

import pytest

from gridrunner.browser import names
from gridrunner.browser.names import NO_NAME, describe_net_error, look_up

URL = "https://login.example:8443/"


def say(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def look(*_arguments: object, **_more: object) -> None:
        raise error

    monkeypatch.setattr("socket.getaddrinfo", look)


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        socket.gaierror(socket.EAI_NODATA, "No address associated with hostname"),
        UnicodeError("label too long"),
    ],
)
def test_a_name_that_does_not_exist_is_the_sites(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    say(monkeypatch, error)
    assert look_up("login.example") == []
    assert describe_net_error(NO_NAME, URL) == f"no such name ({NO_NAME})"


@pytest.mark.parametrize(
    "error",
    [
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"),
        socket.gaierror(socket.EAI_FAIL, "Non-recoverable failure in name resolution"),
        OSError(24, "Too many open files"),
    ],
)
def test_a_resolver_that_fails_says_nothing_of_the_name(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    say(monkeypatch, error)
    assert look_up("login.example") is None
    assert describe_net_error(NO_NAME, URL) == NO_NAME


def test_a_resolver_that_is_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def hold(*_arguments: object, **_more: object) -> list[object]:
        is_over.wait(30)
        return []

    monkeypatch.setattr("socket.getaddrinfo", hold)
    monkeypatch.setattr(names, "LOOK_UP_S", 0.01)
    assert look_up("login.example") is None
    is_over.set()


def test_other_errors_are_as_the_browser_says_them(monkeypatch: pytest.MonkeyPatch) -> None:
    say(monkeypatch, AssertionError("nobody is asked"))
    assert describe_net_error("net::ERR_CONNECTION_REFUSED", URL) == "net::ERR_CONNECTION_REFUSED"
