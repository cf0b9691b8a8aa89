"""Sites that a test owns: pages of one loopback server that count their visits, change, and can be held back."""

from __future__ import annotations

import http.server
import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.page_server import Page, PageServer

LOGIN = """<!doctype html><html lang=en><title>Log in</title><h1>Log in</h1>
<form action=/session method=post><label>E-mail <input id=user name=email type=email autocomplete=username></label>
<label>Password <input id=pass name=password type=password autocomplete=current-password></label>
<button id=go>Log in</button></form>"""

GARDEN = "<!doctype html><html lang=en><title>Garden</title><h1>Roses</h1><p>They need sun and water.</p>"

HOLD_LIMIT_S = 60.0


class Gate:
    """Holds every visit of a page until `open`; `reached` is set when the first has come."""

    def __init__(self) -> None:
        self.reached, self._opened = threading.Event(), threading.Event()

    def open(self) -> None:
        self._opened.set()

    def hold(self) -> None:
        self.reached.set()
        self._opened.wait(HOLD_LIMIT_S)


class OwnSites:
    """A site list in the making. Sites are added one by one, then `write_list` writes them down."""

    def __init__(self, list_path: Path, *, bind: str = "127.0.0.1") -> None:
        self._list_path = list_path
        self._pages: dict[str, Page] = {}
        self._server = PageServer(self._pages, bind=bind)
        self._entries: list[dict[str, Any]] = []
        self._gates: list[Gate] = []
        self.visits: Counter[str] = Counter()
        """Times that each site was asked for, by site id."""

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for gate in self._gates:
            gate.open()
        self._server.__exit__(kind, error, trace)

    def url(self, site: str, host: str = "127.0.0.1") -> str:
        return self._server.url(f"/{site}", host)

    def add(
        self,
        site: str,
        *bodies: str,
        before: Callable[[], None] | None = None,
        host: str = "127.0.0.1",
        **entry: Any,
    ) -> None:
        """A site that shows `bodies` one visit after another and stays at the last; `before` is called before each
        answer. Without `bodies` it is a login page. `entry` goes into the list; a login form is expected unless said.
        """
        pages = bodies or (LOGIN,)

        def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
            self.visits[site] += 1
            body = pages[min(self.visits[site], len(pages)) - 1]
            if before is not None:
                before()
            with suppress(OSError):  # the browser is gone
                handler.reply(200, body)  # type: ignore[attr-defined]

        self.add_raw(site, answer, host=host, **entry)

    def add_raw(self, site: str, answer: Page, *, host: str = "127.0.0.1", **entry: Any) -> None:
        """A site whose server does what `answer` does with a request."""
        self._pages[f"/{site}"] = answer
        self._entries.append({"id": site, "url": self.url(site, host), "expect": {"login": True}, **entry})

    def add_logins(self, *names: str) -> None:
        """Sites with the same plain login form."""
        for name in names:
            self.add(name, expect={"login": True, "username": "#user", "password": "#pass", "submit": "#go"})

    def add_held(self, site: str) -> Gate:
        """A login page that does not answer before its gate is opened."""
        gate = Gate()
        self._gates.append(gate)
        self.add(site, before=gate.hold)
        return gate

    def list_text(self) -> str:
        """The list as YAML (JSON is YAML)."""
        return json.dumps({"version": 1, "sites": self._entries}, indent=1)

    def write_list(self) -> Path:
        """Write sites.yaml into the project."""
        self._list_path.write_text(self.list_text())
        return self._list_path
