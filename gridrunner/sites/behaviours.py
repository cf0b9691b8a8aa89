"""Owns a replay folder as data: its sites, the files they may show, and how they misbehave (`behaviours.yaml`).

A replay folder holds one folder per site, `_frames/NAME/` for frame hosts and `_shared/` for what all of them use. It
may hold one `behaviours.yaml` beside them:

    version: 1
    behaviours:
      - {at: shop-fr, delay_s: 2}                     # every path of the site
      - {at: radio-es/cover.png, never_end: true}     # this path only; it goes before the site's own entry
      - {at: _frames/pay/index.html, status: 500}     # a frame host
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from gridrunner.errors import UsageError
from gridrunner.sites.copies import is_copy
from gridrunner.sites.mistakes import MAX_SHOWN, FileReport, show_value
from gridrunner.sites.yaml_nodes import MappingNode, Node, ScalarNode, SequenceNode, read_document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

FILE_NAME: Final = "behaviours.yaml"

FRAMES_FOLDER: Final = "_frames"
SHARED_FOLDER: Final = "_shared"

_SITE_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""One lower-case label of a host name: RFC 1123, 2.1, and the 63 octets of RFC 1035, 2.3.4."""


def is_site_name(text: str) -> bool:
    """Whether `text` can name a site's folder, and so be the first label of its host name."""
    return _SITE_NAME.fullmatch(text) is not None


class Auth(Struct, frozen=True, kw_only=True):
    """HTTP basic authentication that a request must carry."""

    user: str
    password: str
    realm: str


class Drip(Struct, frozen=True, kw_only=True):
    """A body sent slowly: `chunk_bytes` at a time with `every_s` seconds between."""

    chunk_bytes: int
    every_s: float


class Behaviour(Struct, frozen=True, kw_only=True):
    """What a site (or one path of it) does apart from answering with its file at once.

    `delay_s` seconds pass before anything is sent; `never_answer` takes the request and stays silent; `never_end` sends
    the file and goes on for ever; `redirect` is a Location, in which placeholders work as in pages; `download` is the
    file name of an attachment; `refuse` gives the whole site a closed port (see `ReplayServer.host_rules`).
    """

    delay_s: float = 0.0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drip: Drip | None = None
    never_answer: bool = False
    never_end: bool = False
    redirect: str | None = None
    auth: Auth | None = None
    download: str | None = None
    refuse: bool = False


PLAIN: Final = Behaviour()


class Behaviours(Struct, frozen=True, kw_only=True):
    """All behaviours of one folder, by site folder and path; path None stands for the whole site."""

    by_place: Mapping[tuple[str, str | None], Behaviour] = field(default_factory=dict)

    def find(self, site: str, path: str) -> Behaviour:
        """The behaviour of `path` (no leading slash) on `site` (its folder, `_frames/NAME` for a frame host)."""
        return self.by_place.get((site, path)) or self.by_place.get((site, None)) or PLAIN

    def refused_sites(self) -> list[str]:
        """The sites whose port is to be a closed one, sorted."""
        return sorted(site for (site, _), behaviour in self.by_place.items() if behaviour.refuse)


def read_behaviours(folder: Path) -> Behaviours:
    """The `behaviours.yaml` of a replay folder; none: every site simply answers. Raises UsageError with a line for each
    mistake, as `file:line: what; what would be right`.
    """
    file = folder / FILE_NAME
    if not file.exists():
        return Behaviours()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}", hint="it must be a text file in UTF-8") from error
    report = FileReport(str(file))
    reader = _Reader(report, folder)
    top = read_document(text, report, streamed="behaviours", take=reader.take_entry)
    if top is not None:
        reader.read_top(top)
    if report.count:
        raise UsageError("\n".join(report.lines()[:MAX_SHOWN]))
    return Behaviours(by_place=reader.by_place)


class ReplayFolder:
    """A replay folder: its sites, their files and behaviours; no file outside a site's own folder is ever found.

    Making one raises UsageError for malformed behaviours.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self.behaviours = read_behaviours(root)

    def site_names(self) -> list[str]:
        """The folders that a host name can name, sorted."""
        return sorted(entry.name for entry in self._root.iterdir() if entry.is_dir() and is_site_name(entry.name))

    def has_site(self, site: str) -> bool:
        """Whether `site` (`NAME` or `_frames/NAME`) is a folder of this one, not a link that leads elsewhere."""
        return (self._root / site).is_dir() and (self._root / site).resolve() == self._root / site

    def is_copy(self, site: str) -> bool:
        """Whether `site` is a page that was copied; asked of the folder each time, as its files are."""
        return is_copy(self._root / site)

    def find_file(self, site: str, path: str) -> Path | None:
        """The file for a decoded URL path: itself, its `.html`, or the `index.html` inside it."""
        parts = [part for part in path.split("/") if part]
        if any(part in (".", "..") or "\\" in part or "\0" in part for part in parts):
            return None
        shared = parts[:1] == [SHARED_FOLDER]
        base = self._root / SHARED_FOLDER if shared else self._root / site
        asked = base.joinpath(*parts[1:] if shared else parts)
        candidates = [asked, asked.with_name(asked.name + ".html"), asked / "index.html"]
        if not parts:
            candidates = [asked / "index.html"]
        for candidate in candidates:
            try:
                real = candidate.resolve()
                if real.is_file() and real.is_relative_to(base):
                    return real
            except OSError:  # a name too long for the file system is not a file
                return None
        return None


class _Wrong(Exception):
    """A value that cannot be used: the node, and what would be right."""

    def __init__(self, node: Node, text: str) -> None:
        super().__init__(text)
        self.node = node


class _Reader:
    """Turns nodes into behaviours; a mistake costs its entry and is reported, and the next one is read."""

    def __init__(self, report: FileReport, folder: Path) -> None:
        self.by_place: dict[tuple[str, str | None], Behaviour] = {}
        self._report = report
        self._folder = folder
        self._readers: Mapping[str, Callable[[Node, str], object]] = {
            "delay_s": _read_seconds,
            "status": _read_status,
            "headers": _read_headers,
            "drip": _read_drip,
            "never_answer": _read_flag,
            "never_end": _read_flag,
            "redirect": _read_text,
            "auth": _read_auth,
            "download": _read_text,
            "refuse": _read_flag,
        }

    def take_entry(self, node: Node) -> bool:
        """Read one entry of the list; there is always more to read."""
        with self._reported():
            self._keep_entry(node)
        return True

    def read_top(self, top: Node) -> None:
        """Read what stands beside the entries, which `take_entry` has had by now."""
        with self._reported():
            values = _read_mapping(top, "the file", allowed=("version", "behaviours"))
            if "version" not in values or _read_integer(values["version"], "version") != 1:
                raise _Wrong(values.get("version", top), "version must be 1, the only one there is")
            entries = values.get("behaviours")
            if entries is not None and not isinstance(entries, SequenceNode):
                raise _Wrong(entries, "behaviours must be a list of entries, each with `at:`")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except _Wrong as wrong:
            self._report.add(str(wrong), wrong.node.line)

    def _keep_entry(self, node: Node) -> None:
        place, behaviour = self._read_entry(node)
        if place in self.by_place:
            raise _Wrong(node, f"a second entry for {place[0]}{'/' + place[1] if place[1] else ''}")
        self.by_place[place] = behaviour

    def _read_entry(self, node: Node) -> tuple[tuple[str, str | None], Behaviour]:
        parts = _read_mapping(node, "an entry", allowed=("at", *self._readers))
        if "at" not in parts:
            raise _Wrong(node, "an entry needs `at: SITE` or `at: SITE/PATH`")
        place = self._read_place(parts["at"])
        values = {name: self._readers[name](value, name) for name, value in parts.items() if name != "at"}
        behaviour = Behaviour(**values)  # type: ignore[arg-type]  # each reader returns its own field's type
        if behaviour.refuse and place[1] is not None:
            raise _Wrong(parts["at"], "refuse is for a whole site: a connection is refused before a path is asked")
        return place, behaviour

    def _read_place(self, node: Node) -> tuple[str, str | None]:
        labels = _read_text(node, "at").strip("/").split("/")
        depth = 2 if labels[0] == FRAMES_FOLDER else 1
        site, path = "/".join(labels[:depth]), "/".join(labels[depth:])
        if len(labels) < depth or ".." in labels or not (self._folder / site).is_dir():
            raise _Wrong(node, f"at: there is no site folder {site!r} beside this file")
        return site, path or None


def _read_mapping(node: Node, what: str, *, allowed: tuple[str, ...]) -> dict[str, Node]:
    if not isinstance(node, MappingNode):
        raise _Wrong(node, f"{what} must be a mapping of {', '.join(allowed)}")
    pairs = _read_pairs(node)
    for key, (key_node, _) in pairs.items():
        if key not in allowed:
            raise _Wrong(key_node, f"unknown key {key!r}; known are {', '.join(allowed)}")
    return {key: value for key, (_, value) in pairs.items()}


def _read_pairs(node: MappingNode) -> dict[str, tuple[Node, Node]]:
    pairs: dict[str, tuple[Node, Node]] = {}
    for key_node, value in node.pairs:
        key = _read_text(key_node, "a key")
        if key in pairs:
            raise _Wrong(key_node, f"{key!r} is given twice")
        pairs[key] = (key_node, value)
    return pairs


def _read_text(node: Node, name: str) -> str:
    if not isinstance(node, ScalarNode) or node.is_null or not node.text:
        raise _Wrong(node, f"{name} must be text")
    if any(ord(letter) < 32 for letter in node.text):
        raise _Wrong(node, f"{name} must not hold line ends or control characters")
    return node.text


def _read_integer(node: Node, name: str) -> int:
    text = _read_text(node, name)
    if not re.fullmatch("[0-9]{1,9}", text):
        raise _Wrong(node, f"{name} must be a whole number, not {show_value(text)}")
    return int(text)


def _read_seconds(node: Node, name: str) -> float:
    text = _read_text(node, name)
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 3600:
        raise _Wrong(node, f"{name} must be seconds from 0 to 3600, not {show_value(text)}")
    return seconds


def _read_status(node: Node, name: str) -> int:
    status = _read_integer(node, name)
    if not 200 <= status <= 599:
        raise _Wrong(node, f"{name} must be an HTTP status from 200 to 599, not {status}")
    return status


def _read_flag(node: Node, name: str) -> bool:
    text = _read_text(node, name)
    if text not in ("true", "false"):
        raise _Wrong(node, f"{name} must be true or false, not {show_value(text)}")
    return text == "true"


def _read_headers(node: Node, name: str) -> dict[str, str]:
    if not isinstance(node, MappingNode):
        raise _Wrong(node, f"{name} must be a mapping of header names to values")
    return {key: _read_text(value, key) for key, (_, value) in _read_pairs(node).items()}


def _read_drip(node: Node, name: str) -> Drip:
    parts = _read_mapping(node, name, allowed=("chunk_bytes", "every_s"))
    if set(parts) != {"chunk_bytes", "every_s"}:
        raise _Wrong(node, f"{name} needs chunk_bytes and every_s")
    chunk_bytes = _read_integer(parts["chunk_bytes"], "chunk_bytes")
    if chunk_bytes < 1:
        raise _Wrong(parts["chunk_bytes"], "chunk_bytes must be at least 1")
    return Drip(chunk_bytes=chunk_bytes, every_s=_read_seconds(parts["every_s"], "every_s"))


def _read_auth(node: Node, name: str) -> Auth:
    parts = _read_mapping(node, name, allowed=("user", "password", "realm"))
    if set(parts) != {"user", "password", "realm"}:
        raise _Wrong(node, f"{name} needs user, password and realm")
    return Auth(**{key: _read_text(value, key) for key, value in parts.items()})
