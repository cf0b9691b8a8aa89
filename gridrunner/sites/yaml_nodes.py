"""Owns YAML as bounded nodes with places: text in, nodes with line and column out, syntax errors in plain words.

Nodes are built from parser events, never by a constructor, so that no tag can make an object; texts stay as written, so
that the locale `no` is not a boolean. Depth, size and what aliases repeat are bounded. libyaml is used where PyYAML has
it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import yaml
from msgspec import Struct, field
from msgspec.structs import replace

from gridrunner.sites.mistakes import FileReport, show_value

MAX_DEPTH: Final = 16  # the deepest thing of a site list, a selector in a step of a site, is at 6
MAX_TOP_KEYS: Final = 100  # a site list has four
MAX_ENTRY_VALUES: Final = 10_000
"""Values in one entry with what its aliases repeat; a site with every key and 64 tags has below 200. Stops "billion
laughs" (https://en.wikipedia.org/wiki/Billion_laughs_attack) early."""

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG_PREFIX: Final = "tag:yaml.org,2002:"
_ALLOWED_TAGS: Final = {"!", *(_TAG_PREFIX + name for name in ("str", "int", "float", "bool", "null", "map", "seq"))}
_NULLS: Final = {"", "~", "null", "Null", "NULL"}


class ScalarNode(Struct, frozen=True):
    """A text as written; `is_plain`: without quotes. Lines and columns count from 1."""

    line: int
    column: int
    text: str
    is_plain: bool = True

    @property
    def is_null(self) -> bool:
        """Whether no value was written."""
        return self.is_plain and self.text in _NULLS


class SequenceNode(Struct, frozen=True):
    """A list of nodes."""

    line: int
    column: int
    items: list[Node] = field(default_factory=list)


class MappingNode(Struct, frozen=True):
    """Pairs in the order written; a key may stand there twice."""

    line: int
    column: int
    pairs: list[tuple[Node, Node]] = field(default_factory=list)


Node = ScalarNode | SequenceNode | MappingNode


class _StopError(Exception):
    """The rest is not read; the arguments are those of `FileReport.add`, or none when the reason has been reported."""


def read_document(text: str, report: FileReport, *, streamed: str, take: Callable[[Node], bool]) -> Node | None:
    """The one document of `text`. The items of the list under the top-level key `streamed` go to `take` one by one and
    are not kept; `take` returns False to end the reading.

    What cannot be read is reported; then, and when there is no document, the answer is None.
    """
    composer = _Composer(text, report, streamed, take)
    try:
        return composer.read()
    except _StopError as error:
        if error.args:
            report.add(*error.args)
    except yaml.MarkedYAMLError as error:
        report.add(*_put_plainly(error, text))
    except yaml.YAMLError as error:
        report.add(f"not valid YAML: {error}")
    return None


class _Composer:
    """Builds nodes from the events of one document."""

    def __init__(self, text: str, report: FileReport, streamed: str, take: Callable[[Node], bool]) -> None:
        self._next: Callable[[], Any] = _LOADER(text).get_event
        self._report = report
        self._streamed = streamed
        self._take = take
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._values = 0

    def read(self) -> Node | None:
        self._next()  # the start of the stream
        event = self._next()
        if type(event) is yaml.StreamEndEvent:
            return None
        event = self._next()
        top = self._read_top(event) if type(event) is yaml.MappingStartEvent else self._build(event, 1)
        self._next()  # the end of the document
        event = self._next()
        if type(event) is not yaml.StreamEndEvent:
            raise _StopError(
                "a second document begins here; put all sites into the first and remove '---'", *_place(event)
            )
        return top

    def _read_top(self, start: Any) -> Node:
        top = MappingNode(*_place(start))
        self._check_tag(start)
        while type(event := self._next()) is not yaml.MappingEndEvent:
            self._values = 0
            if len(top.pairs) == MAX_TOP_KEYS:
                what = f"more than {MAX_TOP_KEYS} keys at the top, where a site list has four"
                raise _StopError(f"{what}; put each site into a list under 'sites:'", *_place(event))
            key = self._build(event, 2)
            event = self._next()
            is_streamed = isinstance(key, ScalarNode) and key.text == self._streamed
            if is_streamed and type(event) is yaml.SequenceStartEvent:
                top.pairs.append((key, self._stream(event)))
            else:
                top.pairs.append((key, self._build(event, 2)))
        return top

    def _stream(self, start: Any) -> SequenceNode:
        self._check_tag(start)
        goes_on = True
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            if not goes_on:
                raise _StopError
            self._values = 0
            goes_on = self._take(self._build(event, 3))
        return SequenceNode(*_place(start))

    def _build(self, event: Any, depth: int) -> Node:
        if type(event) is yaml.AliasEvent:
            return self._follow(event)
        before = self._values
        self._count(1, event)
        if depth > MAX_DEPTH:
            raise _StopError(f"nested deeper than {MAX_DEPTH} levels; a site list needs six", *_place(event))
        self._check_tag(event)
        node: Node
        if type(event) is yaml.ScalarEvent:
            node = ScalarNode(*_place(event), event.value, not event.style)
        elif type(event) is yaml.SequenceStartEvent:
            node = SequenceNode(*_place(event))
            while type(inner := self._next()) is not yaml.SequenceEndEvent:
                node.items.append(self._build(inner, depth + 1))
        else:
            node = MappingNode(*_place(event))
            while type(inner := self._next()) is not yaml.MappingEndEvent:
                key = self._build(inner, depth + 1)
                node.pairs.append((key, self._build(self._next(), depth + 1)))
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._values - before)
        return node

    def _follow(self, event: Any) -> Node:
        known = self._anchors.get(event.anchor)
        if known is None:
            what = f"the alias {show_value('*' + event.anchor)} stands for nothing that was written before"
            raise _StopError(f"{what}; write the value, or quote a text that begins with '*'", *_place(event))
        node, size = known
        self._count(size, event)
        line, column = _place(event)
        return replace(node, line=line, column=column)

    def _count(self, values: int, event: Any) -> None:
        self._values += values
        if self._values > MAX_ENTRY_VALUES:
            what = f"one entry holds more than {MAX_ENTRY_VALUES:,} values, with those that aliases repeat"
            raise _StopError(f"{what}; write each site as an entry of its own", *_place(event))

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _ALLOWED_TAGS:
            shown = event.tag.replace(_TAG_PREFIX, "!!")
            self._report.add(
                f"the tag {show_value(shown)} is not allowed; a site list holds text, numbers, lists and mappings",
                *_place(event),
            )


def _place(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


_PLAIN_WORDS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (
            "mapping values are not allowed",
            "a ':' cannot stand here; quote a text that holds ': ', or fix the indentation",
        ),
        (r"expected ',' or '\]'", "the list that '[' opens{since} is not closed; add ']', or ',' between its items"),
        (
            r"expected ',' or '}'",
            "the mapping that '{{' opens{since} is not closed; add '}}', or ',' between its pairs",
        ),
        ("unexpected end of stream", "the quote that is opened{since} is not closed; add it"),
        ("unexpected document indicator", "the quote that is opened{since} is not closed before '---'; add it"),
        (
            "unknown escape|expected escape sequence|hexdecimal",
            "unknown escape; write \\\\ for a backslash, or single quotes",
        ),
        (
            "expected '-' indicator|block sequence entries",
            "this does not fit the list begun{since}; fix the indentation",
        ),
        ("expected key|expected <block end>", "this does not fit what began{since}; fix the indentation"),
        ("could not find expected ':'", "a key has no ':'; write 'key: value'"),
        ("mapping keys are not allowed", "a key cannot stand here; fix the indentation"),
        (
            "expected node content",
            "a value is missing here, or '#' made a comment of it; put a text that holds '#' in quotes",
        ),
        ("undefined tag handle", "unknown tag; quote a text that begins with '!'"),
        ("alphabetic or numeric", "'&' and '*' begin anchors and aliases; quote a text that begins with them"),
        ("tab character|indentation spaces", "a tab cannot indent YAML; use spaces"),
    )
)
"""What the two parsers of PyYAML say, and what it means to the author of a site list."""


def _put_plainly(error: yaml.MarkedYAMLError, text: str) -> tuple[str, int | None, int | None]:
    """The arguments of `FileReport.add` for a syntax error."""
    mark, began = error.problem_mark, error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
    problem = str(error.problem)
    since = f" in line {began.line + 1}" if began else ""
    if "cannot start any token" in problem and mark:
        return _refuse_character(_character_at(text, mark.line, mark.column)), line, column
    for pattern, words in _PLAIN_WORDS:
        if pattern.search(problem):
            return words.format(since=since), line, column
    return f"not valid YAML: {problem}; see https://yaml.org/spec/1.1/", line, column


def _character_at(text: str, line: int, column: int) -> str:
    lines = re.split("\r\n|[\n\r\x85\u2028\u2029]", text, maxsplit=line + 1)  # YAML 1.1's own ends of lines
    return lines[line][column : column + 1] if line < len(lines) else ""


def _refuse_character(char: str) -> str:
    if char == "\t":
        return "a tab cannot indent YAML; use spaces"
    return f"a value cannot begin with {show_value(char)}; put it in quotes"
