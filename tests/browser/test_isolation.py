"""What one site stores is invisible to the next, in every mode and browser: one session visits an origin twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gridrunner.browser.user_probes import UserProbe
from gridrunner.model import Observation, Outcome, Site
from gridrunner.settings.grid import BrowserName
from tests.browser.conftest import OpenSession
from tests.support.devtools import tabs_of, take_page
from tests.support.page_server import PageServer

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("browser", [BrowserName.HEADLESS_SHELL, BrowserName.CHROMIUM]),
]

STORE = """async () => {
  document.cookie = 'a=1; max-age=600';
  localStorage.b = '2';
  sessionStorage.c = '3';
  await new Promise((resolve) => {
    const opening = indexedDB.open('d');
    opening.onupgradeneeded = () => opening.result.createObjectStore('rows');
    opening.onsuccess = resolve;
  });
  await (await caches.open('e')).put('/f', new Response('g'));
  await navigator.serviceWorker.register('/worker.js');
  return true;
}"""

READ = """async () => ({
  cookie: document.cookie,
  local: Object.keys(localStorage),
  session: Object.keys(sessionStorage),
  databases: (await indexedDB.databases()).map((each) => each.name),
  caches: await caches.keys(),
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  controlled: Boolean(navigator.serviceWorker.controller),
  geolocation: (await navigator.permissions.query({name: 'geolocation'})).state,
})"""

CLEAN = {
    "cookie": "",
    "local": [],
    "session": [],
    "databases": [],
    "caches": [],
    "workers": 0,
    "controlled": False,
}


def serve_worker(handler: Any) -> None:
    body = b"self.addEventListener('fetch', () => {});"
    handler.send_response(200)
    handler.send_header("Content-Type", "text/javascript")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def ask_for_password(handler: Any) -> None:
    if handler.headers.get("Authorization"):
        handler.reply(200, "<!doctype html><title>in</title><p>you are in")
    else:
        handler.reply(401, "<!doctype html><title>out</title>", WWW_Authenticate='Basic realm="x"')


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    page = "<!doctype html><title>page</title><p>nothing here"
    with PageServer({"/": page, "/worker.js": serve_worker, "/private": ask_for_password}) as served:
        yield served


def visit(session: Any, url: str, source: str) -> Observation:
    probe = UserProbe(name="p", source=source)
    observation: Observation = session.visit(
        Site(id="s", url=url), attempt=1, upcoming=Site(id="t", url=url), probes=(probe,)
    )
    return observation


@pytest.mark.parametrize("lanes", [1, 2])
def test_storage_of_one_site_is_invisible_to_the_next(
    open_session: OpenSession, server: PageServer, browser: BrowserName, lanes: int
) -> None:
    first = open_session(browser=browser, lanes_per_browser=lanes)
    url = server.url("/", host="store.localhost")
    assert visit(first, url, STORE).probes["p"] == {"value": True}
    second = open_session(beside=first) if lanes > 1 else first
    stored = visit(second, url, READ).probes["p"]["value"]
    assert {name: stored[name] for name in CLEAN} == CLEAN


def test_http_credentials_are_not_carried_over(
    open_session: OpenSession, server: PageServer, browser: BrowserName
) -> None:
    session = open_session(browser=browser)
    host = f"me:secret@private.localhost:{server.port}"
    inside = session.visit(Site(id="a", url=f"http://{host}/private"), attempt=1, upcoming=None)
    assert (inside.outcome, inside.title) == (Outcome.OBSERVED, "in")
    after = session.visit(Site(id="b", url=server.url("/private", host="private.localhost")), attempt=1, upcoming=None)
    assert after.outcome is Outcome.AUTH_REQUIRED


def test_a_granted_permission_is_not_carried_over(
    open_session: OpenSession, server: PageServer, browser: BrowserName
) -> None:
    session = open_session(browser=browser)
    url = server.url("/", host="place.localhost")
    before = visit(session, url, READ).probes["p"]["value"]["geolocation"]
    page = take_page(session)
    grant = {"permissions": ["geolocation"], "origin": url.rstrip("/"), "browserContextId": page.context}
    tabs_of(session).connection.send("Browser.grantPermissions", grant)
    page.discard()
    assert visit(session, url, READ).probes["p"]["value"]["geolocation"] == before
