"""Whose a site is: the registrable domain of its host. Owns the word "public"; the invariant: hosts of one owner, as
far as the Public Suffix List knows them, have one domain, and what is ours (loopback, private addresses, names that no
public resolver knows) has none.

publicsuffixlist and not tldextract: it carries the list (published anew each week) and needs no other package, while
tldextract brings requests and a file lock to fetch what we must not fetch. With the list's private part, because
`one.github.io` and `two.github.io` have different owners.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from publicsuffixlist import PublicSuffixList

from gridrunner.model import PlannedSite

HOST_DELAY_S: Final = 1.0
"""--host-delay: what polite crawlers keep between two visits of a host at the least (Heritrix' min-delay-ms is 3 s,
Scrapy's own advice 1 to 2 s); a visit of ours is one page with its parts."""

_PRIVATE_SUFFIXES: Final = (
    ".localhost",  # RFC 6761, 6.3
    ".test",  # RFC 6761, 6.2
    ".local",  # RFC 6762, 3
    ".home.arpa",  # RFC 8375
    ".internal",  # ICANN's board, 2024-07-29: never delegated
)


class Chain(Struct, frozen=True, kw_only=True):
    """The sites of one domain, which are visited one after another: together at least `seconds`, pauses included."""

    domain: str
    sites: int
    seconds: float


def find_domain(url: str, private_hosts: Collection[str] = ()) -> str | None:
    """The registrable domain (or the public address) of a site, None for a host of ours. `private_hosts` are names
    that count as ours as well.
    """
    try:
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:  # "[" without its end: the visit says so
        return None
    if not host or host in private_hosts:
        return None
    try:
        return str(address) if (address := ipaddress.ip_address(host)).is_global else None
    except ValueError:
        pass
    if "." not in host or host.endswith(_PRIVATE_SUFFIXES):
        return None
    if host.isascii() and "xn--" not in host:
        return _suffixes().privatesuffix(host) or host
    try:
        written = host.encode("idna").decode("idna")
        domain = _suffixes().privatesuffix(written) or written
        return domain.encode("idna").decode("ascii")
    except UnicodeError:  # a label that is empty or too long: a name like any other here
        return _suffixes().privatesuffix(host) or host


def find_longest_chain(
    sites: Sequence[PlannedSite], host_delay_s: float, private_hosts: Collection[str] = ()
) -> Chain | None:
    """The domain that takes longest by itself; None when no two sites are of one domain."""
    counts: dict[str, int] = {}
    seconds: dict[str, float] = {}
    for planned in sites:
        domain = find_domain(planned.site.url, private_hosts)
        if domain is not None:
            counts[domain] = counts.get(domain, 0) + 1
            seconds[domain] = seconds.get(domain, -host_delay_s) + planned.expected_s + host_delay_s
    shared = [domain for domain, count in counts.items() if count > 1]
    if not shared:
        return None
    longest = max(shared, key=lambda domain: seconds[domain])
    return Chain(domain=longest, sites=counts[longest], seconds=seconds[longest])


@cache
def _suffixes() -> PublicSuffixList:
    # Its rules as they are written: with their ASCII forms as well, reading it takes 0.036 CPU-s instead of 0.012.
    return PublicSuffixList(accept_encoded_idn=False)
