"""Names of a visit's end."""

from __future__ import annotations

import pytest

from gridrunner.browser.outcomes import classify_document, classify_net_error, explain_own_error, name_wall
from gridrunner.browser.walls import Wall, WallBy
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


WALL = Wall(by=WallBy.CLOUDFLARE, evidence="header cf-mitigated: challenge", may_pass=True, was_awaited=True)


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
    ("status", "asks", "has_login", "wall", "outcome"),
    [
        (200, False, True, None, Outcome.OBSERVED),
        (200, False, False, None, Outcome.OBSERVED),
        (None, False, False, None, Outcome.OBSERVED),
        (200, False, False, WALL, Outcome.BLOCKED),
        (202, False, False, WALL, Outcome.BLOCKED),
        (403, False, False, WALL, Outcome.BLOCKED),
        (403, False, True, WALL, Outcome.OBSERVED),
        (401, False, True, None, Outcome.OBSERVED),
        (401, True, False, None, Outcome.AUTH_REQUIRED),
        *((status, False, False, None, Outcome.REFUSED) for status in (401, 403, 406, 429, 451, 503)),
        *((status, False, False, None, Outcome.HTTP_ERROR) for status in (400, 404, 405, 410, 500, 502)),
    ],
)
def test_documents(status: int | None, asks: bool, has_login: bool, wall: Wall | None, outcome: Outcome) -> None:
    outcome_named, detail = classify_document(status=status, asks_for_login=asks, has_login=has_login, wall=wall)
    assert outcome_named is outcome
    assert bool(detail) is (outcome is not Outcome.OBSERVED)


def test_a_wall_is_named_with_what_named_it() -> None:
    assert name_wall(WALL)[1] == "blocked by cloudflare (header cf-mitigated: challenge; it did not pass by itself)"
    assert name_wall(Wall(by=WallBy.UNKNOWN, evidence="title 'x'"))[1] == "blocked by an unknown wall (title 'x')"
