"""Which proxy a hub is asked through. Owns the reading of the proxy variables; the invariant: one answer for all that
is asked of a hub (its status, its sessions and their sockets), and none of them ever for loopback.

Each library reads the variables in its own way: Selenium knows no networks in NO_PROXY and asks chromedriver on
127.0.0.1 through HTTP_PROXY (selenium#8768, #11549), urllib3 and websocket-client's callers ignore them or differ.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.text import redact_url

BROWSER_PORTS: Mapping[str, int] = {"http": 80, "https": 443, "socks": 1080, "socks4": 1080, "socks5": 1080}
"""Of proxies that name none (Chromium, net/base/proxy_server.cc)."""

DEFAULT_PORTS: Mapping[str, int] = {"http": 80, "https": 443}


class HubProxy(Struct, frozen=True, kw_only=True):
    """An HTTP proxy; `url` without credentials."""

    url: str
    host: str
    port: int
    user: str | None = None
    password: str | None = None

    @property
    def credentials(self) -> str | None:
        """As basic authentication wants them (RFC 7617)."""
        return None if self.user is None else f"{self.user}:{self.password or ''}"


def find_proxy(url: str, env: Mapping[str, str]) -> HubProxy | None:
    """The proxy that `env` names for `url`; None: it is asked directly. Raises UsageError for one of another kind."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").lower()
    if is_loopback(host) or _is_exempt(host, parts.port or DEFAULT_PORTS.get(parts.scheme, 0), env):
        return None
    names = ["https_proxy", "HTTPS_PROXY"] if parts.scheme == "https" else ["http_proxy", "HTTP_PROXY"]
    name, text = next(((name, env[name]) for name in [*names, "all_proxy", "ALL_PROXY"] if env.get(name)), ("", ""))
    if not text:
        return None
    proxy = urlsplit(text if "://" in text else f"http://{text}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise UsageError(
            f"{name} names {redact_url(text)}, and hubs are asked through HTTP proxies only",
            hint=f"add {host} to NO_PROXY where the hub can be reached directly, or name an http:// proxy",
        )
    port = proxy.port or DEFAULT_PORTS["http"]
    shown = f"[{proxy.hostname}]" if ":" in proxy.hostname else proxy.hostname
    return HubProxy(
        url=f"http://{shown}:{port}",
        host=proxy.hostname,
        port=port,
        user=None if proxy.username is None else unquote(proxy.username),
        password=None if proxy.password is None else unquote(proxy.password),
    )


def proxy_endpoints(env: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Host and port of every proxy that a browser with this environment may use (Chromium's
    `ProxyConfigServiceLinux`). Raises UsageError for an address that is none.
    """
    names = [name for scheme in ("http", "https", "all") for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper())]
    endpoints: dict[tuple[str, int], None] = {}
    for name in names:
        text = env.get(name)
        if not text:
            continue
        parts = urlsplit(text if "://" in text else f"http://{text}")
        try:
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if host is None:
            raise UsageError(f"{name} is no address of a proxy", hint="such as http://proxy.example:3128")
        endpoints[host, port or BROWSER_PORTS.get(parts.scheme, 80)] = None
    return tuple(endpoints)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone (RFC 6761, section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address_of(host)
    return address is not None and address.is_loopback


def _address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_exempt(host: str, port: int, env: Mapping[str, str]) -> bool:
    exempt = env.get("no_proxy") or env.get("NO_PROXY") or ""
    entries = exempt.replace(",", " ").lower().split()
    return any(_matches(entry, host, port) for entry in entries)


def _matches(entry: str, host: str, port: int) -> bool:
    """One entry of NO_PROXY: `*`, a name with all below it, an address, or a network; a name may have a port."""
    if entry == "*":
        return True
    address = _address_of(host)
    if address is not None:
        try:
            if address in ipaddress.ip_network(entry.strip("[]"), strict=False):
                return True
        except ValueError:
            pass  # a name, or an address with a port
    name, colon, own_port = entry.rpartition(":")
    if colon and own_port.isdigit():
        if int(own_port) != port:
            return False
        entry = name.strip("[]")
    name = entry.removeprefix("*").lstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))
