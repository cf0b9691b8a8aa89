"""A labelled corpus: its manifest, its pages, and a server that shows each page as its labels were made on it.

A corpus is a folder or zip with manifest.json (a list of entries) and the pages they name. The corpus is somebody's
pages: it is read where it lies and never copied.
"""

from __future__ import annotations

import errno
import http.server
import re
import sys
import threading
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from msgspec import Struct

from gridrunner import codec
from gridrunner.errors import UsageError
from gridrunner.foreign import MOST_PAGE_BYTES, find_inside, read_file

MOST_MANIFEST_BYTES = 256 << 20
"""Of 700 pages it has 0.4 MB."""

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


class _Entry(Struct, frozen=True, kw_only=True):
    """An entry of the manifest, as far as it is read."""

    id: str
    file: str
    site: str | None = None
    language: str | None = None
    kind: str | None = None
    login_present: bool | None = None
    username: tuple[str, ...] | None = None
    password_current: tuple[str, ...] | None = None
    password_new: tuple[str, ...] | None = None
    submit: tuple[str, ...] | None = None
    scripts_allowed: bool | None = None


class Corpus:
    """The pages of a folder or zip; `read` may be called from several threads."""

    def __init__(self, path: Path) -> None:
        """Read the manifest. Raises UsageError when there is none or it is not one."""
        self._path = path
        self._lock = threading.Lock()
        try:
            self._zip = None if path.is_dir() else zipfile.ZipFile(path)
            entries = codec.decode(self._read("manifest.json", MOST_MANIFEST_BYTES), tuple[_Entry, ...])
            self.pages = tuple(_page_of(entry) for entry in entries)
        except (OSError, KeyError, ValueError, codec.BrokenJsonError, *_ZIP_ERRORS) as error:
            raise UsageError(
                f"{path}: no labelled corpus: {getattr(error, 'strerror', None) or error}",
                hint="--corpus takes a folder or zip with manifest.json and pages/",
            ) from error
        if not self.pages:
            raise UsageError(f"{path}: the manifest names no page")

    def read(self, name: str) -> bytes:
        """The bytes of one page. Raises OSError where the corpus has no such file of bounded size."""
        try:
            return self._read(name, MOST_PAGE_BYTES)
        except (KeyError, *_ZIP_ERRORS) as error:
            raise OSError(errno.ENOENT, f"cannot be read: {error}", name) from error

    def _read(self, name: str, most_bytes: int) -> bytes:
        if self._zip is None:
            return read_file(find_inside(self._path, name), most_bytes=most_bytes)
        with self._lock, self._zip.open(name) as file:
            data = file.read(most_bytes + 1)  # what the zip's directory says of the size may be a lie
        if len(data) > most_bytes:
            raise OSError(errno.EFBIG, f"unpacks to more than {most_bytes >> 20} MiB", name)
        return data


def _page_of(entry: _Entry) -> LabelledPage:
    """Raises ValueError for an id that cannot name a folder: its evidence goes there."""
    if not _ID.fullmatch(entry.id):
        raise ValueError(f"{entry.id[:80]!r} is not an id of a page: letters, digits, '.', '_' and '-', at most 128")
    labels = (entry.username, entry.password_current, entry.password_new, entry.submit)
    return LabelledPage(
        id=entry.id,
        file=entry.file,
        site=entry.site or entry.id,
        language=entry.language,
        kind=entry.kind or "",
        login_present=entry.login_present,
        labels={role: names or () for role, names in zip(LABEL_ROLES, labels, strict=True)},
        scripts_allowed=bool(entry.scripts_allowed),
    )


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)
"""What zipfile raises for archives that are damaged, packed by what it does not know, or encrypted."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up on its kept connections is not news; anything else is."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _read_page(corpus: Corpus, page: LabelledPage | None) -> bytes | None:
    """None where there is no such page; the manifest may name what is not there."""
    try:
        return corpus.read(page.file) if page is not None else None
    except OSError:
        return None


class CorpusServer:
    """Serves /<id>.html on loopback: as UTF-8, and without the pages' own scripts unless an entry allows them."""

    def __init__(self, corpus: Corpus) -> None:
        pages = {f"/{page.id}.html": page for page in corpus.pages}

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                page = pages.get(self.path.split("?", 1)[0])
                body = _read_page(corpus, page)
                self.send_response(200 if body is not None else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body or b"")))
                if page and not page.scripts_allowed:
                    self.send_header("Content-Security-Policy", "script-src 'none'")
                self.end_headers()
                try:
                    self.wfile.write(body or b"")
                except ConnectionError:
                    self.close_connection = True  # the browser left the page before it had come

            def log_message(self, *_arguments: Any) -> None:
                """A request per page is not news."""

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
