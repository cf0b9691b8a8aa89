"""Who visits, by what servers and pages saw of it: in navigations, frames of other sites, workers and requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from gridrunner.browser.identity import BrowserVersion
from gridrunner.browser.visitors import describe_agent
from gridrunner.model import Outcome, Site, Step, StepKind
from gridrunner.settings.visits import VisitorKind
from tests.browser.conftest import OpenSession
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

SAY = """
const say = async (who) => {
  const hints = navigator.userAgentData;
  const told = hints ? await hints.getHighEntropyValues(
    ["fullVersionList", "architecture", "bitness", "model", "platformVersion", "formFactors"]) : {};
  const {locale, timeZone} = Intl.DateTimeFormat().resolvedOptions();
  const said = {agent: navigator.userAgent, languages: navigator.languages, language: navigator.language,
                locale, timeZone, ...told};
  await fetch("/said/" + who + "?" + encodeURIComponent(JSON.stringify(said)));
};
"""

TOP = """<!doctype html><title>Who</title>
<script>{say}
const place = new Promise((done) => navigator.geolocation.getCurrentPosition(
  ({{coords}}) => done(fetch(`/place?${{coords.latitude}},${{coords.longitude}}`)),
  () => done(fetch("/place?refused"))));
const frame = new Promise((done) => addEventListener("message", done, {{once: true}}));
const worker = new Promise((done) => {{ new Worker("/worker.js").onmessage = done; }});
const service = navigator.serviceWorker.register("/service.js").then(() => navigator.serviceWorker.ready);
Promise.all([say("page"), place, frame, worker, service]).then(() => {{
  document.body.insertAdjacentHTML("beforeend", "<p id=all>all have spoken</p>");
}});
</script><body><iframe src="{frame}"></iframe></body>"""

FRAME = f"<!doctype html><title>f</title><script>{SAY} say('frame').then(() => parent.postMessage('', '*'))</script>"

SCRIPTS = {
    "/worker.js": f"{SAY} say('worker').then(() => postMessage(''))",
    "/service.js": f"{SAY} oninstall = (event) => event.waitUntil(say('service'))",
}

WHO_ASKS = {
    *("/", "/frame", "/worker.js", "/service.js"),
    *("/said/page", "/said/frame", "/said/worker", "/said/service", "/place"),
}


class Seen:
    """What the server saw: headers and query by path, the last of each."""

    def __init__(self) -> None:
        self.headers: dict[str, dict[str, str]] = {}
        self.queries: dict[str, str] = {}

    def said(self, who: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.queries[f"/said/{who}"])
        return said

    def header(self, name: str) -> dict[str, str | None]:
        return {path: headers.get(name) for path, headers in self.headers.items()}


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def server(seen: Seen) -> Iterator[PageServer]:
    def answer(handler: Any) -> None:
        path, _, query = handler.path.partition("?")
        seen.headers[path] = {name.lower(): value for name, value in handler.headers.items()}
        seen.queries[path] = unquote(query)
        if path in SCRIPTS:
            handler.reply(200, SCRIPTS[path], Content_Type="text/javascript")
        elif path == "/":
            handler.reply(200, TOP.format(say=SAY, frame=running.url("/frame", "other.test.localhost")))
        else:
            handler.reply(200, FRAME if path == "/frame" else "")

    with PageServer(dict.fromkeys(WHO_ASKS, answer)) as running:
        yield running


def site_at(server: PageServer, **given: Any) -> Site:
    waiting = (Step(kind=StepKind.WAIT_FOR, target="#all"),)
    return Site(id="who", url=server.url("/", "who.demo.localhost"), steps=waiting, **given)


SPEAKERS = ("page", "frame", "worker", "service")


def test_a_visitor_is_the_same_to_servers_pages_frames_and_workers(
    server: PageServer, seen: Seen, open_session: OpenSession
) -> None:
    session = open_session(user_agent_suffix="ourbot (+https://example.org/bot)")
    visit = session.visit(site_at(server, locale="de-AT"), attempt=1, upcoming=None)
    assert (visit.outcome, visit.detail) == (Outcome.OBSERVED, "")
    assert seen.headers.keys() == WHO_ASKS

    agent = visit.visitor["user_agent"]
    assert agent.startswith("Mozilla/5.0 (")
    assert agent.endswith(".0.0.0 Safari/537.36 ourbot (+https://example.org/bot)")
    assert "Headless" not in agent
    assert set(seen.header("user-agent").values()) == {agent}
    assert {who: seen.said(who)["agent"] for who in SPEAKERS} == dict.fromkeys(SPEAKERS, agent)

    # the script of a service worker is asked for by no page: it has no languages to give in headless shell
    languages = seen.header("accept-language")
    del languages["/service.js"]
    assert set(languages.values()) == {"de-AT,de;q=0.9"}
    for who in SPEAKERS:
        said = seen.said(who)
        assert (said["languages"], said["language"]) == (["de-AT", "de"], "de-AT"), who
        assert (said["locale"], said["timeZone"]) == ("de-AT", "Europe/Vienna"), who
        assert "Headless" not in json.dumps(said), who
    assert len({json.dumps(seen.said(who)["fullVersionList"]) for who in SPEAKERS}) == 1

    for path in ("/", "/frame", "/said/page", "/said/frame", "/place"):
        assert '"Chromium"' in seen.headers[path]["sec-ch-ua"], path
        assert "Headless" not in seen.headers[path]["sec-ch-ua"], path
    assert seen.queries["/place"] == "48.21,16.37"
    assert visit.visitor == {
        "user_agent": agent,
        "languages": "de-AT, de",
        "time_zone": "Europe/Vienna",
        "location": "48.21, 16.37",
    }


def test_plain_leaves_everything_as_the_browser_has_it(
    server: PageServer, seen: Seen, open_session: OpenSession
) -> None:
    session = open_session(visitor=VisitorKind.PLAIN)
    visit = session.visit(site_at(server, locale="de-AT"), attempt=1, upcoming=None)
    assert (visit.outcome, visit.visitor) == (Outcome.OBSERVED, {})
    own = seen.headers["/"]["user-agent"]
    assert "HeadlessChrome/" in own
    assert set(seen.header("user-agent").values()) == {own}
    assert "de-AT" not in json.dumps([seen.headers, [seen.said(who)["languages"] for who in SPEAKERS]])
    assert seen.queries["/place"] == "refused"

    # What we say of the browser otherwise is what it says itself, less the one word.
    product = own.partition("Headless")[2].partition(" ")[0]
    hints = describe_agent(BrowserVersion(product=product, user_agent=own)).hints
    assert hints is not None
    said = seen.said("page")
    own_brands = [brand for brand in said["fullVersionList"] if "Headless" not in brand["brand"]]
    assert sorted(map(str, hints["fullVersionList"])) == sorted(map(str, own_brands))
    for name in ("platform", "platformVersion", "architecture", "bitness", "model", "mobile", "formFactors"):
        assert hints[name] == said[name], name


def test_a_name_of_the_users_own_goes_without_hints(server: PageServer, seen: Seen, open_session: OpenSession) -> None:
    session = open_session(user_agent="ourbot/1.0")
    visit = session.visit(site_at(server, locale="ja", visitor="fr-CH"), attempt=1, upcoming=None)
    assert visit.outcome is Outcome.OBSERVED
    assert set(seen.header("user-agent").values()) == {"ourbot/1.0"}
    assert {"sec-ch-ua", "sec-ch-ua-platform"} & seen.headers["/"].keys() == set()
    assert (seen.said("page")["languages"], seen.said("page")["timeZone"]) == (["fr-CH", "fr"], "Europe/Zurich")
