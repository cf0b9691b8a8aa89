"""Pages that try to reach what is private, each way at a port of its own, and the listener that tells what came.

A way is JavaScript in which URL says where to: an address, which is refused before a connection is tried, or a name of
the attacker's own that leads there (DNS rebinding), where only the address of the connection tells.
"""

from __future__ import annotations

import json
import selectors
import socket
import threading
from collections import defaultdict
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from tests.support.page_server import Page

_WORKER = "new Worker(window.URL.createObjectURL(new Blob(['SCRIPT'])))"
_PEER = (
    "const peer = new RTCPeerConnection(SETTINGS); peer.createDataChannel('x'); "
    "peer.createOffer().then((offer) => peer.setLocalDescription(offer))"
)
_ANSWERED = (
    ".then(() => peer.setRemoteDescription({type: 'answer', sdp: peer.localDescription.sdp"
    ".replace(/a=setup:actpass/g, 'a=setup:active').replace(/a=candidate.*\\r\\n/g, '')}))"
    ".then(() => peer.addIceCandidate({candidate: CANDIDATE, sdpMid: '0', sdpMLineIndex: 0}))"
)


def _element(tag: str, attribute: str, more: str = "") -> str:
    return f"const made = document.createElement('{tag}'); {more} made.{attribute} = URL; document.body.append(made);"


def _form(more: str) -> str:
    return (
        "const form = document.createElement('form'); form.method = 'post'; form.enctype = 'text/plain'; "
        "form.action = URL; "
        f"{more} document.body.append(form); form.submit();"
    )


def _peer(server: str) -> str:
    settings = f"{{iceServers: [{{urls: {server}, username: 'a', credential: 'b'}}]}}"
    return _PEER.replace("SETTINGS", settings)


def _candidate(kind: str) -> str:
    port = "URL.split(':')[2].split('/')[0]"
    return (_PEER.replace("SETTINGS", "") + _ANSWERED).replace("CANDIDATE", kind.replace("PORT", f"' + {port} + '"))


IN_PAGE: dict[str, str] = {
    "fetch": "fetch(URL, {mode: 'no-cors'}).catch(() => 0)",
    "post": "fetch(URL, {method: 'POST', mode: 'no-cors', body: 'x'}).catch(() => 0)",
    "keepalive": "fetch(URL, {mode: 'no-cors', keepalive: true}).catch(() => 0)",
    "address-space": "fetch(URL, {targetAddressSpace: 'loopback'}).catch(() => 0)",
    "xhr": "const asked = new XMLHttpRequest(); asked.open('GET', URL); asked.send()",
    "beacon": "navigator.sendBeacon(URL, 'x')",
    "ping": "const link = document.createElement('a'); link.href = '#x'; link.ping = URL; link.click()",
    "image": "new Image().src = URL",
    "script": _element("script", "src"),
    "module": "import(URL).catch(() => 0)",
    "style": _element("link", "href", "made.rel = 'stylesheet';"),
    "preload": _element("link", "href", "made.rel = 'preload'; made.as = 'fetch';"),
    "prefetch": _element("link", "href", "made.rel = 'prefetch';"),
    "preconnect": _element("link", "href", "made.rel = 'preconnect';"),
    "font": "new FontFace('x', `url(${URL})`).load().catch(() => 0)",
    "video": _element("video", "src"),
    "object": _element("object", "data"),
    "embed": _element("embed", "src"),
    "frame": _element("iframe", "src"),
    "frame-sandboxed": _element("iframe", "src", "made.sandbox = 'allow-scripts';"),
    "frame-post": _form(
        "const made = document.createElement('iframe'); made.name = form.target = 'f'; document.body.append(made);"
    ),
    "frame-blank": "const made = document.createElement('iframe'); document.body.append(made); "
    "made.contentWindow.fetch(URL, {mode: 'no-cors'}).catch(() => 0)",
    "frame-srcdoc": "const made = document.createElement('iframe'); made.srcdoc = `<img src='${URL}'>`; "
    "document.body.append(made)",
    "frame-data": "const made = document.createElement('iframe'); made.src = `data:text/html,<img src='${URL}'>`; "
    "document.body.append(made)",
    "frame-refresh": "const made = document.createElement('iframe'); "
    "made.srcdoc = `<meta http-equiv=refresh content='0;url=${URL}'>`; document.body.append(made)",
    "frame-redirect": _element("iframe", "src", "URL = '/redirect?' + URL;"),
    "frame-location": _element("iframe", "src", "URL = '/frame?' + URL;"),
    "redirect": "fetch('/redirect?' + URL, {mode: 'no-cors'}).catch(() => 0)",
    "image-redirect": "new Image().src = '/redirect?' + URL",
    "redirect-307": "fetch('/redirect307?' + URL, {method: 'POST', body: 'x', mode: 'no-cors'}).catch(() => 0)",
    "websocket": "new WebSocket(URL.replace('http', 'ws'))",
    "events": "new EventSource(URL)",
    "worker": _WORKER.replace("SCRIPT", 'fetch("\' + URL + \'", {mode: "no-cors"}).catch(() => 0)'),
    "worker-import": _WORKER.replace("SCRIPT", "try { importScripts(\"' + URL + '\") } catch {}"),
    "worker-socket": _WORKER.replace("SCRIPT", "new WebSocket(\"' + URL.replace('http', 'ws') + '\")"),
    "worker-shared": _WORKER.replace("Worker", "SharedWorker").replace(
        "SCRIPT", 'fetch("\' + URL + \'", {mode: "no-cors"}).catch(() => 0)'
    ),
    "worker-service": "navigator.serviceWorker?.register('/worker.js?' + encodeURIComponent(URL)).catch(() => 0)",
    "transport": "new WebTransport(URL.replace('http:', 'https:')).ready.catch(() => 0)",
    "stun": _peer("'stun:' + URL.split('/')[2]"),
    "turn": _peer("'turn:' + URL.split('/')[2] + '?transport=tcp'"),
    "turns": _peer("'turns:' + URL.split('/')[2] + '?transport=tcp'"),
    "candidate-tcp": _candidate("'candidate:1 1 tcp 2105458943 127.0.0.1 PORT typ host tcptype passive'"),
    "candidate-udp": _candidate("'candidate:1 1 udp 2105458943 127.0.0.1 PORT typ host'"),
    "window": "open(URL)",
    "window-alone": "open(URL, '_blank', 'noopener')",
    "window-later": "const opened = open('about:blank'); if (opened) setTimeout(() => { opened.location = URL; }, 100)",
    "window-post": _form("form.target = '_blank';"),
    "speculation": "const made = document.createElement('script'); made.type = 'speculationrules'; made.textContent = "
    "JSON.stringify({prefetch: [{source: 'list', urls: [URL]}], prerender: [{source: 'list', urls: [URL]}]}); "
    "document.head.append(made)",
    "csp-report": _element("iframe", "src", "URL = '/reporting?' + encodeURIComponent(URL);"),
}
"""Ways of a page that stays where it is."""

LEAVING: dict[str, str] = {
    "location": "location = URL",
    "post": _form(""),
    "redirect": "location = '/redirect?' + URL",
    "refresh": "const made = document.createElement('meta'); made.httpEquiv = 'refresh'; "
    "made.content = '0;url=' + URL; "
    "document.head.append(made)",
}
"""Ways of a page that goes there itself."""

SPELLINGS = (
    "127.0.0.1",
    "localhost",
    "a.b.localhost",
    "0.0.0.0",
    "2130706433",
    "127.1",
    "0x7f.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
)
"""Of loopback, as a page may write it."""


class Listener:
    """A port for each way, TCP and UDP; `heard` is what came by each: nothing, a connection, or bytes of the page's."""

    def __init__(self, ways: list[str], *, bind: str = "") -> None:
        """Listens on every address, or on `bind`."""
        self._selector = selectors.DefaultSelector()
        self._bytes: dict[str, int] = defaultdict(int)
        self._connections: dict[str, int] = defaultdict(int)
        self.ports: dict[str, int] = {}
        for way in ways:
            listening = socket.socket()
            listening.bind((bind, 0))
            listening.listen(32)
            self.ports[way] = listening.getsockname()[1]
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            datagrams.bind((bind, self.ports[way]))
            for kind, made in (("listening", listening), ("datagrams", datagrams)):
                made.setblocking(False)
                self._selector.register(made, selectors.EVENT_READ, (kind, way))
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ, ("end", ""))
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wake.send(b"x")
        self._thread.join(timeout=30)
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # all are sockets
        self._selector.close()
        self._wake.close()

    def talked(self) -> list[str]:
        """The ways by which bytes came."""
        return sorted(self._bytes)

    def connected(self) -> list[str]:
        """The ways by which a connection came, with bytes or without."""
        return sorted({*self._connections, *self._bytes})

    def _listen(self) -> None:
        while True:
            for key, _ in self._selector.select():
                kind, way = key.data
                if kind == "end":
                    return
                self._hear(key.fileobj, kind, way)

    def _hear(self, heard: Any, kind: str, way: str) -> None:
        try:
            if kind == "listening":
                connection, _ = heard.accept()
                connection.setblocking(False)
                self._connections[way] += 1
                self._selector.register(connection, selectors.EVENT_READ, ("connection", way))
                return
            data = heard.recv(4096)
        except OSError:
            data = b""
        if data:
            self._bytes[way] += len(data)
        if kind == "connection":
            self._selector.unregister(heard)
            heard.close()


def make_pages(listener: Listener, host: str) -> dict[str, Page]:
    """`/` tries every way of IN_PAGE at `host`, `/spellings` each of SPELLINGS, `/leaving/WAY` one of LEAVING."""
    title = "<!doctype html><title>attacker</title><body><input type=password>"

    def attempt(way: str, script: str, at: str = host) -> str:
        return f"try {{ let URL = 'http://{at}:{listener.ports[way]}/'; {script}; }} catch {{}}"

    def all_of(attempts: list[str]) -> str:
        return title + "<script>" + "".join(f"{{{line}}}\n" for line in attempts) + "</script>"

    pages: dict[str, Page] = {
        "/": all_of([attempt(way, script) for way, script in IN_PAGE.items()]),
        "/spellings": all_of([attempt(at, IN_PAGE["fetch"], at) for at in SPELLINGS if at in listener.ports]),
        "/redirect": lambda handler: _redirect(handler, 302),
        "/redirect307": lambda handler: _redirect(handler, 307),
        "/frame": lambda handler: _reply(handler, f"<script>location = {json.dumps(_query(handler))}</script>"),
        "/worker.js": lambda handler: _reply(
            handler,
            f"fetch({json.dumps(_query(handler))}, {{mode: 'no-cors'}}).catch(() => 0)",
            Content_Type="text/javascript",
        ),
        "/reporting": lambda handler: _reply(
            handler, "<script>1</script>", Content_Security_Policy=f"script-src 'none'; report-uri {_query(handler)}"
        ),
    }
    for way, script in LEAVING.items():
        pages[f"/leaving/{way}"] = all_of([attempt(f"leaving-{way}", script)])
    return pages


def _query(handler: Any) -> str:
    return unquote(handler.path.partition("?")[2])


def _redirect(handler: Any, status: int) -> None:
    handler.reply(status, "", Location=_query(handler))


def _reply(handler: Any, body: str, **headers: str) -> None:
    handler.reply(200, body, **headers)


WAYS = [*IN_PAGE, *SPELLINGS, *(f"leaving-{way}" for way in LEAVING)]
