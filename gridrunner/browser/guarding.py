"""Where the name of a document over plain HTTP leads, looked at before it is asked for.

Local Network Access lets a page with a certificate navigate its own tab anywhere, and a server redirect a visit
(`browser.reach`). A name that leads to a private address is refused here, unless a list names it. Over TLS there is
nothing to refuse: what listens on a private address has no certificate of that name. The browser looks the name up
again, which may come to something else when its owner answers each time anew.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from contextlib import suppress

from msgspec import Struct

from gridrunner.browser.names import look_up
from gridrunner.browser.reach import Place, endpoint_of

HTTP_PORT = 80

NEVER_PUBLIC = (".local", ".internal", ".home.arpa")
"""Names of networks of one's own (RFC 6762, ICANN's resolution of 2024-07-29, RFC 8375), like those without a dot: a
node may know some that this machine does not, its hub's among them."""


class NameGuard(Struct, frozen=True, kw_only=True):
    """`named` are hosts with the ports that a list has them at; of a host that it has over TLS, port 80 as well."""

    named: frozenset[tuple[str, int]]
    places: tuple[Place, ...] = ()

    def refuses(self, url: str) -> bool:
        """Whether the name in `url` leads to a private address that no list names. One that
        has no answer within `names.LOOK_UP_S` is left to the browser.
        """
        host, port = endpoint_of(url)
        if (host, port) in self.named or _is_left_to_the_resolver(host):
            return False
        if any(place.host == host and place.port in {None, port} for place in self.places):
            return False
        if "." not in host or host.endswith(NEVER_PUBLIC):
            return True
        return any(not ipaddress.ip_address(address).is_global for address in look_up(host) or ())


def make_guard(urls: Iterable[str], places: Sequence[Place]) -> NameGuard:
    """The guard of a run whose lists name `urls`, and in which `places` may be reached."""
    named = set()
    for url in urls:
        host, port = endpoint_of(url)
        named |= {(host, port), (host, HTTP_PORT)}
    return NameGuard(named=frozenset(named), places=tuple(places))


def _is_left_to_the_resolver(host: str) -> bool:
    """Whether the browser's own rules have decided already."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return True
    return False
