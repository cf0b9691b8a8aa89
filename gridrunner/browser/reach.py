"""What a page may reach of the machine and the network that its browser runs in: the places that a list names, no
others.

Three layers, because none does it alone (Chromium 156, tests/browser/test_reach.py):

- The resolver maps private addresses and names of loopback to nothing, whichever page asks: no connection is tried.
- Local Network Access (https://wicg.github.io/local-network-access/) looks at the address that a connection really has,
  so that a name of the attacker's (DNS rebinding) and a redirect lead nowhere either: frames, workers, sockets, WebRTC.
  A page that we serve or visit on a private address counts as public, or it would be trusted as a neighbour.
- Pages open no windows by themselves: a top-level navigation is the one thing that Local Network Access lets a page
  with a certificate do.

All of it is switches of the browser, so that it holds through a hub as well.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from gridrunner.errors import UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

FEATURES: Final = (
    "LocalNetworkAccessChecks",
    "LocalNetworkAccessChecksWebRTC",
    "LocalNetworkAccessChecksWebSockets",
    "LocalNetworkAccessChecksWebTransport",
    "LocalNetworkAccessForNavigations",
    "LocalNetworkAccessForSubframeNavigations",
    "LocalNetworkAccessForFencedFrameNavigations",
    "LocalNetworkAccessForWorkers",
)
"""All parts of it (content/common/features.cc and services/network/public/cpp/features.cc); Chromium ships some of them
turned off, the one for top-level navigations among them."""

_NOTHING: Final = "~NOTFOUND"

_SPECIAL: Final = {
    "192.0.0.0/24": ("192.0.0.???",),
    "192.0.2.0/24": ("192.0.2.???",),
    "198.18.0.0/15": ("198.18.???.???", "198.19.???.???"),
    "198.51.100.0/24": ("198.51.100.???",),
    "203.0.113.0/24": ("203.0.113.???",),
}
"""Networks of IANA's registries that Chromium counts as public, and that test beds and containers have."""

_CLOSED: Final[tuple[tuple[Network | None, tuple[str, ...]], ...]] = (
    # RFC 6761, 6.3, and what clouds call their metadata servers
    (None, ("localhost", "*.localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")),
    (None, ("metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal")),
    # IANA's special-purpose registries (RFC 6890). In patterns `?` is one character or none (base/strings/pattern.h)
    (ipaddress.ip_network("0.0.0.0/8"), ("0.???.???.???",)),
    (ipaddress.ip_network("10.0.0.0/8"), ("10.???.???.???",)),
    (ipaddress.ip_network("100.64.0.0/10"), tuple(f"100.{second}.???.???" for second in range(64, 128))),
    (ipaddress.ip_network("127.0.0.0/8"), ("127.???.???.???",)),
    (ipaddress.ip_network("169.254.0.0/16"), ("169.254.???.???",)),
    (ipaddress.ip_network("172.16.0.0/12"), tuple(f"172.{second}.???.???" for second in range(16, 32))),
    (ipaddress.ip_network("192.168.0.0/16"), ("192.168.???.???",)),
    *((ipaddress.ip_network(network), patterns) for network, patterns in _SPECIAL.items()),
    # loopback, unspecified and IPv4 addresses in IPv6: two colons, or a name with its port would be meant as well
    (ipaddress.ip_network("::/8"), ("::*",)),
    (ipaddress.ip_network("fc00::/7"), ("fc??:*:*", "fd??:*:*")),
    (ipaddress.ip_network("fe00::/8"), ("fe??:*:*",)),
)
"""What pages do not reach, as networks and as patterns of `--host-resolver-rules`."""

_IPV6: Final = 6

_ENDPOINT: Final = re.compile(r"[0-9.]+:[0-9]+")

_MAY_BE_PRIVATE: Final = re.compile(r"https?://(?:[^/?#@]*@)?(?:\[|[0-9]|[^/?#:]*localhost)", re.IGNORECASE)

PLACE_LIMIT: Final = 500
"""A place takes up to 120 bytes of rules, and Linux takes 128 KiB for one argument (execve(2), MAX_ARG_STRLEN)."""

_LOOPBACK_NAMES: Final = (("localhost", "localhost"), ("*.localhost", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"))

_LOOPBACKS: Final = ("127.0.0.1", "::1")


class Place(Struct, frozen=True, kw_only=True):
    """A private place that pages may reach. `host` is a name, an address or a network, `port` None all of them;
    `addresses` is where it leads.
    """

    host: str
    port: int | None = None
    addresses: tuple[str, ...] = ()


def places_in(urls: Iterable[str]) -> tuple[Place, ...]:
    """The private places that the addresses of sites name: loopback and literal private addresses, each with its
    port.
    """
    places: dict[Place, None] = {}
    for url in urls:
        if not _MAY_BE_PRIVATE.match(url):  # lists have up to 200,000 sites
            continue
        place = _private_place(*endpoint_of(url))
        if place is not None:
            places[place] = None
    return tuple(places)


def find_places(urls: Iterable[str], allowed: Sequence[str]) -> tuple[Place, ...]:
    """The private places that pages may reach: those that `urls` name, and those `allowed` by --allow-private. Raises
    UsageError.
    """
    opened = tuple(allowed_place(text) for text in allowed)
    networks = [network for place in opened if (network := _network_of(place.host)) and place.port is None]
    named = tuple(place for place in places_in(urls) if not _is_inside(place, networks))
    if len({(place.host if not _is_loopback(place) else "", place.port) for place in named}) > PLACE_LIMIT:
        raise UsageError(
            f"the lists name more than {PLACE_LIMIT} private addresses, more than a browser takes one by one",
            hint="open the network that they are in, such as --allow-private 10.0.0.0/8",
        )
    return (*named, *opened)


def _is_inside(place: Place, networks: Sequence[Network]) -> bool:
    address = _network_of(place.host)
    return address is not None and any(_overlap(address, network) for network in networks)


def _is_loopback(place: Place) -> bool:
    return bool(place.addresses) and set(place.addresses) <= set(_LOOPBACKS)


def endpoint_of(url: str) -> tuple[str, int]:
    """The host in a URL and its port. What is no port counts as the usual one: the browser will say what it thinks."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return (parts.hostname or "").rstrip("."), port or (443 if parts.scheme == "https" else 80)


def _private_place(host: str, port: int) -> Place | None:
    if host == "localhost" or host.endswith(".localhost"):
        return Place(host=host, port=port, addresses=_LOOPBACKS)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return Place(host=str(address), port=port, addresses=(str(address),)) if not address.is_global else None


def read_place(text: str) -> Place:
    """A value of --allow-private: a host, an address or a network, with a port or without. Raises ValueError."""
    text = text.strip().lower().rstrip(".")
    if "/" in text:
        network = ipaddress.ip_network(text, strict=False)
        return Place(host=str(network), addresses=(str(network),))
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::([0-9]{1,5}))?", text)
    host = match[1] or match[2] if match is not None else text
    port = int(match[3]) if match is not None and match[3] else None
    try:
        host = str(ipaddress.ip_address(host))
    except ValueError:
        if match is None or match[1] or not match[2]:
            raise
        is_loopback = host == "localhost" or host.endswith(".localhost")
        return Place(host=host, port=port, addresses=_LOOPBACKS if is_loopback else ())
    return Place(host=host, port=port, addresses=(host,))


def allowed_place(text: str) -> Place:
    """A value of --allow-private, with the addresses that its name has on this machine. Raises UsageError."""
    try:
        place = read_place(text)
    except ValueError as error:
        raise UsageError(
            f"--allow-private {text}: {error}",
            hint="it takes a host, an address or a network, such as intranet.example, 10.0.0.5:8080 or 10.1.0.0/16",
        ) from error
    if place.addresses:
        return place
    try:
        answers = socket.getaddrinfo(place.host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(
            f"--allow-private {place.host}: this machine finds no such host: {error}",
            hint="give its address or network instead: --allow-private 10.1.2.3",
        ) from error
    addresses = tuple(dict.fromkeys(str(answer[4][0]).partition("%")[0] for answer in answers))
    return Place(host=place.host, port=place.port, addresses=addresses)


# ------------------------------------------------------------------------------------------------------------- switches


def rules_of(
    replicas: Sequence[str], places: Sequence[Place], proxies: Sequence[tuple[str, int]] = ()
) -> tuple[str, ...]:
    """The entries of `--host-resolver-rules`, of which the first that fits counts: `places` as they are, the rules by
    which browsers find `replicas`, and everything else that is private closed. `proxies` (host, port) are found by the
    browser; to its pages they stay what they are, and Local Network Access keeps them from private ones.
    """
    apart = _apart(replicas, places)
    everything = [rule for rule in replicas if rule.startswith("MAP * ")]
    opened = [rule for place in apart if not _is_loopback(place) and (rule := _itself(place))]
    networks = [network for place in places if (network := _network_of(place.host)) and network.num_addresses > 1]
    closed = [
        f"MAP {pattern} {_NOTHING}"
        for private, patterns in _CLOSED
        if private is None or not any(_overlap(private, network) for network in networks)
        for pattern in patterns
    ]
    return (
        *opened,
        *[_of_proxy(host, port) for host, port in proxies],
        *[rule for rule in replicas if rule not in everything],
        *_loopback_rules(apart),
        *closed,
        *everything,
    )


def _of_proxy(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    is_loopback = host == "localhost" or host.endswith(".localhost")
    return f"MAP {name}:{port} {'127.0.0.1' if is_loopback else name}:{port}"


def _loopback_rules(places: Sequence[Place]) -> list[str]:
    """All names of loopback at the ports of places there: a page and its frames are served under several of them."""
    ports = dict.fromkeys(place.port for place in places if _is_loopback(place))
    if None in ports:
        return [f"MAP {host} {target}" for host, target in (*_LOOPBACK_NAMES, ("::1", "[::1]"))]
    return [
        f"MAP {host}:{port} {target}:{port}" for port in ports for host, target in (*_LOOPBACK_NAMES, ("[::1]",) * 2)
    ]


def _apart(replicas: Sequence[str], places: Sequence[Place]) -> list[Place]:
    """The places that are not replicas."""
    patterns = [pattern for rule in replicas if (pattern := rule.split()[1]) != "*"]
    return [place for place in places if not any(fnmatchcase(place.host, pattern) for pattern in patterns)]


def _overlap(network: Network, other: Network) -> bool:
    return network.version == other.version and network.overlaps(other)


def _itself(place: Place) -> str:
    """A rule that leaves a place as it is, so that later ones do; "" for a network, which has no name."""
    name = f"[{place.host}]" if ":" in place.host else place.host
    if "/" in place.host:
        return ""
    if place.port is None:
        return f"MAP {place.host} {name}"
    return f"MAP {name}:{place.port} {name}:{place.port}"


def _network_of(host: str) -> Network | None:
    try:
        return ipaddress.ip_network(host)
    except ValueError:
        return None


def spaces_of(replicas: Sequence[str], places: Sequence[Place]) -> tuple[str, ...]:
    """The entries of `--ip-address-space-overrides`, of which the first that fits counts: where `replicas` are served,
    and `places`, is public.
    """
    ends = [rule.split()[2] for rule in replicas if rule.startswith("MAP ") and _ENDPOINT.fullmatch(rule.split()[2])]
    for place in _apart(replicas, places):
        for address in _LOOPBACKS if _is_loopback(place) else place.addresses:
            network = ipaddress.ip_network(address)
            shown = f"[{network.network_address}]" if network.version == _IPV6 else str(network.network_address)
            ends.append(f"{shown}/{network.prefixlen}" if network.num_addresses > 1 else f"{shown}:{place.port or 0}")
    return (*(f"{end}=public" for end in dict.fromkeys(ends)), *(f"{network}=local" for network in _SPECIAL))
