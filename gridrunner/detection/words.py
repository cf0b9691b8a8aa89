"""What words mean, in every language at once: text -> concepts such as "login", "forgot", "username".

The vocabularies are data (`data/words/<language>.json`, `data/identifiers.json`), each with its source. Matching is by
whole words (an entry that ends in `*` is a stem), by substrings where a script writes no spaces, and for ids, names and
classes by the parts of an identifier. Short words mean different things in different languages: those of three letters
or fewer count only where the page is in their language. Invariant: one set of concepts for the same text and language.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

SHORT_WORD: Final = 3
"""Letters. "by" is a town in Danish, "no" a woman in Hungarian: such words need the page's own language."""

_NO_SPACE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u0900-\u09ff\u0a00-\u0aff\u0b80-\u0dff"  # Thai, Lao … Telugu, Sinhala
    # Ethiopic, kana, Han, Hangul
    "\u1200-\u137f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u1100-\u11ff\u3005"
)
_RUN = re.compile(f"[{_NO_SPACE}](?:[{_NO_SPACE}a-z0-9\\u200c\\u200d]|\\s(?=[{_NO_SPACE}]))*")
_TOKEN = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_ARABIC_FOLD = str.maketrans(
    {"ي": "ی", "ى": "ی", "ك": "ک", "ة": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "\u0640": None, "ı": "i"}
)
_ARABIC_HEBREW = re.compile("[\u0590-\u06ff]")
_PREFIXES = ("وال", "ال", "و", "ب", "ל", "ה", "ו", "ב", "מ", "ש")
"""Articles and prepositions that Arabic and Hebrew write onto the word."""

_ENTRY_END = "*"

Node = dict[str, Any]


def normalise(text: str) -> str:
    """`text` in lower case, compatibility forms unified, Latin/Greek/Cyrillic accents removed."""
    text = text.casefold()
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    kept = "".join(char for char in decomposed if not "\u0300" <= char <= "\u036f")
    return unicodedata.normalize("NFKC", kept).translate(_ARABIC_FOLD)


class _Vocabulary:
    """All vocabularies as one trie of words and one table of substrings; a concept is a bit."""

    def __init__(self) -> None:
        self.bits: dict[str, int] = {}
        self.words: Node = {}
        self.short: dict[str, Node] = {}
        self.substrings: dict[str, list[tuple[str, int]]] = {}
        self.alone: dict[str, int] = {}
        self.parts: list[tuple[str, int]] = []
        folder = files("gridrunner.detection") / "data"
        names = sorted(path.name for path in (folder / "words").iterdir() if path.name.endswith(".json"))
        for name in names:
            language = json.loads((folder / "words" / name).read_text(encoding="utf-8"))
            for concept, entries in language["words"].items():
                for entry in entries:
                    self._add(entry, self._bit(concept), language["language"].split("-")[0])
        identifiers = json.loads((folder / "identifiers.json").read_text(encoding="utf-8"))
        for concept, parts in identifiers["parts"].items():
            self.parts.extend((part, self._bit(concept)) for part in parts)

    def _bit(self, concept: str) -> int:
        return self.bits.setdefault(concept, 1 << len(self.bits))

    def _add(self, entry: str, bit: int, language: str) -> None:
        text = normalise(entry)
        if _RUN.match(text):
            bare = re.sub(r"\s", "", text).rstrip("*")
            if len(bare) == 1:
                self.alone[bare] = self.alone.get(bare, 0) | bit
            else:
                self.substrings.setdefault(bare[:2], []).append((bare, bit))
            return
        tokens = _TOKEN.findall(text)
        if not tokens:
            return
        if text.endswith("*"):
            tokens[-1] += "*"
        is_short = len(tokens) == 1 and len(tokens[0]) <= SHORT_WORD and language != "en"
        root = self.short.setdefault(language, {}) if is_short else self.words
        for token in tokens:
            root = root.setdefault(token, {})
        root[_ENTRY_END] = root.get(_ENTRY_END, 0) | bit


@cache
def _vocabulary() -> _Vocabulary:
    return _Vocabulary()


def concepts() -> tuple[str, ...]:
    """The names of all concepts, in the order of their bits."""
    return tuple(_vocabulary().bits)


def bit_of(concept: str) -> int:
    """The bit of a concept. Raises KeyError for one that no vocabulary has."""
    return _vocabulary().bits[concept]


@lru_cache(maxsize=65536)
def read_text(text: str, language: str = "") -> int:
    """The concepts (as bits) that words for people name; `language` is the page's two-letter code or ''."""
    if not text:
        return 0
    vocabulary = _vocabulary()
    folded = normalise(text)
    bits = 0
    if not folded.isascii():
        bits = _read_runs(folded, vocabulary)
    tokens = _TOKEN.findall(folded)
    if len(tokens) > 1 and len(tokens[0]) == 1 and all(len(token) == 1 for token in tokens):
        tokens = ["".join(tokens)]  # L O G I N
    short = vocabulary.short.get(language)
    purposes = _purposes()
    taken = 0  # tokens up to here belong to an entry that names a purpose
    for start in range(len(tokens)):
        found = _match(vocabulary.words, tokens, start)
        if short is not None:
            found += _match(short, tokens, start)
        longest = max((end for end, bit in found if bit & purposes), default=0)
        for end, bit in found:
            bits |= bit if end == longest and start >= taken else bit & ~purposes
        taken = max(taken, longest)
    return bits


@cache
def _purposes() -> int:
    """The concepts of which the longest entry wins: "don't have an account" does not say "have an account"."""
    names = ("login", "signup", "logout", "have_account", "no_account", "newsletter", "search", "payment")
    return sum(bit_of(name) for name in names)


def _read_runs(text: str, vocabulary: _Vocabulary) -> int:
    bits = 0
    for match in _RUN.finditer(text):
        run = re.sub(r"\s", "", match[0])
        if len(run) == 1:
            bits |= vocabulary.alone.get(run, 0)
        for start in range(len(run) - 1):
            for entry, bit in vocabulary.substrings.get(run[start : start + 2], ()):
                if run.startswith(entry, start):
                    bits |= bit
    return bits


def _match(node: Node, tokens: list[str], start: int) -> list[tuple[int, int]]:
    """The entries that begin at a token, as (token after the last, bits)."""
    if start >= len(tokens):
        return []
    token = tokens[start]
    found: list[tuple[int, int]] = []
    heads = [token]
    if _ARABIC_HEBREW.search(token):
        heads += [
            token[len(prefix) :] for prefix in _PREFIXES if token.startswith(prefix) and len(token) > len(prefix) + 2
        ]
    for head in heads:
        keys = [head[:end] + "*" for end in range(2, len(head) + 1)]
        for key in (*keys, head):
            following = node.get(key)
            if following is None:
                continue
            if _ENTRY_END in following:
                found.append((start + 1, following[_ENTRY_END]))
            if len(following) > (_ENTRY_END in following):
                found += _match(following, tokens, start + 1)
    return found


@lru_cache(maxsize=65536)
def read_identifier(text: str, language: str = "") -> int:
    """The concepts (as bits) in an id, a name, a class list or an address: `txtUserName`, `login-form`,
    `/account/new`.
    """
    if not text:
        return 0
    bits = read_text(_CAMEL.sub(" ", text), language)
    squeezed = re.sub(r"[^a-z0-9]+", " ", normalise(text))
    for part, bit in _vocabulary().parts:
        if not bits & bit and part in squeezed:
            bits |= bit
    return bits
