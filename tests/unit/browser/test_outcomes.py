"""Names of a visit's end."""

from __future__ import annotations

import pytest

from gridrunner.browser.outcomes import classify_document, classify_net_error, explain_own_error
from gridrunner.model import Outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("net::ERR_CONNECTION_REFUSED", Outcome.UNREACHABLE),
        ("net::ERR_NAME_NOT_RESOLVED", Outcome.UNREACHABLE),
        ("net::ERR_CERT_DATE_INVALID", Outcome.UNREACHABLE),
        ("net::ERR_TOO_MANY_REDIRECTS", Outcome.REDIRECT_LOOP),
        ("net::ERR_INVALID_AUTH_CREDENTIALS", Outcome.AUTH_REQUIRED),
        ("net::ERR_CONNECTION_TIMED_OUT", Outcome.TIMED_OUT),
    ],
)
def test_network_errors(error: str, outcome: Outcome) -> None:
    assert classify_net_error(error) is outcome


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("net::ERR_INTERNET_DISCONNECTED", "no network"),
        ("net::ERR_PROXY_CONNECTION_FAILED", "proxy does not answer; look at HTTP_PROXY"),
        ("net::ERR_NETWORK_CHANGED", "changed"),
        ("net::ERR_INSUFFICIENT_RESOURCES", "memory or open files"),
    ],
)
def test_what_is_wrong_with_our_own_machine_is_said(error: str, words: str) -> None:
    assert words in explain_own_error(error)
    assert error in explain_own_error(error)


@pytest.mark.parametrize("error", ["", "net::ERR_NAME_NOT_RESOLVED", "net::ERR_TUNNEL_CONNECTION_FAILED"])
def test_what_may_be_the_site_is_not_ours(error: str) -> None:
    assert explain_own_error(error) == ""


@pytest.mark.parametrize(
    ("status", "asks", "title", "has_login", "outcome"),
    [
        (200, False, "Log in", True, Outcome.OBSERVED),
        (200, False, "News", False, Outcome.OBSERVED),
        (None, False, "", False, Outcome.OBSERVED),
        (None, False, "Just a moment...", False, Outcome.BLOCKED),
        (401, False, "Dashboard [Jenkins]", True, Outcome.OBSERVED),
        (401, True, "", False, Outcome.AUTH_REQUIRED),
        (401, False, "", False, Outcome.HTTP_ERROR),
        (403, False, "Just a moment...", False, Outcome.BLOCKED),
        (403, False, "Forbidden", False, Outcome.HTTP_ERROR),
        (429, False, "Slow down", False, Outcome.BLOCKED),
        (404, False, "Not found", False, Outcome.HTTP_ERROR),
        (500, False, "", False, Outcome.HTTP_ERROR),
        (503, False, "Attention Required! | Cloudflare", False, Outcome.BLOCKED),
        (200, False, "Just a moment, your login is ready", False, Outcome.OBSERVED),
    ],
)
def test_documents(status: int | None, asks: bool, title: str, has_login: bool, outcome: Outcome) -> None:
    outcome_named, detail = classify_document(status=status, asks_for_login=asks, title=title, has_login=has_login)
    assert outcome_named is outcome
    assert bool(detail) is (outcome is not Outcome.OBSERVED)
