"""What a visit's end is called: network errors, statuses and walls as outcomes with a name; pure."""

from __future__ import annotations

from collections.abc import Mapping

from gridrunner.browser.walls import Wall, WallBy
from gridrunner.model import Outcome

_NET_ERRORS: Mapping[str, Outcome] = {
    # Chromium, net/base/net_error_list.h (2026-11): the errors that are not plainly "no connection"
    "net::ERR_TOO_MANY_REDIRECTS": Outcome.REDIRECT_LOOP,
    "net::ERR_INVALID_AUTH_CREDENTIALS": Outcome.AUTH_REQUIRED,
    "net::ERR_UNEXPECTED_PROXY_AUTH": Outcome.AUTH_REQUIRED,
    "net::ERR_TIMED_OUT": Outcome.TIMED_OUT,
    "net::ERR_CONNECTION_TIMED_OUT": Outcome.TIMED_OUT,
    "net::ERR_HTTP_RESPONSE_CODE_FAILURE": Outcome.HTTP_ERROR,
    "net::ERR_BLOCKED_BY_RESPONSE": Outcome.BLOCKED,
    "net::ERR_BLOCKED_BY_CLIENT": Outcome.BLOCKED,
}

_OWN_ERRORS: Mapping[str, str] = {
    # The same list: the errors that come about before any site is asked
    "net::ERR_INTERNET_DISCONNECTED": "its machine has no network",
    "net::ERR_NETWORK_CHANGED": "the network of its machine changed during the visit",
    "net::ERR_NETWORK_IO_SUSPENDED": "its machine was suspended",
    "net::ERR_NETWORK_ACCESS_DENIED": "its machine does not let it use the network",
    "net::ERR_PROXY_CONNECTION_FAILED": "its proxy does not answer; look at HTTP_PROXY, HTTPS_PROXY and NO_PROXY",
    "net::ERR_PROXY_AUTH_REQUESTED": "its proxy wants a password",
    "net::ERR_PROXY_AUTH_UNSUPPORTED": "its proxy wants to be logged in to in a way that it does not know",
    "net::ERR_PROXY_CERTIFICATE_INVALID": "its proxy has no valid certificate",
    "net::ERR_MANDATORY_PROXY_CONFIGURATION_FAILED": "the configuration of its proxy cannot be had",
    "net::ERR_PAC_SCRIPT_FAILED": "the script that chooses its proxy fails",
    "net::ERR_INSUFFICIENT_RESOURCES": "its machine is short of memory or open files",
    "net::ERR_OUT_OF_MEMORY": "its machine is short of memory",
    "net::ERR_NO_BUFFER_SPACE": "its machine is short of memory for sockets",
    "net::ERR_FILE_NO_SPACE": "the disk of its machine is full",
}

REFUSING_STATUSES = frozenset({401, 403, 406, 429, 451, 503})
"""The server is there and does not serve this visitor, now or at all (RFC 9110; RFC 6585, 4; RFC 7725)."""


def classify_net_error(error: str) -> Outcome:
    """The outcome of a navigation that failed with a Chromium network error."""
    return _NET_ERRORS.get(error, Outcome.UNREACHABLE)


def explain_own_error(error: str) -> str:
    """What is wrong with the browser's own machine, in one sentence, where that is what a network error says; else
    empty.
    """
    why = _OWN_ERRORS.get(error)
    return f"the browser reaches no site: {why} ({error})" if why else ""


def classify_document(
    *, status: int | None, asks_for_login: bool, has_login: bool, wall: Wall | None
) -> tuple[Outcome, str]:
    """The outcome of a document that came, with a detail for the reader.

    A login form on the page wins over its status and over walls: Jenkins and others answer 401 or 403 with their login
    page, and logins embed captchas.
    """
    if has_login:
        return Outcome.OBSERVED, ""
    if wall is not None:
        return name_wall(wall)
    if status is None or status < 400:
        return Outcome.OBSERVED, ""
    if asks_for_login:
        return Outcome.AUTH_REQUIRED, "HTTP authentication is asked for (status 401)"
    if status in REFUSING_STATUSES:
        return Outcome.REFUSED, f"refused with HTTP status {status}"
    return Outcome.HTTP_ERROR, f"HTTP status {status}"


def name_wall(wall: Wall) -> tuple[Outcome, str]:
    """The outcome of a page that is a wall, and whose."""
    whose = {WallBy.CAPTCHA: "a captcha", WallBy.UNKNOWN: "an unknown wall"}.get(wall.by, wall.by.value)
    waited = "; it did not pass by itself" if wall.was_awaited else ""
    return Outcome.BLOCKED, f"blocked by {whose} ({wall.evidence}{waited})"
