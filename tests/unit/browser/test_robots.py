"""What robots.txt comes to."""

from __future__ import annotations

import pytest

from gridrunner.browser.robots import FORBIDS_ALL, RobotsBook, is_allowed, origin_of, tell

TEXT = "User-agent: *\nDisallow: /login\nAllow: /login/help\n\nUser-agent: gridrunner\nDisallow: /private\n"


@pytest.mark.parametrize(
    ("text", "path", "allowed"),
    [
        ("", "/login", True),
        (TEXT, "/login", True),  # rules for us by name go before those for all
        (TEXT, "/private/x", False),
        ("User-agent: *\nDisallow: /login\n", "/login?next=1", False),
        ("User-agent: *\nDisallow: /login\nAllow: /login/help\n", "/login/help", True),
        (FORBIDS_ALL, "/", False),
        ("<html>no robots here</html>", "/", True),
    ],
)
def test_rules(text: str, path: str, allowed: bool) -> None:
    assert is_allowed(text, f"https://a.example{path}") is allowed


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        (200, "text/plain; charset=utf-8", TEXT),
        (200, "text/html", ""),
        (404, "text/plain", ""),
        (403, "text/plain", ""),
        (503, "text/plain", FORBIDS_ALL),
        (None, "text/plain", ""),
    ],
)
def test_answers(status: int | None, kind: str, text: str) -> None:
    assert tell(status, {"content-type": kind}, TEXT) == text


def test_each_origin_is_asked_once() -> None:
    book = RobotsBook()
    assert book.find("https://a.example/login") is None
    book.add("https://a.example/login", "")
    assert (book.find("https://a.example/other"), book.find("http://a.example/")) == ("", None)
    assert origin_of("https://a.example:8443/x?y") == "https://a.example:8443"
