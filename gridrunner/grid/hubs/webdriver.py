"""Opens a WebDriver session with every timeout set, and the DevTools socket that belongs to it.

The one place where Selenium's and urllib3's exceptions become ours.
"""

from __future__ import annotations

import math
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import urllib3
from msgspec import Meta, Struct, field
from selenium.common.exceptions import SessionNotCreatedException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.common.proxy import Proxy, ProxyType
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.command import Command
from selenium.webdriver.remote.errorhandler import ErrorHandler
from selenium.webdriver.remote.remote_connection import RemoteConnection

from gridrunner import codec
from gridrunner.errors import GridFault, HubUnreachable, SessionLost, SessionNotCreated, UsageError
from gridrunner.grid.hubs.calls import MOST_REDIRECTS, bound_manager, call, make_pools
from gridrunner.text import redact_url

COMMAND_TIMEOUT_S = 30
"""Bound of one WebDriver command. Selenium's client has none by default: a paused node blocked one for 330 s
(docs/design/grid.md)."""


VERSION_TIMEOUT_S = 10.0
"""Of a browser's `/json/version`: it is answered within milliseconds once the browser is there."""


class WebDriverSession(Struct, frozen=True, kw_only=True):
    """A WebDriver session: its id, what it says of itself, and the HTTP client that its commands go through.

    Not Selenium's `WebDriver`, which is made of commands that visits do not use and takes a fifth of the time until the
    first visit to import (0.09 of 0.46 s, Selenium 4.51, 2026-11-26); live checks get one
    (`gridrunner.grid.hubs.live`).
    """

    id: str
    capabilities: Mapping[str, Any]
    client: RemoteConnection


def open_session(
    url: str, options: Options, *, hub: str, timeout_s: float, ca_file: Path | None = None
) -> WebDriverSession:
    """A new session at `url`, an https one checked with the certificates in `ca_file` (None: the usual ones).

    Raises SessionNotCreated or HubUnreachable, in one sentence, within `timeout_s`.
    """
    client = make_client(url, timeout_s=timeout_s, ca_file=ca_file)
    request = {"capabilities": {"firstMatch": [{}], "alwaysMatch": options.to_capabilities()}}
    with translated(hub):
        answer = _execute(client, Command.NEW_SESSION, request)
    try:
        made = codec.convert(answer, _NewSession)
    except codec.DecodeError as error:
        raise SessionNotCreated(f"{hub}: no session: what answers there does not speak WebDriver") from error
    client.client_config.timeout = COMMAND_TIMEOUT_S
    return WebDriverSession(id=made.sessionId, capabilities=made.capabilities or {}, client=client)


def make_client(url: str, *, timeout_s: float, ca_file: Path | None = None) -> RemoteConnection:
    """Selenium's HTTP client for the server at `url`; no command takes longer than `timeout_s`."""
    user, password = credentials_of(url)
    return _BoundedConnection(
        client_config=ClientConfig(
            remote_server_addr=without_credentials(url),
            username=user,
            password=password,
            keep_alive=True,
            timeout=math.ceil(timeout_s),
            proxy=Proxy({"proxyType": ProxyType.DIRECT}),  # `make_pools` knows it
        ),
        pools=make_pools(without_credentials(url), context=make_context(ca_file) if url.startswith("https:") else None),
    )


class _BoundedConnection(RemoteConnection):
    """Selenium's client, each call of which ends in time, is of bounded size, and comes back as a dict. Its own
    `_request` reads what comes for as long as it comes, and its proxies are not those of all other calls.
    """

    def __init__(self, client_config: ClientConfig, pools: urllib3.PoolManager) -> None:
        super().__init__(client_config=client_config)
        self._conn = pools

    def _request(self, method: str, url: str, body: str | None = None) -> dict[str, Any]:
        config = self.client_config
        headers = self.get_remote_connection_headers(urlsplit(url), config.keep_alive)
        headers.update(config.get_auth_header() or {})
        answer = call(
            self._conn,
            method,
            url,
            timeout_s=float(config.timeout or COMMAND_TIMEOUT_S),
            body=body if method == "POST" else None,
            headers=headers,
            redirects=MOST_REDIRECTS,
        )
        text = answer.data.decode("utf-8", "replace").strip()
        if answer.status == HTTPStatus.UNAUTHORIZED:
            return {"status": answer.status, "value": "Authorization Required"}
        if answer.status >= HTTPStatus.BAD_REQUEST:
            return {"status": answer.status, "value": text or answer.reason}
        value = answer.decode(dict[str, Any])
        return {"status": 0, "value": text} if value is None else {"value": None, **value}


def _execute(client: RemoteConnection, command: str, params: dict[str, Any]) -> Any:
    answer = client.execute(command, params)  # type: ignore[no-untyped-call]  # Selenium's
    try:
        ErrorHandler().check_response(answer)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise WebDriverException("what answers there does not speak WebDriver") from error  # an error of another shape
    return answer.get("value")


def make_context(ca_file: Path | None) -> ssl.SSLContext:
    """How the certificate of an https hub is checked: with the authorities in `ca_file`, or the machine's own. Raises
    UsageError when the file holds none.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"--hub-ca {ca_file}: no certificates can be read from it: {error}",
            hint="name a PEM file, which begins with -----BEGIN CERTIFICATE-----",
        ) from error


@contextmanager
def translated(hub: str) -> Iterator[None]:
    """Turns what Selenium and urllib3 raise in the block into a GridFault that names the hub."""
    try:
        yield
    except SessionNotCreatedException as error:
        raise SessionNotCreated(f"{hub}: no session: {first_line(error)}") from error
    except WebDriverException as error:
        raise SessionLost(f"{hub}: {first_line(error)}") from error
    except urllib3.exceptions.NewConnectionError as error:  # urllib3 counts it among the timeouts
        raise HubUnreachable(f"{hub}: cannot be reached: {_cause(error)}") from error
    except urllib3.exceptions.TimeoutError as error:
        raise SessionNotCreated(f"{hub}: no answer in time") from error
    except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            raise HubUnreachable(
                f"{hub}: its certificate cannot be trusted (--hub-ca FILE names who signed it): {_cause(error)}"
            ) from error
        raise HubUnreachable(f"{hub}: cannot be reached: {_cause(error)}") from error


def credentials_of(url: str) -> tuple[str | None, str | None]:
    """User and password that a hub's URL carries, decoded; (None, None) without."""
    parts = urlsplit(url)
    if parts.username is None:
        return None, None
    return unquote(parts.username), unquote(parts.password or "")


def without_credentials(url: str) -> str:
    """`url` as it may be asked for: user and password go into a header."""
    parts = urlsplit(url)
    return str(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, "")))


def authorization_of(url: str) -> dict[str, str]:
    """The headers that a hub with basic authentication wants (RFC 7617); none without credentials."""
    user, password = credentials_of(url)
    return {} if user is None else dict(urllib3.make_headers(basic_auth=f"{user}:{password}"))


def quit_session(session: WebDriverSession, *, timeout_s: int = 5) -> bool:
    """Quit a session; False when the grid did not confirm it in time. Never raises."""
    session.client.client_config.timeout = timeout_s
    try:
        with translated("quit"):
            _execute(session.client, Command.QUIT, {"sessionId": session.id})
    except GridFault:
        return False
    finally:
        close_client(session)
    return True


def close_client(session: WebDriverSession) -> None:
    """Close our own end of a session's HTTP connections; the session itself is not told."""
    session.client.close()  # type: ignore[no-untyped-call]  # Selenium's


def devtools_url(session: WebDriverSession, hub_url: str) -> str:
    """The browser-level DevTools socket of a session.

    A session of this machine names it in its debugger address. A Selenium Grid names it in `se:cdp`, by an address that
    the *node* believes the hub to have; the client reached the hub by `hub_url`, so host and scheme are taken from
    there. Raises SessionNotCreated where a session has neither.
    """
    offer = _read_offer(session, hub_url)
    if offer.through_grid:
        hub, offered = urlsplit(hub_url), _split_socket(offer.through_grid, hub_url)
        scheme = "wss" if hub.scheme == "https" else "ws"
        prefix = hub.path.rstrip("/").removesuffix("/wd/hub")
        path = offered.path if offered.path.startswith(prefix) else prefix + offered.path
        netloc = hub.netloc.rpartition("@")[2]
        return str(urlunsplit((scheme, netloc, path, offered.query, "")))
    address = offer.chrome.debugger_address if offer.chrome is not None else None
    if not address:
        raise SessionNotCreated(
            f"{redact_url(hub_url)}: the session offers no DevTools socket (se:cdp); enable CDP on the node"
        )
    return _browser_socket(address)


def devtools_fallback(session: WebDriverSession, hub_url: str) -> str:
    """Where the socket may be instead, "" for nowhere else: `devtools_url` without the path of `hub_url`.

    A proxy that gives a hub a path of its own wants it in front; a hub that was started with a sub-path answers sockets
    outside of it alone (400 inside; Grid 4.48, 2026-11-26).
    """
    through_grid = _read_offer(session, hub_url).through_grid
    if not through_grid:
        return ""
    first, plain = urlsplit(devtools_url(session, hub_url)), _split_socket(through_grid, hub_url)
    return "" if first.path == plain.path else str(urlunsplit(first._replace(path=plain.path)))


class _NewSession(Struct, frozen=True, kw_only=True):
    """The value of a New Session answer (W3C WebDriver, section 8.1)."""

    sessionId: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"\A[!-.0-~]+\Z")]  # noqa: N815 - the standard's
    capabilities: dict[str, Any] | None = None


class _ChromeOptions(Struct, frozen=True, kw_only=True):
    debugger_address: str | None = field(default=None, name="debuggerAddress")


class _Offer(Struct, frozen=True, kw_only=True):
    """What of a session's capabilities leads to its DevTools socket."""

    through_grid: str | None = field(default=None, name="se:cdp")
    chrome: _ChromeOptions | None = field(default=None, name="goog:chromeOptions")


class _Version(Struct, frozen=True, kw_only=True):
    """What of `/json/version` is read."""

    socket: str = field(name="webSocketDebuggerUrl")


def _read_offer(session: WebDriverSession, hub_url: str) -> _Offer:
    try:
        return codec.convert(session.capabilities, _Offer)
    except codec.DecodeError as error:
        raise SessionNotCreated(f"{redact_url(hub_url)}: not a browser's capabilities: {error}") from error


def _split_socket(address: str, hub_url: str) -> SplitResult:
    try:
        parts = urlsplit(address)
    except ValueError as error:
        raise SessionNotCreated(f"{redact_url(hub_url)}: se:cdp is not an address") from error
    if not parts.path.startswith("/") or not parts.path.isprintable() or not parts.query.isprintable():
        raise SessionNotCreated(f"{redact_url(hub_url)}: se:cdp is not an address")
    return parts


def _browser_socket(address: str) -> str:
    host, _, port = address.rpartition(":")
    if host == "localhost":
        host = "127.0.0.1"  # Chromium listens on IPv4 loopback; a resolver may prefer ::1
    with translated(address), urllib3.PoolManager() as pools:
        address = f"http://{host}:{port}/json/version"
        answer = call(bound_manager(pools), "GET", address, timeout_s=VERSION_TIMEOUT_S)
    version = answer.decode(_Version)
    if version is None:
        raise SessionNotCreated(f"{host}:{port}: what answers there does not speak DevTools")
    offered = _split_socket(version.socket, address)
    return str(urlunsplit(("ws", f"{host}:{port}", offered.path, "", "")))


def first_line(error: Exception) -> str:
    """The first line of a Selenium message, without the link and the stack trace behind it; of HTML, its words."""
    text = str(getattr(error, "msg", None) or error).strip().partition("; For documentation on this error")[0]
    if text.startswith("<"):
        words = " ".join(
            re.sub(r"<(script|style)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE).split()
        )
        return f"a page came instead of WebDriver's JSON: {words}"[:300]
    return text.splitlines()[0][:300] if text else type(error).__name__


def _cause(error: Exception) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason).splitlines()[0][:300]
