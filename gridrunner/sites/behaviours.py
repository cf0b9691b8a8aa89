"""Owns a replay folder as data: its sites, the files they may show, and how they misbehave (`behaviours.yaml`).

A replay folder holds one folder a site, `_frames/NAME/` for frame hosts and `_shared/` for what all of them use. It may
hold one `behaviours.yaml` beside them:

    version: 1
    behaviours:
      - {at: shop-fr, delay_s: 2}                     # every path of the site
      - {at: radio-es/cover.png, never_end: true}     # this path only; it goes before the site's own entry
      - {at: _frames/pay/index.html, status: 500}     # a frame host
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml
from msgspec import Struct, field

from gridrunner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from yaml.nodes import MappingNode, Node

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
    """The `behaviours.yaml` of a replay folder; none is no behaviour. Raises UsageError naming file:line."""
    file = folder / FILE_NAME
    if not file.exists():
        return Behaviours()
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read: {error}", hint="it must be a text file in UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UsageError(f"{file}:{line}: not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise UsageError(f"{file}:1: not YAML: {error}") from error
    if root is None:
        return Behaviours()
    return _Reader(file=file, folder=folder).read(root)


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

    def find_file(self, site: str, path: str) -> Path | None:
        """The file for a decoded URL path: itself, its `.html`, or the `index.html` inside it."""
        parts = [part for part in path.split("/") if part]
        if any(part in (".", "..") or "\\" in part or "\0" in part for part in parts):
            return None
        shared = parts[:1] == [SHARED_FOLDER]
        base = self._root / SHARED_FOLDER if shared else self._root / site
        wanted = base.joinpath(*parts[1:] if shared else parts)
        candidates = [wanted, wanted.with_name(wanted.name + ".html"), wanted / "index.html"]
        if not parts:
            candidates = [wanted / "index.html"]
        for candidate in candidates:
            try:
                real = candidate.resolve()
                if real.is_file() and real.is_relative_to(base):
                    return real
            except OSError:  # a name too long for the file system is no file
                return None
        return None


class _Reader:
    """Turns YAML nodes, which know their lines, into data; the first mistake ends it."""

    def __init__(self, *, file: Path, folder: Path) -> None:
        self._file = file
        self._folder = folder
        self._readers: Mapping[str, Callable[[Node, str], object]] = {
            "delay_s": self._seconds,
            "status": self._status,
            "headers": self._headers,
            "drip": self._drip,
            "never_answer": self._flag,
            "never_end": self._flag,
            "redirect": self._text,
            "auth": self._auth,
            "download": self._text,
            "refuse": self._flag,
        }

    def read(self, root: Node) -> Behaviours:
        top = self._mapping(root, "the file", allowed=("version", "behaviours"))
        if "version" not in top or self._integer(top["version"], "version") != 1:
            raise self._wrong(top.get("version", root), "version must be 1, the only one there is")
        entries = top.get("behaviours")
        if entries is None:
            return Behaviours()
        if not isinstance(entries, yaml.SequenceNode):
            raise self._wrong(entries, "behaviours must be a list of entries, each with `at:`")
        found: dict[tuple[str, str | None], Behaviour] = {}
        for entry in entries.value:
            place, behaviour = self._entry(entry)
            if place in found:
                raise self._wrong(entry, f"a second entry for {place[0]}{'/' + place[1] if place[1] else ''}")
            found[place] = behaviour
        return Behaviours(by_place=found)

    def _entry(self, node: Node) -> tuple[tuple[str, str | None], Behaviour]:
        parts = self._mapping(node, "an entry", allowed=("at", *self._readers))
        if "at" not in parts:
            raise self._wrong(node, "an entry needs `at: SITE` or `at: SITE/PATH`")
        place = self._place(parts["at"])
        values = {name: self._readers[name](value, name) for name, value in parts.items() if name != "at"}
        behaviour = Behaviour(**values)  # type: ignore[arg-type]  # each reader returns its own field's type
        if behaviour.refuse and place[1] is not None:
            raise self._wrong(parts["at"], "refuse is for a whole site: a connection is refused before a path is asked")
        return place, behaviour

    def _place(self, node: Node) -> tuple[str, str | None]:
        labels = self._text(node, "at").strip("/").split("/")
        depth = 2 if labels[0] == FRAMES_FOLDER else 1
        site, path = "/".join(labels[:depth]), "/".join(labels[depth:])
        if len(labels) < depth or ".." in labels or not (self._folder / site).is_dir():
            raise self._wrong(node, f"at: there is no site folder {site!r} beside this file")
        return site, path or None

    def _mapping(self, node: Node, what: str, *, allowed: tuple[str, ...]) -> dict[str, Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(node, f"{what} must be a mapping of {', '.join(allowed)}")
        pairs = self._pairs(node)
        for key, (key_node, _) in pairs.items():
            if key not in allowed:
                raise self._wrong(key_node, f"unknown key {key!r}; known are {', '.join(allowed)}")
        return {key: value for key, (_, value) in pairs.items()}

    def _pairs(self, node: MappingNode) -> dict[str, tuple[Node, Node]]:
        pairs: dict[str, tuple[Node, Node]] = {}
        for key_node, value in node.value:
            key = self._text(key_node, "a key")
            if key in pairs:
                raise self._wrong(key_node, f"{key!r} is given twice")
            pairs[key] = (key_node, value)
        return pairs

    def _text(self, node: Node, name: str) -> str:
        if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null" or not node.value:
            raise self._wrong(node, f"{name} must be text")
        if any(ord(letter) < 32 for letter in node.value):
            raise self._wrong(node, f"{name} must not hold line ends or control characters")
        return str(node.value)

    def _integer(self, node: Node, name: str) -> int:
        text = self._text(node, name)
        if not text.isascii() or not text.isdigit():
            raise self._wrong(node, f"{name} must be a whole number, not {text!r}")
        return int(text)

    def _seconds(self, node: Node, name: str) -> float:
        text = self._text(node, name)
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 3600:
            raise self._wrong(node, f"{name} must be seconds from 0 to 3600, not {text!r}")
        return seconds

    def _status(self, node: Node, name: str) -> int:
        status = self._integer(node, name)
        if not 200 <= status <= 599:
            raise self._wrong(node, f"{name} must be an HTTP status from 200 to 599, not {status}")
        return status

    def _flag(self, node: Node, name: str) -> bool:
        text = self._text(node, name)
        if text not in ("true", "false"):
            raise self._wrong(node, f"{name} must be true or false, not {text!r}")
        return text == "true"

    def _headers(self, node: Node, name: str) -> dict[str, str]:
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(node, f"{name} must be a mapping of header names to values")
        return {key: self._text(value, key) for key, (_, value) in self._pairs(node).items()}

    def _drip(self, node: Node, name: str) -> Drip:
        parts = self._mapping(node, name, allowed=("chunk_bytes", "every_s"))
        if set(parts) != {"chunk_bytes", "every_s"}:
            raise self._wrong(node, f"{name} needs chunk_bytes and every_s")
        chunk_bytes = self._integer(parts["chunk_bytes"], "chunk_bytes")
        if chunk_bytes < 1:
            raise self._wrong(parts["chunk_bytes"], "chunk_bytes must be at least 1")
        return Drip(chunk_bytes=chunk_bytes, every_s=self._seconds(parts["every_s"], "every_s"))

    def _auth(self, node: Node, name: str) -> Auth:
        parts = self._mapping(node, name, allowed=("user", "password", "realm"))
        if set(parts) != {"user", "password", "realm"}:
            raise self._wrong(node, f"{name} needs user, password and realm")
        return Auth(**{key: self._text(value, key) for key, value in parts.items()})

    def _wrong(self, node: Node, message: str) -> UsageError:
        return UsageError(f"{self._file}:{node.start_mark.line + 1}: {message}")
