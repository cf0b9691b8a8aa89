"""Replicas of walls, in words of our own: each is named, and pages that only look like them are observed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gridrunner.browser.walls import WallBy
from gridrunner.model import Outcome, Site
from tests.browser.conftest import OpenSession
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

HEADING = "<!doctype html><meta charset=utf-8><title>{}</title><h1>{}</h1><p>This replica stands in for a wall.</p>"
LOGIN = (
    "<form method=post action=/in><label>E-mail <input name=email type=email autocomplete=username></label>"
    "<label>Password <input name=password type=password></label><button>Log in</button>{}</form>"
)


def answer(status: int, title: str = "Hold on", body: str = "", **headers: str) -> Callable[[Any], None]:
    """A page of that status; `_` in a header's name is a dash."""

    def reply(handler: Any) -> None:
        handler.reply(status, HEADING.format(title, title) + body, **headers)

    return reply


def script(path: str) -> str:
    return f"<script src='{path}'></script>"


def frame(address: str) -> str:
    return f"<iframe src='{address}' width=300 height=80></iframe>"


WALLS: dict[str, tuple[WallBy, Callable[[Any], None]]] = {
    "cloudflare-header": (WallBy.CLOUDFLARE, answer(403, cf_mitigated="challenge")),
    "cloudflare-200": (WallBy.CLOUDFLARE, answer(200, "Welcome", cf_mitigated="challenge")),
    "cloudflare-de": (WallBy.CLOUDFLARE, answer(403, "Nur einen Moment…")),
    "cloudflare-es": (WallBy.CLOUDFLARE, answer(503, "Un momento…")),
    "cloudflare-ja": (WallBy.CLOUDFLARE, answer(403, "しばらくお待ちください...")),
    "cloudflare-200-title": (WallBy.CLOUDFLARE, answer(200, "Just a moment...")),
    "cloudflare-script": (
        WallBy.CLOUDFLARE,
        answer(403, "Shop", script("/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1?ray=1")),
    ),
    "cloudflare-block": (WallBy.CLOUDFLARE, answer(403, "Attention Required! | Cloudflare")),
    "akamai-edge": (WallBy.AKAMAI, answer(403, "Access Denied", Server="AkamaiGHost")),
    "akamai-reference": (WallBy.AKAMAI, answer(403, "Access", "<p>Reference #18.2d351ab8.1557333295.a4e16ab")),
    "akamai-crypto": (WallBy.AKAMAI, answer(200, "Shop", script("/_sec/cp_challenge/ak-challenge-4.js"))),
    "aws-challenge": (WallBy.AWS_WAF, answer(202, x_amzn_waf_action="challenge")),
    "aws-captcha": (WallBy.AWS_WAF, answer(405, x_amzn_waf_action="captcha")),
    "datadome-header": (WallBy.DATADOME, answer(403, x_dd_b="2")),
    "datadome-frame": (
        WallBy.DATADOME,
        answer(403, "shop.example", frame("https://geo.captcha-delivery.com/captcha/")),
    ),
    "imperva-frame": (WallBy.IMPERVA, answer(200, "", frame("/_Incapsula_Resource?x=1"))),
    "imperva-title": (WallBy.IMPERVA, answer(200, "Pardon Our Interruption")),
    "human-title": (WallBy.HUMAN, answer(403, "Access to this page has been denied.")),
    "human-script": (WallBy.HUMAN, answer(403, "Shop", script("https://captcha.px-cdn.net/PX1/captcha.js"))),
    "kasada-header": (WallBy.KASADA, answer(429, x_kpsdk_ct="abc")),
    "vercel-header": (WallBy.VERCEL, answer(429, x_vercel_mitigated="challenge")),
    "vercel-title": (WallBy.VERCEL, answer(403, "Vercel Security Checkpoint")),
    "f5-title": (WallBy.F5, answer(200, "Request Rejected")),
    "f5-script": (WallBy.F5, answer(200, "", script("/TSPD/0812?type=9"))),
    "sucuri-header": (WallBy.SUCURI, answer(403, x_sucuri_block="BOT001")),
    "sucuri-title": (WallBy.SUCURI, answer(403, "Sucuri WebSite Firewall - Access Denied")),
    "captcha-recaptcha": (WallBy.CAPTCHA, answer(200, "Shop", frame("https://www.google.com/recaptcha/api2/anchor"))),
    "captcha-hcaptcha": (WallBy.CAPTCHA, answer(200, "Shop", script("https://js.hcaptcha.com/1/api.js"))),
    "unknown-fr": (WallBy.UNKNOWN, answer(403, "Accès refusé")),
    "unknown-zh": (WallBy.UNKNOWN, answer(200, "安全验证")),
}

LINKS = "".join(f"<a href=/{number}>Article {number}</a> " for number in range(12))

PAGES: dict[str, tuple[Outcome, Callable[[Any], None]]] = {
    "login-recaptcha": (
        Outcome.OBSERVED,
        answer(200, "Log in", LOGIN.format(frame("https://www.google.com/recaptcha/api2/anchor"))),
    ),
    "login-turnstile": (
        Outcome.OBSERVED,
        answer(200, "Log in", LOGIN.format(script("https://challenges.cloudflare.com/turnstile/v0/api.js"))),
    ),
    "login-hcaptcha-403": (
        Outcome.OBSERVED,
        answer(403, "Log in", LOGIN.format(script("https://js.hcaptcha.com/1/api.js"))),
    ),
    "login-imperva": (Outcome.OBSERVED, answer(200, "Log in", LOGIN.format(script("/_Incapsula_Resource?a=1")))),
    "news-f5": (Outcome.OBSERVED, answer(200, "News", LINKS + script("/TSPD/0812?type=9"))),
    "news-cloudflare": (
        Outcome.OBSERVED,
        answer(200, "News", script("/cdn-cgi/challenge-platform/scripts/jsd/main.js"), Server="cloudflare"),
    ),
    **{f"refused-{status}": (Outcome.REFUSED, answer(status, "Sorry")) for status in (401, 403, 406, 429, 451, 503)},
    "gone": (Outcome.HTTP_ERROR, answer(410, "Gone")),
}


def pass_by_itself(handler: Any) -> None:
    """The first time a challenge, which sets a cookie and asks again; then the login."""
    if "passed=1" in (handler.headers.get("Cookie") or ""):
        handler.reply(200, "<!doctype html><title>Log in</title>" + LOGIN.format(""))
    else:
        wait = "<script>setTimeout(() => { document.cookie = 'passed=1'; location.reload(); }, 900)</script>"
        handler.reply(403, HEADING.format("Hold on", "Hold on") + wait, cf_mitigated="challenge")


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    pages = {f"/{name}": reply for name, (_, reply) in (*WALLS.items(), *PAGES.items())}
    with PageServer({**pages, "/passes": pass_by_itself}) as running:
        yield running


def test_walls_are_named_and_pages_are_not(
    server: PageServer, open_session: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gridrunner.browser.challenges.PASSING_S", 0.2)
    session = open_session()
    ends = {}
    for name in (*WALLS, *PAGES):
        seen = session.visit(Site(id=name, url=server.url(f"/{name}")), attempt=1, upcoming=None)
        ends[name] = (seen.outcome, seen.blocked_by)
    expected = {name: (Outcome.BLOCKED, by.value) for name, (by, _) in WALLS.items()}
    expected |= {name: (outcome, "") for name, (outcome, _) in PAGES.items()}
    assert ends == expected


def test_a_challenge_that_passes_by_itself_is_waited_for(server: PageServer, open_session: OpenSession) -> None:
    seen = open_session().visit(Site(id="passes", url=server.url("/passes")), attempt=1, upcoming=None)
    assert (seen.outcome, seen.http_status, seen.blocked_by) == (Outcome.OBSERVED, 200, "")
    assert seen.detection is not None
    assert seen.detection.login_present
