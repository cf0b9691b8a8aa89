"""A copied page runs nothing: neither by what stands in it, without a policy, nor where the policy stands alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gridrunner.browser.session import BrowserSession
from gridrunner.browser.user_probes import UserProbe
from gridrunner.model import Observation, Outcome, Site
from gridrunner.settings.visits import Screenshots
from gridrunner.sites.copies import CARRIED_HEAD, RESTORE_SCRIPT
from gridrunner.sites.replay import ReplayServer
from tests.browser.conftest import OpenSession
from tests.support.hostile_dom import AUDIT, DOM_VECTORS, MARKUP_VECTORS, fuzzed_page, vector_page
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

EARLIER_WAYS = list(DOM_VECTORS)[:6]
OTHER_WAYS = [*list(DOM_VECTORS)[6:], *MARKUP_VECTORS]
FUZZED_PAGES = int(os.environ.get("GRIDRUNNER_FUZZED_PAGES", "6"))
FIRST_SEED = int(os.environ.get("GRIDRUNNER_FIRST_SEED", "1"))
AUDITED = (UserProbe(name="audit", source=AUDIT, options={"script": RESTORE_SCRIPT}),)


class Grounds:
    """A server that hears what runs, pages to be copied, and one browser session that copies and audits."""

    def __init__(self, server: PageServer, pages: dict[str, Any], session: BrowserSession, folder: Path) -> None:
        self.heard: list[str] = []
        self.heard_of_copies: list[str] = []
        pages["/ran"] = lambda handler: self._hear(handler, self.heard)
        pages["/ran-in-copy"] = lambda handler: self._hear(handler, self.heard_of_copies)
        self._server, self._pages, self._session, self._folder = server, pages, session, folder
        self.beacon = server.url("/ran")

    def _hear(self, handler: Any, heard: list[str]) -> None:
        heard.append(handler.path.partition("?")[2])
        with contextlib.suppress(OSError):  # the page that asked may be closed by now
            handler.reply(200, "", Content_type="text/plain")

    def copy(self, page: str) -> str:
        """The copy of a page that is visited with its scripts."""
        self._pages["/hostile"] = page
        seen = self._visit(self._server.url("/hostile"))
        assert seen.capture_path is not None, seen.detail
        copied = (self._folder / seen.capture_path).read_text()
        return copied.replace("/ran?", "/ran-in-copy?")  # what the page itself still asks is told apart

    def open_bare(self, copied: str) -> Observation:
        """A copy as any server would give it, without a policy."""
        assert CARRIED_HEAD in copied
        self._pages["/copy"] = copied.replace(CARRIED_HEAD, "")
        return self._visit(self._server.url("/copy"))

    def open_served(self, page: str) -> Observation:
        """A page as the replay server gives it from a folder of copies."""
        site = self._folder / "copies" / "copy"
        site.mkdir(parents=True, exist_ok=True)
        (site / "index.html").write_text(page)
        (site / "facts.json.gz").write_bytes(b"")
        with ReplayServer(site.parent) as replica:
            return self._visit(f"http://copy.demo.localhost:{replica.port}/")

    def _visit(self, url: str) -> Observation:
        self.heard.clear()
        seen = self._session.visit(Site(id="page", url=url), attempt=1, upcoming=None)
        assert seen.outcome is Outcome.OBSERVED, seen.detail
        return seen


@pytest.fixture
def grounds(open_session: OpenSession, tmp_path: Path) -> Iterator[Grounds]:
    pages: dict[str, Any] = {
        "/logo.svg": lambda handler: handler.reply(
            200, "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", Content_type="image/svg+xml"
        )
    }
    with PageServer(pages) as server:
        yield Grounds(server, pages, open_session(capture=Screenshots.ALL, probes=AUDITED), tmp_path)


def violations(seen: Observation) -> list[str]:
    return [event.text for event in seen.events if "Content Security Policy" in event.text]


def assert_runs_nothing(grounds: Grounds, copied: str) -> None:
    bare = grounds.open_bare(copied)
    assert bare.probes["audit"] == {"value": []}
    assert grounds.heard_of_copies == []
    served = grounds.open_served(copied)  # what the policy would have had to stop, it would name
    assert violations(served) == []
    assert grounds.heard_of_copies == []


@pytest.mark.parametrize("way", EARLIER_WAYS)
def test_each_way_that_once_ran_runs_no_more(grounds: Grounds, way: str) -> None:
    assert_runs_nothing(grounds, grounds.copy(vector_page([way], grounds.beacon)))


@pytest.mark.parametrize("start", range(0, len(OTHER_WAYS), 10))
def test_known_shapes_run_nothing(grounds: Grounds, start: int) -> None:
    assert_runs_nothing(grounds, grounds.copy(vector_page(OTHER_WAYS[start : start + 10], grounds.beacon)))


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + FUZZED_PAGES))
def test_documents_built_at_random_run_nothing(grounds: Grounds, seed: int) -> None:
    assert_runs_nothing(grounds, grounds.copy(fuzzed_page(seed, grounds.beacon)))


HAND_MADE = {
    "script": "<script>CODE</script>",
    "script of a server": "<script src='BEACON?src'></script><script type=module>import 'BEACON?module'</script>",
    "our script with more": f"<script>{RESTORE_SCRIPT}\nCODE</script>",
    "earlier script with more": '<script>/* gridrunner: what HTML cannot say */\nhistory.replaceState(null, "", "/x")\nCODE\n'
    '</script><script>/* gridrunner: what HTML cannot say */\nhistory.replaceState(null, "", "/" + CODE)\n</script>',
    "handlers": '<img src=/nothing onerror="CODE"><svg onload="CODE"></svg><details open ontoggle="CODE"></details>',
    "frames": '<iframe srcdoc="<script>CODE</script>"></iframe><iframe src="javascript:CODE"></iframe>'
    '<iframe src="data:text/html,<script>CODE</script>"></iframe><iframe src=BEACON?frame></iframe>',
    "objects": "<object data=BEACON?object></object><embed src=BEACON?embed>"
    '<object data="data:text/html,<script>CODE</script>"></object>',
    "a policy of its own": "<meta http-equiv=Content-Security-Policy content=\"script-src 'unsafe-inline' *\"><script>CODE</script>",
    "base": "<base href=BEACON/><script src=x.js></script><link rel=stylesheet href=BEACON?style>",
    "refresh": '<meta http-equiv=refresh content="0;url=javascript:CODE">',
    "forms": '<form id=f action=BEACON?form><button id=b>x</button></form><form target=_top action="javascript:CODE"></form>',
    "styles": "<style>@import 'BEACON?import';body{background:url(BEACON?image)}@font-face{font-family:x;src:url(BEACON?font)}"
    "p{font-family:x}</style><p>x</p>",
    "drawing": '<svg><script>CODE</script><animate onbegin="CODE" attributeName=x dur=1s></animate></svg>',
    "hints": "<link rel=preload as=script href=BEACON?preload><link rel=prefetch href=BEACON?prefetch>"
    "<link rel=modulepreload href=BEACON?modulepreload><link rel=icon href=BEACON?icon><link rel=manifest href=BEACON?manifest>",
    "rules": '<script type=speculationrules>{"prefetch": [{"urls": ["BEACON?speculation"]}]}</script>',
}


@pytest.mark.parametrize("way", HAND_MADE)
def test_policy_alone_holds_what_somebody_made_up(grounds: Grounds, way: str) -> None:
    code = f"new Image().src='{grounds.beacon}?code';location='{grounds.beacon}?left'"
    page = HAND_MADE[way].replace("CODE", code).replace("BEACON", grounds.beacon)
    grounds.open_served(f"<!doctype html><title>Log in</title><body>{page}<h1>Log in</h1>")
    assert grounds.heard == []


def test_copy_of_an_earlier_gridrunner_keeps_its_own_script(grounds: Grounds) -> None:
    script = (
        '<script>/* gridrunner: what HTML cannot say */\nhistory.replaceState(null, "", "/account/login")\n'
        'for (const name of ["x-login"]) try { customElements.define(name, class extends HTMLElement {}) } catch {}\n'
        "</script>"
    )
    inner = script.replace("&", "&amp;").replace('"', "&quot;")
    seen = grounds.open_served(
        "<!doctype html><html><style>:not(:defined){visibility:hidden}</style><body><title>Log in</title><h1>Log in</h1><x-login><form method=post action=/login>"
        "<label>User name <input name=username autocomplete=username></label><label>Password <input type=password "
        f'name=password></label><button>Log in</button></form></x-login><iframe srcdoc="{inner}"></iframe>{script}</body></html>'
    )
    assert seen.url.endswith("/account/login")
    assert seen.detection is not None
    assert seen.detection.login_present is True
    assert violations(seen) == []


def test_vectors_do_run_where_nothing_holds_them(grounds: Grounds) -> None:
    """Else the tests above would prove nothing."""
    grounds.copy(vector_page(OTHER_WAYS, grounds.beacon))
    assert len(set(grounds.heard)) > 10
    assert grounds.copy(fuzzed_page(FIRST_SEED, grounds.beacon))
    assert grounds.heard
