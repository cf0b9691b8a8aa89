"""Owns the embedded replay server: a folder of replica sites, each under a host name of its own, over HTTP/1.1.

The first label of the Host header names the site's folder: `bank-de.demo.localhost` is served from `bank-de/`, and
`pay.frames.localhost` from `_frames/pay/`: another registrable domain, so that its frames are cross-site to every page.
`/_shared/…` is the same on every host. In text files `{{origin:NAME.LABEL}}` becomes the origin of that host as the
reader of the page reaches it. No other host is answered: a name that others own may lead here (DNS rebinding),
and its pages would read ours.
Invariant: whatever a copied page is made of, nothing but our own script runs in it (`gridrunner.sites.copies`).
"""

from __future__ import annotations

import base64
import contextlib
import html
import re
import socket
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct

from gridrunner.errors import UsageError
from gridrunner.sites.behaviours import FRAMES_FOLDER, Behaviour, ReplayFolder, is_site_name
from gridrunner.sites.copies import headers_of_copy

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

SITE_DOMAIN: Final = "demo.localhost"  # `localhost` is loopback by RFC 6761, and a secure context to browsers
FRAME_DOMAIN: Final = "frames.localhost"

IDLE_TIMEOUT_S: Final = 75.0  # a keep-alive connection without a request is dropped; nginx's default
TRICKLE_EVERY_S: Final = 0.5  # a never-ending body gets one more byte this often
MAX_REQUEST_BODY_BYTES: Final = 1 << 20  # login forms post bytes, not megabytes
ACCEPT_BACKLOG: Final = 512  # 500 sessions of one hub may connect at once (docs/design/speed.md)

CONTENT_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
    ".xml": "application/xml; charset=utf-8",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".pdf": "application/pdf",
}

MAX_LABEL: Final = 63  # characters between two dots of a host name (RFC 1035, 2.3.4)

_HOST: Final = re.compile(r"(?P<name>[a-z0-9_.-]+?|\[[0-9a-f:.]+\])\.?(?P<port>:[0-9]{1,5})?")
_OWN_NAME: Final = re.compile(r"(?:.+\.)?localhost|[0-9.]+|\[.*\]")  # no one can make these lead to this machine
_ORIGIN_PLACEHOLDER: Final = re.compile(rb"\{\{origin:([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)\}\}")


class _Host(Struct, frozen=True, kw_only=True):
    """A Host header taken apart: `site` is a folder, `port` as `:8080` or empty."""

    site: str
    port: str

    @classmethod
    def parse(cls, header: str) -> _Host | HTTPStatus:
        """Or why there is none: 400 for what is not a host, 421 for another's, 404 for this machine's own names."""
        match = _HOST.fullmatch(header.strip().lower())
        if match is None or any(len(label) > MAX_LABEL for label in match["name"].split(".")):
            return HTTPStatus.BAD_REQUEST
        label, _, domain = match["name"].partition(".")
        if domain in {SITE_DOMAIN, FRAME_DOMAIN} and is_site_name(label):
            site = f"{FRAMES_FOLDER}/{label}" if domain == FRAME_DOMAIN else label
            return cls(site=site, port=match["port"] or "")
        return HTTPStatus.NOT_FOUND if _OWN_NAME.fullmatch(match["name"]) else HTTPStatus.MISDIRECTED_REQUEST

    def fill_origins(self, text: bytes) -> bytes:
        """`text` with every `{{origin:…}}` replaced."""
        tail = f".localhost{self.port}".encode()
        return _ORIGIN_PLACEHOLDER.sub(lambda match: b"http://" + match[1] + tail, text)


class ReplayServer:
    """Serves a replay folder from daemon threads until closed; a context manager that starts and closes.

    `bind` is loopback by default: the pages concern no other machine; `port` 0 takes a free one. Making one raises
    UsageError when there is no such folder or its behaviours are malformed; starting, when the port is taken.
    """

    def __init__(self, folder: Path, bind: str = "127.0.0.1", port: int = 0) -> None:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder to serve", hint="give a folder that holds one folder per site")
        self._folder = ReplayFolder(folder)
        if not self._folder.site_names():
            raise UsageError(
                f"{folder}: holds no site", hint="a site is a folder with an index.html, named a-z, 0-9, -"
            )
        self._bind = bind
        self._wanted_port = port
        self._httpd: _Httpd | None = None
        self._closed_port: socket.socket | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """The port that is listened on; the server must have been started."""
        assert self._httpd is not None, "the replay server is not running"
        return int(self._httpd.server_address[1])

    def site_names(self) -> list[str]:
        """The sites, sorted; the URL of each is `http://NAME.demo.localhost:PORT/`."""
        return self._folder.site_names()

    def start(self) -> None:
        """Listens and returns. Raises UsageError when the address cannot be had."""
        assert self._httpd is None, "the replay server runs already"
        try:
            self._httpd = _Httpd((self._bind, self._wanted_port), self._folder)
            # Bound but not listened on: no other program can take the port, and every connection to it is refused.
            self._closed_port = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._closed_port.bind((self._bind, 0))
        except (OSError, OverflowError) as error:
            self.close()
            message = f"cannot serve on {self._bind}:{self._wanted_port}: {error}"
            raise UsageError(message, hint="choose another port, or 0 for any free one") from error
        thread = threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.name = f"replay-server-{self.port}"
        thread.start()
        self._httpd.thread = thread

    def close(self) -> None:
        """Stops listening and drops every connection, also those in the middle of an answer; under a second."""
        if self._httpd is not None:
            self._httpd.stop()
            self._httpd = None
        if self._closed_port is not None:
            self._closed_port.close()
            self._closed_port = None

    def host_rules(self, target: str) -> list[str]:
        """The entries of Chromium's `--host-resolver-rules` (joined by commas) by which a browser that reaches this
        machine as `target` finds every site; URL and Host header stay as they are. The first rule that fits counts.
        """
        assert self._closed_port is not None, "the replay server is not running"
        refused_port = self._closed_port.getsockname()[1]
        refused = [
            f"MAP {_host_name(site)} {target}:{refused_port}" for site in self._folder.behaviours.refused_sites()
        ]
        return [*refused, *(f"MAP *.{domain} {target}:{self.port}" for domain in (SITE_DOMAIN, FRAME_DOMAIN))]


class _Httpd(ThreadingHTTPServer):
    """One thread per connection; knows its open connections, so that stopping can cut them."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = ACCEPT_BACKLOG

    def __init__(self, address: tuple[str, int], folder: ReplayFolder) -> None:
        self.folder = folder
        self.closing = threading.Event()
        self.thread: threading.Thread | None = None
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without the base class's reverse look-up of the address, which may take seconds and leaves the machine."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers hang up whenever they like: no traceback for it."""

    def stop(self) -> None:
        self.closing.set()
        if self.thread is not None:
            self.shutdown()
            self.thread.join(timeout=1)
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "gridrunner-replay"
    sys_version = ""
    timeout = IDLE_TIMEOUT_S
    wbufsize = -1  # head and body leave in one packet
    disable_nagle_algorithm = True
    server: _Httpd

    def do_GET(self) -> None:
        folder = self.server.folder
        host = _Host.parse(self.headers.get("Host", ""))
        if isinstance(host, HTTPStatus) or not folder.has_site(host.site):
            self._send_unknown_host(host if isinstance(host, HTTPStatus) else HTTPStatus.NOT_FOUND)
            return
        path = self._decode_path()
        file = None if path is None else folder.find_file(host.site, path)
        behaviour = folder.behaviours.find(host.site, "" if path is None else (path.strip("/") or "index.html"))
        self._answer(host, file, behaviour)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        """A form that a person sends by hand gets the page that its action names."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_REQUEST_BODY_BYTES:
            self.close_connection = True
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {}, b"")
            return
        self.rfile.read(int(length))
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Visits are recorded by the visitor."""

    def _decode_path(self) -> str | None:
        """The decoded path; None when it is no UTF-8."""
        try:
            return unquote(urlsplit(self.path).path, errors="strict")
        except ValueError:
            return None

    def _answer(self, host: _Host, file: Path | None, behaviour: Behaviour) -> None:
        if behaviour.refuse:  # reached without the resolver rules: the nearest that a listening port can do
            self._hang_up()
            return
        if behaviour.delay_s and self._is_gone_after(behaviour.delay_s):
            return
        if behaviour.never_answer:
            while not self._is_gone_after(IDLE_TIMEOUT_S):
                pass
            return
        headers = {name: host.fill_origins(value.encode()).decode() for name, value in behaviour.headers.items()}
        if behaviour.auth is not None and not self._is_authorised(behaviour):
            headers["WWW-Authenticate"] = f'Basic realm="{behaviour.auth.realm}", charset="UTF-8"'
            self._send(HTTPStatus.UNAUTHORIZED, headers, _page("401", "This page asks for a user name and a password."))
            return
        if behaviour.redirect is not None:
            headers["Location"] = quote(
                host.fill_origins(behaviour.redirect.encode()).decode(), safe="/:?#[]@!$&'()*+,;=%~-._"
            )
            self._send(behaviour.status or HTTPStatus.FOUND, headers, b"")
            return
        if file is None:
            if urlsplit(self.path).path == "/favicon.ico":
                self._send(HTTPStatus.NO_CONTENT, headers, b"")
            else:
                self._send(HTTPStatus.NOT_FOUND, headers, _page("404", "This replica site has no such page."))
            return
        headers.setdefault("Content-Type", CONTENT_TYPES.get(file.suffix.lower(), "application/octet-stream"))
        if behaviour.download is not None:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(behaviour.download, safe='')}"
        body = file.read_bytes()
        if self.server.folder.is_copy(host.site):
            headers |= headers_of_copy(body)
        elif "charset" in headers["Content-Type"]:
            body = host.fill_origins(body)
        status = behaviour.status or HTTPStatus.OK
        if behaviour.never_end or behaviour.drip is not None:
            self._send_slowly(status, headers, body, behaviour)
        else:
            self._send(status, headers, body)

    def _is_authorised(self, behaviour: Behaviour) -> bool:
        assert behaviour.auth is not None
        expected = base64.b64encode(f"{behaviour.auth.user}:{behaviour.auth.password}".encode()).decode()
        return self.headers.get("Authorization", "") == f"Basic {expected}"

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self._send_head(status, headers)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": CONTENT_TYPES[".html"], **headers}.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Origin-Agent-Cluster", "?1")
        if self.close_connection:
            self.send_header("Connection", "close")

    def _send_slowly(self, status: int, headers: dict[str, str], body: bytes, behaviour: Behaviour) -> None:
        self._send_head(status, headers)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if self.command == "HEAD":
            return
        step, every_s = len(body) or 1, 0.0
        if behaviour.drip is not None:
            step, every_s = behaviour.drip.chunk_bytes, behaviour.drip.every_s
        for start in range(0, len(body), step):
            self._send_chunk(body[start : start + step])
            if start + step < len(body) and self._is_gone_after(every_s):
                return
        filler = b"\n" if "charset" in headers["Content-Type"] else b"\0"
        while behaviour.never_end:
            if self._is_gone_after(TRICKLE_EVERY_S):
                return
            self._send_chunk(filler)
        self.wfile.write(b"0\r\n\r\n")

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
        self.wfile.flush()

    def _is_gone_after(self, wait_s: float) -> bool:
        """Waits, and says whether the browser or the server went away meanwhile; then the connection is given up."""
        if wait_s <= 0:
            return False
        try:
            self.connection.settimeout(wait_s)
            is_pipelined = bool(self.connection.recv(1, socket.MSG_PEEK))  # a further request has to wait its turn
            gone = self.server.closing.wait(wait_s) if is_pipelined else True
        except TimeoutError:
            gone = self.server.closing.is_set()
        except OSError:
            gone = True
        finally:
            with contextlib.suppress(OSError):
                self.connection.settimeout(self.timeout)
        self.close_connection = self.close_connection or gone
        return gone

    def _hang_up(self) -> None:
        """Ends the connection with a reset."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def _send_unknown_host(self, status: HTTPStatus) -> None:
        if status is not HTTPStatus.NOT_FOUND:  # the client is told nothing of what there is
            self._send(status, {}, _page(str(status.value), "No site is known under this host name."))
            return
        port = self.server.server_port
        names = self.server.folder.site_names()
        links = " ".join(
            f'<li><a href="http://{name}.{SITE_DOMAIN}:{port}/">{html.escape(name)}</a></li>' for name in names
        )
        message = (
            f"No site is known under this host name. Sites are at http://NAME.{SITE_DOMAIN}:{port}/, "
            f"as listed below and by <code>gridrunner sites serve</code>.<ul>{links}</ul>"
        )
        self._send(HTTPStatus.NOT_FOUND, {}, _page("404", message))


def _host_name(site: str) -> str:
    """The host name of a site folder."""
    is_frame = site.startswith(FRAMES_FOLDER + "/")
    return f"{site.removeprefix(FRAMES_FOLDER + '/')}.{FRAME_DOMAIN if is_frame else SITE_DOMAIN}"


def _page(title: str, message: str) -> bytes:
    return (
        f'<!doctype html><html lang="en"><title>{title}</title><h1>{title}</h1><div>{message}</div></html>\n'.encode()
    )
