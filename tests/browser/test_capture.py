"""Pages captured and replayed: the same detection, and nothing of the user's in the copy."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from gridrunner import cli
from gridrunner.browser.copying import copy_page
from gridrunner.browser.scrubbing import scrub_json
from gridrunner.model import Detection, Observation, Site, Step, StepKind
from gridrunner.settings.visits import Screenshots
from gridrunner.sites.lists import read_site_lists
from gridrunner.sites.replay import ReplayServer
from tests.browser.conftest import OpenSession
from tests.support.devtools import take_page
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

TOKEN = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
FORM = (
    f"<form method=post action='/session?next=/inbox&key=letmein'><input type=hidden name=csrf value='{TOKEN}'>"
    f"<input type=hidden name=action value=login><label for='u-{TOKEN}'>E-mail</label><input id='u-{TOKEN}' name=email "
    "type=email value='ada@bank.example' autocomplete=username><label>Password <input id=pass type=password "
    f"value=hunter22></label><button id=go onclick='doLogin(\"{TOKEN}\")'>Log in</button></form>"
)
PAGE = (
    f"<!doctype html><html lang=en><head><title>Log in, ada@bank.example</title><meta name=csrf-token content={TOKEN}>"
    "<link rel=stylesheet href=/site.css><script>var secret = 'in-a-script'</script></head><body class=account>"
    f"<a href='https://user:pw@bank.example/help?session={TOKEN}'>Help</a><p>Hello ada@bank.example</p>"
    f"<img src=/logo.svg alt=Bank><img src=/missing.png alt=Seal>{FORM}<!-- build 7 --></body></html>"
)
STYLES = "body{font:15px sans-serif;margin:0} form{width:360px;margin:40px auto} input{display:block;width:100%}"
SHADOW = (
    "<!doctype html><html lang=en><title>Log in</title><style>:not(:defined){{visibility:hidden}}</style><x-login>"
    "</x-login><script>customElements.define('x-login', class extends HTMLElement {{ connectedCallback() {{"
    "this.attachShadow({{mode: '{mode}'}}).innerHTML = {form} }} }})</script>"
)
FRAMES = (
    "<!doctype html><html lang=en><title>Log in</title><h1>Welcome</h1><iframe id=f src='http://other.localhost:PORT/"
    "account/login' width=500 height=300></iframe>"
)
MODAL = (
    "<!doctype html><html lang=en><title>Shop</title><button id=open onclick=\"document.getElementById('d').showModal()"
    f'">Log in</button><p>{"Roses need sun. " * 40}</p><dialog id=d>{FORM}</dialog>'
)
PAGES: dict[str, Any] = {
    "/account/login": PAGE,
    "/site.css": lambda handler: handler.reply(200, STYLES, Content_type="text/css"),
    "/logo.svg": lambda handler: handler.reply(
        200, "<svg xmlns='http://www.w3.org/2000/svg' width='120' height='40'/>", Content_type="image/svg+xml"
    ),
    "/open": SHADOW.format(mode="open", form=json.dumps(FORM)),
    "/closed": SHADOW.format(mode="closed", form=json.dumps(FORM)),
    "/modal": MODAL,
    "/garden": "<!doctype html><html lang=en><title>Garden</title><h1>Roses</h1><p>" + "Roses need sun. " * 40,
}


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer(PAGES) as other, PageServer({**PAGES, "/frame": FRAMES.replace("PORT", str(other.port))}) as served:
        yield served


def verdict_of(observation: Observation) -> tuple[Any, ...]:
    """What a user sees of a detection: the verdict, the fields, where a one-click login would go."""
    detection = observation.detection
    assert detection is not None, observation.detail
    login = detection.login
    chosen = (login.username, login.password_current, login.submit) if login else ()
    point = detection.insertion_point
    return (
        detection.login_present,
        [element and element.selector for element in chosen],
        point and (point.side, point.box),
    )


def replayed(open_session: OpenSession, page: bytes, tmp_path: Path) -> Observation:
    folder = tmp_path / "pages"
    (folder / "copy").mkdir(parents=True)
    (folder / "copy" / "index.html").write_bytes(page)
    with ReplayServer(folder) as replica:
        url = f"http://copy.demo.localhost:{replica.port}/"
        observation: Observation = open_session().visit(Site(id="copy", url=url), attempt=1, upcoming=None)
        return observation


def mask_ids(verdict: tuple[Any, ...]) -> tuple[Any, ...]:
    return verdict[0], scrub_json(verdict[1]), verdict[2]


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("/account/login", ()),
        ("/open", ()),
        ("/closed", ()),
        ("/frame", ()),
        ("/garden", ()),
        ("/modal", (Step(kind=StepKind.CLICK, target="#open"),)),
    ],
)
def test_copy_gives_the_same_detection(
    open_session: OpenSession, server: PageServer, tmp_path: Path, path: str, steps: tuple[Step, ...]
) -> None:
    session = open_session(capture=Screenshots.ALL)
    observation = session.visit(Site(id="page", url=server.url(path), steps=steps), attempt=1, upcoming=None)
    session.close()
    assert observation.capture_path is not None, observation.detail
    page = (tmp_path / observation.capture_path).read_bytes()
    assert mask_ids(verdict_of(observation)) == verdict_of(replayed(open_session, page, tmp_path))


@pytest.mark.parametrize("path", ["/account/login", "/open", "/closed", "/frame", "/modal"])
def test_nothing_of_the_users_is_in_the_copy(
    open_session: OpenSession, server: PageServer, tmp_path: Path, path: str
) -> None:
    session = open_session(capture=Screenshots.ALL)
    typed = Step(kind=StepKind.FILL, target="#pass", value="typed-by-a-step")
    steps = (typed,) if path == "/account/login" else ()
    observation = session.visit(Site(id="page", url=server.url(path), steps=steps), attempt=1, upcoming=None)
    assert observation.capture_path is not None, observation.detail
    text = (tmp_path / observation.capture_path).read_text()
    for secret in (TOKEN, "ada@", "hunter22", "letmein", "in-a-script", "typed-by", "user:pw", "session=9", "build 7"):
        assert secret not in text
    assert 'value="login"' in html.unescape(text)  # a hidden input that names a purpose
    assert "<script src" not in text


def test_styles_and_room_of_images_are_kept(open_session: OpenSession, server: PageServer, tmp_path: Path) -> None:
    session = open_session(capture=Screenshots.ALL)
    observation = session.visit(Site(id="page", url=server.url("/account/login")), attempt=1, upcoming=None)
    assert observation.capture_path is not None
    text = (tmp_path / observation.capture_path).read_text()
    assert "width: 360px" in text or "width:360px" in text
    assert "width:120px;height:40px" in text
    assert 'data-path="/account/login"' in text


def test_capture_of_an_address_replays(
    server: PageServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], open_session: OpenSession
) -> None:
    place = ["--site", "bank", "--out", str(tmp_path / "captured"), "--visit-timeout", "20"]
    assert cli.main(["sites", "capture", server.url("/account/login"), *place]) == 0
    assert "gridrunner run --sites" in capsys.readouterr().err
    (site,) = read_site_lists([str(tmp_path / "captured.yaml")], BytesIO()).sites
    assert site.expect.login == "yes"
    assert site.expect.username is not None
    text = (tmp_path / "captured.yaml").read_text()
    assert "as detected" in text
    assert "not checked by a person yet" in text
    assert sorted(path.name for path in (tmp_path / "captured" / "bank").iterdir()) == [
        "facts.json.gz",
        "index.html",
        "screenshot.webp",
    ]
    with ReplayServer(tmp_path / "captured") as replica:
        url = site.url.replace(".localhost/", f".localhost:{replica.port}/")
        observation = open_session().visit(replace(site, url=url), attempt=1, upcoming=None)
    detection: Detection | None = observation.detection
    assert detection is not None
    assert detection.login_present is True
    assert observation.probes["expected"]["username"]["matches"] == site.expect.username


def test_page_that_answers_no_more_is_not_copied(open_session: OpenSession, server: PageServer) -> None:
    session = open_session()
    session.visit(Site(id="page", url=server.url("/garden")), attempt=1, upcoming=None)
    page = take_page(session)
    page.run("function () { setTimeout(() => { for (;;) {} }); }", deadline=time.monotonic() + 20)
    assert copy_page(page, deadline=time.monotonic() + 1) is None
