"""The probes of a search on a real page: what leads on is told, also by a page that takes itself apart."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dom_probes import read_probe
from gridrunner.browser.user_probes import UserProbe
from gridrunner.model import Site
from tests.browser.conftest import OpenSession
from tests.support.page_server import Page, PageServer

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang=de-AT><title>Rosa</title><base href="/de/">
<header><a href=konto target=_blank><svg><use href="#icon-user"/></svg></a><a href="#login">Anmelden</a></header>
<details><summary id=more>Mehr</summary><a href="/hidden">Einloggen</a></details>
<div role=navigation style="display:none"><a href="in?x=1">Login</a></div>
<site-menu></site-menu>
<form><input type=submit value=Suche><textarea></textarea></form><form action=/in><button>Nur so</button></form>
<form><input name=parentNode><input name=getAttribute><input name=closest><button aria-label="Los">x</button></form>
<a href="http://[">kaputt</a><a href="/twice">Zweimal</a><a href="/twice">Zweimal</a>
<footer><label for=burger class="nav-toggle">Menü</label><input type=checkbox id=burger></footer>
<script>
customElements.define('site-menu', class extends HTMLElement {
  connectedCallback() {
    this.attachShadow({mode: 'open'}).innerHTML = '<button aria-expanded=true>Im Schatten</button>';
  }
});
</script>"""


def probe(session: Any, server: PageServer, name: str, path: str = "/", **options: Any) -> dict[str, Any]:
    probes = (UserProbe(name=name, source=read_probe(name), options=options),)
    observation = session.visit(Site(id="a", url=server.url(path)), attempt=1, upcoming=None, probes=probes)
    value = observation.probes[name]["value"]
    assert isinstance(value, dict)
    return value


def test_the_probes_of_a_search(open_session: OpenSession) -> None:
    session = open_session()

    def moved(handler: Any) -> None:
        handler.reply(302, "", Location="/in")

    def elsewhere(handler: Any) -> None:
        handler.reply(302, "", Location=f"http://other.localhost:{server.port}/in")

    def named(handler: Any) -> None:
        handler.reply(200, f"Sitemap: {server.url('/map.xml')}")

    pages: dict[str, Page] = {
        "/": PAGE,
        "/in": "there",
        "/robots.txt": "User-agent: *\nDisallow: /in\n",
        "/named.txt": named,
        "/map.xml": "<loc>x</loc>",
        "/moved": moved,
        "/elsewhere": elsewhere,
    }
    with PageServer(pages) as server:
        ways = probe(session, server, "find_ways.js")
        links = {link["text"] or link["icon"].split()[-1]: link for link in ways["links"]}
        buttons = {button["text"]: button for button in ways["buttons"]}
        assert ways["language"] == "de-AT"
        assert {name: link["href"].removeprefix(server.url("")) for name, link in links.items()} == {
            "icon-user": "/de/konto",
            "Einloggen": "/hidden",
            "Login": "/de/in?x=1",
            "Zweimal": "/twice",
        }
        assert (links["icon-user"]["tab"], links["icon-user"]["place"]) == (True, "header")
        assert (links["Login"]["hidden"], links["Login"]["place"]) == (True, "nav")
        assert len(ways["links"]) == len(links)
        assert buttons["Anmelden"]["selector"].endswith(" > header:nth-of-type(1) > a:nth-of-type(2)")
        assert (buttons["Mehr"]["is_open"], buttons["Mehr"]["tells"]) == (False, True)
        assert buttons["Im Schatten"]["selector"].startswith("site-menu >>> ")
        assert buttons["Im Schatten"]["is_open"] is True
        assert (buttons["Menü"]["place"], "nav-toggle" in buttons["Menü"]["icon"]) == ("footer", True)

        sending = {name: button["sends"] for name, button in buttons.items() if "sends" in button}
        assert {name for name, sends in sending.items() if sends} == {"Suche", "x"}
        assert sending["Nur so"] is False
        assert [name for name, link in links.items() if "selector" in link] == ["Login"]

        groups = [["/none", "/gone", "/elsewhere"], ["/none", "/in"]]
        told = probe(session, server, "look_up.js", "/robots.txt", groups=groups, texts=["/map.xml"])
        assert [(place["path"], place["status"], place["elsewhere"]) for place in told["places"]] == [
            ("/none", 404, False),
            ("/gone", 404, False),
            ("/elsewhere", None, True),
        ]
        assert (told["requests"], told["texts"]) == (4, [])
        assert told["text"].splitlines() == ["User-agent: *", "Disallow: /in"]

        told = probe(session, server, "look_up.js", "/robots.txt", groups=[["/none", "/moved"]], texts=["/map.xml"])
        assert told["places"][1]["address"] == server.url("/in")
        told = probe(session, server, "look_up.js", "/robots.txt", groups=[["/none", "/x"]], texts=["/map.xml"])
        assert [json.dumps(text["text"]) for text in told["texts"]] == ['"<loc>x</loc>"']
        told = probe(session, server, "look_up.js", "/named.txt", texts=["/not-asked"])
        assert [text["address"] for text in told["texts"]] == [server.url("/map.xml")]
        told = probe(session, server, "look_up.js", "/robots.txt", groups=[["/none", "/x", "/y", "/z"]], most=3)
        assert (told["requests"], len(told["places"])) == (3, 3)
