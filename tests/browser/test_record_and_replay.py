"""Sites of every kind are recorded, their server goes away, and a replay sees the same.

One browser records and one replays, each a site after the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gridrunner.archive.reading import Archive
from gridrunner.archive.seen import list_differences, see
from gridrunner.archive.traffic import ARCHIVE_PROBE, Seen
from gridrunner.archive.writing import ArchiveWriter
from gridrunner.browser.evidence import EvidenceStore
from gridrunner.browser.tab_settings import TabSettings
from gridrunner.browser.traffic import Recording, Replaying
from gridrunner.model import Facts, Observation, Outcome, Site, Step, StepKind
from tests.browser.conftest import OpenSession
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

LOGIN = (
    "<form><label>User <input id=u name=user></label><input id=p type=password name=pw><button>Log in</button></form>"
)
HEAD = "<!doctype html><html lang=en><title>Shop</title><h1>Welcome</h1>"
ADD = f"document.body.insertAdjacentHTML('beforeend', '{LOGIN}')"
SECRETS = {
    "header": "5ecret-in-a-header",
    "cookie": "5ecret-in-a-cookie",
    "query": "5ecret-in-a-query",
    "sent": "5ecret-in-a-body",
    "answer": "5ecret-in-an-answer",
    "storage": "5ecret-in-storage",
    "field": "5ecret-in-a-field",
    "typed": "5ecret-typed-by-a-step",
}

PAGES: Mapping[str, str] = {
    "static": LOGIN,
    "late": f"<script>setTimeout(() => {{ {ADD} }}, 400)</script>",
    "frame-of-another-site": "<iframe width=600 height=400 src='http://pay.localhost:{port}/frame'></iframe>",
    "answer-of-a-post": f"<script>fetch('/api?at=' + Date.now(), {{method: 'POST', body: JSON.stringify({{q: 1}}), "
    f"headers: {{'content-type': 'application/json'}}}}).then(r => r.json()).then(a => {{ if (a.ok) {ADD} }})</script>",
    "random-path": f"<script>fetch('/id/' + crypto.randomUUID() + '/x?r=' + Math.random()).then(r => r.text())"
    f".then(t => {{ if (t === 'yes') {ADD} }})</script>",
    "polls-in-order": "<script>(async () => { for (;;) { const t = await (await fetch('/poll')).text();"
    f"if (t === 'ready') {{ {ADD}; return }} }} }})()</script>",
    "worker": f"<script>new Worker('/worker.js').onmessage = e => {{ if (e.data === 'from a worker') {ADD} }}</script>",
    "service-worker": "<script>navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready)"
    ".then(() => new Promise(done => navigator.serviceWorker.controller ? done()"
    " : navigator.serviceWorker.addEventListener('controllerchange', done)))"
    f".then(() => fetch('/by-the-worker')).then(r => r.text()).then(t => {{ if (t === 'inside') {ADD} }})</script>",
    "another-origin": "<script>fetch('http://api.localhost:{port}/cors', {method: 'PUT', headers: {'x-own': '1'}})"
    f".then(r => r.text()).then(t => {{ if (t === 'cors') {ADD} }})</script>",
    "never-ending-picture": "<img src=/endless>" + LOGIN,
    "cyrillic": "<p>Вход</p>" + LOGIN,
    "steps": "<a id=go href='/second?user=5ecret-typed-by-a-step'>Log in</a><input id=name>",
    "leaves-at-once": "<script>location.replace('/static')</script>",
    "web-socket": f"<script>new WebSocket('ws://' + location.host + '/ws').onerror = () => {{ {ADD} }}</script>",
    "with-secrets": LOGIN
    + "<input type=hidden name=csrf value=5ecret-in-a-field><script>localStorage.token = '5ecret-in-storage';"
    "const secret = where => ['5ecret', 'in', 'a', where].join('-');"
    "fetch('/private?token=5ecret-in-a-query', {method: 'POST', body: 'password=' + secret('body'),"
    "headers: {authorization: 'Bearer ' + secret('header'), 'x-token': localStorage.token}}).then(r => r.text())"
    ".then(t => { document.title = t.length })</script>",
}
STEPS = {
    "steps": (
        Step(kind=StepKind.FILL, target="#name", value=SECRETS["typed"]),
        Step(kind=StepKind.CLICK, target="#go"),
    )
}
EXPECTED = {"missing": Outcome.HTTP_ERROR, "broken": Outcome.HTTP_ERROR, "asks": Outcome.AUTH_REQUIRED}


def answers(port: list[int]) -> dict[str, Any]:
    def page(body: str) -> Any:
        return lambda handler: handler.reply(
            200, HEAD + body.replace("{port}", str(port[0])), Set_Cookie=f"session={SECRETS['cookie']}; Path=/"
        )

    polls = iter(["wait", "wait", "ready"])

    def answer_endless(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "image/png")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(b"8\r\n\x89PNG\r\n\x1a\n\r\n")
        handler.wfile.flush()
        handler.rfile.read(1)  # until the browser goes

    def move(handler: Any) -> None:
        handler.reply(302, "", Location=f"/static?state={SECRETS['query']}")

    def script(body: str) -> Any:
        def send(handler: Any) -> None:
            data = body.encode()
            handler.send_response(200)
            handler.send_header("Content-Type", "text/javascript")
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)

        return send

    cors = {
        "Access_Control_Allow_Origin": "*",
        "Access_Control_Allow_Methods": "PUT",
        "Access_Control_Allow_Headers": "*",
    }
    return {f"/{name}": page(body) for name, body in PAGES.items()} | {
        "/frame": page(LOGIN),
        "/second": page(LOGIN),
        "/strict": lambda handler: handler.reply(
            200,
            HEAD + LOGIN + "<script>document.body.innerHTML = ''</script>",
            Content_Security_Policy="script-src 'none'",
        ),
        "/moved": move,
        "/broken": lambda handler: handler.reply(500, "<p>out of order"),
        "/asks": lambda handler: handler.reply(401, "<p>who?", WWW_Authenticate='Basic realm="x"'),
        "/api": lambda handler: handler.reply(200, '{"ok": true}'),
        "/poll": lambda handler: handler.reply(200, next(polls, "ready")),
        "/worker.js": script("fetch('/data').then(r => r.text()).then(t => postMessage(t))"),
        "/data": "from a worker",
        "/sw.js": script(
            "addEventListener('install', () => skipWaiting());"
            "addEventListener('activate', e => e.waitUntil(clients.claim()));"
            "addEventListener('fetch', e => { if (e.request.url.includes('by-the')) e.respondWith(fetch('/inside')) })"
        ),
        "/inside": "inside",
        "/cors": lambda handler: handler.reply(200, "cors", **cors),
        "/endless": answer_endless,
        "/private": lambda handler: handler.reply(
            200, f'{{"access_token": "{SECRETS["answer"]}"}}', X_Session=SECRETS["header"]
        ),
    }


@pytest.fixture
def sites() -> tuple[tuple[Site, ...], PageServer]:
    port: list[int] = []
    pages = answers(port)
    server = PageServer(_Loose(pages))
    port.append(server.port)
    names = [*PAGES, "strict", "moved", *EXPECTED]
    return tuple(Site(id=name, url=server.url(f"/{name}"), steps=STEPS.get(name, ())) for name in names), server


class _Loose(dict[str, Any]):
    """Any address below /id/ is there."""

    def get(self, path: str, default: Any = None) -> Any:
        return "yes" if path.startswith("/id/") else super().get(path, default)


def test_a_replay_sees_what_the_recording_saw(
    sites: tuple[tuple[Site, ...], PageServer], open_session: OpenSession, tmp_path: Path
) -> None:
    planned, server = sites
    path = tmp_path / "night.wacz"
    writer = ArchiveWriter(path)
    store = EvidenceStore(run_folder=tmp_path)

    def facts_of(observation: Observation) -> Facts | None:
        return store.read_facts(observation.facts_path) if observation.facts_path else None

    with server:
        recording = open_session(tabs=TabSettings(traffic=Recording(writer, facts_of)), visit_timeout_s=15.0)
        recorded = {
            site.id: recording.visit(site, attempt=1, upcoming=following)
            for site, following in zip(planned, (*planned[1:], None), strict=True)
        }
        recording.close()
    writer.finish()
    expected = {site.id: EXPECTED.get(site.id, Outcome.OBSERVED) for site in planned}
    assert {name: seen.outcome for name, seen in recorded.items()} == expected
    without_login = {name for name, seen in recorded.items() if see(seen).login != "yes"}
    assert without_login == set(EXPECTED)

    with Archive(path) as archive:
        replaying = open_session(tabs=TabSettings(traffic=Replaying(archive)), visit_timeout_s=15.0)
        replayed = {site.id: replaying.visit(site, attempt=1, upcoming=None) for site in planned}
        seen_then = {name: archive.read_visit(place).seen for name, place in archive.visits.items()}
        lacks = archive.read_visit(archive.visits["web-socket"]).lacks
    seen_now = {name: see(observation, facts_of(observation)) for name, observation in replayed.items()}
    assert {name: list(list_differences(seen_then[name], seen_now[name])) for name in seen_now} == {
        name: [] for name in seen_then
    }
    assert seen_now["static"] != Seen()
    served = {name: observation.probes[ARCHIVE_PROBE] for name, observation in replayed.items()}
    assert {name: probe["missing"] for name, probe in served.items() if probe["missing"]} == {}
    assert lacks == {"websocket": 1}
    assert "random id in the path" in served["random-path"]["rules"]

    everything = read_everything(path)
    assert {name for name, secret in SECRETS.items() if secret.encode() in everything} == set()
    assert b"Set-Cookie" not in everything
    assert "Вход".encode() in everything


def read_everything(path: Path) -> bytes:
    """The file, and what is packed in it."""
    with Archive(path) as archive:
        records = [archive.read(place) for place, _ in archive.scan()]
        assert [record.problem for record in records if record.problem] == []
        unpacked = b"".join(
            record.body + repr((record.uri, record.headers, record.fields)).encode() for record in records
        )
    return path.read_bytes() + unpacked
