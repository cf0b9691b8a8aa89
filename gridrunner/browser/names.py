"""What the resolver of this machine says of a name: addresses, that there is no such name, or nothing."""

from __future__ import annotations

import socket
import threading

from gridrunner.browser.reach import endpoint_of

LOOK_UP_S = 2.0
"""A name that takes longer has no answer: resolv.conf(5) tries again after 5 s."""

_NO_SUCH_NAME = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
"""What getaddrinfo(3) says when a resolver answered; one that did not, or failed itself, is EAI_AGAIN or EAI_FAIL."""


NO_NAME = "net::ERR_NAME_NOT_RESOLVED"
"""Chromium's word for a name that does not exist, and for a resolver that does not answer."""


def describe_net_error(error: str, url: str) -> str:
    """The detail of a visit of `url` that ended with a network error: it says so where there is no such name."""
    if error == NO_NAME and look_up(endpoint_of(url)[0]) == []:
        return f"no such name ({error})"
    return error


def look_up(host: str) -> list[str] | None:
    """The addresses of `host`; empty: no such name; None: no answer came. Takes up to LOOK_UP_S."""
    answers: list[list[str]] = []

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno in _NO_SUCH_NAME:
                answers.append([])
        except UnicodeError:  # a label that no resolver can be asked for
            answers.append([])
        except OSError:
            pass
        else:
            answers.append([str(answer[4][0]).partition("%")[0] for answer in found])

    asking = threading.Thread(target=ask, daemon=True, name="look-up")
    asking.start()
    asking.join(LOOK_UP_S)
    return answers[0] if answers else None
