"""Ways from a home page to its login: what is followed, kept and gone back from, by what the server was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gridrunner.model import Outcome, Site, Step, StepKind
from tests.browser.conftest import OpenSession
from tests.support.page_server import PageServer

pytestmark = pytest.mark.browser

LOGIN = "<!doctype html><title>Log in</title><form><input name=user><input type=password><button>Log in</button></form>"
GARDEN = "<!doctype html><title>Roses</title><h1>Roses</h1><p>No way in.</p>"
HOME = "<!doctype html><html lang=en><title>Home</title><h1>Home</h1>{}"

HOMES = {
    "new-tab": "<a href=/login target=_blank>Log in</a>",
    "new-window": "<button onclick=\"window.open('/login')\">Log in</button>",
    "second": "<a href=/garden class=login>Log in</a> <a href=/in>Sign in</a>",
    "menu": "<style>nav { display: none }</style><nav><a href=/login>Log in</a></nav>",
    "own": LOGIN,
    "none": "<a href=/garden>Log in</a> <a href=/garden?2>Sign in</a>",
}
"""Pages by how they lead to the login."""

ASKED = {
    "new-tab": ["/login"],
    "new-window": ["/login"],
    "second": ["/garden", "/second", "/in"],
    "menu": ["/login"],
    "own": [],
    "none": ["/garden", "/none", "/garden?2", "/none", "/garden"],
}
"""What is asked for after the page itself."""


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def server(asked: list[str]) -> Iterator[PageServer]:
    def answer(handler: Any) -> None:
        asked.append(handler.path)
        name = handler.path.strip("/").partition("?")[0]
        handler.reply(200, {"login": LOGIN, "in": LOGIN, "garden": GARDEN}.get(name) or HOME.format(HOMES[name]))

    with PageServer({f"/{name}": answer for name in ("login", "in", "garden", *HOMES)}) as running:
        yield running


def test_the_login_is_come_to_by_every_way(server: PageServer, asked: list[str], open_session: OpenSession) -> None:
    session = open_session()
    follow = (Step(kind=StepKind.FOLLOW, target="login-link"),)
    for name, further in ASKED.items():
        asked.clear()
        seen = session.visit(Site(id=name, url=server.url(f"/{name}"), steps=follow), attempt=1, upcoming=None)
        assert (seen.outcome, asked) == (Outcome.OBSERVED, [f"/{name}", *further]), (name, seen.detail, seen.events)
        assert seen.detection is not None
        assert seen.detection.login_present is (name != "none"), name
