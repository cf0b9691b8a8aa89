"""A labelled corpus: its manifest, its pages, and a server that shows each page as its labels were made on it.

A corpus is a folder or zip with manifest.json (a list of entries) and the pages they name. The corpus is somebody's
pages: it is read where it lies and never copied.
"""

from __future__ import annotations

import http.server
import json
import sys
import threading
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from gridrunner.errors import UsageError

LABEL_ROLES = ("username", "password_current", "password_new", "submit")


class LabelledPage(Struct, frozen=True, kw_only=True):
    """One page with its labels. `login_present` None: its source does not say. `labels` holds CSS selectors by role."""

    id: str
    file: str
    site: str
    language: str | None
    kind: str
    login_present: bool | None
    labels: dict[str, tuple[str, ...]]
    scripts_allowed: bool


class Corpus:
    """The pages of a folder or zip; `read` may be called from several threads."""

    def __init__(self, path: Path) -> None:
        """Read the manifest. Raises UsageError when there is none or it is not one."""
        self._path = path
        self._lock = threading.Lock()
        try:
            self._zip = None if path.is_dir() else zipfile.ZipFile(path)
            entries = json.loads(self.read("manifest.json"))
            self.pages = tuple(_page_of(entry) for entry in entries)
        except (OSError, KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
            raise UsageError(
                f"{path}: no labelled corpus: {error}",
                hint="--corpus takes a folder or zip with manifest.json and pages/",
            ) from error
        if not self.pages:
            raise UsageError(f"{path}: the manifest names no page")

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises KeyError or OSError when there is none."""
        if self._zip is None:
            return (self._path / name).read_bytes()
        with self._lock:
            return self._zip.read(name)


def _page_of(entry: dict[str, Any]) -> LabelledPage:
    return LabelledPage(
        id=entry["id"],
        file=entry["file"],
        site=entry.get("site", entry["id"]),
        language=entry.get("language"),
        kind=entry.get("kind", ""),
        login_present=entry.get("login_present"),
        labels={role: tuple(entry.get(role) or ()) for role in LABEL_ROLES},
        scripts_allowed=bool(entry.get("scripts_allowed")),
    )


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up on its kept connections is no news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class CorpusServer:
    """Serves /<id>.html on loopback: as UTF-8, and without the pages' own scripts unless an entry allows them."""

    def __init__(self, corpus: Corpus) -> None:
        pages = {f"/{page.id}.html": page for page in corpus.pages}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                page = pages.get(self.path.split("?", 1)[0])
                body = corpus.read(page.file) if page else b""
                self.send_response(200 if page else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                if page and not page.scripts_allowed:
                    self.send_header("Content-Security-Policy", "script-src 'none'")
                self.end_headers()
                try:
                    self.wfile.write(body)
                except ConnectionError:
                    self.close_connection = True  # the browser left the page before it had come

            def log_message(self, *_arguments: Any) -> None:
                """A request a page is no news."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True, name="corpus-server")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, page: LabelledPage) -> str:
        """Where a page is served."""
        return f"http://127.0.0.1:{self._server.server_port}/{page.id}.html"
