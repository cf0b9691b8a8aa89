"""Each wait has a cause with a name, and none of these pages holds a visit to its deadline."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from gridrunner.model import Observation, Outcome, ReadyBy, Site
from tests.browser.conftest import OpenSession
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

SIZE = 'style="width:400px;height:200px"'
DEAD = "https://dead.example/x"
MANY = "<select>" + "<option>a" * 900 + "</select>"
LATER = "<p>hello<script>addEventListener('load', () => setTimeout(() => {{ {} }}, 20))</script>"


def add_frame(how: str) -> str:
    make = "const f = document.createElement('iframe'); f.style = 'width:400px;height:200px';"
    return LATER.format(f"{make} {how}; document.body.append(f)")


ENDED = {
    "failed-before-a-flood": f'<p>x<iframe {SIZE} src="{DEAD}"></iframe>{MANY}<script></script>',
    "failed-then-a-flood": f'<p>x<iframe {SIZE} src="{DEAD}"></iframe>'
    + LATER.format("for (let n = 0; n < 900; n++) document.body.append(document.createElement('i'))"),
    "lazy-and-far-below": LATER.format(
        "document.body.insertAdjacentHTML('beforeend',"
        f"""`<div style="height:9000px"></div><iframe loading=lazy {SIZE} src="/ok"></iframe>`)"""
    ),
    "about-blank": add_frame("f.src = 'about:blank'"),
    "empty-address": add_frame("f.setAttribute('src', '')"),
    "script-address": add_frame("f.src = 'javascript:void 0'"),
    "broken-address": add_frame("f.setAttribute('src', 'http://[bad')"),
    "mail-address": add_frame("f.src = 'mailto:a@b.example'"),
    "dead-name": add_frame(f"f.src = '{DEAD}'"),
    "frame-without-content": add_frame("f.src = '/no-content'"),
    "frame-of-a-file": add_frame("f.src = '/file'"),
    "forbidden-to-frame": add_frame("f.src = '/unframed'"),
    "stopped": add_frame("f.src = '/silent'; setTimeout(() => window.stop(), 50)"),
    "address-taken-away": add_frame("f.src = '/silent'; setTimeout(() => f.removeAttribute('src'), 50)"),
    "another-address": add_frame("f.src = '/silent'; setTimeout(() => { f.src = '/ok'; }, 50)"),
    "request-given-up": "<p>x<script>const c = new AbortController(); fetch('/silent', { signal: c.signal });"
    " setTimeout(() => c.abort(), 30)</script>",
    "frame-gone-with-its-request": "<p>x<iframe src=/asks></iframe>"
    "<script>setTimeout(() => document.querySelector('iframe').remove(), 300)</script>",
}
SILENT = {
    "picture": ("<p>x<img src=/silent><script></script>", "load"),
    "sheet": ("<link rel=stylesheet href=/silent><p>x", "load"),
    "script": ("<p>x<script async src=/silent></script>", "load"),
    "frame": (f"<p>x<iframe {SIZE} src=/silent></iframe>", "load"),
    "late-frame": (add_frame("f.src = '/silent'"), "frame"),
    "fetch": ("<p>x<script>fetch('/silent')</script>", "request"),
    "stopped-parser": ("<p>x<script src=/silent></script>", "parser"),
}


@pytest.fixture
def waiting() -> Iterator[PageServer]:
    """The pages above; /silent answers when the test is over."""
    over = threading.Event()
    pages = {f"/{name}": page for name, page in ENDED.items()}
    pages |= {f"/silent-{name}": page for name, (page, _) in SILENT.items()}

    def hold(handler: Any) -> None:
        over.wait()
        handler.close_connection = True

    answers: dict[str, Any] = {path: "<!doctype html><title>Page</title>" + page for path, page in pages.items()}
    answers |= {
        "/ok": "<p>fine",
        "/asks": "<script>fetch('/silent')</script>",
        "/silent": hold,
        "/no-content": lambda handler: handler.reply(204, ""),
        "/file": lambda handler: handler.reply(200, "a;b", Content_Disposition="attachment; filename=a.csv"),
        "/unframed": lambda handler: handler.reply(200, "<p>no", X_Frame_Options="DENY"),
    }
    with PageServer(answers) as server:
        yield server
        over.set()


def visit(open_session: OpenSession, server: PageServer, path: str, timeout_s: float) -> Observation:
    session = open_session(visit_timeout_s=timeout_s)
    return session.visit(Site(id="s", url=server.url(path)), attempt=1, upcoming=None)


@pytest.mark.parametrize("name", ENDED)
def test_what_has_ended_or_never_began_is_not_waited_for(
    open_session: OpenSession, waiting: PageServer, name: str
) -> None:
    observation = visit(open_session, waiting, f"/{name}", 20.0)
    assert (observation.outcome, observation.ready_by) == (Outcome.OBSERVED, ReadyBy.QUIET)
    assert "quiet" in observation.timings.waits
    assert not any(cause.startswith("request") for cause in observation.timings.waits)


@pytest.mark.parametrize("name", SILENT)
def test_host_that_never_answers_is_named(open_session: OpenSession, waiting: PageServer, name: str) -> None:
    observation = visit(open_session, waiting, f"/silent-{name}", 9.0)
    host = waiting.url("/").removeprefix("http://").rstrip("/")
    _, cause = SILENT[name]
    assert f"{cause} {host}" in observation.timings.waits
    assert (observation.ready_by is ReadyBy.DEADLINE) == observation.detail.endswith(host)
