"""Words of login pages in 26 languages, for the hard pages: written for them, not taken from the vocabularies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final, NamedTuple


class Words(NamedTuple):
    """What a page says: `have` and `no` are the sentences beside the link to the other form."""

    login: str
    user: str
    email: str
    password: str
    forgot: str
    signup: str
    have: str
    no: str
    on: str
    code: str
    guest: str
    track: str
    search: str
    repeat: str


def _read() -> dict[str, Words]:
    text = Path(__file__).with_name("hard_words.json").read_text(encoding="utf-8")
    return {language: Words(**words) for language, words in json.loads(text).items()}


WORDS: Final = _read()
"""By language. Chosen for their scripts and spellings, not for how well they are known."""
