"""Names of documents over plain HTTP: refused where they lead to a private address that no list names."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from gridrunner.browser import names
from gridrunner.browser.guarding import make_guard
from gridrunner.browser.reach import Place

ADDRESSES = {
    "public.example": ["8.8.8.8", "2606:4700::1111"],
    "rebound.example": ["127.0.0.1"],
    "half.example": ["8.8.8.8", "fe80::1%eth0"],
    "intranet.example": ["10.1.2.3"],
    "metadata.example": ["169.254.169.254"],
}


@pytest.fixture(autouse=True)
def known_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that were looked up."""
    asked: list[str] = []

    def look_up(host: str, *_arguments: Any, **_more: Any) -> list[Any]:
        asked.append(host)
        if host not in ADDRESSES:
            raise OSError("Name or service not known")
        return [(2, 1, 6, "", (address, 0)) for address in ADDRESSES[host]]

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("http://public.example/", False),
        ("http://unknown.example/", False),
        ("http://rebound.example:6379/", True),
        ("http://REBOUND.example./", True),
        ("http://half.example/", True),
        ("http://metadata.example/latest", True),
        ("http://hub:4444/session", True),
        ("http://vault.service.internal/", True),
        ("http://printer.local/", True),
    ],
)
def test_where_a_name_leads_decides(url: str, is_refused: bool) -> None:
    assert make_guard((), ()).refuses(url) is is_refused


def test_what_a_list_names_is_asked_for_at_its_ports(known_names: list[str]) -> None:
    guard = make_guard(["https://intranet.example:8443/login", "http://rebound.example/"], ())
    assert not guard.refuses("http://intranet.example/")
    assert not guard.refuses("http://intranet.example:8443/")
    assert not guard.refuses("http://rebound.example/")
    assert known_names == []
    assert guard.refuses("http://intranet.example:8080/")
    assert guard.refuses("http://rebound.example:6379/")


def test_what_is_allowed_is_asked_for() -> None:
    assert not make_guard(["http://hub/"], ()).refuses("http://hub/")
    assert not make_guard((), [Place(host="intranet.example")]).refuses("http://intranet.example:81/")
    guard = make_guard((), [Place(host="intranet.example", port=81)])
    assert not guard.refuses("http://intranet.example:81/")
    assert guard.refuses("http://intranet.example:82/")


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[::1]:80/", "http://localhost:1/", "http://a.localhost/"])
def test_what_the_resolver_decides_is_not_looked_up(known_names: list[str], url: str) -> None:
    assert not make_guard((), ()).refuses(url)
    assert known_names == []


def test_a_resolver_that_does_not_answer_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def hold(*_arguments: Any, **_more: Any) -> list[Any]:
        is_over.wait(60)
        return []

    monkeypatch.setattr("socket.getaddrinfo", hold)
    monkeypatch.setattr(names, "LOOK_UP_S", 0.01)
    assert not make_guard((), ()).refuses("http://slow.example/")
    is_over.set()
