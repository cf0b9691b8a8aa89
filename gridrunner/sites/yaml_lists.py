"""Owns site lists in YAML: the keys there are and what each may hold (docs/reference/site-lists.md).

`serve: FOLDER` asks for the embedded replay server, `visit_timeout_s` bounds one site's visit, `quarantine` takes known
failures of a site out of the verdict until a day, and `expect` knows `sso` and `outcome`. What a site gives replaces
the default of that key; `expect` is joined key by key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from gridrunner.model import Quarantine, SourceLine, Step, StepKind
from gridrunner.sites.drafts import (
    EXPECT_LISTS,
    EXPECT_TEXTS,
    MAX_ITEMS,
    QUARANTINE_LISTS,
    QUARANTINE_TEXTS,
    SITE_LISTS,
    SITE_TEXTS,
    Draft,
    ListDraft,
    Reader,
    ServedFolder,
    check_count,
    list_contradictions,
)
from gridrunner.sites.mistakes import FileReport, guess, show_value, suggest
from gridrunner.sites.reading import ListKind, hint_for_empty
from gridrunner.sites.values import BadEntry, read_selector
from gridrunner.sites.yaml_nodes import MappingNode, Node, ScalarNode, SequenceNode, read_document

VERSION: Final = 1

MAX_STEPS: Final = 50  # each may wait ten seconds: more than eight minutes before a page is probed

LOGIN_LINK: Final = "login-link"
COOKIE_WALL: Final = "cookie-wall"

_STEP_WORDS: Final = {StepKind.FOLLOW: LOGIN_LINK, StepKind.DISMISS: COOKIE_WALL}
"""Steps whose target is a word, because gridrunner finds the element itself."""

_TOP_KEYS: Final = ("version", "defaults", "serve", "sites")
_EXPECT_KEYS: Final = (*EXPECT_TEXTS, *EXPECT_LISTS)
_SITE_KEYS: Final = ("id", "url", "locale", "tags", "steps", "expect", "visitor", "visit_timeout_s", "quarantine")
_DEFAULT_KEYS: Final = ("locale", "tags", "visitor", "visit_timeout_s", "expect")
_QUARANTINE_KEYS: Final = (*QUARANTINE_TEXTS, *QUARANTINE_LISTS)
_STEP_KINDS: Final = tuple(str(kind) for kind in StepKind)

_EXAMPLES: Final = {
    "id": "a word such as github",
    "url": "an address such as https://example.org/login",
    "locale": "a tag such as en or pt-BR",
    "visitor": "auto, plain or a locale such as de-CH",
    "visit_timeout_s": "a number of seconds such as 60",
    "login": "true, false or unknown",
    "outcome": "one word such as http-error",
    "follow": LOGIN_LINK,
    "dismiss": COOKIE_WALL,
    "identify": "a throwaway name such as nobody@example.org",
    "serve": "a folder",
    "owner": "who will fix it, such as login-team",
    "reason": "one line in quotes",
    "until": "the last day as YYYY-MM-DD",
    "checks": "a list such as [test_login_is_found]",
    "tags": "a list such as [bank, mail]",
    "sso": "a list such as [google]",
    **dict.fromkeys(
        ("username", "password", "submit", "click", "fill", "wait_for"),
        "CSS in quotes such as \"#login\" (without them '#' begins a comment)",
    ),
}
"""What would be right where the kind of a value is wrong."""


def read_yaml_list(text: str, folder: Path, report: FileReport, today: date) -> ListDraft:
    """The entries of a YAML list; mistakes go to `report`. `folder` is what `serve` is relative to; a quarantine that
    ended before `today` is a mistake.
    """
    reader = _YamlList(report, today)
    before = report.count
    top = read_document(text, report, streamed="sites", take=reader.take_site)
    if top is not None:
        reader.read_top(top, folder)
    elif report.count == before:
        report.add(f"the list is empty; {hint_for_empty(ListKind.YAML)}")
    return reader.draft


class _YamlList:
    """Reads the nodes of one list into a draft."""

    def __init__(self, report: FileReport, today: date) -> None:
        self.draft = ListDraft(report=report)
        self._today = today
        self._report = report
        self._entries = 0

    # ------------------------------------------------------------------------------------------------------ top level

    def read_top(self, top: Node, folder: Path) -> None:
        """Read what stands beside the sites, which `take_site` has had by now."""
        if not isinstance(top, MappingNode):
            hint = (
                "put it under 'sites:', after 'version: 1'"
                if isinstance(top, SequenceNode)
                else "write 'version: 1' first"
            )
            self._add(top, f"a site list is a mapping with version and sites, not {_kind_of(top)}; {hint}")
            return
        values = {key.text: (key, value) for key, value in self._pairs(top, _TOP_KEYS, "the list")}
        if "version" in values:
            self._check_version(values["version"][1])
        else:
            self._add(top, f"version is missing; add 'version: {VERSION}' at the top")
        if "defaults" in values:
            self._read_defaults(values["defaults"][1])
        if "serve" in values:
            self._read_serve(values["serve"][1], folder)
        if "sites" not in values:
            self._add(top, "sites is missing; add a list of sites under 'sites:'")
        elif not isinstance(values["sites"][1], SequenceNode):
            self._refuse_kind(values["sites"][1], "sites", "a list such as '- url: https://example.org/login'")
        elif not self._entries:
            self._add(values["sites"][1], f"the list has no sites; {hint_for_empty(ListKind.YAML)}")

    def _check_version(self, node: Node) -> None:
        written = node.text if isinstance(node, ScalarNode) else ""
        if re.fullmatch(r"[0-9]{1,9}", written) and int(written) > VERSION:
            what = f"version {int(written)} is newer than this gridrunner can read ({VERSION})"
            self._add(node, f"{what}; install a newer gridrunner")
        elif written != str(VERSION):
            self._add(node, f"version must be {VERSION}; write 'version: {VERSION}'")

    def _read_defaults(self, node: Node) -> None:
        if isinstance(node, ScalarNode) and node.is_null:
            return
        if isinstance(node, MappingNode):
            self.draft.defaults = self._read_entry(node, _DEFAULT_KEYS, "defaults")
        else:
            self._refuse_kind(node, "defaults", "a mapping such as {locale: en}")

    def _read_serve(self, node: Node, folder: Path) -> None:
        text = self._text_of(node, "serve")
        if text is None:
            return
        path = folder / text
        if "\0" in text or not path.is_dir():
            names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
            close = guess(path.name, names)
            hint = f"did you mean {close!r}?" if close else "it is relative to the list's own folder"
            self._add(node, f"serve: there is no folder {show_value(str(path))}; {hint}")
            return
        self.draft.replay = ServedFolder(folder=path, source=SourceLine(file=self._report.file, line=node.line))

    # ---------------------------------------------------------------------------------------------------------- sites

    def take_site(self, node: Node) -> bool:
        """Read one item of `sites`; False when there is no room for more."""
        if not check_count(self._entries, self._report, node.line):
            return False
        self._entries += 1
        if isinstance(node, MappingNode):
            draft = self._read_entry(node, _SITE_KEYS, "a site")
            if not any(isinstance(key, ScalarNode) and key.text == "url" for key, _ in node.pairs):
                self._add(node, "url is missing; add 'url: https://…'")
            self.draft.entries.append(draft)
        else:
            right = (
                "write '- url: https://…'" if isinstance(node, ScalarNode) else "write its keys, such as url: https://…"
            )
            self._add(node, f"a site is a mapping, not {_kind_of(node)}; {right}")
        return True

    def _read_entry(self, node: MappingNode, known: Iterable[str], name: str) -> Draft:
        fields: dict[str, Any] = {}
        expect: dict[str, Any] = {}
        id_place = None
        for key, value in self._pairs(node, known, name):
            if key.text == "expect":
                expect = self._read_expect(value)
            elif key.text == "steps":
                fields["steps"] = self._read_steps(value)
            elif key.text == "quarantine":
                fields["quarantine"] = self._read_quarantine(value)
            else:
                self._read_field(key.text, value, SITE_TEXTS, SITE_LISTS, fields)
                if key.text == "id":
                    id_place = (value.line, value.column)
        source = SourceLine(file=self._report.file, line=node.line)
        return Draft(source=source, fields=fields, expect=expect, id_place=id_place)

    def _read_expect(self, node: Node) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if not isinstance(node, MappingNode):
            self._refuse_kind(node, "expect", "a mapping such as {login: true}")
            return fields
        for key, value in self._pairs(node, _EXPECT_KEYS, "expect"):
            self._read_field(key.text, value, EXPECT_TEXTS, EXPECT_LISTS, fields)
        for contradiction in list_contradictions(fields):
            self._add(node, f"expect: {contradiction}")
        return fields

    def _read_quarantine(self, node: Node) -> Quarantine | None:
        """None when it cannot be used, which has been reported then. Owner, reason and a last day are required: what
        no one owns and nothing ends is a check that was switched off.
        """
        example = "{owner: NAME, reason: TEXT, until: YYYY-MM-DD}"
        if not isinstance(node, MappingNode):
            self._refuse_kind(node, "quarantine", f"a mapping such as {example}")
            return None
        fields: dict[str, Any] = {}
        places: dict[str, Node] = {}
        for key, value in self._pairs(node, _QUARANTINE_KEYS, "quarantine"):
            places[key.text] = value
            self._read_field(key.text, value, QUARANTINE_TEXTS, QUARANTINE_LISTS, fields)
        missing = [name for name in QUARANTINE_TEXTS if name not in places]
        if missing:
            self._add(node, f"quarantine: {', '.join(missing)} missing; write {example}")
        if "until" in fields and fields["until"] < self._today:
            what = f"the quarantine ended on {fields['until'].isoformat()}"
            self._add(places["until"], f"until: {what}; remove it, or have its owner set a later day")
            return None
        return Quarantine(**fields) if all(name in fields for name in QUARANTINE_TEXTS) else None

    def _read_field(
        self,
        name: str,
        node: Node,
        texts: Mapping[str, Reader],
        lists: Mapping[str, Reader],
        fields: dict[str, Any],
    ) -> None:
        """Read one value into `fields`, or report what is wrong with it."""
        if name in lists:
            items = self._read_items(node, name, lists[name])
            if items is not None:
                fields[name] = items
            return
        text = self._text_of(node, name)
        if text is None:
            return
        try:
            fields[name] = texts[name](text)
        except BadEntry as error:
            self._add(node, f"{name}: {error}")

    def _read_items(self, node: Node, name: str, read: Reader) -> tuple[Any, ...] | None:
        if isinstance(node, ScalarNode) and not node.is_null:
            self._add(node, f"{name} cannot be a single value; write [{show_value(node.text)[1:-1]}]")
            return None
        if not isinstance(node, SequenceNode):
            self._refuse_kind(node, name, _EXAMPLES[name])
            return None
        if len(node.items) > MAX_ITEMS:
            self._add(node, f"{name}: {len(node.items):,} items; at most {MAX_ITEMS} are allowed")
            return None
        items: dict[Any, None] = {}
        for item in node.items:
            if isinstance(item, ScalarNode):
                try:
                    items[read(item.text)] = None
                except BadEntry as error:
                    self._add(item, f"{name}: {error}")
            else:
                self._refuse_kind(item, f"an item of {name}", "one word")
        return tuple(items)

    # ---------------------------------------------------------------------------------------------------------- steps

    def _read_steps(self, node: Node) -> tuple[Step, ...]:
        if not isinstance(node, SequenceNode):
            self._refuse_kind(node, "steps", 'a list such as [{click: "#login"}]')
            return ()
        if len(node.items) > MAX_STEPS:
            self._add(node, f"steps: {len(node.items):,} steps; at most {MAX_STEPS} are allowed")
            return ()
        steps = [self._read_step(item) for item in node.items]
        return tuple(step for step in steps if step is not None)

    def _read_step(self, node: Node) -> Step | None:
        if not isinstance(node, MappingNode):
            self._refuse_kind(node, "a step", 'a mapping such as {click: "#login"}')
            return None
        pairs = {key.text: value for key, value in self._pairs(node, (*_STEP_KINDS, "value"), "a step")}
        kinds = [kind for kind in StepKind if kind in pairs]
        if len(kinds) != 1:
            if kinds or len(pairs) == len(node.pairs):  # an unknown key has been reported
                what = f"a step does one thing, not {' and '.join(kinds)}" if kinds else "a step does nothing"
                self._add(node, f"{what}; write one of {', '.join(_STEP_KINDS)} per step")
            return None
        kind = kinds[0]
        target = self._read_target(kind, pairs[kind])
        value = self._text_of(pairs["value"], "value") if "value" in pairs else None
        if "value" in pairs and kind is not StepKind.FILL:
            self._add(pairs["value"], f"{kind} takes no value; only fill does")
        elif "value" not in pairs and kind is StepKind.FILL:
            self._add(node, "fill needs a value; write {fill: CSS, value: TEXT}")
        return Step(kind=kind, target=target, value=value) if target is not None else None

    def _read_target(self, kind: StepKind, node: Node) -> str | None:
        text = self._text_of(node, kind)
        if text is None:
            return None
        if kind is StepKind.IDENTIFY:
            return text
        if kind in _STEP_WORDS:
            if text == _STEP_WORDS[kind]:
                return text
            self._add(node, f"{kind}: {show_value(text)} is unknown; write {_STEP_WORDS[kind]}, or click: CSS")
            return None
        try:
            return str(read_selector(text))
        except BadEntry as error:
            self._add(node, f"{kind}: {error}")
            return None

    # ---------------------------------------------------------------------------------------------------------- nodes

    def _pairs(self, node: MappingNode, known: Iterable[str], name: str) -> Iterator[tuple[ScalarNode, Node]]:
        """The pairs whose keys are known and new; the others are reported."""
        known = tuple(known)
        lines: dict[str, int] = {}
        for key, value in node.pairs:
            if not isinstance(key, ScalarNode):
                self._add(key, f"a key of {name} is a word, not {_kind_of(key)}; known are {', '.join(known)}")
            elif key.text in lines:
                first = f"the first is in line {lines[key.text]}"
                self._add(key, f"key {show_value(key.text)} stands twice in {name}, {first}; keep one of them")
            elif key.text in known:
                lines[key.text] = key.line
                yield key, value
            elif key.text == "<<":
                self._add(key, "merge keys (<<) are not read; put what sites share under 'defaults'")
            else:
                self._add(key, f"unknown key {show_value(key.text)} in {name}; {_suggest_key(key.text, known)}")

    def _text_of(self, node: Node, name: str) -> str | None:
        if isinstance(node, ScalarNode) and not node.is_null:
            return node.text
        self._refuse_kind(node, name, _EXAMPLES.get(name, "a text"))
        return None

    def _refuse_kind(self, node: Node, name: str, right: str) -> None:
        if isinstance(node, ScalarNode) and node.is_null:
            self._add(node, f"{name} has no value; write {right}, or remove the key")
        else:
            self._add(node, f"{name} cannot be {_kind_of(node)}; write {right}")

    def _add(self, node: Node, text: str) -> None:
        self._report.add(text, node.line, node.column)


def _suggest_key(word: str, known: tuple[str, ...]) -> str:
    """As `suggest`; a key of `expect` that stands beside it is sent there, and one of the list to its top."""
    close = guess(word, known)
    if word in _TOP_KEYS:
        return f"{word} stands once, at the top of the list"
    inner = guess(word, _EXPECT_KEYS) if close is None and "expect" in known else None
    return f"did you mean {inner!r}, inside expect?" if inner else suggest(word, known)


def _kind_of(node: Node) -> str:
    match node:
        case ScalarNode():
            return "nothing" if node.is_null else "a single value"
        case SequenceNode():
            return "a list"
        case MappingNode():
            return "a mapping"
